/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/kmem.c - memory of sizes known only at run time; contract in
 * cache.h. Small ones come from a cache per size, larger ones from the frames.
 */
#include "core/base/fault.h"
#include "core/base/panic.h"
#include "core/mem/cache.h"
#include "core/mem/cache_impl.h"
#include "hal/phys.h"

static const size_t kmem_sizes[] = {16,  32,  64,  96,   128,
                                    192, 256, 512, 1024, 2048};
static const char *const kmem_names[] = {
    "kmem-16",  "kmem-32",  "kmem-64",  "kmem-96",   "kmem-128",
    "kmem-192", "kmem-256", "kmem-512", "kmem-1024", "kmem-2048"};
static struct mem_cache kmem_caches[COUNT_OF(kmem_sizes)];

/* Up to SMALL_MAX the place in kmem_sizes is looked up by sixteens; from there
 * on the sizes are powers of two. */
enum { SIXTEEN = 16, SMALL_MAX = 256, SMALL_PLACE = 6, SMALL_BITS = 8 };
static const uint8_t kmem_places[SMALL_MAX / SIXTEEN + 1] = {
    0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6};

void kmem_init(void)
{
    for (size_t i = 0; i < COUNT_OF(kmem_sizes); i++)
        cache_init(&kmem_caches[i], kmem_names[i], kmem_sizes[i], 16);
}

/* The cache for a size; NULL: such a size has frames of its own. */
static struct mem_cache *kmem_cache_of(size_t size)
{
    unsigned bits;

    if (size <= SMALL_MAX)
        return &kmem_caches[kmem_places[(size + SIXTEEN - 1) / SIXTEEN]];
    if (size > kmem_sizes[COUNT_OF(kmem_sizes) - 1])
        return NULL;
    bits = 64 - (unsigned)__builtin_clzl(size - 1);
    return &kmem_caches[SMALL_PLACE + bits - SMALL_BITS];
}

static unsigned order_of(size_t size)
{
    unsigned order = 0;

    while (((size_t)PAGE_SIZE << order) < size)
        order++;
    return order;
}

void *kmem_alloc(size_t size, unsigned how, struct mem_account *payer)
{
    struct mem_cache *cache = kmem_cache_of(size);
    struct page *page;

    if (cache != NULL)
        return mem_alloc(cache, how, payer);
    mem_check_how(how);
    if (size > KMEM_MAX || fault_point(FAULT_OBJECT))
        return NULL;
    page = page_alloc(order_of(size), how, payer);
    if (page == NULL)
        return NULL;
    page->owner = kmem_caches;
    page->index = size;
    return page_data(page);
}

void kmem_free(void *ptr, size_t size)
{
    struct mem_cache *cache;
    struct page *page;

    if (ptr == NULL)
        return;
    cache = kmem_cache_of(size);
    if (cache != NULL) {
        mem_free(cache, ptr);
        return;
    }
    page = page_of(hal_phys_of(ptr));
    if (page->owner != kmem_caches || page->index != size)
        panic("kmem_free: %p is not of %zu bytes", ptr, size);
    page_put(page);
}
