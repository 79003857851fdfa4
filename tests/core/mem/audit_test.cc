// SPDX-License-Identifier: Apache-2.0
//
// tests/core/mem/audit_test.cc - what does not come back is seen.
#include "core/mem/audit.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"

namespace {

TEST(Audit, HoldsWhenAllIsBack)
{
    struct mem_cache cache;

    cache_init(&cache, "test", 100, 8);
    audit_note(0);
    EXPECT_TRUE(audit_holds());
    mem_free(&cache, mem_alloc(&cache, MEM_WAIT, nullptr));
    page_put(page_alloc(3, MEM_WAIT, nullptr));
    EXPECT_TRUE(audit_holds());
    cache_fini(&cache);
}

TEST(Audit, SeesAFrameAndAnObject)
{
    struct mem_cache cache;
    struct page *page;
    void *object;

    cache_init(&cache, "test", 100, 8);
    audit_note(0);
    page = page_alloc(0, MEM_WAIT, nullptr);
    EXPECT_FALSE(audit_holds());
    page_put(page);
    EXPECT_TRUE(audit_holds());
    object = mem_alloc(&cache, MEM_WAIT, nullptr);
    EXPECT_FALSE(audit_holds());
    audit_report();
    mem_free(&cache, object);
    EXPECT_TRUE(audit_holds());
    cache_fini(&cache);
}

// The same number of objects may lie in more slabs than before.
TEST(Audit, CountsObjectsNotSlabs)
{
    struct mem_cache cache;
    void *first, *second = nullptr;

    cache_init(&cache, "test", 2000, 8);
    first = mem_alloc(&cache, MEM_WAIT, nullptr);
    audit_note(0);
    for (int i = 0; i < 100; i++) {
        void *object = mem_alloc(&cache, MEM_WAIT, nullptr);

        if (second != nullptr)
            mem_free(&cache, second);
        second = object;
    }
    mem_free(&cache, first);
    EXPECT_TRUE(audit_holds());
    mem_free(&cache, second);
    EXPECT_FALSE(audit_holds());
    cache_fini(&cache);
}

TEST(Audit, WhatWasLentIsExpectedBack)
{
    struct page *page = page_alloc(2, MEM_WAIT, nullptr);

    audit_note(4);
    EXPECT_FALSE(audit_holds());
    page_put(page);
    EXPECT_TRUE(audit_holds());
}

} // namespace
