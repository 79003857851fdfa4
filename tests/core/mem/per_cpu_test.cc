// SPDX-License-Identifier: Apache-2.0
//
// tests/core/mem/per_cpu_test.cc - what core/mem keeps per CPU: lists of free
// runs, and magazines of objects. Run with one CPU and with four.
#include <algorithm>
#include <cstring>
#include <memory>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::Kthread;
using kthread::Load;
using kthread::Store;

// A run that was freed serves the next call; no other order does.
TEST(PerCpu, AFreedRunIsTheNextOne)
{
    for (unsigned order : {0u, 1u, 4u}) {
        struct page *page = page_alloc(order, MEM_WAIT, nullptr), *again;

        page_put(page);
        again = page_alloc(order, MEM_WAIT, nullptr);
        EXPECT_EQ(page, again);
        page_put(again);
    }
}

TEST(PerCpu, FreeCountKnowsTheLists)
{
    uint64_t before;
    std::vector<struct page *> pages;

    page_drain_all();
    before = page_free_count();
    for (int i = 0; i < 200; i++) {
        pages.push_back(page_alloc(i % 6, MEM_WAIT, nullptr));
        ASSERT_NE(nullptr, pages.back());
    }
    for (struct page *page : pages)
        page_put(page);
    EXPECT_EQ(before, page_free_count());
    EXPECT_TRUE(page_check());
    page_drain_all();
    EXPECT_EQ(before, page_free_count());
    EXPECT_TRUE(page_check());
}

// Runs on lists are found when nothing else is left, of whatever order.
TEST(PerCpu, ListsAndMagazinesAreEmptiedBeforeAllocationFails)
{
    std::vector<struct page *> singles;
    struct page *page, *large;
    struct mem_cache cache;

    cache_init(&cache, "test", 1000, 8);
    mem_free(&cache, mem_alloc(&cache, MEM_WAIT, nullptr));
    while ((page = page_alloc(0, MEM_NOWAIT | MEM_LAST, nullptr)) != nullptr)
        singles.push_back(page);
    EXPECT_EQ(0u, page_free_count());
    // Sixteen that make a run lie on lists and in the buddy alike.
    std::sort(singles.begin(), singles.end());
    for (size_t i = 0; i < 64; i++)
        page_put(singles[i]);
    large = page_alloc(4, MEM_NOWAIT | MEM_LAST, nullptr);
    EXPECT_NE(nullptr, large);
    page_put(large);
    for (size_t i = 64; i < singles.size(); i++)
        page_put(singles[i]);
    cache_fini(&cache);
}

TEST(PerCpu, LiveCountsAndDrainsAreExact)
{
    struct mem_cache cache;
    std::vector<void *> objects;
    uint64_t before = page_free_count();

    cache_init(&cache, "test", 100, 8);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 300; i++) {
            objects.push_back(mem_alloc(&cache, MEM_WAIT, nullptr));
            ASSERT_EQ(i + 1, cache_live(&cache));
        }
        for (size_t i = 0; i < 300; i++) {
            mem_free(&cache, objects[i]);
            ASSERT_EQ(299 - i, cache_live(&cache));
        }
        objects.clear();
    }
    cache_drain_all();
    EXPECT_EQ(before, page_free_count());
    cache_fini(&cache);
}

// More caches than have magazines: the others do without.
TEST(PerCpu, MoreCachesThanMagazines)
{
    std::vector<std::unique_ptr<mem_cache>> caches;

    for (int i = 0; i < 80; i++) {
        caches.push_back(std::make_unique<mem_cache>());
        cache_init(caches.back().get(), "test", 64, 8);
    }
    for (auto &cache : caches) {
        void *object = mem_alloc(cache.get(), MEM_WAIT | MEM_ZERO, nullptr);

        ASSERT_NE(nullptr, object);
        mem_free(cache.get(), object);
    }
    for (auto &cache : caches)
        cache_fini(cache.get());
}

namespace {

struct Churn {
    struct mem_cache *cache;
    struct timer timer;
    unsigned left;

