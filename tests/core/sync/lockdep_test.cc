// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sync/lockdep_test.cc - core/sync/lockdep.h.
#include <gtest/gtest.h>

#include "core/sync/lockdep.h"
#include "core/sync/percpu.h"
#include "tests/support/harness.h"

static const struct lock_class low_class = {"low", LOCK_RANK_EXEC};
static const struct lock_class high_class = {"high", LOCK_RANK_OBJECT};
static const struct lock_class spin_class = {"spin", LOCK_RANK_PROCESS};

#if CHECKED
TEST(Lockdep, KnowsWhatIsHeld)
{
    struct lockdep_held held = {};
    int low = 0, high = 0;

    lockdep_check_none(&held, "here");
    lockdep_check_take(&held, &low_class, false);
    lockdep_note_take(&held, &low, &low_class, nullptr);
    lockdep_check_take(&held, &high_class, false);
    lockdep_note_take(&held, &high, &high_class, nullptr);
    EXPECT_TRUE(lockdep_holds(&held, &low));
    EXPECT_TRUE(lockdep_holds(&held, &high));
    // Any order of release.
    lockdep_note_give(&held, &low);
    EXPECT_FALSE(lockdep_holds(&held, &low));
    EXPECT_TRUE(lockdep_holds(&held, &high));
    lockdep_note_give(&held, &high);
    lockdep_check_none(&held, "here");
}

TEST(Lockdep, HoldsUpToItsBound)
{
    struct lockdep_held held = {};
    int locks[LOCKDEP_HELD_MAX] = {};

    for (int &lock : locks)
        lockdep_note_take(&held, &lock, &low_class, nullptr);
    for (int &lock : locks)
        lockdep_note_give(&held, &lock);
    EXPECT_EQ(0u, held.count);
}

CHILD(LockdepInversion)
{
    struct lockdep_held held = {};
    int high = 0;

    lockdep_note_take(&held, &high, &high_class, nullptr);
    lockdep_check_take(&held, &low_class, false);
}

CHILD(LockdepEqual)
{
    struct lockdep_held held = {};
    int high = 0;

    lockdep_note_take(&held, &high, &high_class, nullptr);
    lockdep_check_take(&held, &high_class, false);
}

CHILD(LockdepAtomic)
{
    struct lockdep_held held = {};

    cpu_pin();
    lockdep_check_take(&held, &low_class, false);
}

CHILD(LockdepGiveUnknown)
{
    struct lockdep_held held = {};
    int low = 0;

    lockdep_note_give(&held, &low);
}

CHILD(LockdepTooMany)
{
    struct lockdep_held held = {};
    int lock = 0;

    for (int i = 0; i <= LOCKDEP_HELD_MAX; i++)
        lockdep_note_take(&held, &lock, &low_class, nullptr);
}

CHILD(LockdepNotNone)
{
    struct lockdep_held held = {};
    int low = 0;

    lockdep_note_take(&held, &low, &low_class, nullptr);
    lockdep_check_none(&held, "in user mode");
}

TEST(Lockdep, FindsMisuse)
{
    EXPECT_PANIC(LockdepInversion, "lock low (rank 10) under high (rank 70)");
    EXPECT_PANIC(LockdepEqual, "lock high (rank 70) under high (rank 70)");
    EXPECT_PANIC(LockdepAtomic, "lock low: may sleep, in an atomic context");
    EXPECT_PANIC(LockdepGiveUnknown, "i > 0");
    EXPECT_PANIC(LockdepTooMany, "LOCKDEP_HELD_MAX");
    EXPECT_PANIC(LockdepNotNone, "lock low: held in user mode");
}
#endif

CHILD(LockdepSpinClass)
{
    lockdep_check_class(&spin_class);
}

TEST(Lockdep, SpinningRanksAreNoneOfIts)
{
    lockdep_check_class(&low_class);
    lockdep_check_class(&high_class);
    EXPECT_PANIC(LockdepSpinClass, "class_of->rank <");
}
