/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/storm_futex.c - threads and processes that meet; see storm.h.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/abi/futex.h"
#include "tests/guest/child.h"
#include "tests/guest/storm.h"

/* What all work on, with and without memory of their own. */
struct field {
    pthread_mutex_t mutex, heir;
    pthread_cond_t turn;
    pthread_barrier_t barrier;
    uint32_t pi; /* FUTEX_LOCK_PI's word */
    long counted, inherited, next, pi_counted;
};

static struct field *field;
static long repeats;

static int make_field(void)
{
    pthread_mutexattr_t mutex;
    pthread_condattr_t cond;
    pthread_barrierattr_t barrier;
    void *at = mmap(NULL, sizeof(*field), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        return 1;
    field = at;
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_condattr_init(&cond);
    pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
    pthread_barrierattr_init(&barrier);
    pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(&field->mutex, &mutex);
    pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&field->heir, &mutex);
    pthread_cond_init(&field->turn, &cond);
    pthread_barrier_init(&field->barrier, &barrier, STORM_THREADS);
    return 0;
}

static void count_once(void)
{
    pthread_mutex_lock(&field->mutex);
    field->counted++;
    pthread_mutex_unlock(&field->mutex);
}

/* Waits until it is number's turn, and passes the turn on. */
static void take_turn(long number)
{
    pthread_mutex_lock(&field->mutex);
    while (field->next % STORM_THREADS != number)
        pthread_cond_wait(&field->turn, &field->mutex);
    field->next++;
    pthread_cond_broadcast(&field->turn);
    pthread_mutex_unlock(&field->mutex);
}

static int lock_pi(void)
{
    uint32_t me = (uint32_t)CALL(gettid), none = 0;

    if (!__atomic_compare_exchange_n(&field->pi, &none, me, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        CALL(futex, &field->pi, LX_FUTEX_LOCK_PI, 0, NULL, NULL, 0) != 0)
        return 1;
    field->pi_counted++;
    if (!__atomic_compare_exchange_n(&field->pi, &me, 0, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
        CALL(futex, &field->pi, LX_FUTEX_UNLOCK_PI, 0, NULL, NULL, 0) != 0)
        return 1;
    return 0;
}

static int meet(long number)
{
    for (long i = 0; i < repeats; i++) {
        for (int k = 0; k < 16; k++)
            count_once();
        take_turn(number);
        if (lock_pi() != 0)
            return 1;
        if (i % 16 == 0)
            pthread_barrier_wait(&field->barrier);
    }
    return 0;
}

/* A process that ends with the lock held; the next one inherits it. */
static int die_locked(long number)
{
    int error = pthread_mutex_lock(&field->heir);

    if (error == EOWNERDEAD)
        pthread_mutex_consistent(&field->heir);
    else if (error != 0)
        return 1;
    field->inherited++;
    if (number % 2 == 0)
        CALL(kill, CALL(getpid), SIGKILL);
    pthread_mutex_unlock(&field->heir);
    return 0;
}

static int run_processes(int (*body)(long number))
{
    int bad = 0, status;

    for (long i = 0; i < STORM_THREADS; i++) {
        pid_t pid = fork(); /* the C library's: it registers a robust list */

        if (pid == 0)
            CALL(exit_group, body(i));
        if (pid < 0)
            return 1;
    }
    for (long i = 0; i < STORM_THREADS; i++) {
        if (CALL(wait4, -1, &status, 0, NULL) <= 0)
            return 1;
        bad |= WIFEXITED(status) ? WEXITSTATUS(status)
                                 : WTERMSIG(status) != SIGKILL;
    }
    return bad;
}

static int check_sums(long rounds)
{
    bool good = field->counted == rounds * STORM_THREADS * 16 &&
                field->next == rounds * STORM_THREADS &&
                field->pi_counted == rounds * STORM_THREADS;

    if (!good)
        say("%ld, %ld, %ld", field->counted, field->next, field->pi_counted);
    return !good;
}

int storm_futex(long count)
{
    repeats = count;
    if (make_field() != 0 || storm_threads(meet) != 0)
        return 1;
    if (check_sums(count) != 0 || run_processes(meet) != 0 ||
        check_sums(2 * count) != 0)
        return 1;
    for (long i = 0; i < count / 16 + 1; i++)
        if (run_processes(die_locked) != 0)
            return 1;
    return field->inherited != (count / 16 + 1) * STORM_THREADS;
}
