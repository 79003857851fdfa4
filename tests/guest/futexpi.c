/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/futexpi.c - PI futexes: errors, handing over, an owner that ends,
 * and that the owner runs with the priority of who waits.
 */
#include <pthread.h>
#include <time.h>

#include "core/abi/futex.h"
#include "tests/guest/child.h"

enum { PRIVATE = LX_FUTEX_PRIVATE_FLAG, WAITERS = 4 };

static volatile uint32_t word, other;
static volatile int step, order[WAITERS], taken;

static uint32_t tid(void)
{
    return (uint32_t)CALL(gettid);
}

static void errors(void)
{
    struct timespec past = {0, 1}, bad = {0, -1};
    uint32_t me = tid();

    EXPECT(0, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CHECK(word == me);
    EXPECT(-EDEADLK, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    EXPECT(-EDEADLK, futex, &word, LX_FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    CHECK(word == 0);
    EXPECT(-EPERM, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_TRYLOCK_PI, 0, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI, 0, NULL);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, &bad);
    EXPECT(-EINVAL, futex, (char *)&word + 1, LX_FUTEX_LOCK_PI | PRIVATE, 0,
           NULL);
    EXPECT(-EFAULT, futex, NULL, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    EXPECT(-EFAULT, futex, KERNEL_ADDRESS, LX_FUTEX_UNLOCK_PI | PRIVATE, 0,
           NULL);
    word = 0x1ffffff0; /* nobody is called so */
    EXPECT(-ESRCH, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, &past);
    EXPECT(-ESRCH, futex, &word, LX_FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL);
    word = LX_FUTEX_OWNER_DIED;
    EXPECT(0, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CHECK(word == (me | LX_FUTEX_OWNER_DIED));
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
}

static void *lock_and_end(void *arg)
{
    struct timespec past = {0, 1};

    (void)arg;
    /* Held by another: waits, and not for ever. */
    if (CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, &past) !=
            -ETIMEDOUT ||
        CALL(futex, &word, LX_FUTEX_LOCK_PI2 | PRIVATE, 0, &past) !=
            -ETIMEDOUT ||
        CALL(futex, &word, LX_FUTEX_TRYLOCK_PI | PRIVATE, 0, NULL) != -EAGAIN ||
        CALL(futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL) != -EPERM)
        return (void *)1;
    step = 1;
    return (void *)CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
}

/* The word is handed to who waits, who never gives it back. */
static void handed(void)
{
    pthread_t thread;
    void *result;

    EXPECT(0, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    pthread_create(&thread, NULL, lock_and_end, NULL);
    await(&step, 1);
    while ((word & LX_FUTEX_WAITERS) == 0)
        CALL(sched_yield);
    for (int i = 0; i < 20; i++)
        CALL(sched_yield);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAKE | PRIVATE, 1);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    pthread_join(thread, &result);
    CHECK(result == NULL);
    EXPECT(-ESRCH, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    word = 0;
    EXPECT(0, futex, &word, LX_FUTEX_LOCK_PI2 | PRIVATE, 0, NULL);
    CHECK((word & LX_FUTEX_TID_MASK) == tid());
    EXPECT(-EDEADLK, futex, &word, LX_FUTEX_LOCK_PI2 | PRIVATE, 0, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
}

static void *hold_and_end(void *arg)
{
    (void)arg;
    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    step = 2;
    while ((word & LX_FUTEX_WAITERS) == 0)
        CALL(sched_yield);
    for (int i = 0; i < 20; i++)
        CALL(sched_yield);
    return NULL;
}

static void owner_ends(void)
{
    pthread_t thread;

    step = 0;
    pthread_create(&thread, NULL, hold_and_end, NULL);
    await(&step, 2);
    EXPECT(0, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CHECK((word & LX_FUTEX_TID_MASK) == tid());
    CHECK((word & LX_FUTEX_OWNER_DIED) != 0);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    pthread_join(thread, NULL);
    word = 0;
}

/* Two that each hold what the other wants. */
static void *cross(void *arg)
{
    (void)arg;
    CALL(futex, &other, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    step = 3;
    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CALL(futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    CALL(futex, &other, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    return NULL;
}

static void deadlock(void)
{
    pthread_t thread;

    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    pthread_create(&thread, NULL, cross, NULL);
    await(&step, 3);
    while ((word & LX_FUTEX_WAITERS) == 0)
        CALL(sched_yield);
    for (int i = 0; i < 20; i++)
        CALL(sched_yield);
    EXPECT(-EDEADLK, futex, &other, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    pthread_join(thread, NULL);
    CHECK(word == 0 && other == 0);
}

/* --- priorities: all on one CPU ------------------------------------------- */

static void be(int policy, int priority)
{
    struct sched_param param = {.sched_priority = priority};

    CALL(sched_setscheduler, 0, policy, &param);
}

static void *wait_with(void *arg)
{
    int me = (int)(long)arg;

    be(SCHED_FIFO, 10 + me);
    __atomic_add_fetch(&step, 1, __ATOMIC_SEQ_CST);
    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    order[taken++] = me;
    CALL(futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    return NULL;
}

/* On their CPU, but below them: runs once all of them wait. */
static void *await_waiters(void *arg)
{
    (void)arg;
    await(&step, WAITERS);
    return NULL;
}

/* Who waits with the highest priority gets it first. */
static void by_priority(void)
{
    static const long starts[WAITERS] = {1, 3, 0, 2};
    pthread_t threads[WAITERS], last;

    step = 0;
    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    for (int i = 0; i < WAITERS; i++)
        pthread_create(&threads[i], NULL, wait_with, (void *)starts[i]);
    /* Asleep, for with what is lent to it, it would keep the rest out. */
    pthread_create(&last, NULL, await_waiters, NULL);
    pthread_join(last, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < WAITERS; i++)
        say("got it: %d", order[i]);
}

static volatile bool spins, released;

/* Needs the lock, once the one below it spins. */
static void *run_high(void *arg)
{
    struct timespec moment = {0, 2000000};

    (void)arg;
    be(SCHED_FIFO, 30);
    while (!spins)
        CALL(nanosleep, &moment, NULL);
    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CALL(futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    return NULL;
}

/* Keeps the CPU from all below it, for ten seconds at most. */
static void *run_middle(void *arg)
{
    int64_t end = clock_ms(CLOCK_MONOTONIC) + 10000;

    (void)arg;
    be(SCHED_FIFO, 20);
    spins = true;
    while (!released && clock_ms(CLOCK_MONOTONIC) < end)
        continue;
    return (void *)(long)released;
}

/* The owner is a fair thread: with the priority of who waits it runs. */
static void lends(void)
{
    pthread_t high, middle;
    void *in_time;

    CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    pthread_create(&high, NULL, run_high, NULL);
    pthread_create(&middle, NULL, run_middle, NULL);
    while ((word & LX_FUTEX_WAITERS) == 0)
        continue;
    released = true;
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE, 0, NULL);
    pthread_join(middle, &in_time);
    pthread_join(high, NULL);
    CHECK(in_time != NULL);
    EXPECT(SCHED_OTHER, sched_getscheduler, 0);
}

int main(void)
{
    uint64_t one_cpu = 1;

    errors();
    handed();
    owner_ends();
    deadlock();
    EXPECT(0, sched_setaffinity, 0, sizeof(one_cpu), &one_cpu);
    by_priority();
    lends();
    return finish();
}
