// SPDX-License-Identifier: Apache-2.0
//
// tests/core/mem/page_test.cc - core/mem/page.h.
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/fault.h"
#include "core/mem/page.h"
#include "core/sync/percpu.h"
#include "hal/phys.h"
#include "hal/platform.h"
#include "tests/support/harness.h"

static uint64_t size_of(unsigned order)
{
    return static_cast<uint64_t>(PAGE_SIZE) << order;
}

TEST(Page, AllocIsAlignedOwnedOnceAndWritable)
{
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
        struct page *page = page_alloc(order, MEM_WAIT, nullptr);
        char *data;

        ASSERT_NE(nullptr, page);
        EXPECT_EQ(0u, page_addr(page) % size_of(order));
        EXPECT_EQ(1u, page->refs.count);
        EXPECT_EQ(0u, page->flags);
        EXPECT_EQ(order, page->order);
        EXPECT_EQ(nullptr, page->owner);
        EXPECT_FALSE(list_is_linked(&page->link));
        data = static_cast<char *>(page_data(page));
        for (uint64_t at = 0; at < size_of(order); at += PAGE_SIZE / 2)
            data[at] = 1;
        data[size_of(order) - 1] = 1;
        page_put(page);
    }
}

TEST(Page, AddressesLeadBack)
{
    struct page *page = page_alloc(2, MEM_WAIT, nullptr);
    paddr_t addr;

    ASSERT_NE(nullptr, page);
    addr = page_addr(page);
    EXPECT_NE(PADDR_NONE, addr);
    EXPECT_EQ(page, page_of(addr));
    EXPECT_EQ(page, page_of(addr + PAGE_SIZE - 1));
    EXPECT_EQ(page + 1, page_of(addr + PAGE_SIZE));
    EXPECT_EQ(hal_phys(addr), page_data(page));
    EXPECT_EQ(addr, hal_phys_of(page_data(page)));
    page_put(page);
}

TEST(Page, ZeroClears)
{
    for (int round = 0; round < 2; round++) {
        struct page *page = page_alloc(1, MEM_NOWAIT | MEM_ZERO, nullptr);
        char *data;

        ASSERT_NE(nullptr, page);
        data = static_cast<char *>(page_data(page));
        for (uint64_t at = 0; at < size_of(1); at++) {
            ASSERT_EQ(0, data[at]);
            data[at] = 0x55;
        }
        page_put(page);
    }
}

TEST(Page, TheLastPutFrees)
{
    uint64_t before = page_free_count();
    struct page *page = page_alloc(3, MEM_WAIT, nullptr);

    ASSERT_NE(nullptr, page);
    EXPECT_EQ(before - 8, page_free_count());
    page_get(page);
    page_put(page);
    EXPECT_EQ(before - 8, page_free_count());
    page_put(page);
    EXPECT_EQ(before, page_free_count());
    EXPECT_LE(page_free_count(), page_total_count());
}

TEST(Page, PayerPaysAndIsPaidBack)
{
    struct mem_account payer = {0, 3 * PAGE_SIZE};
    struct page *two = page_alloc(1, MEM_WAIT, &payer);
    struct page *one;

    ASSERT_NE(nullptr, two);
    EXPECT_EQ(static_cast<uint64_t>(2 * PAGE_SIZE), payer.used);
    EXPECT_EQ(nullptr, page_alloc(1, MEM_WAIT, &payer));
    EXPECT_EQ(static_cast<uint64_t>(2 * PAGE_SIZE), payer.used);
    one = page_alloc(0, MEM_WAIT, &payer);
    ASSERT_NE(nullptr, one);
    page_put(one);
    page_put(two);
    EXPECT_EQ(0u, payer.used);
}

TEST(Page, ARowIsOfSinglesThatArePaidForAlone)
{
    struct mem_account payer = {0, 16 * PAGE_SIZE};
    uint64_t before = page_free_count();
    struct page *first = page_alloc_row(4, &payer);

    ASSERT_NE(nullptr, first);
    EXPECT_EQ(static_cast<uint64_t>(16 * PAGE_SIZE), payer.used);
    EXPECT_EQ(nullptr, page_alloc_row(0, &payer));
    for (unsigned i = 0; i < 16; i++) {
        struct page *page = page_behind(first, i);
        const char *data = static_cast<char *>(page_data(page));

        EXPECT_EQ(page_addr(first) + i * PAGE_SIZE, page_addr(page));
        EXPECT_EQ(page, page_of(page_addr(page)));
        EXPECT_EQ(0u, page->order);
        for (uint64_t at = 0; at < PAGE_SIZE; at += 8)
            ASSERT_EQ(0, data[at]);
        page_put(page);
        EXPECT_EQ(before - 15 + i, page_free_count());
    }
    EXPECT_EQ(0u, payer.used);
    fault_plan_nth(FAULT_FRAME, 1);
    EXPECT_EQ(nullptr, page_alloc_row(4, &payer));
    fault_plan_nth(FAULT_ANY, 0);
    EXPECT_EQ(0u, payer.used);
    page_drain_all();
    EXPECT_TRUE(page_check());
}

