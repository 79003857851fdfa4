// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/remap_test.cc - aspace_remap(): mremap(2).

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000, kTo = 0x30000000;
constexpr unsigned kMove = LX_MREMAP_MAYMOVE;
constexpr unsigned kFix = LX_MREMAP_MAYMOVE | LX_MREMAP_FIXED;

class RemapTest : public VmTest {
protected:
    int64_t Remap(uaddr_t from, uint64_t old_pages, uint64_t new_pages,
                  unsigned flags, uaddr_t to = 0)
    {
        const struct remap_request request = {from, old_pages * kPage,
                                              new_pages * kPage, flags, to};
        uaddr_t out = 0;
        int error = aspace_remap(as_, &request, &out);

        EXPECT_TRUE(aspace_check(as_));
        return error != 0 ? error : static_cast<int64_t>(out);
    }
    // Written pages: 1, 2, ...
    void Make(uaddr_t at, unsigned count)
    {
        MapAt(at, count * kPage, kRW);
        for (unsigned i = 0; i < count; i++)
            EXPECT_EQ(0, Write(at + i * kPage, static_cast<uint8_t>(i + 1)));
    }
    paddr_t PageAt(uaddr_t addr)
    {
        struct hal_mapping found;

        return hal_mmu_query(aspace_mmu(as_), addr, &found) ? found.page
                                                            : PADDR_NONE;
    }
};

TEST_F(RemapTest, Errors)
{
    const struct {
        uaddr_t from;
        uint64_t old_pages, new_pages;
        unsigned flags;
        uaddr_t to;
        int error;
    } rows[] = {
        {kAt, 1, 1, 8, 0, -EINVAL},
        {kAt, 1, 1, LX_MREMAP_FIXED, kTo, -EINVAL},
        {kAt, 1, 1, LX_MREMAP_DONTUNMAP, kTo, -EINVAL},
        {kAt, 1, 2, kMove | LX_MREMAP_DONTUNMAP, kTo, -EINVAL},
        {kAt + 1, 1, 1, kMove, 0, -EINVAL},
        {kAt, 1, 0, kMove, 0, -EINVAL},
        {kAt, 0, 1, kMove, 0, -EINVAL},
        {kAt, 1, 1, kFix, kTo + 1, -EINVAL},
        {kAt, 2, 2, kFix, kAt + kPage, -EINVAL},
        {kAt, 1, 1, kFix, HAL_USER_TOP, -EINVAL},
        {kAt, 1, 1, kFix, 0, -EPERM},
        {kTo, 1, 2, kMove, 0, -EFAULT},
        {kTo, 1, 1, 0, 0, -EFAULT},
        {kAt, 5, 6, kMove, 0, -EFAULT},
        {kAt, 1, 2, 0, 0, -ENOMEM},
        {kAt, 1, HAL_USER_TOP / kPage, kMove, 0, -ENOMEM},
        {kAt, 1, UINT64_MAX / kPage, kMove, 0, -EINVAL},
    };

    MapAt(kAt, 4 * kPage, kRW);
    for (const auto &row : rows)
        EXPECT_EQ(row.error, Remap(row.from, row.old_pages, row.new_pages,
                                   row.flags, row.to))
            << "row " << &row - rows;
    EXPECT_EQ(1u, Regions());
}

// The same frames, no new ones, and no copy.
TEST_F(RemapTest, MovesWithoutACopy)
{
    Make(kAt, 4);
    paddr_t page = PageAt(kAt + kPage);
    uint64_t objects = harness::resources().objects;

    EXPECT_EQ(int64_t{kTo}, Remap(kAt, 4, 8, kFix, kTo));
    EXPECT_EQ(objects, harness::resources().objects);
    EXPECT_EQ(-EFAULT, Read(kAt));
    EXPECT_EQ(2, Read(kTo + kPage));
    EXPECT_EQ(page, PageAt(kTo + kPage));
    EXPECT_EQ(0, Read(kTo + 7 * kPage));
    EXPECT_EQ(4u, Resident());
    // What comes to the old place is new, and grows to where the other was.
    Make(kAt, 1);
    EXPECT_EQ(int64_t{kAt}, Remap(kAt, 1, 4, 0));
    EXPECT_EQ(0, Read(kAt + kPage));
    EXPECT_EQ(0, Write(kAt + kPage, 9));
    EXPECT_EQ(2, Read(kTo + kPage));
}

