// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/fault_test.cc - aspace_fault(): where pages come from, and what
// the tables may then hold.

#include "core/base/string.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000; // a multiple of 16 pages

class FaultTest : public VmTest {
protected:
    paddr_t PageAt(uaddr_t addr)
    {
        struct hal_mapping found;

        return hal_mmu_query(aspace_mmu(as_), addr, &found) ? found.page
                                                            : PADDR_NONE;
    }
};

TEST_F(FaultTest, AnonymousMemoryIsZeroAndPresentOnceWritten)
{
    MapAt(kAt, 4 * kPage, kRW);
    EXPECT_EQ(0, aspace_fault(as_, kAt + 17, HAL_READ));
    EXPECT_EQ(HAL_READ, Rights(kAt));
    EXPECT_EQ(0, aspace_fault(as_, kAt + kPage, HAL_READ));
    EXPECT_EQ(PageAt(kAt), PageAt(kAt + kPage)); // one page of zeros for all
    EXPECT_EQ(0u, Resident());
    EXPECT_EQ(0, Read(kAt));
    EXPECT_EQ(0, Write(kAt, 5));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt));
    EXPECT_NE(PageAt(kAt), PageAt(kAt + kPage));
    EXPECT_EQ(1u, Resident());
    EXPECT_EQ(0, aspace_fault(as_, kAt, HAL_WRITE)); // again is harmless
    EXPECT_EQ(0, aspace_fault(as_, kAt, HAL_READ));
    EXPECT_EQ(1u, Resident());
    EXPECT_EQ(5, Read(kAt));
    EXPECT_EQ(0, Read(kAt + 1));
    EXPECT_EQ(0, Read(kAt + kPage));
    EXPECT_EQ(0, Write(kAt + 2 * kPage, 6)); // without a read before it
    EXPECT_EQ(0, Read(kAt + 2 * kPage + 1));
}

TEST_F(FaultTest, PrivateFilePagesAreCopiedByTheFirstWrite)
{
    TestFile file(4, false, false);

    MapAt(kAt, 4 * kPage, kRW, LX_MAP_PRIVATE, file.object());
    EXPECT_EQ(FileByte(kPage + 1), Read(kAt + kPage + 1));
    EXPECT_EQ(page_addr(file.page(1)), PageAt(kAt + kPage)); // no copy
    EXPECT_EQ(HAL_READ, Rights(kAt + kPage));
    EXPECT_EQ(0, Write(kAt + kPage, 99));
    EXPECT_EQ(1u, Resident());
    EXPECT_EQ(99, Read(kAt + kPage));
    EXPECT_EQ(FileByte(kPage + 1), Read(kAt + kPage + 1));
    EXPECT_EQ(0, Write(kAt + 3 * kPage, 98)); // written before it was read
    EXPECT_EQ(FileByte(4 * kPage - 1), Read(kAt + 4 * kPage - 1));
    EXPECT_EQ(FileByte(kPage),
              *static_cast<uint8_t *>(page_data(file.page(1))));
    EXPECT_EQ(0u, file.dirties);
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 4 * kPage));
}

TEST_F(FaultTest, PastTheEndAndBrokenPagers)
{
    TestFile file(2, true, true);

    for (unsigned flags : {LX_MAP_PRIVATE, LX_MAP_SHARED}) {
        MapAt(kAt, 4 * kPage, kRW, flags, file.object());
        EXPECT_EQ(-ENXIO, aspace_fault(as_, kAt + 2 * kPage, HAL_READ));
        EXPECT_EQ(-ENXIO, aspace_fault(as_, kAt + 2 * kPage, HAL_WRITE));
        EXPECT_EQ(0, aspace_fault(as_, kAt + kPage, HAL_READ));
        MapAt(kAt, 4 * kPage, kRW, flags, file.object());
        file.fail_get = -EIO;
        EXPECT_EQ(-EIO, aspace_fault(as_, kAt, HAL_READ));
        EXPECT_EQ(-EIO, aspace_fault(as_, kAt, HAL_WRITE));
        EXPECT_EQ(-1, Rights(kAt));
        file.fail_get = 0;
    }
    file.fail_dirty = -ENOSPC;
    EXPECT_EQ(-ENOSPC, aspace_fault(as_, kAt, HAL_WRITE));
    EXPECT_EQ(0, aspace_fault(as_, kAt, HAL_READ));
    EXPECT_EQ(HAL_READ, Rights(kAt));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 4 * kPage));
}

