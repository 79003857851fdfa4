/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_baton.c - with a seed, the one virtual CPU that runs.
 *
 * The CPU that has the baton runs, its user code included; all others wait for
 * it. Only who has it decides where it goes, among the CPUs that are ready, by
 * the seed; so no host lock and no host scheduler has a say. The end of the
 * machine is the exception: it may come from the loop's thread at any time,
 * and then all run at once, and do nothing but stop.
 *
 * Not instrumented by TSan: what passes with the baton must not count as order
 * between two CPUs, or no race would be found between them.
 */
#include "hal/hosted/cpu.h"
#include "hal/hosted/host_parts.h"
#include "hal/hosted/seed.h"

/* At one HAL call in so many the baton goes on. */
enum { PASS_ONE_IN = 16 };

static uint32_t ready = 1;                    /* a bit per CPU; CPU 0 begins */
static uint32_t turns[HOSTED_CPUS_MAX] = {1}; /* futex words: 1: it is yours */
static uint32_t stopped;                      /* futex word */

static bool is_stopped(void)
{
    return __atomic_load_n(&stopped, __ATOMIC_SEQ_CST) != 0;
}

static uint32_t ready_others(unsigned cpu)
{
    return __atomic_load_n(&ready, __ATOMIC_SEQ_CST) & ~(UINT32_C(1) << cpu);
}

/* One of the CPUs of a mask that is not empty. */
static unsigned choose_cpu(uint32_t mask)
{
    uint64_t skip = host_seed_baton_choice((uint64_t)__builtin_popcount(mask));

    for (; skip > 0; skip--)
        mask &= mask - 1;
    return (unsigned)__builtin_ctz(mask);
}

static void give(unsigned cpu)
{
    __atomic_store_n(&turns[cpu], 1, __ATOMIC_SEQ_CST);
    host_futex_wake(&turns[cpu]);
}

/* Returns with the baton, or once the machine stops. */
static void wait_turn(unsigned cpu)
{
    while (!is_stopped() &&
           __atomic_exchange_n(&turns[cpu], 0, __ATOMIC_SEQ_CST) == 0)
        host_futex_wait(&turns[cpu], 0, HOST_NEVER);
}

/* To one of the CPUs of the mask, which may be cpu itself. */
static void pass(unsigned cpu, uint32_t mask)
{
    unsigned next = choose_cpu(mask);

    if (next == cpu)
        return;
    give(next);
    wait_turn(cpu);
}

void host_baton_begin(unsigned cpu)
{
    wait_turn(cpu);
}

void host_baton_ready(unsigned cpu)
{
    (void)__atomic_fetch_or(&ready, UINT32_C(1) << cpu, __ATOMIC_SEQ_CST);
}

bool host_baton_offer(unsigned cpu, bool must)
{
    uint32_t others = ready_others(cpu);

    if (others != 0 && (must || host_seed_baton_choice(PASS_ONE_IN) == 0))
        pass(cpu, others);
    return !is_stopped();
}

bool host_baton_is_wanted(unsigned cpu)
{
    return ready_others(cpu) != 0;
}

bool host_baton_idle(unsigned cpu)
{
    uint32_t mask;

    (void)__atomic_fetch_and(&ready, ~(UINT32_C(1) << cpu), __ATOMIC_SEQ_CST);
    for (;;) {
        if (is_stopped())
            return false;
        mask = __atomic_load_n(&ready, __ATOMIC_SEQ_CST);
        if (mask != 0)
            break;
        /* What is due makes a CPU ready, or nothing ever will. */
        if (!host_seed_skip())
            host_futex_wait(&stopped, 0, HOST_NEVER);
    }
    pass(cpu, mask);
    return !is_stopped();
}

void host_baton_stop(void)
{
    __atomic_store_n(&stopped, 1, __ATOMIC_SEQ_CST);
    host_futex_wake(&stopped);
    for (unsigned cpu = 0; cpu < HOSTED_CPUS_MAX; cpu++)
        give(cpu);
}
