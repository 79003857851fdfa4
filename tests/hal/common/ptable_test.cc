// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/common/ptable_test.cc - hal/common/ptable.h.
//
// The harness fails a test that leaves a table behind, so each test also says
// that tables are counted right.
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/fault.h"
#include "hal/common/ptable.h"
#include "hal/upcall.h"
#include "tests/support/harness.h"

namespace {

constexpr uint64_t kLarge = PTABLE_LARGE_PAGES * uint64_t{PAGE_SIZE};
constexpr uint64_t kSpanOfRoot = uint64_t{1} << 39;
constexpr unsigned kAll = HAL_READ | HAL_WRITE | HAL_EXEC;

// Physical pages are only numbers here: nothing reads them.
constexpr paddr_t kPage = paddr_t{1} << 40;

class Ptable : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(0, ptable_create(&pt, true)); }

    void TearDown() override
    {
        ptable_free_tables(&gather.tables);
        ptable_destroy(&pt);
    }

    // Maps count pages; tells whether a present entry changed.
    bool map(uaddr_t start, size_t count, paddr_t page, unsigned rights,
             enum hal_memory type = HAL_NORMAL)
    {
        hal_range range = {start, count};
        ptable_page what = {page, rights, type};
        hal_tables tables;
        bool changed;

        EXPECT_EQ(0, ptable_reserve(&tables, range));
        changed = ptable_map(&pt, range, what, &tables);
        ptable_free_tables(&tables);
        return changed;
    }

    void protect(uaddr_t start, size_t count, unsigned rights)
    {
        ptable_protect(&pt, {start, count}, rights, &gather);
    }

    // The rights of a page; 0 for a hole.
    unsigned rights(uaddr_t addr)
    {
        ptable_page found;

        return ptable_walk(&pt, addr, &found) ? found.rights : 0;
    }

    paddr_t page(uaddr_t addr)
    {
        ptable_page found;

        return ptable_walk(&pt, addr, &found) ? found.page : PADDR_NONE;
    }

    ptable pt;
    hal_gather gather = {};
};

TEST_F(Ptable, WalkFindsWhatWasMapped)
{
    const struct {
        unsigned rights;
        enum hal_memory type;
    } cases[] = {{HAL_READ, HAL_NORMAL},
                 {HAL_READ | HAL_WRITE, HAL_UNCACHED},
                 {HAL_READ | HAL_EXEC, HAL_WRITE_COMBINING},
                 {kAll, HAL_NORMAL}};
    uaddr_t at = PAGE_SIZE;

    for (const auto &c : cases) {
        ptable_page found;

        EXPECT_FALSE(map(at, 1, kPage + at, c.rights, c.type));
        ASSERT_TRUE(ptable_walk(&pt, at + 123, &found));
        EXPECT_EQ(kPage + at, found.page);
        EXPECT_EQ(c.rights, found.rights);
        EXPECT_EQ(c.type, found.type);
        at += kSpanOfRoot / 8 + PAGE_SIZE;
    }
    EXPECT_EQ(0u, rights(0));
    EXPECT_EQ(0u, rights(HAL_USER_TOP - 1));
}

TEST_F(Ptable, LastPageUnderTheTopCanBeMapped)
{
    EXPECT_FALSE(map(HAL_USER_TOP - PAGE_SIZE, 1, kPage, HAL_READ));
    EXPECT_EQ(kPage, page(HAL_USER_TOP - 1));
}

TEST_F(Ptable, MapOnlyAddsRights)
{
    EXPECT_FALSE(map(0, 2, kPage, HAL_READ));
    EXPECT_FALSE(map(0, 2, kPage, HAL_READ));
    EXPECT_TRUE(map(PAGE_SIZE, 1, kPage + PAGE_SIZE, kAll));
    EXPECT_EQ(unsigned{HAL_READ}, rights(0));
    EXPECT_EQ(kAll, rights(PAGE_SIZE));
}