// One pager call and no further faults for up to 16 pages around a read.
TEST_F(FaultTest, ReadsBringInTheNeighbourhood)
{
    TestFile file(40, true, false);

    MapAt(kAt + 3 * kPage, 37 * kPage, kRX, LX_MAP_PRIVATE, file.object(),
          3 * kPage);
    EXPECT_EQ(0, aspace_fault(as_, kAt + 5 * kPage, HAL_EXEC));
    EXPECT_EQ(1u, file.finds);
    EXPECT_EQ(0u, file.gets);
    for (unsigned i = 0; i < 40; i++)
        EXPECT_EQ(i >= 3 && i < 16 ? HAL_READ | HAL_EXEC : -1,
                  Rights(kAt + i * kPage))
            << i;
    // The last window ends with the object; a copy is left alone.
    EXPECT_EQ(0, aspace_protect(as_, kAt + 3 * kPage, 37 * kPage, kRW));
    EXPECT_EQ(0, Write(kAt + 35 * kPage, 1));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 35 * kPage, kPage, kNone));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 35 * kPage, kPage, kRW));
    EXPECT_EQ(0, aspace_fault(as_, kAt + 33 * kPage, HAL_READ));
    for (unsigned i = 32; i < 40; i++)
        EXPECT_EQ(i == 35 ? -1 : int{HAL_READ}, Rights(kAt + i * kPage)) << i;
    EXPECT_EQ(1, Read(kAt + 35 * kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 40 * kPage));
}

// After four writes in a row as many pages come as were there, up to the end of
// a window; one that lies there already, or the region's end, is a bound.
TEST_F(FaultTest, WritesThatGoUpBringMoreIn)
{
    const uint64_t resident[] = {1, 2, 3, 4, 8, 8, 8, 8, 16};

    MapAt(kAt, 76 * kPage, kRW);
    EXPECT_EQ(0, Read(kAt + 5 * kPage)); // the zero page, to be replaced
    EXPECT_EQ(0, Write(kAt + 40 * kPage, 40));
    for (unsigned i = 0; i < 9; i++) {
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i + 1)));
        EXPECT_EQ(1 + resident[i], Resident()) << i;
    }
    EXPECT_EQ(0, Read(kAt + 15 * kPage));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt + 15 * kPage));
    EXPECT_EQ(-1, Rights(kAt + 16 * kPage));
    EXPECT_EQ(0, Write(kAt + 16 * kPage, 17));
    EXPECT_EQ(33u, Resident());
    EXPECT_EQ(0, Write(kAt + 32 * kPage, 33)); // eight, then there is one
    EXPECT_EQ(41u, Resident());
    EXPECT_EQ(-1, Rights(kAt + 41 * kPage));
    EXPECT_EQ(0, Write(kAt + 70 * kPage, 71)); // no streak
    EXPECT_EQ(42u, Resident());
    for (unsigned i = 71; i < 76; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, 1));
    EXPECT_EQ(47u, Resident());
    for (unsigned i = 0; i < 9; i++)
        EXPECT_EQ(static_cast<int>(i + 1), Read(kAt + i * kPage));
    EXPECT_EQ(40, Read(kAt + 40 * kPage));
    EXPECT_TRUE(aspace_check(as_));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 76 * kPage));
    EXPECT_EQ(0u, Resident());
}

TEST_F(FaultTest, SharedPagesAreWrittenInPlace)
{
    TestFile file(20, true, true);

    MapAt(kAt, 20 * kPage, kRW, LX_MAP_SHARED, file.object());
    MapAt(2 * kAt, 20 * kPage, kR, LX_MAP_SHARED, file.object());
    EXPECT_EQ(FileByte(0), Read(kAt));
    EXPECT_EQ(HAL_READ, Rights(kAt)); // not before it is dirty
    EXPECT_EQ(0u, file.dirties);
    EXPECT_EQ(0, Write(kAt, 77));
    EXPECT_EQ(1u, file.dirties);
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt));
    EXPECT_EQ(77, Read(2 * kAt));
    EXPECT_EQ(77, *static_cast<uint8_t *>(page_data(file.page(0))));
    // A read fault that comes late takes nothing away.
    EXPECT_EQ(0, aspace_fault(as_, kAt, HAL_READ));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt));
    // Read-only shared pages come in windows, like private ones.
    EXPECT_EQ(HAL_READ, Rights(2 * kAt + 15 * kPage));
    EXPECT_EQ(-1, Rights(2 * kAt + 16 * kPage));
    EXPECT_EQ(-EACCES, aspace_fault(as_, 2 * kAt, HAL_WRITE));
    EXPECT_EQ(0u, Resident());
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 20 * kPage));
    EXPECT_EQ(0, aspace_unmap(as_, 2 * kAt, 20 * kPage));
}

