// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/protect_test.cc - aspace_protect(): mprotect(2).

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;

class ProtectTest : public VmTest {};

TEST_F(ProtectTest, Errors)
{
    constexpr unsigned down = LX_PROT_GROWSDOWN, up = LX_PROT_GROWSUP;
    const struct {
        uaddr_t start;
        uint64_t size;
        unsigned prot;
        int error;
    } rows[] = {
        {kAt + 1, kPage, kRW, -EINVAL},
        {kAt + 1, 0, kRW, -EINVAL},
        {kAt, 0, kRW, 0},
        {kAt, 0, 0xff, 0},
        {kAt, 0, down | up, -EINVAL},
        {kAt, UINT64_MAX, kRW, -ENOMEM},
        {kAt, UINT64_MAX, 0x10, -ENOMEM},
        {kAt, UINT64_MAX - kAt, kRW, -ENOMEM},
        {kAt, kPage, 0x10, -EINVAL},
        {kAt, kPage, 0x80000000, -EINVAL},
        {kAt, kPage, LX_PROT_SEM | kR, 0},
        {kAt, kPage, down | kR, -EINVAL},
        {kAt, kPage, up | kR, -EINVAL},
        {kAt + 4 * kPage, kPage, kR, -ENOMEM},
        {kAt + 4 * kPage, kPage, down | kR, -ENOMEM},
        {kAt - kPage, 2 * kPage, down | kR, -EINVAL},
        {kAt - kPage, 2 * kPage, kR, -ENOMEM},
        {0, kPage, kR, -ENOMEM},
        {HAL_USER_TOP - kPage, 4 * kPage, kR, -ENOMEM},
        {HAL_USER_TOP + kPage, kPage, kR, -ENOMEM},
        {~(kPage - 1), kPage, kR, -ENOMEM},
        {~(kPage - 1), 2 * kPage, kR, -ENOMEM},
    };

    MapAt(kAt, 4 * kPage, kRW);
    for (const auto &row : rows)
        EXPECT_EQ(row.error, aspace_protect(as_, row.start, row.size, row.prot))
            << "row " << &row - rows;
}

TEST_F(ProtectTest, SplitsAndMerges)
{
    MapAt(kAt, 8 * kPage, kRW);
    EXPECT_EQ(0, Write(kAt + 3 * kPage, 7));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 2 * kPage, 3 * kPage, kR));
    EXPECT_EQ(3u, Regions());
    EXPECT_EQ(-EFAULT, Write(kAt + 3 * kPage, 8));
    EXPECT_EQ(7, Read(kAt + 3 * kPage));
    EXPECT_EQ(0, Write(kAt + kPage, 9));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 3 * kPage, kPage, kNone));
    EXPECT_EQ(5u, Regions());
    EXPECT_EQ(-EFAULT, Read(kAt + 3 * kPage));
    EXPECT_TRUE(aspace_check(as_));
    EXPECT_EQ(0, aspace_protect(as_, kAt, 8 * kPage, kRW));
    EXPECT_EQ(1u, Regions());
    EXPECT_EQ(7, Read(kAt + 3 * kPage)); // the page was kept
    EXPECT_EQ(9, Read(kAt + kPage));
    EXPECT_EQ(0, Write(kAt + 3 * kPage, 8));
    EXPECT_EQ(2u, Resident());
}

TEST_F(ProtectTest, ChangesWhatLiesBeforeAHole)
{
    MapAt(kAt, 5 * kPage, kRW);
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 2 * kPage, kPage));
    EXPECT_EQ(-ENOMEM, aspace_protect(as_, kAt, 5 * kPage, kR));
    EXPECT_EQ(-EACCES, aspace_fault(as_, kAt + kPage, HAL_WRITE));
    EXPECT_EQ(0, aspace_fault(as_, kAt + 3 * kPage, HAL_WRITE));
}

