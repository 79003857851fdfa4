/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/slab.c - objects carved out of frames; contract in cache_impl.h.
 *
 * Checked builds leave REDZONE bytes behind each object. Where a tool watches
 * memory (hal/check.h) it is told what may be touched; elsewhere freed objects
 * and redzones carry patterns that are looked for.
 */
#include "core/base/panic.h"
#include "core/base/string.h"
#include "core/mem/cache_impl.h"
#include "core/mem/page_impl.h"
#include "hal/check.h"
#include "hal/phys.h"

enum {
    SLAB_ORDER_MAX = 3,
    SLAB_OBJECTS_MIN = 8, /* a larger slab is taken to have so many */
    REDZONE = CHECKED ? 16 : 0
};

enum { FREED_BYTE = 0x6b, REDZONE_BYTE = 0xbb };

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

void slab_lay_out(struct mem_cache *cache, size_t size, size_t align)
{
    unsigned order = 0;

    cache->size = size;
    cache->stride = round_up(size + REDZONE, align);
    lay_out(cache, 0, align);
    while (cache->per_slab < SLAB_OBJECTS_MIN && order < SLAB_ORDER_MAX)
        lay_out(cache, ++order, align);
    ASSERT(cache->per_slab > 0 && cache->per_slab <= INDEX_MAX);
    cache->inverse = ((UINT64_C(1) << SLAB_INVERSE_BITS) + cache->stride - 1) /
                     cache->stride;
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

void slab_mark_freed(const struct mem_cache *cache, char *object)
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

void slab_check_freed(const struct mem_cache *cache, const char *object)
{
    if (CHECKED && !hal_check_is_watching())
        check_pattern(cache, object, cache->size, FREED_BYTE);
}

void slab_mark_taken(const struct mem_cache *cache, char *object)
{
    slab_check_freed(cache, object);
    if (CHECKED && hal_check_is_watching())
        hal_check_unpoison(object, cache->size);
}

void slab_check_redzone(const struct mem_cache *cache, const char *object)
{
    if (CHECKED && !hal_check_is_watching())
        check_pattern(cache, object + cache->size, cache->stride - cache->size,
                      REDZONE_BYTE);
}

static uint64_t frames; /* of all slabs; atomic */

static void count_frames(const struct mem_cache *cache, int slabs)
{
    __atomic_fetch_add(&frames, ((uint64_t)1 << cache->order) * (uint64_t)slabs,
                       __ATOMIC_RELAXED);
}

uint64_t cache_frame_count(void)
{
    return __atomic_load_n(&frames, __ATOMIC_RELAXED);
}

/* A slab with all objects free, on no list; NULL: no frames. */
static struct slab *create_slab(struct mem_cache *cache, bool is_spare)
{
    struct page *page = is_spare ? page_alloc_spare(cache->order)
                                 : page_alloc(cache->order, MEM_NOWAIT, NULL);
    struct slab *slab;

    if (page == NULL)
        return NULL;
    count_frames(cache, 1);
    page->owner = cache;
    __atomic_store_n(&page->flags, PAGE_SLAB, __ATOMIC_RELAXED);
    slab = page_data(page);
    ASSERT(((uintptr_t)slab & (((uintptr_t)PAGE_SIZE << cache->order) - 1)) ==
           0);
    list_init(&slab->link);
    slab->cache = cache;
    slab->page = page;
    slab->state = (uint16_t *)(void *)&slab->payer[cache->per_slab];
    slab->first_free = 0;
    slab->used = 0;
    for (size_t i = 0; i < cache->per_slab; i++) {
        slab->payer[i] = NULL;
        slab->state[i] = (uint16_t)(i + 1);
        if (CHECKED && !hal_check_is_watching())
            fill_redzone(cache, object_at(cache, slab, i));
        if (CHECKED)
            slab_mark_freed(cache, object_at(cache, slab, i));
    }
    slab->state[cache->per_slab - 1] = INDEX_END;
    return slab;
}

static void destroy_slab(struct slab *slab)
{
    ASSERT(slab->used == 0);
    ASSERT(!list_is_linked(&slab->link));
    count_frames(slab->cache, -1);
    page_put(slab->page);
}

/* Holds at the start of every locked section. */
static void check_cache(const struct mem_cache *cache) REQUIRES(cache->lock)
{
    ASSERT(cache->per_slab > 0);
    ASSERT(cache->used > 0 || list_is_empty(&cache->full));
    ASSERT(cache->empty == 0 || !list_is_empty(&cache->partial));
}

/* An object of a slab that has room. */
static char *take_object(struct mem_cache *cache, struct slab *slab)
    REQUIRES(cache->lock)
{
    uint16_t index = slab->first_free;

    ASSERT(index < cache->per_slab && slab->used < cache->per_slab);
    slab->first_free = slab->state[index];
    slab->state[index] = INDEX_CACHED;
    if (slab->used == 0)
        cache->empty--;
    slab->used++;
    cache->used++;
    if (slab->first_free == INDEX_END) {
        ASSERT(slab->used == cache->per_slab);
        list_remove(&slab->link);
        list_push_back(&cache->full, &slab->link);
    }
    return object_at(cache, slab, index);
}

unsigned slab_take(struct mem_cache *cache, bool is_spare, void **objects,
                   unsigned count)
{
    unsigned saved = spin_lock_irq(&cache->lock), done = 0;
    struct slab *slab;

    check_cache(cache);
    if (list_is_empty(&cache->partial)) {
        spin_unlock_irq(&cache->lock, saved);
        slab = create_slab(cache, is_spare);
        if (slab == NULL)
            return 0;
        saved = spin_lock_irq(&cache->lock);
        list_push_back(&cache->partial, &slab->link);
        cache->empty++;
    }
    while (done < count && !list_is_empty(&cache->partial)) {
        slab = list_entry(cache->partial.next, struct slab, link);
        objects[done++] = take_object(cache, slab);
    }
    spin_unlock_irq(&cache->lock, saved);
    return done;
}

void slab_check_frame(const struct mem_cache *cache, const struct slab *slab,
                      const void *object)
{
    const struct page *page = page_of(hal_phys_of(slab));

    if ((__atomic_load_n(&page->flags, __ATOMIC_RELAXED) & PAGE_SLAB) == 0 ||
        page->owner != cache)
        slab_refuse(cache, object);
}

void slab_refuse(const struct mem_cache *cache, const void *object)
{
    panic("cache %s: %p is none of its objects", cache->name, object);
}

/* Frees an object; a slab that the cache has no use for joins unused. */
static void give_object(struct mem_cache *cache, void *object,
                        struct list *unused) REQUIRES(cache->lock)
{
    size_t index;
    struct slab *slab = slab_of(cache, object, &index);

    ASSERT(slab->state[index] == INDEX_CACHED);
    if (slab->first_free == INDEX_END) {
        list_remove(&slab->link);
        list_push_front(&cache->partial, &slab->link);
    }
    slab->state[index] = slab->first_free;
    slab->first_free = (uint16_t)index;
    ASSERT(slab->used > 0 && cache->used > 0);
    slab->used--;
    cache->used--;
    if (slab->used > 0)
        return;
    if (cache->empty == 0) {
        cache->empty++;
        return;
    }
    list_remove(&slab->link);
    list_push_back(unused, &slab->link);
}

void slab_give(struct mem_cache *cache, void *const *objects, unsigned count)
{
    struct list unused, *node;
    unsigned saved;

    list_init(&unused);
    saved = spin_lock_irq(&cache->lock);
    check_cache(cache);
    for (unsigned i = 0; i < count; i++)
        give_object(cache, objects[i], &unused);
    spin_unlock_irq(&cache->lock, saved);
    while ((node = list_pop_front(&unused)) != NULL)
        destroy_slab(list_entry(node, struct slab, link));
}

size_t slab_count_used(struct mem_cache *cache)
{
    unsigned saved = spin_lock_irq(&cache->lock);
    size_t used = cache->used;

    spin_unlock_irq(&cache->lock, saved);
    return used;
}

/* Takes an empty slab out; NULL: there is none. */
static struct slab *take_empty(struct mem_cache *cache)
{
    unsigned saved = spin_lock_irq(&cache->lock);
    struct slab *empty = NULL;

    check_cache(cache);
    if (cache->empty > 0)
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

void slab_drain(struct mem_cache *cache)
{
    struct slab *slab;

    while ((slab = take_empty(cache)) != NULL)
        destroy_slab(slab);
}
