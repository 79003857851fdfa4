/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/cache.c - contract in cache.h.
 *
 * A slab is a run of frames: struct slab, who pays for each object, the next
 * free index for each object, and the objects. The free list is made of those
 * indices, so a write to a freed object cannot bend it, and an index that is
 * not free betrays a double free in every build.
 *
 * Checked builds leave REDZONE bytes behind each object. Where a tool watches
 * memory (hal/check.h) it is told what may be touched; elsewhere freed objects
 * and redzones carry patterns that are looked for.
 */
#include "core/mem/cache.h"

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "core/mem/page.h"
#include "hal/check.h"
#include "hal/phys.h"

enum {
    SLAB_ORDER_MAX = 3,
    SLAB_OBJECTS_MIN = 8, /* a larger slab is taken to have so many */
    ALIGN_MIN = 8,
    ALIGN_MAX = 64,
    REDZONE = CHECKED ? 16 : 0
};

/* Values of slab.next beyond the indices. */
enum { INDEX_END = 0xffff, INDEX_TAKEN = 0xfffe, INDEX_MAX = 0xfff0 };

enum { FREED_BYTE = 0x6b, REDZONE_BYTE = 0xbb };

struct slab {
    struct list link; /* partial or full; the cache's lock */
    struct page *page;
    uint16_t *next; /* per object: index of the next free, or INDEX_TAKEN */
    uint16_t first_free;
    uint16_t used;
    struct mem_account *payer[]; /* per object */
};

static const struct lock_class cache_class = {"cache", LOCK_RANK_CACHE};
static const struct lock_class registry_class = {"caches", LOCK_RANK_CACHES};

static struct {
    struct spinlock lock;
    struct list all GUARDED_BY(lock);
} registry;

static const size_t kmem_sizes[] = {16,  32,  64,  96,   128,
                                    192, 256, 512, 1024, 2048};
static const char *const kmem_names[] = {
    "kmem-16",  "kmem-32",  "kmem-64",  "kmem-96",   "kmem-128",
    "kmem-192", "kmem-256", "kmem-512", "kmem-1024", "kmem-2048"};
static struct mem_cache kmem_caches[COUNT_OF(kmem_sizes)];

void cache_init_all(void)
{
    spin_init(&registry.lock, &registry_class);
    list_init(&registry.all);
    for (size_t i = 0; i < COUNT_OF(kmem_sizes); i++)
        cache_init(&kmem_caches[i], kmem_names[i], kmem_sizes[i], 16);
}

/* Bytes of a slab before its objects, when it has count of them. */
static size_t header_size(size_t count, size_t align)
{
    size_t size = sizeof(struct slab) + count * sizeof(struct mem_account *) +
                  count * sizeof(uint16_t);

    return round_up(size, align);
}

static void lay_out(struct mem_cache *cache, unsigned order, size_t align)
{
    size_t size = (size_t)PAGE_SIZE << order;
    size_t count = size / cache->stride;

    while (header_size(count, align) + count * cache->stride > size)
        count--;
    cache->order = order;
    cache->per_slab = (unsigned)count;
    cache->first = header_size(count, align);
}

void cache_init(struct mem_cache *cache, const char *name, size_t size,
                size_t align)
{
    unsigned saved, order = 0;

    ASSERT(size > 0 && is_power_of_two(align) && align <= ALIGN_MAX);
    align = max_size(align, ALIGN_MIN);
    cache->name = name;
    cache->size = size;
    cache->stride = round_up(size + REDZONE, align);
    lay_out(cache, 0, align);
    while (cache->per_slab < SLAB_OBJECTS_MIN && order < SLAB_ORDER_MAX)
        lay_out(cache, ++order, align);
    ASSERT(cache->per_slab > 0 && cache->per_slab <= INDEX_MAX);
    spin_init(&cache->lock, &cache_class);
    list_init(&cache->partial);
    list_init(&cache->full);
    list_init(&cache->all);
    cache->live = 0;
    cache->empty = 0;
    saved = spin_lock_irq(&registry.lock);
    list_push_back(&registry.all, &cache->all);
    spin_unlock_irq(&registry.lock, saved);
}

static char *object_at(const struct mem_cache *cache, const struct slab *slab,
                       size_t index)
{
    ASSERT(index < cache->per_slab);
    return (char *)page_data(slab->page) + cache->first + index * cache->stride;
}

static void fill_redzone(const struct mem_cache *cache, char *object)
{
    mem_set(object + cache->size, REDZONE_BYTE, cache->stride - cache->size);
}

/* The object belongs to nobody from here on. */
static void mark_freed(const struct mem_cache *cache, char *object)
{
    if (!CHECKED)
        return;
    if (hal_check_is_watching())
        hal_check_poison(object, cache->stride);
    else
        mem_set(object, FREED_BYTE, cache->size);
}

