/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/usage2.c - getrusage(2): switches of threads that wait, yield and
 * are preempted, faults, and what of it waitid(2) and wait4(2) tell.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/guest/child.h"

enum { SLEEPS = 20, SLEEPS_MAX = 1000, PAGES = 50 };

static struct rusage of(int who)
{
    struct rusage usage;

    memset(&usage, 0, sizeof(usage));
    CALL(getrusage, who, &usage);
    return usage;
}

/* Sleeps until SLEEPS waits were counted: one that was over before its thread
 * had left the CPU, on a busy machine, is none. */
static void sleep_often(void)
{
    struct timespec moment = {0, 2000000};
    long end = of(RUSAGE_SELF).ru_nvcsw + SLEEPS;

    for (int i = 0; i < SLEEPS_MAX && of(RUSAGE_SELF).ru_nvcsw < end; i++)
        CALL(nanosleep, &moment, NULL);
}

static void waits(void)
{
    struct rusage before = of(RUSAGE_SELF), after;

    sleep_often();
    after = of(RUSAGE_SELF);
    CHECK(after.ru_nvcsw - before.ru_nvcsw >= SLEEPS);
    CHECK(after.ru_nivcsw >= before.ru_nivcsw);
}

static void faults(void)
{
    struct rusage before = of(RUSAGE_THREAD), after;
    char *pages = get_pages(PAGES, PROT_READ | PROT_WRITE);

    for (int i = 0; i < PAGES; i++)
        ((volatile char *)pages)[i * PAGE] = 1;
    after = of(RUSAGE_THREAD);
    CHECK(after.ru_minflt - before.ru_minflt >= 1);
    CHECK(after.ru_majflt == before.ru_majflt);
    munmap(pages, PAGES * PAGE);
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Two that share a CPU and never wait: each is sent away. Both spin until both
 * were, ten seconds at most. */
static int spin(long me)
{
    uint64_t one_cpu = 1;
    int64_t end;

    CALL(sched_setaffinity, 0, sizeof(one_cpu), &one_cpu);
    shared[me] = 1;
    while (shared[1 - me] == 0)
        CALL(sched_yield);
    end = now_ms() + 10000;
    while ((shared[2] == 0 || shared[3] == 0) && now_ms() < end)
        if (of(RUSAGE_SELF).ru_nivcsw >= 2)
            shared[2 + me] = 1;
    return shared[2 + me] != 0 ? 0 : 1;
}

static void preempted(void)
{
    long a = spawn(spin, 0), b = spawn(spin, 1);

    reap("a", a);
    reap("b", b);
}

static int use(long unused)
{
    (void)unused;
    sleep_often();
    return 3;
}

static void of_children(void)
{
    struct rusage before = of(RUSAGE_CHILDREN), its;
    siginfo_t info;
    long pid = spawn(use, 0);
    int status;

    memset(&its, 0x77, sizeof(its));
    EXPECT(0, waitid, P_PID, pid, &info, WEXITED | WNOWAIT, &its);
    CHECK(its.ru_nvcsw >= SLEEPS && its.ru_maxrss >= 0);
    CHECK(of(RUSAGE_CHILDREN).ru_nvcsw == before.ru_nvcsw);
    memset(&its, 0x77, sizeof(its));
    CHECK(CALL(wait4, pid, &status, 0, &its) == pid);
    CHECK(its.ru_nvcsw >= SLEEPS && its.ru_minflt > 0);
    CHECK(of(RUSAGE_CHILDREN).ru_nvcsw - before.ru_nvcsw == its.ru_nvcsw);
    pid = spawn(use, 0);
    EXPECT(0, waitid, P_PID, pid, NULL, WEXITED, &its);
    CHECK(its.ru_nvcsw >= SLEEPS);
    EXPECT(-EFAULT, getrusage, RUSAGE_SELF, KERNEL_ADDRESS);
    EXPECT(-EINVAL, getrusage, 7, &its);
}

int main(void)
{
    share();
    waits();
    faults();
    preempted();
    of_children();
    return finish();
}
