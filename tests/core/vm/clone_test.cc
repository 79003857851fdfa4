// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/clone_test.cc - aspace_clone(): fork, copy-on-write.

#include "core/vm/amap.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;

class CloneTest : public VmTest {
protected:
    void TearDown() override
    {
        Use(as_);
        for (struct aspace *as : clones_)
            Drop(as);
        VmTest::TearDown();
    }
    struct aspace *Clone(struct aspace *from,
                         struct mem_account *payer = nullptr)
    {
        struct aspace *as = nullptr;

        EXPECT_EQ(0, aspace_clone(from, payer, &as));
        EXPECT_TRUE(aspace_check(from));
        EXPECT_TRUE(aspace_check(as));
        clones_.push_back(as);
        return as;
    }
    void Drop(struct aspace *as)
    {
        EXPECT_TRUE(aspace_check(as));
        aspace_put(as);
        clones_.erase(std::find(clones_.begin(), clones_.end(), as));
    }
    int ReadIn(struct aspace *as, uaddr_t addr)
    {
        uint8_t byte = 0;

        Use(as);
        return copy_in(as, &byte, addr, 1) != 0 ? -EFAULT : byte;
    }
    int WriteIn(struct aspace *as, uaddr_t addr, uint8_t byte)
    {
        Use(as);
        return copy_out(as, addr, &byte, 1);
    }
    static paddr_t PageIn(struct aspace *as, uaddr_t addr)
    {
        struct hal_mapping found;

        return hal_mmu_query(aspace_mmu(as), addr, &found) ? found.page
                                                           : PADDR_NONE;
    }
    static int RightsIn(struct aspace *as, uaddr_t addr)
    {
        struct hal_mapping found;

        return hal_mmu_query(aspace_mmu(as), addr, &found)
                   ? static_cast<int>(found.rights)
                   : -1;
    }
    static uint64_t ResidentIn(struct aspace *as)
    {
        struct aspace_usage usage;

        aspace_get_usage(as, &usage);
        return usage.resident_pages;
    }

    std::vector<struct aspace *> clones_;
};

TEST_F(CloneTest, EachHasItsOwnBytesFromThereOn)
{
    MapAt(kAt, 200 * kPage, kRW);
    for (unsigned i = 0; i < 200; i += 10)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i + 1)));
    struct aspace *child = Clone(as_);

    EXPECT_EQ(20u, ResidentIn(child));
    EXPECT_EQ(HAL_READ, RightsIn(as_, kAt));
    for (unsigned i = 0; i < 200; i += 10)
        EXPECT_EQ(static_cast<int>(i + 1), ReadIn(child, kAt + i * kPage));
    EXPECT_EQ(PageIn(as_, kAt), PageIn(child, kAt)); // not a copy
    EXPECT_EQ(0, WriteIn(child, kAt, 99));
    EXPECT_NE(PageIn(as_, kAt), PageIn(child, kAt));
    EXPECT_EQ(1, ReadIn(as_, kAt));
    EXPECT_EQ(99, ReadIn(child, kAt));
    EXPECT_EQ(0, ReadIn(child, kAt + 1)); // the rest of the page came along
    EXPECT_EQ(0, WriteIn(as_, kAt + 10 * kPage, 98));
    EXPECT_EQ(11, ReadIn(child, kAt + 10 * kPage));
    // New pages are nobody else's.
    EXPECT_EQ(0, WriteIn(child, kAt + 5 * kPage, 7));
    EXPECT_EQ(0, ReadIn(as_, kAt + 5 * kPage));
    EXPECT_EQ(21u, ResidentIn(child));
    EXPECT_EQ(20u, ResidentIn(as_));
}

TEST_F(CloneTest, TheLastUserWritesInPlace)
{
    MapAt(kAt, 4 * kPage, kRW);
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, 5));
    paddr_t before = PageIn(as_, kAt), second = PageIn(as_, kAt + kPage);
    struct aspace *child = Clone(as_);
    uint64_t frames;

    EXPECT_EQ(0, WriteIn(child, kAt, 6)); // the child has its own now
    EXPECT_EQ(0, WriteIn(as_, kAt, 7));
    EXPECT_EQ(before, PageIn(as_, kAt));
    Use(as_);
    Drop(child);
    frames = page_free_count();
    EXPECT_EQ(5, ReadIn(as_, kAt + kPage));
    EXPECT_EQ(0, WriteIn(as_, kAt + kPage, 8));
    EXPECT_EQ(second, PageIn(as_, kAt + kPage));
    EXPECT_EQ(frames, page_free_count());
}