static void check_pattern(const struct mem_cache *cache, const char *at,
                          size_t size, unsigned char byte)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)at[i] != byte)
            panic("cache %s: byte %#x where %#x was left at %p", cache->name,
                  (unsigned)(unsigned char)at[i], (unsigned)byte,
                  (const void *)(at + i));
}

/* The object is about to be handed out. */
static void mark_taken(const struct mem_cache *cache, char *object)
{
    if (!CHECKED)
        return;
    if (hal_check_is_watching())
        hal_check_unpoison(object, cache->size);
    else
        check_pattern(cache, object, cache->size, FREED_BYTE);
}

static void check_redzone(const struct mem_cache *cache, const char *object)
{
    if (CHECKED && !hal_check_is_watching())
        check_pattern(cache, object + cache->size, cache->stride - cache->size,
                      REDZONE_BYTE);
}

/* A slab with all objects free, on no list; NULL: no frames. */
static struct slab *create_slab(struct mem_cache *cache, unsigned how)
{
    struct page *page = page_alloc(cache->order, how, NULL);
    struct slab *slab;

    if (page == NULL)
        return NULL;
    page->owner = cache;
    __atomic_store_n(&page->flags, PAGE_SLAB, __ATOMIC_RELAXED);
    slab = page_data(page);
    list_init(&slab->link);
    slab->page = page;
    slab->next = (uint16_t *)(void *)&slab->payer[cache->per_slab];
    slab->first_free = 0;
    slab->used = 0;
    for (size_t i = 0; i < cache->per_slab; i++) {
        char *object = object_at(cache, slab, i);

        slab->payer[i] = NULL;
        slab->next[i] = (uint16_t)(i + 1);
        if (CHECKED && !hal_check_is_watching())
            fill_redzone(cache, object);
        mark_freed(cache, object);
    }
    slab->next[cache->per_slab - 1] = INDEX_END;
    return slab;
}

static void destroy_slab(struct slab *slab)
{
    ASSERT(slab->used == 0);
    ASSERT(!list_is_linked(&slab->link));
    page_put(slab->page);
}

/* Holds at the start of every locked section. */
static void check_cache(const struct mem_cache *cache) REQUIRES(cache->lock)
{
    ASSERT(cache->per_slab > 0);
    ASSERT(cache->live > 0 || list_is_empty(&cache->full));
    ASSERT(cache->empty == 0 || !list_is_empty(&cache->partial));
}

/* An object of a slab that has room. */
static char *take_object(struct mem_cache *cache, struct slab *slab,
                         struct mem_account *payer) REQUIRES(cache->lock)
{
    uint16_t index = slab->first_free;

    ASSERT(index < cache->per_slab && slab->used < cache->per_slab);
    slab->first_free = slab->next[index];
    slab->next[index] = INDEX_TAKEN;
    slab->payer[index] = payer;
    if (slab->used == 0)
        cache->empty--;
    slab->used++;
    cache->live++;
    if (slab->first_free == INDEX_END) {
        ASSERT(slab->used == cache->per_slab);
        list_remove(&slab->link);
        list_push_back(&cache->full, &slab->link);
    }
    return object_at(cache, slab, index);
}

/* An object, from a fresh slab if need be; NULL: no frames. */
static char *find_object(struct mem_cache *cache, unsigned how,
                         struct mem_account *payer)
{
    unsigned saved = spin_lock_irq(&cache->lock);
    struct slab *slab;
    char *object;

    check_cache(cache);
    if (list_is_empty(&cache->partial)) {
        spin_unlock_irq(&cache->lock, saved);
        slab = create_slab(cache, how & ~(unsigned)MEM_ZERO);
        if (slab == NULL)
            return NULL;
        saved = spin_lock_irq(&cache->lock);
        list_push_back(&cache->partial, &slab->link);
        cache->empty++;
    }
    slab = list_entry(cache->partial.next, struct slab, link);
    object = take_object(cache, slab, payer);
    spin_unlock_irq(&cache->lock, saved);
    return object;
}

void *mem_alloc(struct mem_cache *cache, unsigned how,
                struct mem_account *payer)
{
    char *object;

    mem_check_how(how);
    if (fault_point(FAULT_OBJECT))
        return NULL;
    if (account_charge(payer, cache->stride) != 0)
        return NULL;
    object = find_object(cache, how, payer);
    if (object == NULL) {
        account_release(payer, cache->stride);
        return NULL;
    }
    mark_taken(cache, object);
    if ((how & MEM_ZERO) != 0)
        mem_set(object, 0, cache->size);
    return object;
}

/* The slab of an object of this cache, and its index there. */
static struct slab *slab_of(const struct mem_cache *cache, const void *object,
                            size_t *index)
{
    uint64_t size = (uint64_t)PAGE_SIZE << cache->order;
    paddr_t at = hal_phys_of(object);
    paddr_t start = round_down(at, size);
    const struct page *page = page_of(start);
    size_t offset = at - start;

    if ((__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PAGE_SLAB) == 0 ||
        page->owner != cache)
        panic("cache %s: %p is none of its objects", cache->name, object);
    ASSERT(offset >= cache->first);
    *index = (offset - cache->first) / cache->stride;
    ASSERT(*index < cache->per_slab);
    ASSERT((offset - cache->first) % cache->stride == 0);
    return page_data(page);
}

