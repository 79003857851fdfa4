/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/bitset.c - LX_FUTEX_WAIT_BITSET: absolute times of both clocks,
 * and who is woken by which bits.
 */
#include <pthread.h>
#include <time.h>

#include "core/abi/futex.h"
#include "tests/guest/child.h"

enum { PRIVATE = LX_FUTEX_PRIVATE_FLAG, WAITERS = 8 };

static uint32_t word;
static volatile int asleep, woken;

static struct timespec later(clockid_t clock, long ms)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static bool has_passed(clockid_t clock, const struct timespec *t)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec > t->tv_sec ||
           (now.tv_sec == t->tv_sec && now.tv_nsec >= t->tv_nsec);
}

static void times_out(clockid_t clock, int op)
{
    struct timespec bad = {0, 1000000000}, past = {0, 1}, negative = {-1, 0};

    EXPECT(-ETIMEDOUT, futex, &word, op, 0, &past, NULL, -1);
    EXPECT(-EINVAL, futex, &word, op, 0, &bad, NULL, -1);
    EXPECT(-EINVAL, futex, &word, op, 0, &negative, NULL, -1);
    EXPECT(-EAGAIN, futex, &word, op, 1, &past, NULL, -1);
    for (int i = 0; i < 10; i++) {
        struct timespec end = later(clock, i);
        long result = CALL(futex, &word, op, 0, &end, NULL, 1u << i);

        CHECK(result == -ETIMEDOUT && has_passed(clock, &end));
    }
}

static void *wait_bit(void *arg)
{
    struct timespec end = later(CLOCK_MONOTONIC, 60000);
    long bit = (long)arg, result;

    __atomic_add_fetch(&asleep, 1, __ATOMIC_SEQ_CST);
    do {
        result = CALL(futex, &word, LX_FUTEX_WAIT_BITSET | PRIVATE, 0, &end,
                      NULL, 1u << bit);
    } while (result == -EINTR);
    if (result == 0)
        __atomic_or_fetch(&woken, 1 << bit, __ATOMIC_SEQ_CST);
    return NULL;
}

static void wakes(uint32_t bits, long count)
{
    long got = 0;

    /* Who is not asleep yet cannot be woken: asks until all were. */
    while (got < count) {
        got += CALL(futex, &word, LX_FUTEX_WAKE_BITSET | PRIVATE, WAITERS, NULL,
                    NULL, bits);
        CALL(sched_yield);
    }
    CHECK(got == count);
}

static void by_bits(void)
{
    pthread_t threads[WAITERS];

    for (long i = 0; i < WAITERS; i++)
        pthread_create(&threads[i], NULL, wait_bit, (void *)i);
    await(&asleep, WAITERS);
    wakes(0x05, 2);
    await(&woken, 0x05);
    EXPECT(0, futex, &word, LX_FUTEX_WAKE_BITSET | PRIVATE, 9, NULL, NULL,
           0x100);
    wakes(0x80, 1);
    await(&woken, 0x85);
    wakes(0xffffffff, 5);
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(woken == 0xff);
}

int main(void)
{
    const int wall = LX_FUTEX_CLOCK_REALTIME;

    times_out(CLOCK_MONOTONIC, LX_FUTEX_WAIT_BITSET | PRIVATE);
    times_out(CLOCK_MONOTONIC, LX_FUTEX_WAIT_BITSET);
    times_out(CLOCK_REALTIME, LX_FUTEX_WAIT_BITSET | PRIVATE | wall);
    times_out(CLOCK_REALTIME, LX_FUTEX_WAIT_BITSET | wall);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAIT_BITSET, 0, NULL, NULL, 0);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAKE_BITSET, 1, NULL, NULL, 0);
    by_bits();
    return finish();
}
