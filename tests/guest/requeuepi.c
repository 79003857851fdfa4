/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/requeuepi.c - LX_FUTEX_WAIT_REQUEUE_PI and
 * LX_FUTEX_CMP_REQUEUE_PI: a condition variable whose mutex lends priority.
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "core/abi/futex.h"
#include "tests/guest/child.h"

enum { PRIVATE = LX_FUTEX_PRIVATE_FLAG, WAITERS = 4 };

static volatile uint32_t cond, mutex, other;
static volatile int waiting, served;

static uint32_t tid(void)
{
    return (uint32_t)CALL(gettid);
}

static void settle(void)
{
    struct timespec moment = {0, 20000000};

    CALL(nanosleep, &moment, NULL);
}

static long requeue(volatile uint32_t *to, int wake, int move, uint32_t expect)
{
    return CALL(futex, &cond, LX_FUTEX_CMP_REQUEUE_PI | PRIVATE, wake, move, to,
                expect);
}

/* Until count waiters were moved: some may not be asleep yet. */
static bool move_all(volatile uint32_t *to, int move, int count)
{
    int moved = 0;

    while (moved < count) {
        long got = requeue(to, 1, move, 0);

        if (got < 0)
            return false;
        moved += (int)got;
        if (got == 0)
            settle();
    }
    return moved == count;
}

static void errors(void)
{
    const int op = LX_FUTEX_WAIT_REQUEUE_PI | PRIVATE;
    struct timespec past = {0, 1}, bad = {0, -1};

    EXPECT(-EAGAIN, futex, &cond, op, 1, NULL, &mutex);
    EXPECT(-EINVAL, futex, &cond, op, 0, NULL, &cond);
    EXPECT(-ETIMEDOUT, futex, &cond, op, 0, &past, &mutex);
    EXPECT(-ETIMEDOUT, futex, &cond, op | LX_FUTEX_CLOCK_REALTIME, 0, &past,
           &mutex);
    EXPECT(-EINVAL, futex, &cond, op, 0, &bad, &mutex);
    EXPECT(-EFAULT, futex, KERNEL_ADDRESS, op, 0, NULL, &mutex);
    EXPECT(-EFAULT, futex, &cond, op, 0, NULL, KERNEL_ADDRESS);
    EXPECT(-EINVAL, futex, (char *)&cond + 1, op, 0, NULL, &mutex);
    CHECK(requeue(&mutex, 1, 0, 0) == 0);
    CHECK(requeue(&mutex, 1, 0, 7) == -EAGAIN);
    CHECK(requeue(&mutex, 2, 0, 0) == -EINVAL);
    CHECK(requeue(&mutex, 0, 1, 0) == -EINVAL);
    CHECK(requeue(&mutex, 1, -1, 0) == -EINVAL);
    CHECK(requeue(&cond, 1, 1, 0) == -EINVAL);
}

static void *wait_moved(void *arg)
{
    long result;

    (void)arg;
    __atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
    result =
        CALL(futex, &cond, LX_FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, NULL, &mutex);
    if (result == 0 && (mutex & LX_FUTEX_TID_MASK) == tid()) {
        served++;
        result = CALL(futex, &mutex, LX_FUTEX_UNLOCK_PI | PRIVATE, 0);
    }
    return (void *)result;
}

static void begin(pthread_t *threads, int count)
{
    waiting = served = 0;
    for (int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, wait_moved, NULL);
    await(&waiting, count);
    settle();
}

static void join(pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++) {
        void *result = (void *)1;

        pthread_join(threads[i], &result);
        CHECK(result == NULL);
    }
    CHECK(served == count && mutex == 0);
}

/* The mutex is free: one gets it at once, the rest wait for it. */
static void onto_free(void)
{
    pthread_t threads[WAITERS];

    begin(threads, WAITERS);
    while (CALL(futex, &cond, LX_FUTEX_WAKE | PRIVATE, 1) != -EINVAL)
        settle();
    CHECK(requeue(&other, 1, 9, 0) == -EINVAL);
    CHECK(move_all(&mutex, WAITERS, WAITERS));
    join(threads, WAITERS);
}

/* The caller holds it: all wait until it is given back. */
static void onto_held(void)
{
    pthread_t threads[WAITERS];

    begin(threads, WAITERS);
    EXPECT(0, futex, &mutex, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CHECK(move_all(&mutex, 0, 1));
    CHECK((mutex & LX_FUTEX_WAITERS) != 0 && served == 0);
    CHECK(move_all(&mutex, 9, WAITERS - 1));
    settle();
    CHECK(served == 0);
    EXPECT(0, futex, &mutex, LX_FUTEX_UNLOCK_PI | PRIVATE, 0);
    join(threads, WAITERS);
}

/* Waits so many seconds. */
static void *wait_timed(void *arg)
{
    struct timespec end;
    long result;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += (long)arg;
    result =
        CALL(futex, &cond, LX_FUTEX_WAIT_REQUEUE_PI | PRIVATE, 0, &end, &mutex);
    waiting = 0;
    return (void *)result;
}

/* Moves one that waits so many seconds, unless they are over before: what
 * became of the move, 0 for none, and in *result of the wait. */
static long move_in(long seconds, void **result)
{
    pthread_t thread;
    long moved = 0;

    waiting = 1;
    pthread_create(&thread, NULL, wait_timed, (void *)seconds);
    while (waiting != 0 && moved == 0) {
        settle();
        moved = requeue(&mutex, 1, 0, 0);
    }
    pthread_join(thread, result);
    return moved;
}

/* The time counts on after the move. */
static void times_out(void)
{
    long moved = 0;
    void *result;

    EXPECT(0, futex, &mutex, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    for (long seconds = 1; moved == 0; seconds *= 2)
        moved = move_in(seconds, &result);
    CHECK(moved == 1 && result == (void *)-ETIMEDOUT);
    EXPECT(0, futex, &mutex, LX_FUTEX_UNLOCK_PI | PRIVATE, 0);
    CHECK(mutex == 0);
}

static void ignore(int number)
{
    (void)number;
}

/* A signal before the move starts the wait anew, one after it ends it. */
static void interrupted(void)
{
    struct sigaction action = {.sa_handler = ignore};
    pthread_t thread;
    void *result;

    sigaction(SIGUSR1, &action, NULL);
    begin(&thread, 1);
    pthread_kill(thread, SIGUSR1);
    settle();
    EXPECT(0, futex, &mutex, LX_FUTEX_LOCK_PI | PRIVATE, 0, NULL);
    CHECK(move_all(&mutex, 0, 1));
    settle();
    pthread_kill(thread, SIGUSR1);
    pthread_join(thread, &result);
    CHECK(result == (void *)-EAGAIN && served == 0);
    EXPECT(0, futex, &mutex, LX_FUTEX_UNLOCK_PI | PRIVATE, 0);
}

int main(void)
{
    errors();
    onto_free();
    onto_held();
    times_out();
    interrupted();
    return finish();
}
