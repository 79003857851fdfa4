/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/smp.c - contract in smp.h.
 */
#include "tests/contract/smp.h"

#include "core/sched/thread.h"
#include "tests/contract/contract.h"

static void (*current_work)(unsigned worker);
static unsigned numbers[SMP_WORKERS_MAX];

unsigned smp_workers(void)
{
    unsigned workers = 0;

    /* No __builtin_popcountll(): the bare machine has no library behind it. */
    for (uint64_t left = sched_online(); left != 0; left &= left - 1)
        workers++;
    return workers < SMP_WORKERS_MAX ? workers : SMP_WORKERS_MAX;
}

static void run_worker(void *arg)
{
    const unsigned *number = arg;

    current_work(*number);
}

static struct thread *start_worker(unsigned number)
{
    struct thread *thread;

    numbers[number] = number;
    if (!CHECK_EQUAL(
            0, thread_create("worker", run_worker, &numbers[number], &thread)))
        return NULL;
    CHECK_EQUAL(0, thread_set_affinity(thread, UINT64_C(1) << number));
    thread_start(thread);
    return thread;
}

/* Waits until it is off its stack, so that nothing of it is left. */
static void join_worker(struct thread *thread)
{
    if (thread == NULL)
        return;
    while (__atomic_load_n(&thread->refs.count, __ATOMIC_ACQUIRE) > 1)
        thread_yield();
    thread_put(thread);
}

void smp_run(void (*work)(unsigned worker), void (*beside)(void))
{
    struct thread *workers[SMP_WORKERS_MAX];

    current_work = work;
    for (unsigned i = 0; i < smp_workers(); i++)
        workers[i] = start_worker(i);
    if (beside != NULL)
        beside();
    for (unsigned i = 0; i < smp_workers(); i++)
        join_worker(workers[i]);
}
