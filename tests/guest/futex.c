/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/futex.c - futex(2), futex_waitv(2): errors, and threads that
 * wait for each other.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "core/abi/futex.h"
#include "tests/guest/guest.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449 /* newer than musl's headers */
#endif

enum { PRIVATE = LX_FUTEX_PRIVATE_FLAG, WAITERS = 4 };

static uint32_t word, other;
static volatile uint32_t arrived, left;

static struct timespec in_ms(clockid_t clock, long ms)
{
    struct timespec t;

    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static void errors(void)
{
    struct timespec zero = {0, 0}, bad = {0, 1000000000}, minus = {-1, 0};
    char *odd = (char *)&word + 2;

    word = 1;
    EXPECT(-EAGAIN, futex, &word, LX_FUTEX_WAIT, 2, NULL);
    EXPECT(-EAGAIN, futex, &word, LX_FUTEX_WAIT | PRIVATE, 2, NULL);
    EXPECT(-ETIMEDOUT, futex, &word, LX_FUTEX_WAIT | PRIVATE, 1, &zero);
    EXPECT(-ETIMEDOUT, futex, &word, LX_FUTEX_WAIT, 1, &zero);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAIT | PRIVATE, 1, &bad);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAIT | PRIVATE, 1, &minus);
    EXPECT(-EFAULT, futex, &word, LX_FUTEX_WAIT | PRIVATE, 1, KERNEL_ADDRESS);
    EXPECT(-EINVAL, futex, odd, LX_FUTEX_WAIT | PRIVATE, 1, NULL);
    EXPECT(-EINVAL, futex, odd, LX_FUTEX_WAKE | PRIVATE, 1);
    EXPECT(-EFAULT, futex, NULL, LX_FUTEX_WAIT | PRIVATE, 1, NULL);
    EXPECT(-EFAULT, futex, NULL, LX_FUTEX_WAKE, 1);
    EXPECT(0, futex, NULL, LX_FUTEX_WAKE | PRIVATE, 1);
    EXPECT(-EFAULT, futex, KERNEL_ADDRESS, LX_FUTEX_WAKE | PRIVATE, 1);
    EXPECT(-EFAULT, futex, KERNEL_ADDRESS, LX_FUTEX_WAIT | PRIVATE, 1, NULL);
    EXPECT(0, futex, &word, LX_FUTEX_WAKE, 1);
    EXPECT(0, futex, &word, LX_FUTEX_WAKE_BITSET, 1, NULL, NULL, 1);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAIT_BITSET, 1, NULL, NULL, 0);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_WAKE_BITSET, 1, NULL, NULL, 0);
    EXPECT(-EAGAIN, futex, &word, LX_FUTEX_CMP_REQUEUE, 1, 1, &other, 9);
    EXPECT(0, futex, &word, LX_FUTEX_CMP_REQUEUE, 1, 1, &other, 1);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_CMP_REQUEUE, -1, 1, &other, 1);
    EXPECT(-EINVAL, futex, &word, LX_FUTEX_CMP_REQUEUE, 1, -1, &other, 1);
    EXPECT(0, futex, &word, LX_FUTEX_REQUEUE | PRIVATE, 1, 1, &other);
    EXPECT(-ENOSYS, futex, &word, LX_FUTEX_WAKE | LX_FUTEX_CLOCK_REALTIME, 1);
    EXPECT(-ENOSYS, futex, &word, 77, 1);
}

static void absolute(void)
{
    struct timespec past = {0, 1}, soon, now;
    const int bits = LX_FUTEX_WAIT_BITSET | PRIVATE;
    const int wall = bits | LX_FUTEX_CLOCK_REALTIME;

    word = 1;
    EXPECT(-ETIMEDOUT, futex, &word, bits, 1, &past, NULL, -1);
    EXPECT(-ETIMEDOUT, futex, &word, wall, 1, &past, NULL, -1);
    soon = in_ms(CLOCK_MONOTONIC, 20);
    EXPECT(-ETIMEDOUT, futex, &word, bits, 1, &soon, NULL, -1);
    clock_gettime(CLOCK_MONOTONIC, &now);
    CHECK(now.tv_sec > soon.tv_sec ||
          (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec));
    soon = in_ms(CLOCK_REALTIME, 20);
    EXPECT(-ETIMEDOUT, futex, &word, wall, 1, &soon, NULL, -1);
    clock_gettime(CLOCK_REALTIME, &now);
    CHECK(now.tv_sec > soon.tv_sec ||
          (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec));
}

