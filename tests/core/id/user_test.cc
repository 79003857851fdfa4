// SPDX-License-Identifier: Apache-2.0
//
// tests/core/id/user_test.cc - core/id/user.h.

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/id/user.h"
#include "tests/support/harness.h"

namespace {

TEST(User, OneOfEachUid)
{
    user *one = user_find(1), *two = user_find(2), *again = user_find(1);

    EXPECT_EQ(one, again);
    EXPECT_NE(one, two);
    user_put(one);
    EXPECT_EQ(1u, user_add_process(again));
    EXPECT_EQ(2u, user_add_process(again));
    EXPECT_EQ(1u, user_add_process(two));
    user_drop_process(again);
    EXPECT_EQ(2u, user_add_process(again));
    user_put(again);
    user_put(two);
}

TEST(User, GoesWithTheLastReference)
{
    user *one = user_find(1);

    user_add_process(one);
    user_get(one);
    user_put(one);
    user_put(one);
    one = user_find(1);
    EXPECT_EQ(1u, user_add_process(one)) << "a new one";
    user_put(one);
}

TEST(User, NoMemory)
{
    EXPECT_LE(1u, harness::sweep_allocations([] {
                  user *one = user_find(1);

                  if (one == nullptr)
                      return -ENOMEM;
                  user_put(one);
                  return 0;
              }));
}

} // namespace