    // Interrupts allocate and free on top of whoever does.
    static void Fire(void *arg)
    {
        auto *self = static_cast<Churn *>(arg);
        void *object = mem_alloc(self->cache, MEM_NOWAIT, nullptr);
        struct page *page = page_alloc(0, MEM_NOWAIT, nullptr);

        mem_free(self->cache, object);
        if (page != nullptr)
            page_put(page);
        if (__atomic_sub_fetch(&self->left, 1, __ATOMIC_RELEASE) > 0)
            timer_arm(&self->timer, hal_clock_now() + 20000);
    }
};

// Each object carries its owner's stamp; nobody else's shows up in it.
void churn(struct mem_cache *cache, uint64_t salt, uint64_t steps)
{
    harness::Random random(salt);
    std::vector<uint64_t *> objects;
    std::vector<struct page *> pages;

    for (uint64_t i = 0; i < steps; i++) {
        if (random.below(2) == 0 && objects.size() < 200) {
            auto *p =
                static_cast<uint64_t *>(mem_alloc(cache, MEM_WAIT, nullptr));

            ASSERT_NE(nullptr, p);
            p[0] = p[3] = salt;
            objects.push_back(p);
        } else if (!objects.empty()) {
            size_t at = random.below(objects.size());

            ASSERT_EQ(salt, objects[at][0]);
            ASSERT_EQ(salt, objects[at][3]);
            mem_free(cache, objects[at]);
            objects[at] = objects.back();
            objects.pop_back();
        }
        if (random.below(2) == 0 && pages.size() < 100) {
            struct page *page =
                page_alloc(random.below(8) == 0 ? 4 : 0, MEM_WAIT, nullptr);

            ASSERT_NE(nullptr, page);
            *static_cast<uint64_t *>(page_data(page)) = salt;
            pages.push_back(page);
        } else if (!pages.empty()) {
            ASSERT_EQ(salt, *static_cast<uint64_t *>(page_data(pages.back())));
            page_put(pages.back());
            pages.pop_back();
        }
        if (random.below(500) == 0)
            cache_drain_all();
        if (random.below(500) == 0)
            page_drain_all();
    }
    for (uint64_t *p : objects)
        mem_free(cache, p);
    for (struct page *page : pages)
        page_put(page);
}

} // namespace

// All CPUs, interrupts on top, and drains in between: nothing is handed out
// twice, nothing is lost.
TEST(PerCpu, StormOnAllCpus)
{
    uint64_t before = page_free_count();
    struct mem_cache cache;

    cache_init(&cache, "test-storm", 32, 8);
    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < hal_cpu_count(); n++)
            threads.push_back(std::make_unique<Kthread>(
                [&, n] {
                    struct Churn timer = {&cache, {}, 100};

                    timer_init(&timer.timer, Churn::Fire, &timer);
                    timer_arm(&timer.timer, hal_clock_now());
                    churn(&cache, n + 1, harness::steps(5000));
                    while (__atomic_load_n(&timer.left, __ATOMIC_ACQUIRE) > 0)
                        hal_cpu_relax();
                    (void)timer_cancel(&timer.timer);
                },
                UINT64_C(1) << n));
    }
    EXPECT_EQ(0u, cache_live(&cache));
    cache_fini(&cache);
    cache_drain_all();
    page_drain_all();
    EXPECT_EQ(before, page_free_count());
    EXPECT_TRUE(page_check());
}

// What one CPU allocates another may free.
TEST(PerCpu, ObjectsWander)
{
    struct mem_cache cache;
    std::vector<void *> objects(1000);

    cache_init(&cache, "test-wander", 200, 8);
    for (int round = 0; round < 3; round++)
        for (unsigned n = 0; n < hal_cpu_count(); n++) {
            Kthread(
                [&] {
                    for (void *&object : objects) {
                        object = mem_alloc(&cache, MEM_WAIT, nullptr);
                        ASSERT_NE(nullptr, object);
                    }
                },
                UINT64_C(1) << n)
                .Join();
            Kthread(
                [&] {
                    for (void *object : objects)
                        mem_free(&cache, object);
                },
                UINT64_C(1) << (n + 1) % hal_cpu_count())
                .Join();
            EXPECT_EQ(0u, cache_live(&cache));
        }
    cache_fini(&cache);
}

#if CHECKED
// Freed memory rests: the next allocations are others.
TEST(PerCpu, CheckedBuildsReuseLate)
{
    struct mem_cache cache;
    void *first;
    std::set<void *> next;

    cache_init(&cache, "test", 100, 8);
    first = mem_alloc(&cache, MEM_WAIT, nullptr);
    mem_free(&cache, first);
    for (int i = 0; i < 20; i++) {
        void *object = mem_alloc(&cache, MEM_WAIT, nullptr);

        EXPECT_NE(first, object);
        next.insert(object);
    }
    for (void *object : next)
        mem_free(&cache, object);
    cache_fini(&cache);
}

static struct mem_cache stale_cache;

// Nobody allocates again: the drain finds it.
CHILD(CacheStaleWrite)
{
    char *object;

    cache_init(&stale_cache, "stale", 40, 8);
    object = static_cast<char *>(mem_alloc(&stale_cache, MEM_WAIT, nullptr));
    mem_free(&stale_cache, object);
    static_cast<volatile char *>(object)[20] = 1;
    cache_drain_all();
}

TEST(PerCpu, CheckedBuildsFindAStaleWriteAtTheDrain)
{
    harness::Ending ending = harness::run_child("CacheStaleWrite");

    EXPECT_EQ(harness::kAsan ? 99 : 120, ending.status) << ending.log;
}
#endif