TEST_F(Ptable, AlignedRangesBecomeLargePages)
{
    hal_tables tables;
    hal_range range = {kLarge, 3 * PTABLE_LARGE_PAGES};

    // The leaf tables that were set aside are left over.
    ASSERT_EQ(0, ptable_reserve(&tables, range));
    EXPECT_EQ(5u, tables.count);
    EXPECT_FALSE(ptable_map(&pt, range, {kPage, kAll, HAL_NORMAL}, &tables));
    EXPECT_EQ(3u, tables.count);
    ptable_free_tables(&tables);
    EXPECT_EQ(kPage + kLarge + 5 * PAGE_SIZE, page(2 * kLarge + 5 * PAGE_SIZE));
}

TEST_F(Ptable, WithoutLargePagesThereAreNone)
{
    hal_tables tables;
    hal_range range = {kLarge, PTABLE_LARGE_PAGES};

    pt.large = false;
    ASSERT_EQ(0, ptable_reserve(&tables, range));
    EXPECT_FALSE(
        ptable_map(&pt, range, {kPage, HAL_READ, HAL_NORMAL}, &tables));
    EXPECT_EQ(0u, tables.count);
}

TEST_F(Ptable, RightsOfOnePageSplitALargeOne)
{
    EXPECT_FALSE(map(0, PTABLE_LARGE_PAGES, kPage, HAL_READ));
    EXPECT_TRUE(map(PAGE_SIZE, 1, kPage + PAGE_SIZE, HAL_READ | HAL_WRITE));
    EXPECT_EQ(unsigned{HAL_READ | HAL_WRITE}, rights(PAGE_SIZE));
    for (uint64_t i : {0, 2, 511}) {
        EXPECT_EQ(unsigned{HAL_READ}, rights(i * PAGE_SIZE));
        EXPECT_EQ(kPage + i * PAGE_SIZE, page(i * PAGE_SIZE));
    }
}

TEST_F(Ptable, ALargePageThatIsCutIsForgottenWhole)
{
    for (unsigned left : {0u, unsigned{HAL_READ}}) {
        EXPECT_FALSE(map(0, 2 * PTABLE_LARGE_PAGES, kPage, kAll));
        protect(kLarge - PAGE_SIZE, 1, left);
        EXPECT_EQ(0u, rights(0));
        EXPECT_EQ(kAll, rights(kLarge));
        EXPECT_EQ(0u, gather.span.start);
        EXPECT_EQ(size_t{PTABLE_LARGE_PAGES}, gather.span.count);
        gather.span = {};
        protect(kLarge, PTABLE_LARGE_PAGES, 0);
        gather.span = {};
    }
}

TEST_F(Ptable, UnmapGathersSpanAndEmptyTables)
{
    EXPECT_FALSE(map(4 * PAGE_SIZE, 2, kPage, HAL_READ));
    EXPECT_FALSE(map(9 * PAGE_SIZE, 1, kPage, HAL_READ));
    ptable_unmap(&pt, {4 * PAGE_SIZE, 1}, &gather);
    EXPECT_EQ(uaddr_t{4 * PAGE_SIZE}, gather.span.start);
    EXPECT_EQ(1u, gather.span.count);
    EXPECT_EQ(0u, gather.tables.count);
    ptable_unmap(&pt, {0, 100}, &gather);
    EXPECT_EQ(uaddr_t{4 * PAGE_SIZE}, gather.span.start);
    EXPECT_EQ(6u, gather.span.count);
    EXPECT_EQ(3u, gather.tables.count); // all but the root
}

TEST_F(Ptable, UnmapOfAHoleTouchesNothing)
{
    EXPECT_FALSE(map(kSpanOfRoot, 1, kPage, HAL_READ));
    ptable_unmap(&pt, {0, kSpanOfRoot / PAGE_SIZE}, &gather);
    ptable_unmap(&pt, {PAGE_SIZE, 0}, &gather);
    EXPECT_EQ(0u, gather.span.count);
    EXPECT_EQ(unsigned{HAL_READ}, rights(kSpanOfRoot));
}