TEST(Page, AFaultPointBeforeAnything)
{
    struct mem_account payer = {0, UINT64_MAX};
    uint64_t before = page_free_count();

    fault_plan_nth(FAULT_FRAME, 1);
    EXPECT_EQ(nullptr, page_alloc(0, MEM_WAIT, &payer));
    fault_plan_nth(FAULT_ANY, 0);
    EXPECT_EQ(before, page_free_count());
    EXPECT_EQ(0u, payer.used);
}

// Takes frames as `how` allows; returns how many are left.
uint64_t left_by(unsigned how, std::vector<struct page *> &taken)
{
    struct page *page;

    while ((page = page_alloc(0, how, nullptr)) != nullptr)
        taken.push_back(page);
    return page_free_count();
}

// Users leave the reserve, the kernel half of it, who ends nothing.
TEST(Page, TheReserveIsForThoseWhoEnd)
{
    std::vector<struct page *> taken;
    uint64_t before = page_free_count(), reserve = page_reserve_count();

    ASSERT_GE(reserve, 16u);
    EXPECT_LT(reserve, page_total_count() / 64);
    EXPECT_EQ(reserve, left_by(MEM_WAIT | MEM_USER, taken));
    EXPECT_EQ(reserve / 2, left_by(MEM_NOWAIT, taken));
    EXPECT_EQ(0u, left_by(MEM_NOWAIT | MEM_LAST, taken));
    for (struct page *each : taken)
        page_put(each);
    EXPECT_EQ(before, page_free_count());
}

// All frames, one by one: each once, none of them page 0 or of the initrd;
// then NULL, and nothing charged. Given back, they are the large runs again.
TEST(Page, ExhaustionAndRecovery)
{
    const struct hal_span *initrd = &hal_boot_facts()->initrd;
    struct mem_account payer = {0, UINT64_MAX};
    uint64_t before = page_free_count();
    std::vector<struct page *> taken;
    struct page *page;

    while ((page = page_alloc(0, MEM_NOWAIT | MEM_LAST, &payer)) != nullptr) {
        paddr_t addr = page_addr(page);

        ASSERT_NE(PADDR_NONE, addr);
        ASSERT_FALSE(addr < initrd->start + initrd->size &&
                     addr + PAGE_SIZE > initrd->start);
        taken.push_back(page);
    }
    EXPECT_EQ(before, taken.size());
    EXPECT_EQ(0u, page_free_count());
    EXPECT_EQ(taken.size() * PAGE_SIZE, payer.used);
    EXPECT_TRUE(page_check());
    for (struct page *each : taken)
        page_put(each);
    EXPECT_EQ(0u, payer.used);
    EXPECT_EQ(before, page_free_count());
    page = page_alloc(PAGE_ORDER_MAX, MEM_WAIT, nullptr);
    EXPECT_NE(nullptr, page);
    page_put(page);
}

namespace {

// The runs that are out, by first address; their ends carry their stamp.
class Runs {
public:
    void take(harness::Random *random)
    {
        unsigned order = static_cast<unsigned>(random->below(7));
        struct page *page = page_alloc(order, MEM_NOWAIT, nullptr);

        if (page == nullptr)
            return;
        paddr_t first = page_addr(page);
        auto next = runs_.lower_bound(first);

        ASSERT_EQ(0u, first % size_of(order));
        if (next != runs_.end()) {
            ASSERT_LE(first + size_of(order), next->first);
        }
        if (next != runs_.begin()) {
            --next;
            ASSERT_LE(next->first + size_of(next->second->order), first);
        }
        stamp(page);
        runs_[first] = page;
        frames_ += UINT64_C(1) << order;
    }

    void give(harness::Random *random)
    {
        if (runs_.empty())
            return;
        auto at = runs_.lower_bound(random->below(UINT64_C(64) << 20));

        if (at == runs_.end())
            at = runs_.begin();
        expect_stamp(at->second);
        frames_ -= UINT64_C(1) << at->second->order;
        page_put(at->second);
        runs_.erase(at);
    }

    uint64_t frames() const { return frames_; }
    bool is_empty() const { return runs_.empty(); }

private:
    static uint64_t *last_of(struct page *page)
    {
        char *data = static_cast<char *>(page_data(page));
        void *last = data + size_of(page->order) - sizeof(uint64_t);

        return static_cast<uint64_t *>(last);
    }

    static void stamp(struct page *page)
    {
        *static_cast<uint64_t *>(page_data(page)) = page_addr(page);
        *last_of(page) = ~page_addr(page);
    }

