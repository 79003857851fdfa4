/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/litmus.c - the store buffer: one thread stores and loads with
 * nothing but a compiler's barrier between, the other with membarrier(2). They
 * never both miss the other's store.
 */
#include <pthread.h>

#include "core/abi/membarrier.h"
#include "tests/guest/child.h"

enum { ROUNDS = 150, PAIRS = 1 };

/* One line of cache for each word. */
struct pair {
    _Alignas(64) volatile int fast, slow;
    _Alignas(64) volatile int round;
    _Alignas(64) volatile int fast_saw, slow_saw;
    _Alignas(64) volatile int fast_done, slow_done;
    int command, both_missed;
};

static struct pair pairs[PAIRS];

static void wait_round(volatile int *word, int round)
{
    for (int i = 0; __atomic_load_n(word, __ATOMIC_ACQUIRE) != round; i++)
        if (i % 64 == 63)
            CALL(sched_yield);
}

static void *run_fast(void *arg)
{
    struct pair *p = arg;

    for (int round = 1; round <= ROUNDS; round++) {
        wait_round(&p->round, round);
        p->fast = round;
        __asm__ volatile("" ::: "memory");
        p->fast_saw = p->slow;
        __atomic_store_n(&p->fast_done, round, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void *run_slow(void *arg)
{
    struct pair *p = arg;

    for (int round = 1; round <= ROUNDS; round++) {
        wait_round(&p->round, round);
        p->slow = round;
        CALL(membarrier, p->command, 0, 0);
        p->slow_saw = p->fast;
        __atomic_store_n(&p->slow_done, round, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void *judge(void *arg)
{
    struct pair *p = arg;

    for (int round = 1; round <= ROUNDS; round++) {
        __atomic_store_n(&p->round, round, __ATOMIC_RELEASE);
        wait_round(&p->fast_done, round);
        wait_round(&p->slow_done, round);
        if (p->fast_saw != round && p->slow_saw != round)
            p->both_missed++;
    }
    return NULL;
}

static void run_pairs(int command)
{
    pthread_t threads[PAIRS][3];

    for (int i = 0; i < PAIRS; i++) {
        pairs[i] = (struct pair){.command = command};
        pthread_create(&threads[i][0], NULL, run_fast, &pairs[i]);
        pthread_create(&threads[i][1], NULL, run_slow, &pairs[i]);
        pthread_create(&threads[i][2], NULL, judge, &pairs[i]);
    }
    for (int i = 0; i < PAIRS; i++) {
        for (int j = 0; j < 3; j++)
            pthread_join(threads[i][j], NULL);
        CHECK(pairs[i].both_missed == 0);
    }
}

int main(void)
{
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
    run_pairs(LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED);
    run_pairs(LX_MEMBARRIER_CMD_GLOBAL_EXPEDITED);
    return finish();
}
