// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/memmap_test.cc - hal/x86_64/memmap.h.
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "hal/x86_64/memmap.h"
#include "tests/support/harness.h"

namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kNoLimit = uint64_t{1} << 46;

class Memmap : public ::testing::Test {
protected:
    void region(uint64_t start, uint64_t size, bool ram)
    {
        info.regions[info.region_count++] = {start, size, ram};
    }

    void build(uint64_t limit = kNoLimit) { memmap_build(&map, &info, limit); }

    void expect(const std::vector<hal_span> &spans)
    {
        ASSERT_EQ(spans.size(), map.count);
        for (size_t i = 0; i < spans.size(); i++) {
            EXPECT_EQ(spans[i].start, map.ranges[i].start) << i;
            EXPECT_EQ(spans[i].size, map.ranges[i].size) << i;
        }
    }

    bootinfo info = {};
    memmap map = {};
};

TEST_F(Memmap, SortsMergesAndTrimsToPages)
{
    region(8 * kMiB, kMiB, true);
    region(2 * kMiB + 1, kMiB, true);
    region(9 * kMiB, kMiB - 1, true);
    build();
    expect({{2 * kMiB + PAGE_SIZE, kMiB - PAGE_SIZE},
            {8 * kMiB, 2 * kMiB - PAGE_SIZE}});
    EXPECT_EQ(3 * kMiB - 2 * PAGE_SIZE, memmap_total(&map));
}

TEST_F(Memmap, WhatAnyEntryReservesIsNotRam)
{
    region(4 * kMiB + 5, 1, false);
    region(2 * kMiB, 4 * kMiB, true);
    region(3 * kMiB, kMiB, true);
    build();
    expect(
        {{2 * kMiB, 2 * kMiB}, {4 * kMiB + PAGE_SIZE, 2 * kMiB - PAGE_SIZE}});
}

TEST_F(Memmap, LowMemoryStaysOutButForAnInitrd)
{
    region(0, 4 * kMiB, true);
    build();
    expect({{kMiB, 3 * kMiB}});
    info.initrd = {0x4d100, 0x1000};
    build();
    expect({{0x4d000, 0x2000}, {kMiB, 3 * kMiB}});
    EXPECT_TRUE(memmap_holds(&map, info.initrd));
}

TEST_F(Memmap, FindsLowPagesThatNobodyHas)
{
    region(0, 0x9fc00, true);
    EXPECT_EQ(0x1000u, memmap_find_low(&info, 5));
    region(0x3000, 1, false);
    EXPECT_EQ(0x4000u, memmap_find_low(&info, 5));
    EXPECT_EQ(0x1000u, memmap_find_low(&info, 2));
    info.initrd = {0x7fff, 0x1000};
    EXPECT_EQ(0x9000u, memmap_find_low(&info, 5));
    EXPECT_EQ(0x9000u, memmap_find_low(&info, 0x96));
    EXPECT_EQ(PADDR_NONE, memmap_find_low(&info, 0x97));
}

TEST_F(Memmap, LowPagesLieBelowTheLegacyDevices)
{
    region(0x9d000, kMiB, true);
    EXPECT_EQ(0x9d000u, memmap_find_low(&info, 3));
    EXPECT_EQ(PADDR_NONE, memmap_find_low(&info, 4));
    info.region_count = 0;
    EXPECT_EQ(PADDR_NONE, memmap_find_low(&info, 1));
}

TEST_F(Memmap, SurvivesSizesThatWrap)
{
    region(2 * kMiB, UINT64_MAX, true);
    region(UINT64_MAX - 5, UINT64_MAX, false);
    region(UINT64_MAX, 1, true);
    build(8 * kMiB);
    expect({{2 * kMiB, 6 * kMiB}});
    region(0, UINT64_MAX, false);
    build();
    EXPECT_EQ(0u, map.count);
}

