// SPDX-License-Identifier: Apache-2.0
//
// tests/core/mem/cache_test.cc - core/mem/cache.h.
#include <cstring>
#include <map>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sync/percpu.h"
#include "tests/support/harness.h"

static bool is_aligned(const void *p, size_t align)
{
    return reinterpret_cast<uintptr_t>(p) % align == 0;
}

static bool is_filled(const void *p, int byte, size_t size)
{
    const unsigned char *at = static_cast<const unsigned char *>(p);

    for (size_t i = 0; i < size; i++)
        if (at[i] != byte)
            return false;
    return true;
}

TEST(Cache, SizesAndAlignments)
{
    for (size_t size : {1, 7, 8, 24, 56, 100, 1000, 4000, 9000, 30000}) {
        for (size_t align : {1, 8, 16, 64}) {
            struct mem_cache cache;
            std::vector<void *> objects;

            cache_init(&cache, "test", size, align);
            for (unsigned i = 0; i < 2 * cache.per_slab + 1; i++) {
                void *object = mem_alloc(&cache, MEM_WAIT, nullptr);

                ASSERT_NE(nullptr, object);
                ASSERT_TRUE(is_aligned(object, align));
                memset(object, static_cast<int>(i), size);
                objects.push_back(object);
            }
            EXPECT_EQ(objects.size(), cache_live(&cache));
            for (size_t i = 0; i < objects.size(); i++) {
                ASSERT_TRUE(is_filled(objects[i], i & 0xff, size));
                mem_free(&cache, objects[i]);
            }
            EXPECT_EQ(0u, cache_live(&cache));
            cache_fini(&cache);
        }
    }
}

TEST(Cache, ZeroClears)
{
    struct mem_cache cache;

    cache_init(&cache, "test", 200, 8);
    for (int round = 0; round < 2; round++) {
        void *object = mem_alloc(&cache, MEM_NOWAIT | MEM_ZERO, nullptr);

        ASSERT_NE(nullptr, object);
        EXPECT_TRUE(is_filled(object, 0, 200));
        memset(object, 0xff, 200);
        mem_free(&cache, object);
    }
    cache_fini(&cache);
}

TEST(Cache, FreeingNullIsAllowed)
{
    struct mem_cache cache;

    cache_init(&cache, "test", 8, 8);
    mem_free(&cache, nullptr);
    kmem_free(nullptr, 100);
    kmem_free(nullptr, 10000);
    cache_fini(&cache);
}

TEST(Cache, PayerPaysAndIsPaidBack)
{
    struct mem_cache cache;
    struct mem_account payer = {0, 0};
    void *objects[3];

    cache_init(&cache, "test", 100, 8);
    payer.limit = 2 * cache.stride;
    for (int i = 0; i < 2; i++) {
        objects[i] = mem_alloc(&cache, MEM_WAIT, &payer);
        ASSERT_NE(nullptr, objects[i]);
    }
    EXPECT_EQ(payer.limit, payer.used);
    EXPECT_EQ(nullptr, mem_alloc(&cache, MEM_WAIT, &payer));
    objects[2] = mem_alloc(&cache, MEM_WAIT, nullptr);
    ASSERT_NE(nullptr, objects[2]);
    mem_free(&cache, objects[2]);
    EXPECT_EQ(payer.limit, payer.used);
    mem_free(&cache, objects[1]);
    mem_free(&cache, objects[0]);
    EXPECT_EQ(0u, payer.used);
    cache_fini(&cache);
}

TEST(Cache, EmptySlabsGoBack)
{
    uint64_t before = page_free_count();
    std::vector<void *> objects;
    struct mem_cache cache;

    cache_init(&cache, "test", 500, 8);
    for (unsigned i = 0; i < 10 * cache.per_slab; i++)
        objects.push_back(mem_alloc(&cache, MEM_WAIT, nullptr));
    EXPECT_EQ(before - (UINT64_C(10) << cache.order), page_free_count());
    for (void *object : objects)
        mem_free(&cache, object);
    EXPECT_EQ(0u, cache_live(&cache));
    // What is kept is bounded: a magazine of 64 objects at most, quarantine
    // included, and the slab it is made of.
    EXPECT_GE(page_free_count() + (UINT64_C(64) << cache.order) + 1, before);
    cache_drain_all();
    EXPECT_EQ(before, page_free_count());
    cache_fini(&cache);
}