TEST_F(FaultTest, SharedAnonymousMemorySurvivesASplit)
{
    MapAt(kAt, 300 * kPage, kRW, kShared);
    for (unsigned i = 0; i < 300; i += 50)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i)));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 50 * kPage, 50 * kPage));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 120 * kPage, 50 * kPage, kR));
    for (unsigned i = 0; i < 300; i += 50)
        EXPECT_EQ(i == 50 ? -EFAULT : static_cast<int>(i & 0xff),
                  Read(kAt + i * kPage));
    EXPECT_EQ(0, Read(kAt + 299 * kPage));
    EXPECT_EQ(-EFAULT, Write(kAt + 150 * kPage, 1));
    EXPECT_EQ(0, Write(kAt + 200 * kPage, 1));
}

TEST_F(FaultTest, PagesThatThePayerCannotHaveAreRefused)
{
    struct mem_account payer = {0, 1 << 20};
    struct map_request request = {kAt,     4 << 20, kRW, kPrivate | kFixed,
                                  nullptr, 0,       0};
    struct aspace *as;
    uaddr_t at;
    unsigned pages = 0;

    ASSERT_EQ(0, aspace_create(&payer, &as));
    ASSERT_EQ(0, aspace_map(as, &request, &at));
    while (aspace_fault(as, kAt + pages * kPage, HAL_WRITE) == 0)
        pages++;
    EXPECT_LT(200u, pages);
    EXPECT_GT(256u, pages);
    EXPECT_EQ(-ENOMEM, aspace_fault(as, kAt + pages * kPage, HAL_WRITE));
    EXPECT_EQ(0, aspace_fault(as, kAt + pages * kPage, HAL_READ));
    EXPECT_EQ(0, aspace_unmap(as, kAt, kPage));
    EXPECT_EQ(0, aspace_fault(as, kAt + pages * kPage, HAL_WRITE));
    EXPECT_TRUE(aspace_check(as));
    aspace_put(as);
    EXPECT_EQ(0u, payer.used);
}

TEST_F(FaultTest, ReferencesKeepItAlive)
{
    struct aspace *as;

    ASSERT_EQ(0, aspace_create(nullptr, &as));
    aspace_get(as);
    aspace_put(as);
    EXPECT_TRUE(aspace_check(as));
    EXPECT_NE(nullptr, aspace_mmu(as));
    aspace_put(as);
}

TEST_F(FaultTest, CheckSeesWhatDoesNotBelong)
{
    struct page *page = page_alloc(0, MEM_WAIT, nullptr);
    struct hal_range hole = {kAt + kPage, 1}, mapped = {kAt, 1};

    MapAt(kAt, kPage, kR);
    EXPECT_EQ(0, Read(kAt));
    for (struct hal_range range : {hole, mapped}) {
        struct hal_gather gather = {};
        struct hal_tables tables = {};

        gather.mmu = aspace_mmu(as_);
        hal_mmu_unmap(&gather, range);
        hal_mmu_flush(&gather);
        EXPECT_TRUE(aspace_check(as_)); // forgetting is allowed
        ASSERT_EQ(0, hal_mmu_reserve(&tables, range));
        hal_mmu_map(gather.mmu, range, page_addr(page), HAL_READ, HAL_NORMAL,
                    &tables);
        hal_mmu_unreserve(&tables);
        EXPECT_FALSE(aspace_check(as_));
        hal_mmu_unmap(&gather, range);
        hal_mmu_flush(&gather);
        EXPECT_TRUE(aspace_check(as_));
    }
    page_put(page);
}

} // namespace