// A part takes its slots along; the rest keeps its own, also after a fork.
TEST_F(RemapTest, TakesAPartOfAnAmap)
{
    Make(kAt, 200);
    struct aspace *child;

    EXPECT_EQ(int64_t{kTo}, Remap(kAt + 60 * kPage, 80, 80, kFix, kTo));
    ASSERT_EQ(0, aspace_clone(as_, nullptr, &child));
    EXPECT_EQ(int64_t{kTo + 100 * kPage},
              Remap(kTo + 10 * kPage, 10, 20, kFix, kTo + 100 * kPage));
    EXPECT_EQ(0, Write(kTo + 115 * kPage, 7));
    EXPECT_EQ(71, Read(kTo + 100 * kPage));
    EXPECT_EQ(81, Read(kTo + 20 * kPage));
    EXPECT_EQ(60, Read(kAt + 59 * kPage));
    EXPECT_EQ(-EFAULT, Read(kAt + 60 * kPage));
    EXPECT_EQ(201u, Resident());
    EXPECT_TRUE(aspace_check(child));
    Use(child);
    uint8_t byte = 0;
    EXPECT_EQ(0, copy_in(child, &byte, kTo + 10 * kPage, 1));
    EXPECT_EQ(71, byte);
    Use(as_);
    aspace_put(child);
}

TEST_F(RemapTest, LeavesARestBehind)
{
    Make(kAt, 4);
    EXPECT_EQ(int64_t{kTo}, Remap(kAt, 4, 4, kFix | LX_MREMAP_DONTUNMAP, kTo));
    EXPECT_EQ(0, Read(kAt));
    EXPECT_EQ(4, Read(kTo + 3 * kPage));
    EXPECT_EQ(4u, Resident());
    EXPECT_EQ(8 * kPage, Usage().mapped_bytes);
}

TEST_F(RemapTest, ObjectsGoAlong)
{
    TestFile file(8, true, true);

    MapAt(kAt, 4 * kPage, kRW, LX_MAP_SHARED, file.object(), kPage);
    EXPECT_EQ(int64_t{kTo}, Remap(kAt + kPage, 2, 5, kFix, kTo));
    EXPECT_EQ(FileByte(2 * kPage), Read(kTo));
    EXPECT_EQ(FileByte(6 * kPage), Read(kTo + 4 * kPage)); // more of the file
    EXPECT_EQ(FileByte(4 * kPage), Read(kAt + 3 * kPage));
    int64_t twin = Remap(kTo, 0, 2, kMove);
    ASSERT_LT(0, twin);
    EXPECT_EQ(0, Write(static_cast<uaddr_t>(twin), 77));
    EXPECT_EQ(77, Read(kTo));
    file.Drop(2); // found at the new places
    EXPECT_EQ(-1, Rights(kTo));
    EXPECT_EQ(-1, Rights(static_cast<uaddr_t>(twin)));
    EXPECT_EQ(int64_t{kTo + kPage},
              Remap(kTo + kPage, 1, 1, 0)); // nothing to do
    UnmapAll();
}

TEST_F(RemapTest, Limits)
{
    struct aspace_limits limits = {16 * kPage, 8 * kPage, UINT64_MAX, 0};

    Make(kAt, 4);
    MapAt(kTo, 4 * kPage, kR);
    aspace_set_limits(as_, &limits);
    EXPECT_EQ(-ENOMEM, Remap(kAt, 4, 9, kMove)); // data
    EXPECT_EQ(int64_t{kAt}, Remap(kAt, 4, 8, kMove));
    EXPECT_EQ(-ENOMEM, Remap(kTo, 4, 9, kMove)); // in all
    EXPECT_EQ(int64_t{kTo}, Remap(kTo, 4, 8, kMove));
    EXPECT_EQ(-ENOMEM, Map(0, kPage, kR, kPrivate));
    EXPECT_EQ(int64_t{kTo}, Map(kTo, 8 * kPage, kR, kPrivate | kFixed));
    EXPECT_EQ(-ENOMEM, aspace_protect(as_, kTo, kPage, kRW));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, kPage));
    EXPECT_EQ(0, aspace_protect(as_, kTo, kPage, kRW));
}

TEST_F(RemapTest, EveryAllocationMayFail)
{
    uint64_t failed = 1;
    for (uint64_t k = 1; failed != 0 && !HasFailure(); k++) {
        EXPECT_EQ(0, aspace_unmap(as_, 0, HAL_USER_TOP));
        Make(kAt, 100);
        cache_drain_all();
        struct remap_request request = {kAt + 20 * kPage, 40 * kPage,
                                        80 * kPage, kFix, kTo};
        uaddr_t out;

        fault_plan_nth(FAULT_ANY, k);
        int error = aspace_remap(as_, &request, &out);
        failed = fault_failed();
        fault_plan_nth(0, 0);
        EXPECT_EQ(failed != 0 ? -ENOMEM : 0, error) << k;
        EXPECT_TRUE(aspace_check(as_));
        EXPECT_EQ(100u, Resident());
        EXPECT_EQ(21, Read(failed != 0 ? kAt + 20 * kPage : kTo));
        EXPECT_EQ(61, Read(kAt + 60 * kPage));
    }
}

} // namespace
