/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/robust.c - robust futexes (set_robust_list(2)): what a thread
 * holds at its end, or at exec, is marked, and a waiter is woken.
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/abi/futex.h"
#include "tests/guest/child.h"

/* set_robust_list(2)'s. */
struct robust_list {
    struct robust_list *next;
};

struct robust_head {
    struct robust_list list;
    long futex_offset;
    struct robust_list *list_op_pending;
};

/* A lock as a C library would have it. */
struct lock {
    struct robust_list list;
    volatile uint32_t word;
};

enum { LOCKS = 4 };

struct area {
    struct robust_head head;
    struct lock locks[LOCKS];
    pthread_mutex_t mutex;
    volatile int step;
};

static struct area *area;

static uint32_t tid(void)
{
    return (uint32_t)CALL(gettid);
}

/* Makes a list of the first count locks. */
static void make_list(int count)
{
    struct robust_list *last = &area->head.list;

    for (int i = 0; i < count; i++) {
        last->next = &area->locks[i].list;
        last = &area->locks[i].list;
    }
    last->next = &area->head.list;
    area->head.futex_offset = offsetof(struct lock, word);
    area->head.list_op_pending = NULL;
    CALL(set_robust_list, &area->head, sizeof(area->head));
}

static void *wait_for_word(void *arg)
{
    volatile uint32_t *word = arg;
    uint32_t seen = *word;

    area->step = 1;
    return (void *)CALL(futex, word, LX_FUTEX_WAIT, seen, NULL);
}

/* Holds two, of which one is waited for; does not hold the third; is about to
 * take the fourth. */
static int hold_and_end(long how)
{
    char *argv[] = {"robust", "executed", NULL};

    area->locks[0].word = tid();
    area->locks[1].word = tid() | LX_FUTEX_WAITERS;
    area->locks[2].word = tid() + 1;
    area->locks[3].word = tid();
    make_list(3);
    area->head.list_op_pending = &area->locks[3].list;
    area->step = 2;
    await(&area->step, 3);
    if (how == 1)
        CALL(execve, "/robust", argv, NULL);
    if (how == 2)
        CALL(kill, CALL(getpid), SIGKILL);
    return 0;
}

static void show_marks(void)
{
    CHECK(area->locks[0].word == LX_FUTEX_OWNER_DIED);
    CHECK(area->locks[1].word == (LX_FUTEX_OWNER_DIED | LX_FUTEX_WAITERS));
    CHECK((area->locks[2].word & (LX_FUTEX_OWNER_DIED | LX_FUTEX_WAITERS)) ==
          0);
    CHECK(area->locks[3].word == LX_FUTEX_OWNER_DIED);
}

static void of_process(const char *what, long how)
{
    long pid = spawn(hold_and_end, how);
    pthread_t waiter;
    void *result = (void *)1;

    await(&area->step, 2);
    pthread_create(&waiter, NULL, wait_for_word, (void *)&area->locks[1].word);
    await(&area->step, 1);
    for (int i = 0; i < 20; i++)
        CALL(sched_yield);
    area->step = 3;
    pthread_join(waiter, &result);
    CHECK(result == NULL || result == (void *)-EAGAIN);
    reap(what, pid);
    show_marks();
    memset(area->locks, 0, sizeof(area->locks));
}

/* A list that never ends, and one that leads nowhere. */
static int mislead(long how)
{
    make_list(2);
    if (how == 0)
        area->locks[1].list.next = &area->locks[0].list;
    else if (how == 1)
        area->locks[0].list.next = (void *)KERNEL_ADDRESS;
    else
        area->head.futex_offset = 3;
    area->locks[0].word = tid();
    return 0;
}

static void misled(void)
{
    for (long how = 0; how < 3; how++) {
        area->locks[0].word = 0;
        reap("misled", spawn(mislead, how));
        CHECK(area->locks[0].word == LX_FUTEX_OWNER_DIED ||
              (how == 2 && area->locks[0].word < LX_FUTEX_OWNER_DIED));
    }
    area->locks[0].word = 0;
}

static void errors(void)
{
    void *head;
    size_t size;

    EXPECT(-EINVAL, set_robust_list, &area->head, 23);
    EXPECT(-EINVAL, set_robust_list, &area->head, 25);
    EXPECT(-ESRCH, get_robust_list, 999999, &head, &size);
    EXPECT(-EFAULT, get_robust_list, 0, KERNEL_ADDRESS, &size);
    EXPECT(0, set_robust_list, &area->head, 24);
    EXPECT(0, get_robust_list, 0, &head, &size);
    CHECK(head == &area->head && size == 24);
}

static void *lock_and_leave(void *arg)
{
    (void)arg;
    return (void *)(long)pthread_mutex_lock(&area->mutex);
}

/* By the C library's fork(), which tells the child its number. */
static long spawn_locker(void)
{
    long pid = fork();

    if (pid == 0)
        CALL(exit_group, pthread_mutex_lock(&area->mutex));
    return pid;
}

/* The C library's, of a thread and of another process. */
static void mutexes(void)
{
    pthread_mutexattr_t attributes;
    pthread_t thread;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_mutex_init(&area->mutex, &attributes) == 0);
    CHECK(pthread_create(&thread, NULL, lock_and_leave, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(pthread_mutex_lock(&area->mutex) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&area->mutex) == 0);
    CHECK(pthread_mutex_unlock(&area->mutex) == 0);
    reap("locks and ends", spawn_locker());
    CHECK(pthread_mutex_trylock(&area->mutex) == EOWNERDEAD);
    CHECK(pthread_mutex_unlock(&area->mutex) == 0);
    CHECK(pthread_mutex_lock(&area->mutex) == ENOTRECOVERABLE);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return 5;
    area = mmap(NULL, sizeof(*area), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mutexes();
    errors();
    of_process("exit", 0);
    of_process("exec", 1);
    of_process("killed", 2);
    misled();
    return finish();
}
