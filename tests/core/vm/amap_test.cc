// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/amap_test.cc - core/vm/amap.h: slots near and far, against a
// map of the standard library.

#include <map>

#include "core/vm/amap.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

class AmapTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(0, amap_create(nullptr, &amap_)); }
    void TearDown() override { amap_put(amap_); }

    struct page *Insert(uint64_t index)
    {
        struct page *page = page_alloc(0, MEM_WAIT, nullptr);

        EXPECT_EQ(0, amap_insert(amap_, index, page));
        return page;
    }

    struct amap *amap_ = nullptr;
};

TEST_F(AmapTest, KeepsPagesFarApart)
{
    const uint64_t slots[] = {5, 64, 4095, 1 << 30, AMAP_SLOTS_END - 1, 0};

    EXPECT_EQ(nullptr, amap_find(amap_, 5));
    for (uint64_t slot : slots) {
        struct page *page = Insert(slot);

        EXPECT_EQ(page, amap_find(amap_, slot));
        EXPECT_EQ(amap_, page->owner);
        EXPECT_EQ(slot, page->index);
        EXPECT_TRUE(amap_check(amap_));
    }
    EXPECT_EQ(6u, amap_->page_count);
    EXPECT_EQ(nullptr, amap_find(amap_, 6));
    EXPECT_EQ(nullptr, amap_find(amap_, AMAP_SLOTS_END - 2));
    EXPECT_EQ(1u, amap_clear(amap_, 0, 5));
    EXPECT_EQ(5u, amap_clear(amap_, 0, AMAP_SLOTS_END));
    EXPECT_EQ(0u, amap_->page_count);
    EXPECT_EQ(0u, amap_clear(amap_, 0, AMAP_SLOTS_END));
    EXPECT_EQ(0u, amap_->height);
}

TEST_F(AmapTest, RowsFillWhatIsEmptyOfAChunk)
{
    struct page *row = page_alloc_row(3, nullptr);

    ASSERT_NE(nullptr, row);
    EXPECT_EQ(16u, amap_room(amap_, 0, 16));
    (void)Insert(64 + 20);
    EXPECT_EQ(20u, amap_room(amap_, 64, 64));
    EXPECT_EQ(0u, amap_room(amap_, 64 + 20, 64));
    EXPECT_EQ(43u, amap_room(amap_, 64 + 21, 64)); // to the chunk's end
    EXPECT_EQ(64u, amap_room(amap_, 1 << 20, 100));
    EXPECT_EQ(0, amap_insert_row(amap_, 128 + 56, row, 8));
    EXPECT_EQ(9u, amap_->page_count);
    for (unsigned i = 0; i < 8; i++)
        EXPECT_EQ(page_behind(row, i), amap_find(amap_, 128 + 56 + i));
    EXPECT_TRUE(amap_check(amap_));
    EXPECT_EQ(3u, amap_clear(amap_, 128, 59));
    EXPECT_TRUE(amap_check(amap_));
}

// A chunk is one node, wherever it lies.
TEST_F(AmapTest, IsNoHigherThanItMustBe)
{
    constexpr uint64_t far = UINT64_C(1) << 34;

    (void)Insert(far + 3);
    EXPECT_EQ(1u, amap_->height);
    (void)Insert(far + 64);
    EXPECT_EQ(2u, amap_->height);
    (void)Insert(far - 1); // over a high boundary
    EXPECT_LT(5u, amap_->height);
    EXPECT_TRUE(amap_check(amap_));
    EXPECT_EQ(1u, amap_clear(amap_, far - 1, 1));
    EXPECT_EQ(2u, amap_->height);
    EXPECT_EQ(1u, amap_clear(amap_, far, 64));
    EXPECT_EQ(1u, amap_->height);
    EXPECT_TRUE(amap_check(amap_));
}

TEST_F(AmapTest, FailedInsertChangesNothing)
{
    struct page *page = page_alloc(0, MEM_WAIT, nullptr);
    const uint64_t slots[] = {100, 1000, UINT64_C(1) << 40, 7};

    for (uint64_t slot : slots) {
        uint64_t k = 1;
        int error = -ENOMEM;

        page_get(page);
        for (; error != 0; k++) {
            uint64_t count = amap_->page_count;

            fault_plan_nth(FAULT_OBJECT, k);
            error = amap_insert(amap_, slot, page);
            fault_plan_nth(0, 0);
            EXPECT_TRUE(amap_check(amap_));
            EXPECT_EQ(error == 0 ? count + 1 : count, amap_->page_count);
        }
        EXPECT_LT(2u, k);
        EXPECT_EQ(1u, amap_clear(amap_, slot, 1)); // page has one owner
        (void)Insert(slot);
    }
    page_put(page);
}

TEST_F(AmapTest, WalkAgainstAModel)
{
    harness::Random random(51);
    std::map<uint64_t, struct page *> model;
    const uint64_t bases[] = {0, 4000, UINT64_C(1) << 32, AMAP_SLOTS_END - 100};

    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        uint64_t index = bases[random.below(4)] + random.below(100);
        uint64_t count = random.below(30);

        if (random.below(8) != 0) {
            if (model.count(index) == 0)
                model[index] = Insert(index);
        } else {
            auto from = model.lower_bound(index);
            auto to = model.lower_bound(index + count);
            auto gone = static_cast<uint64_t>(std::distance(from, to));

            model.erase(from, to);
            EXPECT_EQ(gone, amap_clear(amap_, index, count));
        }
        index = bases[random.below(4)] + random.below(100);
        auto next = model.lower_bound(index);
        uint64_t at = index;
        struct page *found = amap_next(amap_, &at, index + 50);

        if (next != model.end() && next->first < index + 50) {
            EXPECT_EQ(next->second, found);
            EXPECT_EQ(next->first, at);
        } else {
            EXPECT_EQ(nullptr, found);
            EXPECT_EQ(index, at);
        }
        EXPECT_EQ(model.count(index) != 0 ? model[index] : nullptr,
                  amap_find(amap_, index));
        EXPECT_TRUE(step % 64 != 0 || amap_check(amap_));
        EXPECT_EQ(model.size(), amap_->page_count);
    }
}

} // namespace