TEST(Cache, ReportCountsAllCaches)
{
    struct mem_cache cache;
    size_t before = cache_report();
    void *object, *bytes;

    cache_init(&cache, "test-report", 32, 8);
    object = mem_alloc(&cache, MEM_WAIT, nullptr);
    bytes = kmem_alloc(32, MEM_WAIT, nullptr);
    EXPECT_EQ(before + 2, cache_report());
    kmem_free(bytes, 32);
    mem_free(&cache, object);
    EXPECT_EQ(before, cache_report());
    cache_fini(&cache);
}

CHILD(CacheReportSpeaks)
{
    static struct mem_cache cache;

    cache_init(&cache, "test-report", 40, 8);
    (void)!mem_alloc(&cache, MEM_WAIT, nullptr);
    (void)!mem_alloc(&cache, MEM_WAIT, nullptr);
    (void)cache_report();
}

TEST(Cache, ReportLogsWhatLives)
{
    harness::Ending ending = harness::run_child("CacheReportSpeaks");

    EXPECT_EQ(0, ending.status);
    EXPECT_NE(std::string::npos,
              ending.log.find("cache test-report: 2 objects of 40 bytes"))
        << ending.log;
}

TEST(Cache, AllocationFailureSweep)
{
    struct mem_cache cache;
    struct mem_account payer = {0, UINT64_MAX};
    uint64_t failures;

    cache_init(&cache, "test", 1000, 8);
    failures = harness::sweep_allocations([&]() {
        void *object = mem_alloc(&cache, MEM_WAIT, &payer);

        if (object == nullptr)
            return -ENOMEM;
        mem_free(&cache, object);
        return 0;
    });
    EXPECT_EQ(2u, failures); // the object's, and its slab's frames
    EXPECT_EQ(0u, payer.used);
    cache_fini(&cache);
}

TEST(Kmem, EverySizeIsUsableAndAligned)
{
    for (size_t size = 1; size <= KMEM_MAX;
         size += size < PAGE_SIZE ? 1 : size / 16) {
        char *p = static_cast<char *>(kmem_alloc(size, MEM_WAIT, nullptr));

        ASSERT_NE(nullptr, p) << size;
        EXPECT_TRUE(is_aligned(p, size >= PAGE_SIZE ? PAGE_SIZE : 16));
        memset(p, 0x77, size);
        kmem_free(p, size);
    }
}

TEST(Kmem, ZeroClears)
{
    for (size_t size : {1, 16, 17, 2048, 2049, 4096, 5000, 65536}) {
        for (int round = 0; round < 2; round++) {
            void *p = kmem_alloc(size, MEM_WAIT | MEM_ZERO, nullptr);

            ASSERT_NE(nullptr, p);
            EXPECT_TRUE(is_filled(p, 0, size));
            memset(p, 0xff, size);
            kmem_free(p, size);
        }
    }
}

TEST(Kmem, TooLargeIsRefused)
{
    EXPECT_EQ(nullptr, kmem_alloc(KMEM_MAX + 1, MEM_WAIT, nullptr));
    EXPECT_EQ(nullptr, kmem_alloc(SIZE_MAX, MEM_WAIT, nullptr));
}

TEST(Kmem, PayerPaysForPagesToo)
{
    struct mem_account payer = {0, 4 * PAGE_SIZE};
    void *p = kmem_alloc(3 * PAGE_SIZE, MEM_WAIT, &payer);

    ASSERT_NE(nullptr, p);
    EXPECT_EQ(static_cast<uint64_t>(4 * PAGE_SIZE), payer.used);
    EXPECT_EQ(nullptr, kmem_alloc(100, MEM_WAIT, &payer));
    EXPECT_EQ(nullptr, kmem_alloc(PAGE_SIZE, MEM_WAIT, &payer));
    kmem_free(p, 3 * PAGE_SIZE);
    EXPECT_EQ(0u, payer.used);
}

TEST(Kmem, AllocationFailureSweep)
{
    for (size_t size : {64, 3000, 30000}) {
        EXPECT_EQ(2u, harness::sweep_allocations([&]() {
                      void *p = kmem_alloc(size, MEM_WAIT, nullptr);

                      if (p == nullptr)
                          return -ENOMEM;
                      kmem_free(p, size);
                      return 0;
                  }));
    }
}

namespace {

struct block {
    size_t size;
    int stamp;
};

} // namespace

