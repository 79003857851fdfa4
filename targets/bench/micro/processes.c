/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/processes.c - rows of processes, threads and futexes, and
 * of two of them at once.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/bench/micro/micro.h"

uint64_t micro_body_fork(uint64_t rounds, void *arg)
{
    (void)arg;
    while (rounds-- > 0) {
        pid_t child = fork();

        if (child == 0)
            _exit(0);
        if (child < 0 || waitpid(child, NULL, 0) != child)
            micro_die("fork or waitpid");
    }
    return 0;
}

void micro_run_fork(const struct micro_row *row)
{
    size_t size = (size_t)row->parameter;
    char *memory = size > 0 ? micro_map(size) : NULL;

    for (size_t i = 0; i < size; i += MICRO_PAGE)
        memory[i] = 1;
    micro_measure(row, micro_body_fork, NULL);
}

/* --- exec ----------------------------------------------------------------- */

static char *const no_environment[] = {NULL};

static uint64_t body_fork_exec(uint64_t rounds, void *arg)
{
    char *const *words = arg;
    int status;

    while (rounds-- > 0) {
        pid_t child = fork();

        if (child == 0) {
            execve(words[0], words, no_environment);
            _exit(127);
        }
        if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
            micro_die("fork, execve or waitpid");
    }
    return 0;
}

static uint64_t body_spawn(uint64_t rounds, void *arg)
{
    char *const *words = arg;
    int status;

    while (rounds-- > 0) {
        pid_t child;

        errno =
            posix_spawn(&child, words[0], NULL, NULL, words, no_environment);
        if (errno != 0 || waitpid(child, &status, 0) != child || status != 0)
            micro_die("posix_spawn or waitpid");
    }
    return 0;
}

void micro_run_exec(const struct micro_row *row)
{
    static char *nothing[] = {"/nothing", NULL};
    static char *shell[] = {"/bin/busybox", "sh", "-c", "true", NULL};

    if (row->parameter == MICRO_SPAWN)
        micro_measure(row, body_spawn, nothing);
    else
        micro_measure(row, body_fork_exec,
                      row->parameter == MICRO_EXEC_SHELL ? shell : nothing);
}

/* --- threads -------------------------------------------------------------- */

static pthread_t start_thread(void *(*run)(void *), void *arg)
{
    pthread_t thread;

    errno = pthread_create(&thread, NULL, run, arg);
    if (errno != 0)
        micro_die("pthread_create");
    return thread;
}

static void *end_at_once(void *arg)
{
    return arg;
}

static uint64_t body_thread(uint64_t rounds, void *arg)
{
    (void)arg;
    while (rounds-- > 0)
        pthread_join(start_thread(end_at_once, NULL), NULL);
    return 0;
}

void micro_run_thread(const struct micro_row *row)
{
    micro_measure(row, body_thread, NULL);
}

/* --- futexes -------------------------------------------------------------- */

/* futex(2), on a word of this process alone; musl has no <linux/futex.h>. */
enum { FUTEX_WAIT = 128, FUTEX_WAKE = 129 };

static int to_thread, to_main;
static volatile bool is_over;

static long futex(int *word, int operation, int value)
{
    return syscall(SYS_futex, word, operation, value, 0, 0, 0);
}

static uint64_t body_wake_none(uint64_t rounds, void *arg)
{
    static int word;

    (void)arg;
    while (rounds-- > 0)
        if (futex(&word, FUTEX_WAKE, 1) < 0)
            micro_die("futex");
    return 0;
}

static void take(int *word)
{
    while (__atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL) == 0)
        futex(word, FUTEX_WAIT, 0);
}

static void post(int *word)
{
    __atomic_store_n(word, 1, __ATOMIC_RELEASE);
    futex(word, FUTEX_WAKE, 1);
}

static void *answer(void *arg)
{
    for (;;) {
        take(&to_thread);
        if (is_over)
            return arg;
        post(&to_main);
    }
}

static uint64_t body_ping_pong(uint64_t rounds, void *arg)
{
    (void)arg;
    while (rounds-- > 0) {
        post(&to_thread);
        take(&to_main);
    }
    return 0;
}

void micro_run_futex(const struct micro_row *row)
{
    pthread_t thread;

    if (row->parameter == MICRO_FUTEX_WAKE_NONE) {
        micro_measure(row, body_wake_none, NULL);
        return;
    }
    thread = start_thread(answer, NULL);
    micro_measure(row, body_ping_pong, NULL);
    is_over = true;
    post(&to_thread);
    pthread_join(thread, NULL);
}

/* --- two at once ---------------------------------------------------------- */

struct half {
    micro_body *body;
    void *arg;
    uint64_t rounds;
};

static void *run_half(void *arg)
{
    struct half *half = arg;

    half->body(half->rounds, half->arg);
    return NULL;
}

static uint64_t body_threads(uint64_t rounds, void *arg)
{
    struct half *half = arg;
    pthread_t threads[2];

    half->rounds = rounds;
    for (int i = 0; i < 2; i++)
        threads[i] = start_thread(run_half, half);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    return 0;
}

static uint64_t body_processes(uint64_t rounds, void *arg)
{
    struct half *half = arg;
    pid_t children[2];

    half->rounds = rounds;
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] < 0)
            micro_die("fork");
        if (children[i] == 0) {
            (void)run_half(half);
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++)
        waitpid(children[i], NULL, 0);
    return 0;
}

void micro_run_parallel(const struct micro_row *row)
{
    size_t size = MICRO_MIB / 4;
    struct half half = {.body = micro_body_touch_small, .arg = &size};

    if (row->parameter == MICRO_TWO_GETPPID)
        half.body = micro_body_getppid;
    else if (row->parameter == MICRO_TWO_FORK)
        half.body = micro_body_fork;
    micro_measure(row,
                  row->parameter == MICRO_TWO_TOUCH_THREADS ? body_threads
                                                            : body_processes,
                  &half);
}
