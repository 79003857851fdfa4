/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/cpulimit.c - RLIMIT_CPU and RLIMIT_RTTIME: SIGXCPU at the soft
 * limit and each second after, SIGKILL at the hard one; and limits that one
 * process sets for another. `exact` asks what Linux does not keep.
 */
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/guest/child.h"

static volatile int warned;

static void note(int number)
{
    (void)number;
    warned++;
}

static int64_t used_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The soft limit, as it was when the first warning had come: each further one,
 * after a second more, adds to it. */
static uint64_t soft_limit(int which, uint64_t step)
{
    struct rlimit limit;
    int before;

    do {
        before = warned;
        CALL(getrlimit, which, &limit);
    } while (warned != before);
    return limit.rlim_cur - (uint64_t)(before - 1) * step;
}

/* Uses its second; the soft limit is one more then. */
static int one_second(long unused)
{
    struct rlimit limit = {1, 9};

    (void)unused;
    signal(SIGXCPU, note);
    CALL(setrlimit, RLIMIT_CPU, &limit);
    while (warned == 0)
        continue;
    shared[0] = (int)used_ms();
    CALL(getrlimit, RLIMIT_CPU, &limit);
    return (int)(soft_limit(RLIMIT_CPU, 1) * 10 + limit.rlim_max);
}

static int soft(long unused)
{
    struct rlimit limit = {1, RLIM_INFINITY};

    (void)unused;
    CALL(setrlimit, RLIMIT_CPU, &limit);
    for (volatile int i = 1; i != 0;)
        continue;
    return 1;
}

static int hard(long unused)
{
    struct rlimit limit = {1, 1};

    (void)unused;
    signal(SIGXCPU, note);
    CALL(setrlimit, RLIMIT_CPU, &limit);
    /* A child has the limit, but its own time. */
    for (volatile int i = 1; i != 0;)
        continue;
    return 1;
}

/* Waits ten times, after 10 ms each: the most it used from one wait to the
 * next. A machine that is shared may charge more than was asked for. */
static int64_t work_and_wait(void)
{
    struct timespec moment = {0, 1000000};
    int64_t last = 0, most = 0, start, now;

    for (int i = 0; i < 10; i++) {
        start = used_ms();
        while (used_ms() < start + 10)
            continue;
        CALL(nanosleep, &moment, NULL);
        now = used_ms() - start + 1;
        if (last + now > most) /* some of the last was after its wait */
            most = last + now;
        last = now;
    }
    return most;
}

/* 50 ms without a wait, as a real-time thread; not with waits between. */
static int realtime(long unused)
{
    struct rlimit limit = {50000, 5000000};
    struct sched_param param = {.sched_priority = 1};
    struct timespec moment = {0, 1000000};

    (void)unused;
    signal(SIGXCPU, note);
    CALL(sched_setscheduler, 0, SCHED_FIFO, &param);
    CALL(nanosleep, &moment, NULL);
    CALL(setrlimit, RLIMIT_RTTIME, &limit);
    if (work_and_wait() < 50 && warned != 0)
        return 1;
    while (warned == 0)
        continue;
    return soft_limit(RLIMIT_RTTIME, 1000000) == 1050000 ? 0 : 2;
}

static int wait_for_limits(long word)
{
    struct rlimit limit;

    shared[word] = 1;
    await(&shared[word], 2);
    CALL(getrlimit, RLIMIT_AS, &limit);
    if (limit.rlim_cur != 64 << 20)
        return 1;
    if (CALL(mmap, NULL, 65 << 20, 0, 0x22, -1, 0) != -ENOMEM)
        return 2;
    shared[word] = 3;
    await(&shared[word], 4);
    return 0;
}

static int change_others(long pid)
{
    struct rlimit limit = {1 << 20, 1 << 20}, old;

    CALL(setresuid, 54395, 54395, 54395);
    EXPECT(-EPERM, prlimit64, pid, RLIMIT_AS, &limit, NULL);
    EXPECT(-EPERM, prlimit64, pid, RLIMIT_AS, NULL, &old);
    EXPECT(-EPERM, prlimit64, 1, RLIMIT_AS, NULL, &old);
    EXPECT(-ESRCH, prlimit64, 999999, RLIMIT_AS, NULL, &old);
    EXPECT(0, prlimit64, CALL(getpid), RLIMIT_AS, NULL, &old);
    return finish();
}

static void others(void)
{
    struct rlimit limit = {64 << 20, 128 << 20}, old;
    long pid = spawn(wait_for_limits, 5);

    await(&shared[5], 1);
    EXPECT(-EINVAL, prlimit64, pid, 99, NULL, &old);
    EXPECT(-EFAULT, prlimit64, pid, RLIMIT_AS, KERNEL_ADDRESS, NULL);
    EXPECT(0, prlimit64, pid, RLIMIT_AS, &limit, &old);
    EXPECT(0, prlimit64, pid, RLIMIT_AS, NULL, &old);
    CHECK(old.rlim_cur == 64 << 20 && old.rlim_max == 128 << 20);
    shared[5] = 2;
    await(&shared[5], 3);
    reap("another user", spawn(change_others, pid));
    EXPECT(0, prlimit64, pid, RLIMIT_NOFILE, NULL, &old);
    shared[5] = 4;
    reap("limited", pid);
}

int main(int argc, char **argv)
{
    (void)argv;
    share();
    reap("SIGXCPU", spawn(one_second, 0));
    /* Not at once. Linux charges whole ticks to who runs at them, so that on
     * a busy machine its second may be over before it is used. */
    CHECK(shared[0] >= (argc > 1 ? 1000 : 200));
    if (argc > 1)
        return finish();
    reap("soft", spawn(soft, 0));
    reap("hard", spawn(hard, 0));
    reap("real time", spawn(realtime, 0));
    others();
    return finish();
}
