/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/busyloop.c - signals reach threads that make no call: a timer's
 * in the program's own loop, others' on whatever CPU they spin, and the end of
 * the process.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "tests/guest/child.h"

enum { SPINNERS = 4, ROUNDS = 50 };

static volatile int count;
static volatile bool stop;
static volatile int taken[SPINNERS], tids[SPINNERS], started;
static __thread int me;

static void note_alarm(int number)
{
    (void)number;
    count++;
}

static void note_kick(int number)
{
    (void)number;
    taken[me]++;
}

/* Every register is as it was: the loop computes with all it can. */
static uint64_t spin_until(int goal)
{
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, turns = 0;

    while (count < goal) {
        a = a * 6364136223846793005u + 1;
        b ^= a;
        c += b;
        d -= c;
        e ^= d;
        f += e;
        turns++;
    }
    for (uint64_t i = 0, x = 1, y = 2, z = 3, u = 4, v = 5, w = 6; i < turns;
         i++) {
        x = x * 6364136223846793005u + 1;
        y ^= x;
        z += y;
        u -= z;
        v ^= u;
        w += v;
        if (i + 1 == turns)
            return (a ^ x) | (b ^ y) | (c ^ z) | (d ^ u) | (e ^ v) | (f ^ w);
    }
    return 0;
}

static void own_loop(void)
{
    struct itimerval fast = {{0, 5000}, {0, 5000}}, off = {{0, 0}, {0, 0}};

    signal(SIGALRM, note_alarm);
    EXPECT(0, setitimer, ITIMER_REAL, &fast, NULL);
    CHECK(spin_until(5) == 0);
    EXPECT(0, setitimer, ITIMER_REAL, &off, NULL);
}

static void *spin(void *arg)
{
    me = (int)(long)arg;
    tids[me] = (int)CALL(gettid);
    __atomic_add_fetch(&started, 1, __ATOMIC_SEQ_CST);
    while (!stop)
        continue;
    return NULL;
}

/* Each kick is taken before the next is sent. */
static void others(void)
{
    pthread_t threads[SPINNERS];
    int pid = (int)CALL(getpid);
    bool good = true;

    signal(SIGUSR1, note_kick);
    for (long i = 0; i < SPINNERS; i++)
        pthread_create(&threads[i], NULL, spin, (void *)i);
    await(&started, SPINNERS);
    for (int i = 0; i < ROUNDS; i++) {
        int to = i % SPINNERS, before = taken[to];

        good = CALL(tgkill, pid, tids[to], SIGUSR1) == 0 && good;
        await(&taken[to], before + 1);
    }
    CHECK(good);
    stop = true;
    for (int i = 0; i < SPINNERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < SPINNERS; i++)
        say("%d kicks", taken[i]);
}

static int spin_all(long how)
{
    pthread_t thread;

    stop = false;
    started = 0;
    for (long i = 0; i < SPINNERS - 1; i++)
        pthread_create(&thread, NULL, spin, (void *)i);
    await(&started, SPINNERS - 1);
    shared[how] = 1;
    if (how == 1)
        CALL(exit_group, 3);
    while (started > 0)
        continue;
    return 0;
}

static void ends(void)
{
    long pid = spawn(spin_all, 1);

    reap("exit_group", pid);
    pid = spawn(spin_all, 2);
    await(&shared[2], 1);
    EXPECT(0, kill, pid, SIGKILL);
    reap("SIGKILL", pid);
    pid = spawn(spin_all, 3);
    await(&shared[3], 1);
    EXPECT(0, kill, pid, SIGTERM);
    reap("SIGTERM", pid);
}

int main(void)
{
    share();
    own_loop();
    others();
    ends();
    return finish();
}
