/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/affinity.c - sched_setaffinity(2) and getcpu(2): a thread runs
 * where it must, at once, and says so; masks of any size; who inherits them.
 */
#include <pthread.h>
#include <string.h>

#include "tests/guest/child.h"

enum { WORDS = 16, ROUNDS = 200 };

static uint64_t all[WORDS];
static volatile bool stop;
static volatile int spinner, wrong;

static int here(void)
{
    unsigned cpu = 999, node = 999;

    CALL(getcpu, &cpu, &node, NULL);
    return node == 0 ? (int)cpu : -1;
}

static bool may_use(int cpu)
{
    return (all[cpu / 64] >> cpu % 64 & 1) != 0;
}

/* The next CPU there is. */
static int next(int cpu)
{
    do
        cpu = (cpu + 1) % (WORDS * 64);
    while (!may_use(cpu));
    return cpu;
}

static long set(long tid, int cpu)
{
    uint64_t mask[WORDS] = {0};

    mask[cpu / 64] = UINT64_C(1) << cpu % 64;
    return CALL(sched_setaffinity, tid, sizeof(mask), mask);
}

static void masks(void)
{
    uint64_t mask[WORDS], none[WORDS] = {0};
    long size = CALL(sched_getaffinity, 0, sizeof(all), all);

    CHECK(size > 0 && size % 8 == 0);
    EXPECT(-EINVAL, sched_getaffinity, 0, 4, mask);
    EXPECT(-EINVAL, sched_getaffinity, 0, 9, mask);
    EXPECT(-EFAULT, sched_getaffinity, 0, 128, KERNEL_ADDRESS);
    EXPECT(-ESRCH, sched_getaffinity, 999999, 128, mask);
    EXPECT(-EINVAL, sched_setaffinity, 0, 128, none);
    EXPECT(-EINVAL, sched_setaffinity, 0, 0, all);
    EXPECT(-EFAULT, sched_setaffinity, 0, 8, KERNEL_ADDRESS);
    EXPECT(-ESRCH, sched_setaffinity, 999999, 128, all);
    memset(mask, 0xff, sizeof(mask));
    EXPECT(0, sched_setaffinity, 0, sizeof(mask), mask);
    CHECK(CALL(sched_getaffinity, 0, sizeof(mask), mask) == size);
    CHECK(memcmp(mask, all, (size_t)size) == 0);
    EXPECT(0, getcpu, NULL, NULL, NULL);
    EXPECT(-EFAULT, getcpu, KERNEL_ADDRESS, NULL, NULL);
    EXPECT(-EFAULT, getcpu, NULL, KERNEL_ADDRESS, NULL);
}

static void moves(void)
{
    int bad = 0;

    for (int i = 0, cpu = next(0); i < ROUNDS; i++, cpu = next(cpu))
        bad += set(0, cpu) != 0 || here() != cpu;
    CHECK(bad == 0);
}

static void *spin(void *arg)
{
    (void)arg;
    spinner = (int)CALL(gettid);
    while (!stop)
        continue;
    return NULL;
}

/* Says where it is, again and again, while others move it. */
static void *tell(void *arg)
{
    (void)arg;
    spinner = (int)CALL(gettid);
    while (!stop)
        if (!may_use(here()))
            wrong++;
    return NULL;
}

static void moved_by_others(void *(*run)(void *arg))
{
    pthread_t thread;
    int bad = 0;

    spinner = 0;
    stop = false;
    pthread_create(&thread, NULL, run, NULL);
    while (spinner == 0)
        CALL(sched_yield);
    for (int i = 0, cpu = next(0); i < ROUNDS; i++, cpu = next(cpu)) {
        uint64_t mask[WORDS] = {0};

        bad += set(spinner, cpu) != 0;
        bad += CALL(sched_getaffinity, spinner, sizeof(mask), mask) <= 0;
        bad += (mask[cpu / 64] >> cpu % 64 & 1) == 0;
        if (i % 16 == 0)
            CALL(sched_yield);
    }
    stop = true;
    pthread_join(thread, NULL);
    CHECK(bad == 0 && wrong == 0);
}

static int in_child(long cpu)
{
    return here() != cpu;
}

static int not_root(long pid)
{
    CALL(setresuid, 54394, 54394, 54394);
    EXPECT(-EPERM, sched_setaffinity, pid, sizeof(all), all);
    EXPECT(0, sched_setaffinity, 0, sizeof(all), all);
    return finish();
}

int main(void)
{
    int cpu;

    masks();
    moves();
    CHECK(CALL(sched_setaffinity, 0, sizeof(all), all) == 0);
    moved_by_others(spin);
    moved_by_others(tell);
    cpu = next(5);
    CHECK(set(0, cpu) == 0);
    reap("inherits it", spawn(in_child, cpu));
    reap("not root", spawn(not_root, CALL(getpid)));
    return finish();
}
