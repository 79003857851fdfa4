// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/brk_test.cc - aspace_brk(): brk(2).

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kStart = 0x30000123;
constexpr uaddr_t kFirst = 0x30001000; // the first page of the heap

class BrkTest : public VmTest {};

TEST_F(BrkTest, GrowsAndShrinks)
{
    EXPECT_EQ(0u, aspace_brk(as_, 0x1000)); // no heap yet
    aspace_set_brk_start(as_, kStart);
    EXPECT_EQ(kStart, aspace_brk(as_, 0));
    EXPECT_EQ(kFirst, aspace_brk(as_, kFirst)); // inside the page it began in
    EXPECT_EQ(0u, Regions());
    EXPECT_EQ(kFirst + 1, aspace_brk(as_, kFirst + 1));
    EXPECT_EQ(1u, Regions());
    EXPECT_EQ(0, Write(kFirst + 100, 1));
    EXPECT_EQ(kFirst + 9 * kPage, aspace_brk(as_, kFirst + 9 * kPage));
    EXPECT_EQ(1u, Regions());
    EXPECT_EQ(0, Write(kFirst + 8 * kPage, 2));
    EXPECT_EQ(-EFAULT, Write(kFirst + 9 * kPage, 2));
    EXPECT_EQ(2u, Resident());
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, kFirst + kPage));
    EXPECT_EQ(1u, Resident());
    EXPECT_EQ(1, Read(kFirst + 100));
    EXPECT_EQ(kFirst + 9 * kPage, aspace_brk(as_, kFirst + 9 * kPage));
    EXPECT_EQ(0, Read(kFirst + 8 * kPage)); // zero again
    EXPECT_EQ(kStart, aspace_brk(as_, kStart));
    EXPECT_EQ(0u, Regions());
}

TEST_F(BrkTest, StaysWhereItCannotGo)
{
    aspace_set_brk_start(as_, kStart);
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, kFirst + kPage));
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, kStart - 1));
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, HAL_USER_TOP));
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, HAL_USER_TOP - 1));
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, UINT64_MAX));
    // A page stays free between the heap and what lies above it.
    MapAt(kFirst + 4 * kPage, kPage, kR);
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, kFirst + 4 * kPage));
    EXPECT_EQ(kFirst + kPage, aspace_brk(as_, kFirst + 3 * kPage + 1));
    EXPECT_EQ(kFirst + 3 * kPage, aspace_brk(as_, kFirst + 3 * kPage));
    EXPECT_EQ(kFirst + 3 * kPage, aspace_brk(as_, kFirst + 9 * kPage));
    EXPECT_TRUE(aspace_check(as_));
}

TEST_F(BrkTest, SurvivesUnmappedAndForeignPages)
{
    aspace_set_brk_start(as_, kStart);
    EXPECT_EQ(kFirst + 4 * kPage, aspace_brk(as_, kFirst + 4 * kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kFirst + kPage, kPage));
    MapAt(kFirst + 2 * kPage, kPage, kR);
    EXPECT_EQ(kFirst + 5 * kPage, aspace_brk(as_, kFirst + 5 * kPage));
    EXPECT_EQ(kStart, aspace_brk(as_, kStart));
    EXPECT_EQ(0u, Regions());
}

} // namespace
