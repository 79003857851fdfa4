/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/itimer.c - setitimer(2), alarm(2) and timers of timer_create(2)
 * with overruns, thread targets, absolute times and clocks of time used.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "tests/guest/child.h"

#ifndef SIGEV_THREAD_ID
#define SIGEV_THREAD_ID 4
#endif

static volatile int fired[65], by_tid, last_value, last_code, overruns;

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    fired[number]++;
    by_tid = (int)CALL(gettid);
    last_value = info->si_value.sival_int;
    last_code = info->si_code;
    overruns += info->si_overrun;
}

static void handle(int number)
{
    struct sigaction action = {.sa_sigaction = note,
                               .sa_flags = SA_SIGINFO | SA_RESTART};

    sigaction(number, &action, NULL);
    fired[number] = 0;
}

static int64_t now_us(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void intervals(void)
{
    static const struct {
        int which, signal;
        clockid_t clock;
    } kinds[] = {{ITIMER_REAL, SIGALRM, CLOCK_MONOTONIC},
                 {ITIMER_PROF, SIGPROF, CLOCK_PROCESS_CPUTIME_ID},
                 {ITIMER_VIRTUAL, SIGVTALRM, CLOCK_PROCESS_CPUTIME_ID}};
    struct itimerval set = {{0, 20000}, {0, 30000}}, off = {{0, 0}, {0, 0}};
    struct itimerval old;

    for (size_t i = 0; i < 3; i++) {
        int64_t start = now_us(kinds[i].clock);

        handle(kinds[i].signal);
        EXPECT(0, setitimer, kinds[i].which, &set, NULL);
        EXPECT(0, getitimer, kinds[i].which, &old);
        CHECK(old.it_interval.tv_usec == 20000 && old.it_value.tv_sec == 0 &&
              old.it_value.tv_usec > 0);
        while (fired[kinds[i].signal] < 3)
            continue;
        /* Three at least took 70 ms; time used is counted in coarser grains. */
        CHECK(now_us(kinds[i].clock) - start >=
              (kinds[i].which == ITIMER_REAL ? 60000 : 20000));
        EXPECT(0, setitimer, kinds[i].which, &off, &old);
        CHECK(old.it_interval.tv_usec == 20000);
        EXPECT(0, getitimer, kinds[i].which, &old);
        CHECK(old.it_value.tv_usec == 0 && old.it_interval.tv_usec == 0);
    }
    set.it_value.tv_usec = 1000000;
    EXPECT(-EINVAL, setitimer, ITIMER_REAL, &set, NULL);
    EXPECT(-EINVAL, setitimer, 3, &off, NULL);
    EXPECT(-EFAULT, setitimer, ITIMER_REAL, KERNEL_ADDRESS, NULL);
    EXPECT(0, alarm, 0);
}

static int64_t now_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

static int has_none(long unused)
{
    struct itimerval old;

    (void)unused;
    CALL(getitimer, ITIMER_REAL, &old);
    return old.it_value.tv_sec != 0;
}

static int set_and_exec(long unused)
{
    char start[24];
    char *argv[] = {"itimer", start, NULL};

    (void)unused;
    snprintf(start, sizeof(start), "%lld", (long long)now_ms());
    CALL(alarm, 50);
    CALL(execve, "/itimer", argv, NULL);
    return 9;
}

/* Not inherited by fork, kept by exec. */
static void of_others(void)
{
    int64_t start = now_ms();

    EXPECT(0, alarm, 60);
    reap("a child has none", spawn(has_none, 0));
    CHECK(is_rest(CALL(alarm, 0) * 1000, 60000, start, 500));
    reap("exec keeps it", spawn(set_and_exec, 0));
}

static struct timespec at(clockid_t clock, int64_t us)
{
    int64_t then = now_us(clock) + us;

    return (struct timespec){then / 1000000, then % 1000000 * 1000};
}

static void absolute(void)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC,
                                       CLOCK_BOOTTIME};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
                             .sigev_signo = SIGUSR1};
    struct itimerspec set = {{0, 0}, {0, 0}}, got;
    int id;

    handle(SIGUSR1);
    for (int i = 0; i < 3; i++) {
        int64_t start = now_us(CLOCK_MONOTONIC);

        fired[SIGUSR1] = 0;
        event.sigev_value.sival_int = 70 + i;
        EXPECT(0, timer_create, clocks[i], &event, &id);
        set.it_value = at(clocks[i], 20000);
        EXPECT(0, timer_settime, id, TIMER_ABSTIME, &set, &got);
        CHECK(got.it_value.tv_sec == 0 && got.it_value.tv_nsec == 0);
        EXPECT(0, timer_gettime, id, &got);
        CHECK(got.it_value.tv_sec == 0);
        while (fired[SIGUSR1] == 0)
            continue;
        CHECK(now_us(CLOCK_MONOTONIC) - start >= 19000);
        CHECK(last_value == 70 + i && last_code == SI_TIMER);
        EXPECT(0, timer_delete, id);
    }
}