// 16 MiB: no more than a few objects and tables, however many pages.
TEST_F(CloneTest, CostsNoPages)
{
    constexpr unsigned count = 4096;
    uint64_t objects;

    MapAt(kAt, count * kPage, kRW);
    for (unsigned i = 0; i < count; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i)));
    objects = harness::resources().objects;
    struct aspace *child = Clone(as_);
    // An aspace, a region, an amap, what the HAL keeps for tables.
    EXPECT_GE(objects + 5, harness::resources().objects);
    EXPECT_EQ(uint64_t{count}, ResidentIn(child));
    objects = harness::resources().objects;
    EXPECT_EQ(0, WriteIn(child, kAt, 1)); // one path: a chunk and two above
    EXPECT_GE(objects + 3, harness::resources().objects);
    objects = harness::resources().objects;
    EXPECT_EQ(0, WriteIn(child, kAt + kPage, 1));
    EXPECT_EQ(objects, harness::resources().objects);
}

TEST_F(CloneTest, SharedMemoryStaysShared)
{
    TestFile file(4, true, true);

    MapAt(kAt, 4 * kPage, kRW, kShared);
    MapAt(kAt + 8 * kPage, 4 * kPage, kRW, LX_MAP_SHARED, file.object());
    MapAt(kAt + 16 * kPage, 4 * kPage, kRW, LX_MAP_PRIVATE, file.object());
    EXPECT_EQ(0, Write(kAt, 3));
    EXPECT_EQ(0, Write(kAt + 8 * kPage, 4));
    EXPECT_EQ(0, Write(kAt + 16 * kPage, 5));
    struct aspace *child = Clone(as_);

    EXPECT_EQ(3, ReadIn(child, kAt));
    EXPECT_EQ(0, WriteIn(child, kAt, 6));
    EXPECT_EQ(0, WriteIn(child, kAt + kPage, 7));
    EXPECT_EQ(0, WriteIn(child, kAt + 8 * kPage, 8));
    EXPECT_EQ(0, WriteIn(child, kAt + 16 * kPage, 9));
    EXPECT_EQ(0, WriteIn(as_, kAt + 9 * kPage, 10));
    EXPECT_EQ(6, ReadIn(as_, kAt));
    EXPECT_EQ(7, ReadIn(as_, kAt + kPage));
    EXPECT_EQ(8, ReadIn(as_, kAt + 8 * kPage));
    EXPECT_EQ(5, ReadIn(as_, kAt + 16 * kPage));
    EXPECT_EQ(10, ReadIn(child, kAt + 9 * kPage));
    EXPECT_EQ(FileByte(2 * kPage), ReadIn(child, kAt + 18 * kPage));
    Use(as_);
    Drop(child);
    UnmapAll();
}

// Regions that were one show one amap; so do their copies.
TEST_F(CloneTest, SplitsAndMergesAfterwards)
{
    MapAt(kAt, 100 * kPage, kRW);
    for (unsigned i = 0; i < 100; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i)));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 30 * kPage, 10 * kPage, kR));
    struct aspace *child = Clone(as_);

    EXPECT_EQ(0, aspace_protect(child, kAt, 100 * kPage, kRW));
    EXPECT_EQ(0, aspace_unmap(child, kAt + 50 * kPage, 20 * kPage));
    EXPECT_TRUE(aspace_check(child));
    EXPECT_EQ(80u, ResidentIn(child));
    EXPECT_EQ(100u, ResidentIn(as_));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 35 * kPage, 30 * kPage));
    EXPECT_TRUE(aspace_check(as_));
    EXPECT_EQ(70u, ResidentIn(as_));
    for (unsigned i = 0; i < 100; i++) {
        EXPECT_EQ(i >= 35 && i < 65 ? -EFAULT : static_cast<int>(i),
                  ReadIn(as_, kAt + i * kPage));
        EXPECT_EQ(i >= 50 && i < 70 ? -EFAULT : static_cast<int>(i),
                  ReadIn(child, kAt + i * kPage));
    }
    EXPECT_EQ(0, WriteIn(child, kAt + 31 * kPage, 1));
}

TEST_F(CloneTest, GenerationsEndInAnyOrder)
{
    MapAt(kAt, 70 * kPage, kRW);
    for (unsigned i = 0; i < 70; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, 1));
    struct aspace *child = Clone(as_);

    EXPECT_EQ(0, WriteIn(child, kAt, 2));
    struct aspace *grandchild = Clone(child);

    EXPECT_EQ(0, WriteIn(grandchild, kAt + kPage, 3));
    Use(grandchild);
    Drop(child);
    EXPECT_EQ(0, aspace_unmap(as_, 0, HAL_USER_TOP)); // the origin of the amaps
    EXPECT_EQ(2, ReadIn(grandchild, kAt));
    EXPECT_EQ(3, ReadIn(grandchild, kAt + kPage));
    EXPECT_EQ(1, ReadIn(grandchild, kAt + 69 * kPage));
    struct aspace *last = Clone(grandchild);

    Use(last);
    Drop(grandchild);
    EXPECT_EQ(0, WriteIn(last, kAt + 69 * kPage, 4));
    EXPECT_EQ(3, ReadIn(last, kAt + kPage));
    EXPECT_EQ(70u, ResidentIn(last));
}