TEST_F(Ptable, AWholeAddressSpaceIsWriteProtectedAndComesBackByPages)
{
    const uaddr_t other = kSpanOfRoot - kLarge;

    EXPECT_FALSE(map(0, 4, kPage, kAll));
    EXPECT_FALSE(map(other, PTABLE_LARGE_PAGES, kPage, kAll));
    protect(0, HAL_USER_TOP / PAGE_SIZE, HAL_READ | HAL_EXEC);
    EXPECT_GT(gather.span.count, 0u);
    for (uaddr_t at : {uaddr_t{0}, uaddr_t{3 * PAGE_SIZE}, other})
        EXPECT_EQ(unsigned{HAL_READ | HAL_EXEC}, rights(at));
    // New pages below a protected directory, without and with the right.
    EXPECT_FALSE(map(6 * PAGE_SIZE, 1, kPage, HAL_READ));
    EXPECT_TRUE(map(PAGE_SIZE, 1, kPage + PAGE_SIZE, kAll));
    EXPECT_EQ(kAll, rights(PAGE_SIZE));
    EXPECT_EQ(unsigned{HAL_READ | HAL_EXEC}, rights(2 * PAGE_SIZE));
    EXPECT_EQ(unsigned{HAL_READ | HAL_EXEC}, rights(other));
    EXPECT_EQ(unsigned{HAL_READ}, rights(6 * PAGE_SIZE));
}

TEST_F(Ptable, QueryReportsAccessedOnce)
{
    hal_mapping found;

    EXPECT_FALSE(ptable_query(&pt, 0, &found));
    EXPECT_FALSE(map(0, 1, kPage, HAL_READ));
    ASSERT_TRUE(ptable_query(&pt, 0, &found));
    EXPECT_FALSE(found.accessed);
    ptable_touch(&pt, 5);
    ASSERT_TRUE(ptable_query(&pt, 0, &found));
    EXPECT_TRUE(found.accessed);
    EXPECT_EQ(kPage, found.page);
    EXPECT_EQ(unsigned{HAL_READ}, found.rights);
    ASSERT_TRUE(ptable_query(&pt, 0, &found));
    EXPECT_FALSE(found.accessed);
    ptable_touch(&pt, PAGE_SIZE); // a hole
}

TEST_F(Ptable, MarksBelongToOneTranslation)
{
    hal_mapping found;

    EXPECT_FALSE(map(0, 1, kPage, HAL_READ));
    EXPECT_FALSE(ptable_mark(&pt, 7));
    EXPECT_TRUE(ptable_mark(&pt, 0));
    ASSERT_TRUE(ptable_query(&pt, 0, &found));
    EXPECT_EQ(kPage, found.page);
    EXPECT_FALSE(found.accessed);
    (void)map(0, 1, kPage, HAL_READ | HAL_WRITE);
    EXPECT_FALSE(ptable_mark(&pt, 0));
    EXPECT_FALSE(ptable_mark(&pt, PAGE_SIZE)); // a hole
    EXPECT_FALSE(ptable_mark(&pt, PAGE_SIZE));
}

TEST(PtableAlloc, FailsWithoutMemoryAndKeepsNothing)
{
    EXPECT_GE(harness::sweep_allocations([] {
                  ptable pt;
                  int error = ptable_create(&pt, true);

                  if (error == 0)
                      ptable_destroy(&pt);
                  return error;
              }),
              1u);
    EXPECT_GE(harness::sweep_allocations([] {
                  hal_tables tables;
                  int error = ptable_reserve(&tables, {kLarge - PAGE_SIZE, 2});

                  if (error == 0)
                      ptable_free_tables(&tables);
                  return error;
              }),
              4u);
}