static void wake_ops(void)
{
    static const struct {
        int op, arg, comparison, against;
        uint32_t before, after;
    } cases[] = {
        {LX_FUTEX_OP_SET, 7, LX_FUTEX_OP_CMP_EQ, 5, 5, 7},
        {LX_FUTEX_OP_ADD, -1, LX_FUTEX_OP_CMP_GT, 0, 5, 4},
        {LX_FUTEX_OP_OR, 8, LX_FUTEX_OP_CMP_NE, 5, 5, 13},
        {LX_FUTEX_OP_ANDN, 4, LX_FUTEX_OP_CMP_LT, 5, 5, 1},
        {LX_FUTEX_OP_XOR, 6, LX_FUTEX_OP_CMP_LE, 5, 5, 3},
        {LX_FUTEX_OP_SET | LX_FUTEX_OP_OPARG_SHIFT, 4, LX_FUTEX_OP_CMP_GE, -1,
         5, 16},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        long op = (long)((uint32_t)cases[i].op << 28 |
                         (uint32_t)cases[i].comparison << 24 |
                         ((uint32_t)cases[i].arg & 0xfff) << 12 |
                         ((uint32_t)cases[i].against & 0xfff));

        other = cases[i].before;
        EXPECT(0, futex, &word, LX_FUTEX_WAKE_OP, 1, 1, &other, op);
        CHECK(other == cases[i].after);
    }
    EXPECT(-ENOSYS, futex, &word, LX_FUTEX_WAKE_OP, 1, 1, &other, 5 << 28);
    EXPECT(-EFAULT, futex, &word, LX_FUTEX_WAKE_OP, 1, 1, NULL, 0);
}

/* --- threads -------------------------------------------------------------- */

static void arrive(void)
{
    __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
}

/* Until count threads have arrived. */
static void await(uint32_t count)
{
    while (__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) < count)
        CALL(sched_yield);
}

/* Until count threads wait at a word that is value, with WAIT and the same
 * flags: who is moved from it to where it waits already, goes on waiting. */
static void await_waiters(uint32_t *at, int flags, uint32_t value, long count)
{
    while (CALL(futex, at, LX_FUTEX_CMP_REQUEUE | flags, 0, INT_MAX, at,
                value) < count)
        CALL(sched_yield);
}

static void *wait_bit(void *arg)
{
    struct timespec late = in_ms(CLOCK_REALTIME, 900000);
    long bits = (long)arg, result;
    int op = LX_FUTEX_WAIT_BITSET | PRIVATE;

    if (bits == 1)
        op |= LX_FUTEX_CLOCK_REALTIME;
    arrive();
    result = CALL(futex, &word, op, 1, bits == 1 ? &late : NULL, NULL, bits);
    __atomic_add_fetch(&left, 1, __ATOMIC_SEQ_CST);
    return (void *)result;
}

static void start(pthread_t *threads, int count, void *(*run)(void *))
{
    arrived = 0;
    left = 0;
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, run, (void *)(1L << i)) == 0);
    await((uint32_t)count);
}

static void join(pthread_t *threads, int count, void *(*run)(void *))
{
    void *result;

    (void)run;
    for (int i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], &result) == 0 && result == NULL);
}

static void bitsets(void)
{
    pthread_t threads[WAITERS];
    const int wake = LX_FUTEX_WAKE_BITSET | PRIVATE;

    word = 1;
    start(threads, WAITERS, wait_bit);
    await_waiters(&word, PRIVATE, 1, WAITERS);
    EXPECT(0, futex, &word, wake, 9, NULL, NULL, 0x10);
    EXPECT(1, futex, &word, wake, 9, NULL, NULL, 4);
    EXPECT(2, futex, &word, wake, 9, NULL, NULL, 3);
    EXPECT(0, futex, &word, LX_FUTEX_WAKE, 9);
    EXPECT(1, futex, &word, LX_FUTEX_WAKE | PRIVATE, 9);
    join(threads, WAITERS, wait_bit);
}

static void requeues(void)
{
    pthread_t threads[WAITERS];
    const int requeue = LX_FUTEX_CMP_REQUEUE | PRIVATE;

    word = 1;
    start(threads, WAITERS, wait_bit);
    await_waiters(&word, PRIVATE, 1, WAITERS);
    EXPECT(3, futex, &word, requeue, 1, 2, &other, 1);
    EXPECT(2, futex, &other, LX_FUTEX_WAKE | PRIVATE, 9);
    EXPECT(1, futex, &word, requeue, 0, 9, &word, 1);
    EXPECT(1, futex, &word, LX_FUTEX_WAKE | PRIVATE, 9);
    join(threads, WAITERS, wait_bit);
}

/* A shared page seen at two addresses. */
static void *wait_shared(void *arg)
{
    (void)arg;
    arrive();
    return (void *)CALL(futex, word == 1 ? &word : NULL, LX_FUTEX_WAIT, 1);
}

static void shared(void)
{
    pthread_t thread;

    word = 1;
    start(&thread, 1, wait_shared);
    await_waiters(&word, 0, 1, 1);
    EXPECT(0, futex, &word, LX_FUTEX_WAKE | PRIVATE, 9);
    EXPECT(1, futex, &word, LX_FUTEX_WAKE, 9);
    join(&thread, 1, wait_shared);
}

/* --- a storm: no wake-up is lost ------------------------------------------ */

static uint32_t lock;
static long total;

static void take(uint32_t *at)
{
    uint32_t old = 0;

    if (__atomic_compare_exchange_n(at, &old, 1, false, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST))
        return;
    while (__atomic_exchange_n(at, 2, __ATOMIC_SEQ_CST) != 0)
        CALL(futex, at, LX_FUTEX_WAIT | PRIVATE, 2, NULL);
}