TEST(Kmem, SeededWalkAgainstModel)
{
    harness::Random random(0xcac4e);
    std::map<char *, block> model;
    struct mem_account payer = {0, 8 << 20};
    size_t refused = 0;

    for (uint64_t step = 0; step < harness::steps(20000); step++) {
        if (random.below(8) < ((step / 4000) % 2 == 0 ? 6u : 2u)) {
            size_t size = 1 + random.below(UINT64_C(1) << random.below(15));
            int stamp = static_cast<int>(random.below(256));
            char *p = static_cast<char *>(kmem_alloc(size, MEM_NOWAIT, &payer));

            if (p == nullptr) {
                refused++;
                continue;
            }
            auto next = model.lower_bound(p);

            if (next != model.end()) {
                ASSERT_LE(p + size, next->first);
            }
            if (next != model.begin()) {
                --next;
                ASSERT_LE(next->first + next->second.size, p);
            }
            memset(p, stamp, size);
            model[p] = {size, stamp};
        } else if (!model.empty()) {
            auto at = model.begin();

            std::advance(at, random.below(std::min<size_t>(model.size(), 50)));
            ASSERT_TRUE(
                is_filled(at->first, at->second.stamp, at->second.size));
            kmem_free(at->first, at->second.size);
            model.erase(at);
        }
    }
    EXPECT_LT(refused, harness::steps(20000));
    for (const auto &entry : model)
        kmem_free(entry.first, entry.second.size);
    EXPECT_EQ(0u, payer.used);
}

static struct mem_cache bad_cache, other_cache;

static char *bad_object()
{
    cache_init(&bad_cache, "bad", 40, 8);
    cache_init(&other_cache, "other", 40, 8);
    return static_cast<char *>(mem_alloc(&bad_cache, MEM_WAIT, nullptr));
}

CHILD(CacheFreeTwice)
{
    char *object = bad_object();

    mem_free(&bad_cache, object);
    mem_free(&bad_cache, object);
}

CHILD(CacheFreeElsewhere)
{
    mem_free(&other_cache, bad_object());
}

CHILD(CacheFreeInside)
{
    mem_free(&bad_cache, bad_object() + 8);
}

CHILD(CacheFreeFrame)
{
    (void)bad_object();
    mem_free(&bad_cache, page_data(page_alloc(0, MEM_WAIT, nullptr)));
}

CHILD(CacheFiniAlive)
{
    (void)bad_object();
    cache_fini(&bad_cache);
}

CHILD(CacheWaitWhilePinned)
{
    (void)bad_object();
    cpu_pin();
    (void)!mem_alloc(&bad_cache, MEM_WAIT, nullptr);
}

CHILD(KmemWrongSize)
{
    kmem_free(kmem_alloc(3000, MEM_WAIT, nullptr), 4000);
}

CHILD(KmemWrongClass)
{
    kmem_free(kmem_alloc(100, MEM_WAIT, nullptr), 50);
}

TEST(Cache, MisusePanics)
{
    EXPECT_PANIC(CacheFreeTwice, "freed twice");
    EXPECT_PANIC(CacheFreeElsewhere, "is none of its objects");
    EXPECT_PANIC(CacheFreeInside, "assertion failed");
    EXPECT_PANIC(CacheFreeFrame, "is none of its objects");
    EXPECT_PANIC(CacheFiniAlive, "cache_live");
    EXPECT_PANIC(CacheWaitWhilePinned, "cpu_is_pinned");
    EXPECT_PANIC(KmemWrongSize, "is not of 4000 bytes");
    EXPECT_PANIC(KmemWrongClass, "is none of its objects");
}

#if CHECKED
CHILD(CacheOverrun)
{
    char *object = bad_object();

    static_cast<volatile char *>(object)[40] = 1;
    mem_free(&bad_cache, object);
}

CHILD(CacheUseAfterFree)
{
    char *object = bad_object();

    mem_free(&bad_cache, object);
    static_cast<volatile char *>(object)[20] = 1;
    for (int i = 0; i < 100; i++) // until it leaves quarantine
        mem_free(&bad_cache, mem_alloc(&bad_cache, MEM_WAIT, nullptr));
}

// A tool reports at the touch; without one, the patterns betray it later.
TEST(Cache, CheckedBuildsFindStrayWrites)
{
    for (const char *name : {"CacheOverrun", "CacheUseAfterFree"}) {
        harness::Ending ending = harness::run_child(name);

        EXPECT_EQ(harness::kAsan ? 99 : 120, ending.status) << ending.log;
        EXPECT_NE(std::string::npos,
                  ending.log.find(harness::kAsan ? "use-after-poison"
                                                 : "cache bad: byte 0x1"))
            << ending.log;
    }
}
#endif
