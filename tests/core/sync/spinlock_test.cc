// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sync/spinlock_test.cc - core/sync/spinlock.h.
#include <gtest/gtest.h>

#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "core/sync/spinlock.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "tests/support/harness.h"

static const struct lock_class outer_class = {"outer", LOCK_RANK_PROCESS};
static const struct lock_class inner_class = {"inner", LOCK_RANK_WAITQ};

TEST(Spinlock, HeldPinsAndKnowsItsHolder)
{
    struct spinlock lock;

    spin_init(&lock, &outer_class);
    EXPECT_FALSE(spin_is_held(&lock));
    spin_lock(&lock);
    EXPECT_TRUE(spin_is_held(&lock));
    EXPECT_TRUE(cpu_is_atomic());
    EXPECT_FALSE(hal_irq_are_off());
    EXPECT_EQ(0u, lock.cpu);
    EXPECT_NE(nullptr, lock.site);
    spin_unlock(&lock);
    EXPECT_FALSE(spin_is_held(&lock));
    EXPECT_FALSE(cpu_is_atomic());
}

TEST(Spinlock, IrqTurnsInterruptsOffAndBack)
{
    struct spinlock lock;
    unsigned saved, outer;

    spin_init(&lock, &outer_class);
    saved = spin_lock_irq(&lock);
    EXPECT_TRUE(hal_irq_are_off());
    spin_unlock_irq(&lock, saved);
    EXPECT_FALSE(hal_irq_are_off());

    outer = hal_irq_save();
    saved = spin_lock_irq(&lock);
    spin_unlock_irq(&lock, saved);
    EXPECT_TRUE(hal_irq_are_off());
    hal_irq_restore(outer);
}

TEST(Spinlock, RanksAscend)
{
    struct spinlock outer, inner;

    spin_init(&outer, &outer_class);
    spin_init(&inner, &inner_class);
    for (int i = 0; i < 2; i++) {
        spin_lock(&outer);
        spin_lock(&inner);
        EXPECT_TRUE(spin_is_held(&outer));
        EXPECT_TRUE(spin_is_held(&inner));
        // Any order of release.
        spin_unlock(i == 0 ? &inner : &outer);
        spin_unlock(i == 0 ? &outer : &inner);
    }
    spin_lock(&inner);
    spin_unlock(&inner);
    spin_lock(&outer);
    spin_unlock(&outer);
}

TEST(Spinlock, HandedOverStaysHeldUntilUnlocked)
{
    struct spinlock lock;

    spin_init(&lock, &outer_class);
    for (int i = 0; i < 2; i++) {
        spin_lock(&lock);
        spin_hand_over(&lock);
        EXPECT_TRUE(spin_is_held(&lock));
        EXPECT_TRUE(cpu_is_atomic());
        spin_unlock_handed(&lock);
        EXPECT_FALSE(spin_is_held(&lock));
        EXPECT_FALSE(cpu_is_atomic());
    }
}

struct shared {
    struct spinlock lock;
    bool fired;
};

static void take_in_interrupt(void *arg)
{
    struct shared *shared = static_cast<struct shared *>(arg);

    spin_lock(&shared->lock);
    shared->fired = true;
    spin_unlock(&shared->lock);
}

static void run_in_interrupt(struct shared *shared)
{
    struct timer timer;

    shared->fired = false;
    timer_init(&timer, take_in_interrupt, shared);
    timer_arm(&timer, hal_clock_now());
    while (!__atomic_load_n(&shared->fired, __ATOMIC_RELAXED))
        hal_cpu_relax();
}

TEST(Spinlock, SharedWithAnInterrupt)
{
    struct shared shared;

    spin_init(&shared.lock, &inner_class);
    for (int i = 0; i < 20; i++) {
        unsigned saved;

        run_in_interrupt(&shared);
        saved = spin_lock_irq(&shared.lock);
        spin_unlock_irq(&shared.lock, saved);
    }
}

// What an interrupt takes is no deadlock with a lock of higher rank that it
// came upon, since the interrupt never takes that one.
TEST(Spinlock, AnInterruptHasRanksOfItsOwn)
{
    static const struct lock_class high_class = {"high", LOCK_RANK_LOG};
    struct spinlock high;
    struct shared shared;

    spin_init(&high, &high_class);
    spin_init(&shared.lock, &inner_class);
    {
        struct timer timer;

        shared.fired = false;
        timer_init(&timer, take_in_interrupt, &shared);
        timer_arm(&timer, hal_clock_now() + 2000000);
        spin_lock(&high);
        while (!__atomic_load_n(&shared.fired, __ATOMIC_RELAXED))
            hal_cpu_relax();
        spin_unlock(&high);
    }
}

CHILD(SpinTwice)
{
    struct spinlock lock;

    spin_init(&lock, &outer_class);
    spin_lock(&lock);
    spin_lock(&lock);
}

CHILD(SpinUnlockFree)
{
    struct spinlock lock;

    spin_init(&lock, &outer_class);
    spin_unlock(&lock);
}

CHILD(SpinHandOverFree)
{
    struct spinlock lock;

    spin_init(&lock, &outer_class);
    spin_hand_over(&lock);
}

CHILD(SpinUninitialised)
{
    struct spinlock lock = {};

    spin_lock(&lock);
}

CHILD(SpinSleepingRank)
{
    static const struct lock_class sleeping = {"sleeping", LOCK_RANK_INODE};
    struct spinlock lock;

    spin_init(&lock, &sleeping);
}

TEST(Spinlock, MisusePanics)
{
    EXPECT_PANIC(SpinTwice, "lock outer: taken twice");
    EXPECT_PANIC(SpinUnlockFree, "is_held_here");
    EXPECT_PANIC(SpinHandOverFree, "is_held_here");
    EXPECT_PANIC(SpinUninitialised, "class_of");
    EXPECT_PANIC(SpinSleepingRank, "class_of->rank >=");
}

#if CHECKED
CHILD(SpinDescendingRank)
{
    struct spinlock outer, inner;

    spin_init(&outer, &outer_class);
    spin_init(&inner, &inner_class);
    spin_lock(&inner);
    spin_lock(&outer);
}

CHILD(SpinEqualRank)
{
    struct spinlock one, two;

    spin_init(&one, &outer_class);
    spin_init(&two, &outer_class);
    spin_lock(&one);
    spin_lock(&two);
}

CHILD(SpinNotIrqSafe)
{
    struct shared shared;

    spin_init(&shared.lock, &inner_class);
    run_in_interrupt(&shared);
    spin_lock(&shared.lock);
}

TEST(Spinlock, CheckedBuildsFindWrongOrders)
{
    EXPECT_PANIC(SpinDescendingRank, "lock outer (rank 110) under inner");
    EXPECT_PANIC(SpinEqualRank, "lock outer (rank 110) under outer");
    EXPECT_PANIC(SpinNotIrqSafe, "and with interrupts on");
}
#endif