static void give(uint32_t *at)
{
    if (__atomic_exchange_n(at, 0, __ATOMIC_SEQ_CST) == 2)
        CALL(futex, at, LX_FUTEX_WAKE | PRIVATE, 1);
}

static void *add(void *arg)
{
    (void)arg;
    arrive();
    for (int i = 0; i < 1000; i++) {
        take(&lock);
        total++;
        if (i % 16 == 0)
            CALL(sched_yield);
        give(&lock);
    }
    return NULL;
}

static void storm(void)
{
    pthread_t threads[WAITERS];

    start(threads, WAITERS, add);
    join(threads, WAITERS, add);
    CHECK(total == WAITERS * 1000);
}

/* --- owners --------------------------------------------------------------- */

static void *own(void *arg)
{
    long result;

    (void)arg;
    arrive();
    result = CALL(futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    if (result == 0 && (word & LX_FUTEX_TID_MASK) != (uint32_t)CALL(gettid))
        result = 1;
    if (result == 0)
        result = CALL(futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE);
    return (void *)result;
}

static void owners(void)
{
    pthread_t threads[WAITERS];

    word = 0;
    EXPECT(-EPERM, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE);
    EXPECT(0, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CHECK(word == (uint32_t)CALL(gettid));
    EXPECT(-EDEADLK, futex, &word, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    EXPECT(-EDEADLK, futex, &word, LX_FUTEX_TRYLOCK_PI | PRIVATE);
    start(threads, WAITERS, own);
    while ((__atomic_load_n(&word, __ATOMIC_SEQ_CST) & LX_FUTEX_WAITERS) == 0)
        CALL(sched_yield);
    EXPECT(0, futex, &word, LX_FUTEX_UNLOCK_PI | PRIVATE);
    join(threads, WAITERS, own);
    CHECK(word == 0);
}

/* A thread ends holding a robust lock. */
static struct {
    struct lx_robust_list_head head;
    uint64_t entry;
    uint32_t word;
} robust;

static void *die_holding(void *arg)
{
    (void)arg;
    robust.head.list = (uint64_t)&robust.entry;
    robust.entry = (uint64_t)&robust.head;
    robust.head.futex_offset = (char *)&robust.word - (char *)&robust.entry;
    robust.word = (uint32_t)CALL(gettid) | LX_FUTEX_WAITERS;
    CALL(set_robust_list, &robust.head, sizeof(robust.head));
    await_waiters(&robust.word, 0, robust.word, 1);
    CALL(exit, 0);
    return NULL;
}

static void orphans(void)
{
    pthread_t thread;
    uint32_t seen;

    CHECK(pthread_create(&thread, NULL, die_holding, NULL) == 0);
    while ((seen = __atomic_load_n(&robust.word, __ATOMIC_SEQ_CST)) == 0)
        CALL(sched_yield);
    EXPECT(0, futex, &robust.word, LX_FUTEX_WAIT, seen, NULL);
    CHECK(robust.word == (LX_FUTEX_WAITERS | LX_FUTEX_OWNER_DIED));
}

/* --- several at once ------------------------------------------------------ */

static void *wake_other(void *arg)
{
    (void)arg;
    arrive();
    while (CALL(futex, &other, LX_FUTEX_WAKE | PRIVATE, 1) == 0)
        CALL(sched_yield);
    return NULL;
}

static void vectors(void)
{
    struct lx_futex_waitv v[2] = {
        {1, (uint64_t)&word, LX_FUTEX_32 | PRIVATE, 0},
        {2, (uint64_t)&other, LX_FUTEX_32 | PRIVATE, 0}};
    struct timespec past = {0, 1};
    pthread_t thread;

    word = 1;
    other = 2;
    EXPECT(-ETIMEDOUT, futex_waitv, v, 2, 0, &past, CLOCK_MONOTONIC);
    EXPECT(-EINVAL, futex_waitv, v, 0, 0, NULL, 0);
    EXPECT(-EINVAL, futex_waitv, v, 129, 0, NULL, 0);
    EXPECT(-EINVAL, futex_waitv, v, 2, 1, NULL, 0);
    EXPECT(-EINVAL, futex_waitv, v, 2, 0, &past, 77);
    EXPECT(-EFAULT, futex_waitv, KERNEL_ADDRESS, 2, 0, NULL, 0);
    v[1].val = 3;
    EXPECT(-EAGAIN, futex_waitv, v, 2, 0, NULL, 0);
    v[1].val = 2;
    v[1].flags = 0x40;
    EXPECT(-EINVAL, futex_waitv, v, 2, 0, NULL, 0);
    v[1].flags = LX_FUTEX_32 | PRIVATE;
    CHECK(pthread_create(&thread, NULL, wake_other, NULL) == 0);
    EXPECT(1, futex_waitv, v, 2, 0, NULL, 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(void)
{
    errors();
    absolute();
    wake_ops();
    bitsets();
    requeues();
    shared();
    storm();
    owners();
    orphans();
    vectors();
    return finish();
}
