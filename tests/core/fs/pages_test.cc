// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/pages_test.cc - core/fs/pages.h against a model.

#include <gtest/gtest.h>

#include <map>

#include "core/abi/errno.h"
#include "core/fs/pages.h"
#include "core/sync/rcu.h"
#include "tests/support/harness.h"

namespace {

class PagesTest : public testing::Test {
protected:
    void SetUp() override { pages_init(&pages_); }
    void TearDown() override
    {
        uint64_t index = 0;
        page *page;
        while ((page = pages_take(&pages_, &index, UINT64_MAX)) != nullptr)
            page_put(page);
        pages_fini(&pages_);
        rcu_barrier();
    }
    int Insert(uint64_t index)
    {
        page *page = page_alloc(0, MEM_WAIT, nullptr);
        if (page == nullptr)
            return -ENOMEM;
        int error = pages_insert(&pages_, index, page);
        if (error != 0)
            page_put(page);
        return error;
    }
    bool Has(uint64_t index)
    {
        page *page = pages_find(&pages_, index);
        if (page != nullptr)
            page_put(page);
        return page != nullptr;
    }
    pages pages_;
};

TEST_F(PagesTest, FarApart)
{
    const uint64_t far = UINT64_C(0x7fffffffffffffff) / PAGE_SIZE;
    EXPECT_EQ(0, Insert(far));
    EXPECT_EQ(0, Insert(0));
    EXPECT_EQ(0, Insert(64));
    EXPECT_EQ(-EEXIST, Insert(64));
    EXPECT_TRUE(Has(far) && Has(0) && Has(64));
    EXPECT_FALSE(Has(1) || Has(63) || Has(far - 1) || Has(UINT64_MAX));
    EXPECT_EQ(64u, pages_next(&pages_, 1, UINT64_MAX, true));
    EXPECT_EQ(far, pages_next(&pages_, 65, UINT64_MAX, true));
    EXPECT_EQ(50u, pages_next(&pages_, 1, 50, true));
    EXPECT_EQ(1u, pages_next(&pages_, 0, 50, false));
    EXPECT_EQ(3u, pages_.count);
}

TEST_F(PagesTest, AgainstAModel)
{
    harness::Random random(3);
    std::map<uint64_t, bool> model;
    for (uint64_t step = 0; step < harness::steps(20000); step++) {
        uint64_t index =
            random.below(3) ? random.below(300) : random.below(1 << 20);
        uint64_t at = index, end = index + random.below(100);
        auto first = model.lower_bound(index);
        bool found = first != model.end() && first->first < end;
        switch (random.below(4)) {
        case 0:
        case 1:
            EXPECT_EQ(model.count(index) ? -EEXIST : 0, Insert(index));
            model[index] = true;
            break;
        case 2: {
            page *page = pages_take(&pages_, &at, end);
            ASSERT_EQ(found, page != nullptr);
            if (found) {
                ASSERT_EQ(first->first, at);
                model.erase(first);
                page_put(page);
            }
            break;
        }
        default:
            ASSERT_EQ(model.count(index) > 0, Has(index));
            ASSERT_EQ(found ? first->first : end,
                      pages_next(&pages_, index, end, true));
            break;
        }
    }
    EXPECT_EQ(model.size(), pages_.count);
}

TEST_F(PagesTest, EveryAllocationMayFail)
{
    harness::sweep_allocations([] {
        pages local;
        uint64_t index = 0;
        pages_init(&local);
        page *page = page_alloc(0, MEM_WAIT, nullptr);
        if (page == nullptr)
            return -ENOMEM;
        int error = pages_insert(&local, 1 << 20, page);
        if (error == 0) {
            EXPECT_EQ(page, pages_take(&local, &index, UINT64_MAX));
        }
        page_put(page);
        pages_fini(&local);
        rcu_barrier();
        return error;
    });
}

} // namespace