/* While it is blocked it counts; SIGEV_NONE only counts. */
static void overrun(void)
{
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 40};
    struct itimerspec fast = {{0, 2000000}, {0, 2000000}}, off, got;
    uint64_t set = UINT64_C(1) << 39, none = 0;
    int64_t end;
    int id;

    memset(&off, 0, sizeof(off));
    handle(40);
    overruns = 0;
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &set, NULL, 8);
    EXPECT(0, timer_create, CLOCK_MONOTONIC, &event, &id);
    EXPECT(0, timer_settime, id, 0, &fast, NULL);
    end = now_us(CLOCK_MONOTONIC) + 50000;
    while (now_us(CLOCK_MONOTONIC) < end)
        continue;
    EXPECT(0, timer_settime, id, 0, &off, NULL);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
    /* A signal that was pending when the timer was set anew may be gone. */
    CHECK(fired[40] <= 1 && (fired[40] == 0 || overruns >= 20));
    EXPECT(0, timer_settime, id, 0, &fast, NULL);
    while (fired[40] < 5)
        continue;
    EXPECT(0, timer_delete, id);
    event.sigev_notify = SIGEV_NONE;
    EXPECT(0, timer_create, CLOCK_MONOTONIC, &event, &id);
    EXPECT(0, timer_settime, id, 0, &fast, NULL);
    EXPECT(0, timer_gettime, id, &got);
    CHECK(got.it_interval.tv_nsec == 2000000 && got.it_value.tv_nsec > 0);
    EXPECT(0, timer_delete, id);
}

static volatile int other_tid;

static void *other_thread(void *arg)
{
    (void)arg;
    other_tid = (int)CALL(gettid);
    while (fired[SIGUSR2] < 3)
        continue;
    return NULL;
}

static void to_thread(void)
{
    struct itimerspec fast = {{0, 3000000}, {0, 3000000}};
    struct sigevent event;
    pthread_t thread;
    int id;

    memset(&event, 0, sizeof(event));
    handle(SIGUSR2);
    pthread_create(&thread, NULL, other_thread, NULL);
    while (other_tid == 0)
        continue;
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGUSR2;
    ((int *)&event)[4] = other_tid;
    EXPECT(0, timer_create, CLOCK_MONOTONIC, &event, &id);
    EXPECT(0, timer_settime, id, 0, &fast, NULL);
    pthread_join(thread, NULL);
    CHECK(by_tid == other_tid);
    EXPECT(0, timer_delete, id);
    ((int *)&event)[4] = 1 << 22;
    EXPECT(-EINVAL, timer_create, CLOCK_MONOTONIC, &event, &id);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return is_rest(CALL(alarm, 0) * 1000, 50000, atoll(argv[1]), 500) ? 0
                                                                          : 1;
    intervals();
    of_others();
    absolute();
    overrun();
    to_thread();
    return finish();
}