TEST_F(Memmap, WithTooManyRangesTheSmallestGo)
{
    for (uint64_t i = 0; i < BOOTINFO_REGIONS_MAX; i++)
        region((2 + 2 * i) * kMiB, (i + 1) * PAGE_SIZE, true);
    build();
    ASSERT_EQ(size_t{HAL_RAM_RANGES_MAX}, map.count);
    EXPECT_EQ((BOOTINFO_REGIONS_MAX - HAL_RAM_RANGES_MAX + 1) * PAGE_SIZE,
              map.ranges[0].size);
}

TEST_F(Memmap, HoldsOnlyWhatLiesInOneRange)
{
    region(2 * kMiB, kMiB, true);
    region(4 * kMiB, kMiB, true);
    build();
    EXPECT_TRUE(memmap_holds(&map, {2 * kMiB, kMiB}));
    EXPECT_FALSE(memmap_holds(&map, {2 * kMiB, kMiB + 1}));
    EXPECT_FALSE(memmap_holds(&map, {2 * kMiB - 1, 2}));
    EXPECT_FALSE(memmap_holds(&map, {4 * kMiB, UINT64_MAX}));
    EXPECT_FALSE(memmap_holds(&map, {3 * kMiB + 1, 1}));
}

TEST_F(Memmap, TakeSparesWhatIsKeptAndEnds)
{
    hal_span keep = {2 * kMiB + 100, PAGE_SIZE};
    std::set<paddr_t> taken;

    region(2 * kMiB, 4 * PAGE_SIZE, true);
    region(4 * kMiB, 2 * PAGE_SIZE, true);
    region(9 * kMiB, kMiB, true);
    build();
    for (;;) {
        paddr_t page = memmap_take(&map, keep, 8 * kMiB);

        if (page == PADDR_NONE)
            break;
        EXPECT_TRUE(taken.insert(page).second);
        EXPECT_LT(page, 8 * kMiB);
        EXPECT_TRUE(page >= keep.start + keep.size ||
                    page + PAGE_SIZE <= keep.start);
    }
    EXPECT_EQ(4u, taken.size());
    expect({{2 * kMiB, 2 * PAGE_SIZE}, {9 * kMiB, kMiB}});
}

TEST_F(Memmap, AddMergesAndRemoveSplits)
{
    memmap_add(&map, 4 * kMiB, 5 * kMiB);
    memmap_add(&map, 3 * kMiB, 4 * kMiB);
    memmap_add(&map, 3 * kMiB, 4 * kMiB);
    expect({{3 * kMiB, 2 * kMiB}});
    memmap_remove(&map, 4 * kMiB, 4 * kMiB + PAGE_SIZE);
    memmap_remove(&map, 4 * kMiB, 4 * kMiB);
    expect({{3 * kMiB, kMiB}, {4 * kMiB + PAGE_SIZE, kMiB - PAGE_SIZE}});
}

// A bitmap of pages beside the ranges.
TEST_F(Memmap, RandomMapsAgreeWithAModel)
{
    constexpr uint64_t kFirst = kMiB / PAGE_SIZE, kPages = 64;
    harness::Random random(0x6d656d6d);

    for (uint64_t step = harness::steps(2000); step > 0; step--) {
        bool ram[kPages] = {}, reserved[kPages] = {};

        info.region_count = 0;
        for (uint64_t n = random.below(10); n > 0; n--) {
            uint64_t first = random.below(kPages);
            uint64_t count = 1 + random.below(kPages - first);
            bool is_ram = random.below(3) > 0;

            region((kFirst + first) * PAGE_SIZE, count * PAGE_SIZE, is_ram);
            for (uint64_t i = first; i < first + count; i++)
                (is_ram ? ram : reserved)[i] = true;
        }
        build();
        for (uint64_t i = 0; i < kPages; i++)
            ASSERT_EQ(
                ram[i] && !reserved[i],
                memmap_holds(&map, {(kFirst + i) * PAGE_SIZE, PAGE_SIZE}));
        for (size_t i = 1; i < map.count; i++)
            ASSERT_LT(map.ranges[i - 1].start + map.ranges[i - 1].size,
                      map.ranges[i].start);
    }
}

} // namespace
