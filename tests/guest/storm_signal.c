/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/storm_signal.c - threads and processes that send each other
 * signals; see storm.h.
 */
#include <signal.h>
#include <sys/time.h>
#include <time.h>

#include "tests/guest/child.h"
#include "tests/guest/storm.h"

static long repeats;
static int tids[STORM_THREADS];
static long handled, queued; /* atomic */

static void note(int number)
{
    (void)number;
    __atomic_fetch_add(&handled, 1, __ATOMIC_RELAXED);
}

/* Each queued one comes, once. */
static void note_value(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    __atomic_fetch_add(&queued, info->si_value.sival_int, __ATOMIC_RELAXED);
}

static void await_all_tids(void)
{
    for (int i = 0; i < STORM_THREADS; i++)
        while (__atomic_load_n(&tids[i], __ATOMIC_ACQUIRE) == 0)
            CALL(sched_yield);
}

static int queue_one(void)
{
    union sigval value = {.sival_int = 1};

    while (sigqueue((int)CALL(getpid), SIGRTMIN + 3, value) != 0) {
        if (errno != EAGAIN)
            return 1;
        CALL(sched_yield);
    }
    return 0;
}

static int send_often(long number)
{
    uint32_t random = (uint32_t)number + 1;
    long self = CALL(getpid);
    sigset_t usr, old;

    __atomic_store_n(&tids[number], (int)CALL(gettid), __ATOMIC_RELEASE);
    await_all_tids();
    sigemptyset(&usr);
    sigaddset(&usr, SIGUSR1);
    for (long i = 0; i < repeats; i++) {
        long to = storm_random(&random) % STORM_THREADS;
        struct timespec nap = {0, 1000};

        if (CALL(tgkill, self, tids[to], SIGUSR1) != 0 || queue_one() != 0)
            return 1;
        if (i % 4 == 0) {
            sigprocmask(SIG_BLOCK, &usr, &old);
            CALL(tgkill, self, CALL(gettid), SIGUSR1);
            sigprocmask(SIG_SETMASK, &old, NULL);
        }
        if (i % 8 == 0)
            nanosleep(&nap, NULL);
    }
    /* None may be gone while another still sends to it. */
    __atomic_fetch_add(&shared[2], 1, __ATOMIC_SEQ_CST);
    await(&shared[2], STORM_THREADS);
    return 0;
}

static void set_handlers(void)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    action.sa_sigaction = note_value;
    action.sa_flags = SA_RESTART | SA_SIGINFO;
    sigaction(SIGRTMIN + 3, &action, NULL);
}

static int storm_in_threads(long unused)
{
    struct itimerval often = {{0, 500}, {0, 500}}, never = {0};

    (void)unused;
    set_handlers();
    setitimer(ITIMER_REAL, &often, NULL);
    if (storm_threads(send_often) != 0)
        return 1;
    setitimer(ITIMER_REAL, &never, NULL);
    if (queued != repeats * STORM_THREADS)
        say("%ld of %ld queued signals", queued, repeats * STORM_THREADS);
    return queued != repeats * STORM_THREADS || handled == 0;
}

/* Stops, lets go on and interrupts the others of its group; the handler may
 * come in any call. */
static int disturb_group(long number)
{
    static const int what[] = {SIGUSR1, SIGSTOP, SIGCONT, SIGCONT};
    uint32_t random = (uint32_t)number + 1;

    await(&shared[3], 1);
    for (long i = 0; i < repeats / 4; i++) {
        long to = (number + 1) % STORM_THREADS;
        int signal = what[storm_random(&random) % 4];

        CALL(kill, shared[16 + to], signal);
        if (i % 8 == 0)
            CALL(kill, 0, SIGCONT);
    }
    return 0;
}

/* All stop each other; their parent wakes them until they are through. */
static int storm_in_group(long unused)
{
    long living = STORM_THREADS;
    int status, bad = 0;

    (void)unused;
    CALL(setpgid, 0, 0);
    set_handlers();
    for (long i = 0; i < STORM_THREADS; i++)
        shared[16 + i] = (int)spawn(disturb_group, i);
    shared[3] = 1;
    while (living > 0) {
        long pid = CALL(wait4, -1, &status, WNOHANG, NULL);

        if (pid > 0) {
            living--;
            bad |= status;
        } else {
            CALL(kill, 0, SIGCONT);
            CALL(sched_yield);
        }
    }
    return bad != 0;
}

int storm_signal(long count)
{
    int status = 0;
    long pid;

    repeats = count;
    share();
    pid = spawn(storm_in_threads, 0);
    CALL(wait4, pid, &status, 0, NULL);
    if (status != 0)
        return 1;
    pid = spawn(storm_in_group, 0);
    CALL(wait4, pid, &status, 0, NULL);
    return status != 0;
}