TEST_F(ProtectTest, DeniedRightsAreRefused)
{
    TestFile file(4, true, false), writable(4, true, true);

    MapAt(kAt, kPage, kR);
    MapAt(kAt + kPage, kPage, kR, LX_MAP_SHARED, file.object());
    EXPECT_EQ(-EACCES, aspace_protect(as_, kAt, 2 * kPage, kRW));
    EXPECT_EQ(0, aspace_fault(as_, kAt, HAL_WRITE)); // what lay before it
    EXPECT_EQ(-EACCES, aspace_fault(as_, kAt + kPage, HAL_WRITE));
    EXPECT_EQ(0, aspace_protect(as_, kAt + kPage, kPage, kRX));
    EXPECT_EQ(0, aspace_fault(as_, kAt + kPage, HAL_EXEC));

    EXPECT_LT(0, Map(kAt + 4 * kPage, kPage, kR, LX_MAP_SHARED | kFixed,
                     writable.object(), 0, LX_PROT_WRITE));
    EXPECT_EQ(-EACCES, aspace_protect(as_, kAt + 4 * kPage, kPage, kRW));
    MapAt(kAt + 4 * kPage, kPage, kR, LX_MAP_SHARED, writable.object());
    EXPECT_EQ(0, aspace_protect(as_, kAt + 4 * kPage, kPage, kRW));
    EXPECT_EQ(0, Write(kAt + 4 * kPage, 1));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 8 * kPage));
}

// Tables lose what is taken away, and get what is given by faults only.
TEST_F(ProtectTest, TablesFollow)
{
    TestFile file(2, false, false);

    MapAt(kAt, kPage, kRW | LX_PROT_EXEC);
    MapAt(kAt + kPage, kPage, kRX, LX_MAP_PRIVATE, file.object());
    EXPECT_EQ(0, Write(kAt, 1));
    EXPECT_EQ(FileByte(0), Read(kAt + kPage));
    EXPECT_EQ(HAL_READ | HAL_WRITE | HAL_EXEC, Rights(kAt));
    EXPECT_EQ(0, aspace_protect(as_, kAt, 2 * kPage, kRW));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt));
    EXPECT_EQ(HAL_READ, Rights(kAt + kPage)); // never write: not yet a copy
    EXPECT_EQ(0, Write(kAt + kPage, 2));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt + kPage));
    EXPECT_EQ(0, aspace_protect(as_, kAt, 2 * kPage, kR));
    EXPECT_EQ(HAL_READ, Rights(kAt));
    EXPECT_EQ(HAL_READ, Rights(kAt + kPage));
    EXPECT_EQ(0, aspace_protect(as_, kAt, 2 * kPage, kRW));
    EXPECT_EQ(HAL_READ, Rights(kAt));
    EXPECT_EQ(0, Write(kAt, 3));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt));
    EXPECT_EQ(0, aspace_protect(as_, kAt, kPage, kNone));
    EXPECT_EQ(-1, Rights(kAt));
    EXPECT_EQ(-EACCES, aspace_fault(as_, kAt, HAL_READ));
    EXPECT_EQ(2u, Resident());
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 2 * kPage));
}

// Write and exec imply read, as the processor has it.
TEST_F(ProtectTest, AccessRule)
{
    const struct {
        unsigned prot;
        int read, write, exec;
    } rows[] = {
        {kNone, -EACCES, -EACCES, -EACCES},
        {LX_PROT_READ, 0, -EACCES, -EACCES},
        {LX_PROT_WRITE, 0, 0, -EACCES},
        {LX_PROT_EXEC, 0, -EACCES, 0},
        {kRX, 0, -EACCES, 0},
        {kRW, 0, 0, -EACCES},
        {kRW | LX_PROT_EXEC, 0, 0, 0},
    };

    for (const auto &row : rows) {
        MapAt(kAt, kPage, row.prot);
        EXPECT_EQ(row.read, aspace_fault(as_, kAt + 5, HAL_READ));
        EXPECT_EQ(row.exec, aspace_fault(as_, kAt, HAL_EXEC));
        EXPECT_EQ(row.write, aspace_fault(as_, kAt + 4095, HAL_WRITE));
    }
    EXPECT_EQ(-EFAULT, aspace_fault(as_, kAt + kPage, HAL_READ));
    EXPECT_EQ(-EFAULT, aspace_fault(as_, HAL_USER_TOP, HAL_READ));
    EXPECT_EQ(-EFAULT, aspace_fault(as_, UINT64_MAX, HAL_READ));
}

} // namespace