// What each page of some runs of addresses maps to; kept beside the tables.
class Model {
public:
    static constexpr size_t kRun = PTABLE_LARGE_PAGES;

    static uaddr_t addr(size_t i)
    {
        static const uaddr_t runs[] = {0, kSpanOfRoot - kLarge,
                                       HAL_USER_TOP - kLarge, uaddr_t{5} << 30};

        return runs[i / kRun] + i % kRun * PAGE_SIZE;
    }

    struct Entry {
        paddr_t page;
        unsigned rights;
        bool large; // mapped by one call with all its neighbours
    };
    std::vector<Entry> pages{4 * kRun, Entry{PADDR_NONE, 0, false}};
};

class PtableWalk : public Ptable {
protected:
    // A run of at most limit pages that begins at some page.
    size_t run_from(size_t first, size_t limit)
    {
        return min_size(1 + random.below(limit),
                        Model::kRun - first % Model::kRun);
    }

    void map_some()
    {
        size_t first = random.below(model.pages.size());
        size_t limit = random.below(8) == 0 ? Model::kRun : 8;
        unsigned want = HAL_READ | random.below(8);
        size_t count = 1;

        if (random.below(16) == 0)
            first = first / Model::kRun * Model::kRun;
        if (model.pages[first].page != PADDR_NONE) {
            want |= model.pages[first].rights;
            put(first, 1, model.pages[first].page, want);
            return;
        }
        limit = run_from(first, limit);
        while (count < limit && model.pages[first + count].page == PADDR_NONE)
            count++;
        next_page += kLarge;
        put(first, count, next_page, want);
    }

    void put(size_t first, size_t count, paddr_t at, unsigned want)
    {
        (void)map(Model::addr(first), count, at, want);
        for (size_t i = 0; i < count; i++) {
            auto &entry = model.pages[first + i];

            if (entry.page == PADDR_NONE)
                entry.large = count == Model::kRun;
            entry.page = at + i * PAGE_SIZE;
            entry.rights = want;
        }
    }

    void cut_some()
    {
        size_t first = random.below(model.pages.size());
        size_t count = run_from(first, random.below(8) ? 8 : Model::kRun);
        unsigned left = random.below(2) ? HAL_READ | random.below(8) : 0;
        bool all = random.below(20) == 0;

        if (all) {
            first = 0;
            count = model.pages.size();
            protect(0, HAL_USER_TOP / PAGE_SIZE, left);
        } else {
            protect(Model::addr(first), count, left);
        }
        for (size_t i = 0; i < model.pages.size(); i++)
            settle(model.pages[i], i >= first && i < first + count, left,
                   Model::addr(i));
        ptable_free_tables(&gather.tables);
        gather.span = {};
    }

    // What a cut left of one page; a large one may be forgotten.
    void settle(Model::Entry &entry, bool inside, unsigned left, uaddr_t at)
    {
        if (entry.page == PADDR_NONE)
            return;
        if (inside)
            entry.rights &= left;
        if (entry.rights == 0 || (entry.large && rights(at) == 0))
            entry = {PADDR_NONE, 0, false};
    }

    void check()
    {
        for (size_t i = 0; i < model.pages.size(); i++) {
            const auto &entry = model.pages[i];

            ASSERT_EQ(entry.page, page(Model::addr(i))) << i;
            ASSERT_EQ(entry.rights, rights(Model::addr(i))) << i;
        }
    }

    harness::Random random{0x70746162};
    Model model;
    paddr_t next_page = kPage;
};

TEST_F(PtableWalk, RandomEditsAgreeWithAModel)
{
    for (uint64_t i = harness::steps(4000); i > 0; i--) {
        if (random.below(2) == 0)
            map_some();
        else
            cut_some();
        if (i % 8 == 0)
            check();
        if (HasFatalFailure())
            return;
    }
}

} // namespace