    static void expect_stamp(struct page *page)
    {
        ASSERT_EQ(page_addr(page), *static_cast<uint64_t *>(page_data(page)));
        ASSERT_EQ(~page_addr(page), *last_of(page));
    }

    std::map<paddr_t, struct page *> runs_;
    uint64_t frames_ = 0;
};

} // namespace

TEST(Page, SeededWalkAgainstModel)
{
    harness::Random random(0xbdd7);
    uint64_t before = page_free_count();
    Runs runs;

    for (uint64_t step = 0; step < harness::steps(20000); step++) {
        // Fills up for a while, then empties.
        if (random.below(8) < ((step / 2500) % 2 == 0 ? 6u : 2u))
            ASSERT_NO_FATAL_FAILURE(runs.take(&random));
        else
            ASSERT_NO_FATAL_FAILURE(runs.give(&random));
        ASSERT_EQ(before - runs.frames(), page_free_count());
        if (step % 1000 == 0) {
            ASSERT_TRUE(page_check());
        }
    }
    while (!runs.is_empty())
        ASSERT_NO_FATAL_FAILURE(runs.give(&random));
    EXPECT_EQ(before, page_free_count());
    EXPECT_TRUE(page_check());
}

TEST(Page, CheckSeesAWrongHead)
{
    struct page *pair = page_alloc(1, MEM_WAIT, nullptr);
    struct page *page;

    // The upper half of a pair, freed, heads a free run of order 0.
    ASSERT_NE(nullptr, pair);
    page_put(pair);
    page = page_alloc(0, MEM_WAIT, nullptr);
    ASSERT_NE(nullptr, page);
    EXPECT_TRUE(page_check());
    __atomic_store_n(&page->flags, PAGE_FREE, __ATOMIC_RELAXED);
    EXPECT_FALSE(page_check());
    __atomic_store_n(&page->flags, 0u, __ATOMIC_RELAXED);
    EXPECT_TRUE(page_check());
    page_put(page);
}

TEST(Page, ReleasedInitrdIsHandedOut)
{
    const struct hal_span *initrd = &hal_boot_facts()->initrd;
    uint64_t count = (initrd->size + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t total = page_total_count(), free_count = page_free_count();

    ASSERT_GT(count, 0u);
    page_release_initrd();
    EXPECT_EQ(total + count, page_total_count());
    EXPECT_EQ(free_count + count, page_free_count());
    EXPECT_TRUE(page_check());
    EXPECT_NE(0u, page_of(initrd->start)->flags & PAGE_FREE);
}

CHILD(PageOfNoRam)
{
    (void)page_of(UINT64_C(1) << 50);
}

CHILD(PagePutTwice)
{
    struct page *page = page_alloc(0, MEM_WAIT, nullptr);

    page_put(page);
    page_put(page);
}

CHILD(PageOrderTooLarge)
{
    (void)!page_alloc(PAGE_ORDER_MAX + 1, MEM_WAIT, nullptr);
}

CHILD(PageWaitWhilePinned)
{
    cpu_pin();
    page_put(page_alloc(0, MEM_NOWAIT, nullptr));
    (void)!page_alloc(0, MEM_WAIT, nullptr);
}

CHILD(PageFreedWhileLinked)
{
    struct page *page = page_alloc(0, MEM_WAIT, nullptr);
    struct list head;

    list_init(&head);
    list_push_back(&head, &page->link);
    page_put(page);
}

CHILD(PageFreedWhileBusy)
{
    struct page *page = page_alloc(0, MEM_WAIT, nullptr);

    page->flags = PAGE_BUSY;
    page_put(page);
}

CHILD(PageNotOfATable)
{
    struct page page = {};

    (void)page_addr(&page);
}

TEST(Page, MisusePanics)
{
    EXPECT_PANIC(PageOfNoRam, "no RAM of the allocator");
    EXPECT_PANIC(PagePutTwice, "old > 0");
    EXPECT_PANIC(PageOrderTooLarge, "order <=");
    EXPECT_PANIC(PageWaitWhilePinned, "cpu_is_pinned");
    EXPECT_PANIC(PageFreedWhileLinked, "list_is_linked");
    EXPECT_PANIC(PageFreedWhileBusy, "flags_of(page)");
    EXPECT_PANIC(PageNotOfATable, "no descriptor");
}

CHILD(PageTouchFreed)
{
    struct page *page = page_alloc(0, MEM_WAIT, nullptr);
    volatile char *data = static_cast<volatile char *>(page_data(page));

    page_put(page);
    data[100] = 1;
}

TEST(Page, ASanSeesATouchOfAFreeFrame)
{
    if (!harness::kAsan)
        GTEST_SKIP() << "needs ASan";
    EXPECT_EQ(99, harness::run_child("PageTouchFreed").status);
}
