// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sync/percpu_test.cc - core/sync/percpu.h.
#include <gtest/gtest.h>

#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

TEST(Percpu, PinsNest)
{
    EXPECT_FALSE(cpu_is_atomic());
    cpu_pin();
    cpu_pin();
    EXPECT_TRUE(cpu_is_atomic());
    EXPECT_EQ(2u, cpu_this()->pinned);
    cpu_unpin();
    EXPECT_TRUE(cpu_is_atomic());
    cpu_unpin();
    EXPECT_FALSE(cpu_is_atomic());
}

TEST(Percpu, InterruptsOffIsAtomic)
{
    unsigned saved = hal_irq_save();

    EXPECT_TRUE(cpu_is_atomic());
    EXPECT_FALSE(cpu_is_pinned());
    EXPECT_EQ(0u, cpu_this()->number);
    hal_irq_restore(saved);
    EXPECT_FALSE(cpu_is_atomic());
}

TEST(Percpu, ByNumberIsThisOne)
{
    cpu_pin();
    EXPECT_EQ(cpu_this(), cpu_by_number(cpu_this()->number));
    EXPECT_EQ(thread_current(), cpu_this()->current);
    cpu_unpin();
}

static bool has_run(const bool *ran)
{
    return __atomic_load_n(ran, __ATOMIC_ACQUIRE);
}

static void note_run(void *arg)
{
    __atomic_store_n(static_cast<bool *>(arg), true, __ATOMIC_RELEASE);
}

// A thread that is ready gets the CPU at the last unpin, and not before.
// Whether it then gets far before it has to give it back is the host's
// business.
static void expect_switch_at_unpin(bool interrupts_off)
{
    struct thread *thread;
    unsigned saved = 0;
    uint64_t before, pinned, unpinned;
    bool ran = false;

    ASSERT_EQ(0, thread_create("other", note_run, &ran, &thread));
    cpu_pin();
    cpu_pin();
    thread_start(thread);
    __atomic_store_n(&cpu_this()->resched, true, __ATOMIC_RELAXED);
    before = kthread::Preemptions(thread_current());
    cpu_unpin();
    pinned = kthread::Preemptions(thread_current());
    EXPECT_FALSE(has_run(&ran));
    if (interrupts_off)
        saved = hal_irq_save();
    cpu_unpin();
    unpinned = kthread::Preemptions(thread_current());
    if (interrupts_off) {
        EXPECT_FALSE(has_run(&ran));
        hal_irq_restore(saved);
    }
    EXPECT_EQ(before, pinned);
    EXPECT_EQ(interrupts_off, unpinned == before);
    while (!has_run(&ran) ||
           __atomic_load_n(&thread->refs.count, __ATOMIC_ACQUIRE) > 1)
        thread_yield();
    thread_put(thread);
}

TEST(Percpu, TheLastUnpinSwitchesWhenDue)
{
    expect_switch_at_unpin(false);
}

TEST(Percpu, NoSwitchWithInterruptsOff)
{
    expect_switch_at_unpin(true);
}

struct seen {
    bool fired, atomic, pinned, in_interrupt;
};

static void look_around(void *arg)
{
    struct seen *seen = static_cast<struct seen *>(arg);

    seen->atomic = cpu_is_atomic();
    seen->pinned = cpu_is_pinned();
    seen->in_interrupt = cpu_this()->in_interrupt;
    seen->fired = true;
}

TEST(Percpu, AnInterruptIsAtomic)
{
    struct seen seen = {};
    struct timer timer;

    timer_init(&timer, look_around, &seen);
    timer_arm(&timer, hal_clock_now());
    while (!seen.fired)
        hal_cpu_relax();
    EXPECT_TRUE(seen.atomic);
    EXPECT_TRUE(seen.pinned);
    EXPECT_TRUE(seen.in_interrupt);
    EXPECT_FALSE(timer_cancel(&timer));
}

CHILD(PercpuThisUnpinned)
{
    (void)cpu_this();
}

CHILD(PercpuUnpinTooMany)
{
    cpu_unpin();
}

CHILD(PercpuNumberTooLarge)
{
    (void)cpu_by_number(HAL_CPUS_MAX);
}

TEST(Percpu, MisusePanics)
{
    EXPECT_PANIC(PercpuThisUnpinned, "hal_irq_are_off()");
    EXPECT_PANIC(PercpuUnpinTooMany, "pinned > 0");
    EXPECT_PANIC(PercpuNumberTooLarge, "number <");
}
