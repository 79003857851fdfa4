// SPDX-License-Identifier: Apache-2.0
//
// tests/core/id/limits_test.cc - core/id/limits.h.

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/id/limits.h"

namespace {

TEST(Limits, ThoseOfInit)
{
    limits l;
    limits_init(&l);
    EXPECT_EQ(8u << 20, limits_current(&l, LX_RLIMIT_STACK));
    EXPECT_EQ(1024u, limits_current(&l, LX_RLIMIT_NOFILE));
    EXPECT_EQ(LX_RLIM_INFINITY, limits_current(&l, LX_RLIMIT_AS));
}

TEST(Limits, Change)
{
    limits l;
    lx_rlimit64 fresh = {10, 20}, old = {};

    limits_init(&l);
    EXPECT_EQ(0, limits_change(&l, LX_RLIMIT_CPU, &fresh, false, &old));
    EXPECT_EQ(LX_RLIM_INFINITY, old.rlim_cur);
    EXPECT_EQ(LX_RLIM_INFINITY, old.rlim_max);
    EXPECT_EQ(10u, limits_current(&l, LX_RLIMIT_CPU));
    fresh = {20, 20};
    EXPECT_EQ(0, limits_change(&l, LX_RLIMIT_CPU, &fresh, false, nullptr));
    EXPECT_EQ(0, limits_change(&l, LX_RLIMIT_CPU, nullptr, false, &old));
    EXPECT_EQ(20u, old.rlim_cur);
    EXPECT_EQ(20u, old.rlim_max);
}

TEST(Limits, Errors)
{
    limits l;
    lx_rlimit64 fresh = {2, 1}, old = {7, 7};

    limits_init(&l);
    EXPECT_EQ(-EINVAL, limits_change(&l, LX_RLIMIT_CPU, &fresh, true, &old));
    fresh = {1, 5000};
    EXPECT_EQ(-EPERM, limits_change(&l, LX_RLIMIT_NOFILE, &fresh, false, &old));
    EXPECT_EQ(7u, old.rlim_cur) << "unchanged";
    EXPECT_EQ(1024u, limits_current(&l, LX_RLIMIT_NOFILE));
    EXPECT_EQ(0, limits_change(&l, LX_RLIMIT_NOFILE, &fresh, true, &old));
    EXPECT_EQ(4096u, old.rlim_max);
    fresh = {1, LIMITS_FILES_MAX + 1};
    EXPECT_EQ(-EPERM, limits_change(&l, LX_RLIMIT_NOFILE, &fresh, true, &old));
}

TEST(Limits, Clone)
{
    limits from, to;
    lx_rlimit64 fresh = {1, 2};

    limits_init(&from);
    EXPECT_EQ(0, limits_change(&from, LX_RLIMIT_CPU, &fresh, true, nullptr));
    limits_clone(&to, &from);
    EXPECT_EQ(1u, limits_current(&to, LX_RLIMIT_CPU));
    fresh = {0, 0};
    EXPECT_EQ(0, limits_change(&to, LX_RLIMIT_CPU, &fresh, true, nullptr));
    EXPECT_EQ(1u, limits_current(&from, LX_RLIMIT_CPU));
}

} // namespace
