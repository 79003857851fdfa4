/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/context_test.c - hal/context.h, and what the scheduler makes
 * of it.
 */
#include "hal/context.h"

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/base/string.h"
#include "core/mem/page.h"
#include "core/sched/thread.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "tests/contract/contract.h"

#define WAIT_NS UINT64_C(10000000000)

enum { SWITCHES = 1000, CONTEXTS = 100, STACK_USE = 6000 };

/* Two contexts that hand the CPU to and fro, behind the scheduler's back and
 * with interrupts off throughout. */
struct pair {
    struct hal_context *home, *other; /* set before the first switch */
    uint64_t turns;                   /* atomic: it orders the two */
    bool began_off;
    void *arg_seen;
};

static uint64_t turns_of(struct pair *pair)
{
    return __atomic_load_n(&pair->turns, __ATOMIC_ACQUIRE);
}

static void answer(void *arg)
{
    struct pair *pair = arg;
    bool off = hal_irq_are_off();
    uint64_t none = __atomic_fetch_add(&pair->turns, 0, __ATOMIC_ACQ_REL);
    struct hal_context *home = pair->home, *other = pair->other;

    ASSERT(none == 0);
    pair->began_off = off;
    pair->arg_seen = arg;
    for (int i = 1; i < SWITCHES; i++) {
        __atomic_fetch_add(&pair->turns, 1, __ATOMIC_ACQ_REL);
        hal_context_switch(other, home);
    }
    __atomic_fetch_add(&pair->turns, 1, __ATOMIC_ACQ_REL);
    hal_context_leave(other, home);
}

static void check_switch(void)
{
    struct pair pair = {.turns = 0};
    int made;

    made = hal_context_create(answer, &pair, &pair.other);
    if (!CHECK_EQUAL(0, made))
        return;
    pair.home = thread_current()->context;
    __atomic_store_n(&pair.turns, 0, __ATOMIC_RELEASE);
    hal_irq_disable();
    for (uint64_t i = 1; i <= SWITCHES; i++) {
        hal_context_switch(pair.home, pair.other);
        if (turns_of(&pair) != i || !hal_irq_are_off())
            break;
    }
    hal_irq_enable();
    CHECK_EQUAL(SWITCHES, turns_of(&pair));
    CHECK(pair.began_off);
    CHECK(pair.arg_seen == &pair);
    hal_context_destroy(pair.other);
}

/* Makes and destroys many; returns how many there were at once. */
static size_t make_many(void)
{
    static struct hal_context *contexts[CONTEXTS];
    size_t made = 0, most;

    while (made < CONTEXTS &&
           hal_context_create(answer, NULL, &contexts[made]) == 0)
        made++;
    most = made;
    while (made > 0)
        hal_context_destroy(contexts[--made]);
    return most;
}

/* The HAL may keep the tables that map stacks for the next ones, so what is
 * free is counted from the second time on. */
static void check_unused(void)
{
    uint64_t free_before;

    CHECK_EQUAL(CONTEXTS, make_many());
    free_before = page_free_count();
    CHECK_EQUAL(CONTEXTS, make_many());
    CHECK_EQUAL(free_before, page_free_count());
}

static uint8_t sum_of_stack(unsigned seed)
{
    volatile uint8_t bytes[STACK_USE];
    uint8_t sum = 0;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + seed);
    thread_yield();
    for (size_t i = 0; i < sizeof(bytes); i++)
        sum = (uint8_t)(sum + (bytes[i] == (uint8_t)(i + seed)));
    return sum;
}

static unsigned good_stacks; /* atomic */

static void use_stack(void *arg)
{
    const unsigned *seed = arg;

    if (sum_of_stack(*seed) == (uint8_t)STACK_USE)
        __atomic_fetch_add(&good_stacks, 1, __ATOMIC_RELEASE);
}

static unsigned stacks_seen(void)
{
    return __atomic_load_n(&good_stacks, __ATOMIC_ACQUIRE);
}

/* Threads that interleave each find their own stack as they left it. */
static void check_stacks(void)
{
    static unsigned seeds[16];
    struct thread *thread;
    unsigned started = 0;
    uint64_t end;

    __atomic_store_n(&good_stacks, 0, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < COUNT_OF(seeds); i++) {
        seeds[i] = i * 7;
        if (!CHECK_EQUAL(0,
                         thread_create("stack", use_stack, &seeds[i], &thread)))
            break;
        thread_start(thread);
        thread_put(thread);
        started++;
    }
    end = hal_clock_now() + WAIT_NS;
    while (stacks_seen() < started && hal_clock_now() < end)
        thread_yield();
    CHECK_EQUAL(started, stacks_seen());
}

static void check_no_memory(void)
{
    struct hal_context *context = NULL;
    int error = -ENOMEM;
    uint64_t k;

    for (k = 1; error != 0 && k < 50; k++) {
        fault_plan_nth(FAULT_ANY, k);
        error = hal_context_create(answer, NULL, &context);
        if (fault_failed() == 0)
            break;
        if (error == 0)
            hal_context_destroy(context);
        CHECK_EQUAL(-ENOMEM, error);
    }
    fault_plan_nth(0, 0);
    CHECK(k > 1); /* at least one place could fail */
    if (CHECK_EQUAL(0, error))
        hal_context_destroy(context);
}

static const struct contract_case cases[] = {
    {"switching keeps both sides and the interrupt state", check_switch},
    {"a context that never ran can be destroyed", check_unused},
    {"every context has its own stack", check_stacks},
    {"without memory nothing is made", check_no_memory},
};
CONTRACT_SUITE(context, cases);
