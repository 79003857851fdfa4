// SPDX-License-Identifier: Apache-2.0
//
// tests/core/mem/account_test.cc - core/mem/account.h.
#include <cerrno>

#include <gtest/gtest.h>

#include "core/mem/account.h"
#include "core/sync/percpu.h"
#include "tests/support/harness.h"

TEST(Account, ChargesUpToTheLimit)
{
    struct mem_account account = {0, 100};

    EXPECT_EQ(0, account_charge(&account, 60));
    EXPECT_EQ(-ENOMEM, account_charge(&account, 41));
    EXPECT_EQ(60u, account.used);
    EXPECT_EQ(0, account_charge(&account, 40));
    EXPECT_EQ(-ENOMEM, account_charge(&account, 1));
    EXPECT_EQ(0, account_charge(&account, 0));
    account_release(&account, 100);
    EXPECT_EQ(0u, account.used);
}

TEST(Account, LargeNumbersDoNotWrap)
{
    struct mem_account account = {0, UINT64_MAX};

    EXPECT_EQ(0, account_charge(&account, UINT64_MAX - 1));
    EXPECT_EQ(-ENOMEM, account_charge(&account, 2));
    EXPECT_EQ(0, account_charge(&account, 1));
    EXPECT_EQ(-ENOMEM, account_charge(&account, UINT64_MAX));
}

TEST(Account, ALimitMayFallBelowWhatIsUsed)
{
    struct mem_account account = {50, 10};

    EXPECT_EQ(-ENOMEM, account_charge(&account, 0));
    account_release(&account, 45);
    EXPECT_EQ(0, account_charge(&account, 5));
}

TEST(Account, NullIsTheKernel)
{
    EXPECT_EQ(0, account_charge(nullptr, UINT64_MAX));
    account_release(nullptr, UINT64_MAX);
}

CHILD(AccountReleaseTooMuch)
{
    struct mem_account account = {1, 10};

    account_release(&account, 2);
}

CHILD(AccountNeitherWaitNorNowait)
{
    mem_check_how(MEM_ZERO);
}

CHILD(AccountBothWaitAndNowait)
{
    mem_check_how(MEM_WAIT | MEM_NOWAIT);
}

CHILD(AccountUnknownHow)
{
    mem_check_how(MEM_WAIT | 64);
}

CHILD(AccountWaitWhilePinned)
{
    cpu_pin();
    mem_check_how(MEM_NOWAIT | MEM_ZERO);
    mem_check_how(MEM_WAIT);
}

TEST(Account, MisusePanics)
{
    EXPECT_PANIC(AccountReleaseTooMuch, "before >= bytes");
    EXPECT_PANIC(AccountNeitherWaitNorNowait, "patience");
    EXPECT_PANIC(AccountBothWaitAndNowait, "patience");
    EXPECT_PANIC(AccountUnknownHow, "patience");
    EXPECT_PANIC(AccountWaitWhilePinned, "cpu_is_pinned");
}
