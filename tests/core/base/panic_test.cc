// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/panic_test.cc - core/base/panic.h.
#include <gtest/gtest.h>

#include "core/base/log.h"
#include "core/base/panic.h"
#include "core/sync/spinlock.h"
#include "tests/support/harness.h"

CHILD(PanicText)
{
    panic("the %s is %d", "answer", 42);
}

CHILD(PanicQuiet)
{
    log_set_console_level(1);
    panic("heard all the same");
}

CHILD(PanicAssert)
{
    ASSERT(1 + 1 == 3);
}

CHILD(PanicLocked)
{
    static const struct lock_class inner = {"inner", LOCK_RANK_LOG};
    struct spinlock lock;

    spin_init(&lock, &inner);
    spin_lock(&lock);
    panic("under a lock");
}

TEST(Panic, SaysWhyAndWhereAndEndsWith120)
{
    harness::Ending ending = harness::run_child("PanicText");
    size_t at = ending.log.find("panic: the answer is 42 (CPU 0)\n");

    EXPECT_EQ(120, ending.status);
    ASSERT_NE(std::string::npos, at) << ending.log;
    // The backtrace has at least panic()'s callers.
    EXPECT_NE(std::string::npos, ending.log.find("  0x", at)) << ending.log;
}

TEST(Panic, WhateverTheConsoleLevel)
{
    EXPECT_PANIC(PanicQuiet, "panic: heard all the same");
}

TEST(Panic, AFailedAssertionNamesItsPlace)
{
    EXPECT_PANIC(PanicAssert, "panic_test.cc:");
    EXPECT_PANIC(PanicAssert, "assertion failed: 1 + 1 == 3");
}

TEST(Panic, UnderALock)
{
    EXPECT_PANIC(PanicLocked, "panic: under a lock");
}