TEST_F(CloneTest, EachPaysForWhatItMakes)
{
    struct mem_account mine = {0, UINT64_MAX}, its = {0, UINT64_MAX};
    struct map_request request = {kAt,     64 * kPage, kRW, kPrivate | kFixed,
                                  nullptr, 0,          0};
    struct aspace *parent, *child;
    uaddr_t at;
    uint64_t used;

    ASSERT_EQ(0, aspace_create(&mine, &parent));
    ASSERT_EQ(0, aspace_map(parent, &request, &at));
    for (unsigned i = 0; i < 64; i++)
        EXPECT_EQ(0, aspace_fault(parent, kAt + i * kPage, HAL_WRITE));
    used = mine.used;
    EXPECT_LT(64 * kPage, used);
    ASSERT_EQ(0, aspace_clone(parent, &its, &child));
    EXPECT_EQ(used, mine.used);
    EXPECT_GT(2 * kPage, its.used); // no page yet
    used = its.used;
    EXPECT_EQ(0, aspace_fault(child, kAt, HAL_WRITE));
    EXPECT_LE(used + kPage, its.used);
    aspace_put(parent);
    EXPECT_LE(63 * kPage, mine.used); // as long as the child shows them
    aspace_put(child);
    EXPECT_EQ(0u, mine.used);
    EXPECT_EQ(0u, its.used);
}

// A page that a family shows goes from all tables, and comes back by faults.
TEST_F(CloneTest, ReverseMapFindsEveryTable)
{
    MapAt(kAt, 8 * kPage, kRW);
    for (unsigned i = 0; i < 8; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i)));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 4 * kPage, kPage, kR)); // a split
    struct aspace *child = Clone(as_), *other = Clone(child);

    EXPECT_EQ(4, ReadIn(child, kAt + 4 * kPage));
    EXPECT_EQ(4, ReadIn(other, kAt + 4 * kPage));
    EXPECT_EQ(5, ReadIn(other, kAt + 5 * kPage));
    EXPECT_EQ(0, aspace_protect(other, kAt + 4 * kPage, kPage, kRW));
    EXPECT_EQ(0, WriteIn(other, kAt + 4 * kPage, 44)); // a page of its own
    amap_unmap_page(page_of(PageIn(as_, kAt + 4 * kPage)));
    EXPECT_EQ(-1, RightsIn(as_, kAt + 4 * kPage));
    EXPECT_EQ(-1, RightsIn(child, kAt + 4 * kPage));
    EXPECT_EQ(HAL_READ | HAL_WRITE, RightsIn(other, kAt + 4 * kPage));
    amap_unmap_page(page_of(PageIn(other, kAt + 5 * kPage)));
    EXPECT_EQ(-1, RightsIn(as_, kAt + 5 * kPage));
    EXPECT_EQ(-1, RightsIn(other, kAt + 5 * kPage));
    EXPECT_EQ(HAL_READ, RightsIn(as_, kAt + 3 * kPage));
    amap_unmap_page(page_of(PageIn(other, kAt + 4 * kPage)));
    EXPECT_EQ(4, ReadIn(as_, kAt + 4 * kPage));
    EXPECT_EQ(4, ReadIn(child, kAt + 4 * kPage));
    EXPECT_EQ(44, ReadIn(other, kAt + 4 * kPage));
}

TEST_F(CloneTest, EveryAllocationMayFail)
{
    TestFile file(4, true, true);

    MapAt(kAt, 70 * kPage, kRW);
    for (unsigned i = 0; i < 70; i += 3)
        EXPECT_EQ(0, Write(kAt + i * kPage, 1));
    EXPECT_EQ(0, aspace_protect(as_, kAt + 30 * kPage, 10 * kPage, kR));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 40 * kPage, kPage));
    MapAt(kAt + 80 * kPage, 4 * kPage, kRW, kShared);
    MapAt(kAt + 90 * kPage, 4 * kPage, kRW, LX_MAP_PRIVATE, file.object());
    auto life = [&]() -> int {
        struct aspace *as, *next = nullptr;
        int error = aspace_clone(as_, nullptr, &as);

        if (error != 0)
            return error;
        error = aspace_fault(as, kAt, HAL_WRITE); // a path and a page
        if (error == 0)
            error = aspace_fault(as_, kAt + 69 * kPage, HAL_WRITE);
        if (error == 0)
            error = aspace_clone(as, nullptr, &next);
        if (error == 0)
            error = aspace_unmap(next, kAt + 2 * kPage, 8 * kPage);
        EXPECT_TRUE(next == nullptr || aspace_check(next));
        EXPECT_TRUE(aspace_check(as));
        if (next != nullptr)
            aspace_put(next);
        aspace_put(as);
        EXPECT_TRUE(aspace_check(as_));
        return error;
    };

    // The paths that the parent made its own stay so.
    EXPECT_EQ(0, life());
    EXPECT_LT(20u, harness::sweep_allocations(life));
    UnmapAll();
}

} // namespace
