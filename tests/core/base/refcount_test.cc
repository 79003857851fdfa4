// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/refcount_test.cc - core/base/refcount.h.
#include <gtest/gtest.h>

#include "core/base/refcount.h"
#include "tests/support/harness.h"

TEST(Refcount, TheLastPutSaysSo)
{
    struct refcount refs;

    refcount_init(&refs, 2);
    refcount_get(&refs);
    EXPECT_FALSE(refcount_put(&refs));
    EXPECT_FALSE(refcount_put(&refs));
    EXPECT_TRUE(refcount_put(&refs));
}

TEST(Refcount, UnlessZeroTakesOneOfTheLiving)
{
    struct refcount refs;

    refcount_init(&refs, 1);
    EXPECT_TRUE(refcount_get_unless_zero(&refs));
    EXPECT_FALSE(refcount_put(&refs));
    EXPECT_TRUE(refcount_put(&refs));
    EXPECT_FALSE(refcount_get_unless_zero(&refs));
    EXPECT_EQ(0u, refs.count);
}

CHILD(RefcountUnlessZeroOverflow)
{
    struct refcount refs;

    refcount_init(&refs, UINT32_MAX / 2);
    (void)!refcount_get_unless_zero(&refs);
}

CHILD(RefcountGetOfDead)
{
    struct refcount refs;

    refcount_init(&refs, 0);
    refcount_get(&refs);
}

CHILD(RefcountPutTooMany)
{
    struct refcount refs;

    refcount_init(&refs, 1);
    (void)!refcount_put(&refs);
    (void)!refcount_put(&refs);
}

CHILD(RefcountOverflow)
{
    struct refcount refs;

    refcount_init(&refs, UINT32_MAX / 2);
    refcount_get(&refs);
}

TEST(Refcount, MisusePanics)
{
    EXPECT_PANIC(RefcountGetOfDead, "old > 0");
    EXPECT_PANIC(RefcountPutTooMany, "old > 0");
    EXPECT_PANIC(RefcountOverflow, "old <");
    EXPECT_PANIC(RefcountUnlessZeroOverflow, "old <");
}
