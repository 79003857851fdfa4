/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sarestart.c - which calls SA_RESTART starts again, and which end
 * with EINTR all the same (signal(7)); what a stop and SIGCONT do to them.
 */
#include <signal.h>
#include <string.h>
#include <time.h>

#include "core/abi/futex.h"
#include "tests/guest/child.h"

enum { GO_ON, CHILD };

static uint32_t word;
static volatile int taken;

static void note(int number)
{
    (void)number;
    taken++;
}

static void nothing(int number)
{
    (void)number;
}

static void handle(int flags)
{
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};

    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = nothing;
    action.sa_flags = 0;
    sigaction(SIGUSR2, &action, NULL);
}

static void rest(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (CALL(nanosleep, &t, &t) == -EINTR)
        continue;
}

/* Interrupts its parent: SIGUSR1 by handler, or a stop; then SIGUSR2, which
 * ends what was started again, until the call has ended: on a busy machine it
 * may not even have begun. */
static int poke(long stops)
{
    long parent = CALL(getppid);

    rest(60);
    if (stops != 0) {
        CALL(kill, parent, SIGSTOP);
        rest(40);
        CALL(kill, parent, SIGCONT);
    } else {
        CALL(kill, parent, SIGUSR1);
    }
    do {
        rest(60);
        CALL(kill, parent, SIGUSR2);
    } while (shared[GO_ON] == 0);
    return 0;
}

/* Lives until its parent has been interrupted, however late that is. */
static int linger(long unused)
{
    (void)unused;
    while (shared[GO_ON] == 0)
        rest(5);
    return 6;
}

static struct timespec now_and(long ms)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += ms % 1000 * 1000000;
    t.tv_sec += ms / 1000 + t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static long sleep_on_futex(void)
{
    return CALL(futex, &word, LX_FUTEX_WAIT, 0, NULL);
}

static long sleep_on_timed_futex(void)
{
    struct timespec t = {9, 0};

    return CALL(futex, &word, LX_FUTEX_WAIT, 0, &t);
}

static long sleep_on_bitset(void)
{
    struct timespec t = now_and(9000);

    return CALL(futex, &word, LX_FUTEX_WAIT_BITSET, 0, &t, NULL, -1);
}

static long sleep_relative(void)
{
    struct timespec t = {9, 0};

    return CALL(nanosleep, &t, NULL);
}

static long sleep_absolute(void)
{
    struct timespec t = now_and(9000);

    return CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static long wait_for_child(void)
{
    int status;
    long pid = CALL(wait4, shared[CHILD], &status, 0, NULL);

    return pid > 0 ? 0 : pid;
}

static long wait_by_id(void)
{
    return CALL(waitid, P_PID, shared[CHILD], NULL, WEXITED, NULL);
}

static long wait_for_signal(void)
{
    struct timespec t = {9, 0};
    uint64_t set = UINT64_C(1) << (SIGHUP - 1);

    return CALL(rt_sigtimedwait, &set, NULL, &t, 8);
}

static long suspend(void)
{
    uint64_t set = 0;

    return CALL(rt_sigsuspend, &set, 8);
}

static long do_pause(void)
{
    return CALL(pause);
}

static const struct {
    const char *name;
    long (*run)(void);
    bool needs_child;
} calls[] = {
    {"futex", sleep_on_futex, false},
    {"futex, timed", sleep_on_timed_futex, false},
    {"futex, bitset", sleep_on_bitset, false},
    {"nanosleep", sleep_relative, false},
    {"clock_nanosleep", sleep_absolute, false},
    {"wait4", wait_for_child, true},
    {"waitid", wait_by_id, true},
    {"rt_sigtimedwait", wait_for_signal, false},
    {"rt_sigsuspend", suspend, false},
    {"pause", do_pause, false},
};

static void try_all(const char *what, int flags, long stops)
{
    handle(flags);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        long poker, result;

        taken = 0;
        shared[GO_ON] = 0;
        if (calls[i].needs_child)
            shared[CHILD] = (int)spawn(linger, 0);
        poker = spawn(poke, stops);
        result = calls[i].run();
        shared[GO_ON] = 1;
        say("%s: %s: %ld, %d handled", what, calls[i].name, result, taken);
        while (CALL(wait4, poker, NULL, 0, NULL) == -EINTR)
            continue;
        if (calls[i].needs_child)
            while (CALL(wait4, shared[CHILD], NULL, 0, NULL) == -EINTR)
                continue;
    }
}

static int body(long unused)
{
    (void)unused;
    try_all("plain", 0, 0);
    try_all("SA_RESTART", SA_RESTART, 0);
    try_all("stopped", SA_RESTART, 1);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
