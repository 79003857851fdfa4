/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/realtime.c - sched(7) on two CPUs: the real-time threads of the
 * highest priorities run, wherever their affinity lets them. Says the same
 * where there is one CPU, having looked at less.
 */
#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum { NAP_NS = 5000000, NAPS_MAX = 2000, WORDS = 16 };

/* Places in shared memory: a row per process, the stop flag behind. */
enum { HOG, WAITER, HIGH, ROWS, TURNS = 0, READY = ROWS, STOP = 2 * ROWS };

/* Says nothing where it does, as there may be but one CPU. */
#define HOLDS(condition) \
    do { \
        if (!(condition)) \
            CHECK(!#condition); \
    } while (0)

static uint64_t both, first, second;

static void nap(void)
{
    struct timespec time = {.tv_nsec = NAP_NS};

    CALL(nanosleep, &time, NULL);
}

static long set_class(int policy, int priority)
{
    return CALL(sched_setscheduler, 0, policy, &priority);
}

static long set_cpus(long pid, uint64_t mask)
{
    return CALL(sched_setaffinity, pid, sizeof(mask), &mask);
}

/* Runs on that CPU, and counts, until it is told to stop. */
static int work(int row, uint64_t cpu, int priority)
{
    if (set_cpus(0, cpu) != 0 || set_class(LX_SCHED_FIFO, priority) != 0)
        return 1;
    shared[READY + row] = 1;
    while (shared[STOP + row] == 0)
        shared[TURNS + row]++;
    return 0;
}

static int hog(long unused)
{
    (void)unused;
    return work(HOG, second, 10);
}

static int waiter(long unused)
{
    (void)unused;
    return work(WAITER, first, 10);
}

static int high(long unused)
{
    (void)unused;
    return work(HIGH, first, 20);
}

/* Has it counted, now or soon? */
static bool comes_on(int row)
{
    int before = shared[TURNS + row];

    for (int i = 0; i < NAPS_MAX && shared[TURNS + row] == before; i++)
        nap();
    return shared[TURNS + row] != before;
}

/* Does it stand, at once or soon? */
static bool stands(int row)
{
    int before;

    for (int i = 0; i < NAPS_MAX; i++) {
        before = shared[TURNS + row];
        nap();
        if (shared[TURNS + row] == before)
            return true;
    }
    return false;
}

static long begin(int row, int (*body)(long arg))
{
    long pid = spawn(body, 0);

    for (int i = 0; i < NAPS_MAX && shared[READY + row] == 0; i++)
        nap();
    HOLDS(comes_on(row));
    return pid;
}

static void end(int row, long pid)
{
    int status = -1;

    shared[STOP + row] = 1;
    HOLDS(CALL(wait4, pid, &status, 0, NULL) == pid && status == 0);
}

static void two_cpus(void)
{
    long hog_pid, waiter_pid, high_pid;

    HOLDS(set_cpus(0, first) == 0);
    HOLDS(set_class(LX_SCHED_FIFO, 30) == 0);
    hog_pid = begin(HOG, hog);
    waiter_pid = begin(WAITER, waiter);
    /* Behind its equal, then where nothing runs. */
    HOLDS(set_cpus(waiter_pid, second) == 0);
    HOLDS(stands(WAITER));
    HOLDS(set_cpus(waiter_pid, both) == 0);
    HOLDS(comes_on(WAITER));
    HOLDS(comes_on(HOG));
    /* Preempted, with an equal on the other CPU, until that has gone. */
    high_pid = begin(HIGH, high);
    HOLDS(stands(WAITER));
    end(HOG, hog_pid);
    HOLDS(comes_on(WAITER));
    HOLDS(comes_on(HIGH));
    end(WAITER, waiter_pid);
    end(HIGH, high_pid);
}

/* The first two CPUs; false: there is one. */
static bool find_cpus(void)
{
    uint64_t all[WORDS] = {0};

    if (CALL(sched_getaffinity, 0, sizeof(all), all) <= 0)
        return false;
    first = all[0] & -all[0];
    second = all[0] & ~first;
    second &= -second;
    both = first | second;
    return second != 0;
}

int main(void)
{
    share();
    if (find_cpus())
        two_cpus();
    say("realtime: done");
    return finish();
}