/* Frees index; returns the slab when the cache has no use for it. */
static struct slab *give_object(struct mem_cache *cache, struct slab *slab,
                                size_t index) REQUIRES(cache->lock)
{
    if (slab->first_free == INDEX_END) {
        list_remove(&slab->link);
        list_push_front(&cache->partial, &slab->link);
    }
    slab->next[index] = slab->first_free;
    slab->first_free = (uint16_t)index;
    ASSERT(slab->used > 0 && cache->live > 0);
    slab->used--;
    cache->live--;
    if (slab->used > 0)
        return NULL;
    if (cache->empty > 0) {
        list_remove(&slab->link);
        return slab;
    }
    cache->empty++;
    return NULL;
}

/* Panics unless index is handed out; makes the object untouchable. */
static void check_taken(const struct mem_cache *cache, const struct slab *slab,
                        size_t index) REQUIRES(cache->lock)
{
    if (slab->next[index] != INDEX_TAKEN)
        panic("cache %s: %p freed twice", cache->name,
              (void *)object_at(cache, slab, index));
}

void mem_free(struct mem_cache *cache, void *object)
{
    struct mem_account *payer;
    struct slab *slab, *unused;
    unsigned saved;
    size_t index;

    if (object == NULL)
        return;
    slab = slab_of(cache, object, &index);
    saved = spin_lock_irq(&cache->lock);
    check_cache(cache);
    check_taken(cache, slab, index);
    check_redzone(cache, object);
    mark_freed(cache, object);
    payer = slab->payer[index];
    unused = give_object(cache, slab, index);
    spin_unlock_irq(&cache->lock, saved);
    account_release(payer, cache->stride);
    if (unused != NULL)
        destroy_slab(unused);
}

size_t cache_live(struct mem_cache *cache)
{
    unsigned saved = spin_lock_irq(&cache->lock);
    size_t live = cache->live;

    spin_unlock_irq(&cache->lock, saved);
    return live;
}

/* Takes an empty slab out; NULL: there is none. */
static struct slab *take_empty(struct mem_cache *cache)
{
    unsigned saved = spin_lock_irq(&cache->lock);
    struct slab *empty = NULL;

    check_cache(cache);
    list_for_each(node, &cache->partial)
    {
        struct slab *slab = list_entry(node, struct slab, link);

        if (slab->used > 0)
            continue;
        empty = slab;
        cache->empty--;
        list_remove(&slab->link);
        break;
    }
    spin_unlock_irq(&cache->lock, saved);
    return empty;
}

static void drain_cache(struct mem_cache *cache)
{
    struct slab *slab;

    while ((slab = take_empty(cache)) != NULL)
        destroy_slab(slab);
}

void cache_fini(struct mem_cache *cache)
{
    unsigned saved;

    ASSERT(cache_live(cache) == 0);
    drain_cache(cache);
    saved = spin_lock_irq(&registry.lock);
    ASSERT(list_is_linked(&cache->all));
    list_remove(&cache->all);
    spin_unlock_irq(&registry.lock, saved);
}

void cache_drain_all(void)
{
    unsigned saved = spin_lock_irq(&registry.lock);

    list_for_each(node, &registry.all)
        drain_cache(list_entry(node, struct mem_cache, all));
    spin_unlock_irq(&registry.lock, saved);
}

size_t cache_report(void)
{
    unsigned saved = spin_lock_irq(&registry.lock);
    size_t total = 0;

    list_for_each(node, &registry.all)
    {
        struct mem_cache *cache = list_entry(node, struct mem_cache, all);
        size_t live = cache_live(cache);

        total += live;
        if (live > 0)
            log_info("cache %s: %zu objects of %zu bytes", cache->name, live,
                     cache->size);
    }
    spin_unlock_irq(&registry.lock, saved);
    return total;
}

/* The cache for a size; NULL: such a size has frames of its own. */
static struct mem_cache *kmem_cache_of(size_t size)
{
    for (size_t i = 0; i < COUNT_OF(kmem_sizes); i++)
        if (size <= kmem_sizes[i])
            return &kmem_caches[i];
    return NULL;
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
    struct mem_cache *cache = kmem_cache_of(size);
    struct page *page;

    if (ptr == NULL)
        return;
    if (cache != NULL) {
        mem_free(cache, ptr);
        return;
    }
    page = page_of(hal_phys_of(ptr));
    if (page->owner != kmem_caches || page->index != size)
        panic("kmem_free: %p is not of %zu bytes", ptr, size);
    page_put(page);
}
