/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/cache_impl.h - slabs, for the files of core/mem alone.
 *
 * A slab is a run of frames: struct slab, who pays for each object, the state
 * of each object, and the objects. The state of a free object is the index of
 * the next free one, so a write to a freed object cannot bend the list, and a
 * double free shows in every build.
 */
#ifndef CORE_MEM_CACHE_IMPL_H
#define CORE_MEM_CACHE_IMPL_H

#include "core/mem/cache.h"
#include "core/mem/page.h"

/* States of an object beyond the indices. */
enum {
    INDEX_END = 0xffff,    /* free, the last one */
    INDEX_TAKEN = 0xfffe,  /* handed out */
    INDEX_CACHED = 0xfffd, /* out of the slab, with no user: in a magazine */
    INDEX_MAX = 0xfff0
};

struct slab {
    struct list link;            /* partial or full; the cache's lock */
    struct mem_cache *cache;     /* const */
    struct page *page;           /* const */
    uint16_t *state;             /* per object; its holder's, or the lock's */
    uint16_t first_free;         /* the cache's lock */
    uint16_t used;               /* the cache's lock; not in the slab */
    struct mem_account *payer[]; /* per object; its holder's */
};

C_DECLS_BEGIN

/* The caches of kmem_alloc(). For cache_init_all(). */
void kmem_init(void);

/* The slab's side of cache_init() and cache_fini(). */
void slab_lay_out(struct mem_cache *cache, size_t size, size_t align);

/*
 * Takes up to count objects out of slabs, making one slab if there is none;
 * returns how many. They are marked INDEX_CACHED, and untouchable in checked
 * builds. is_spare: the slab is page_alloc_spare()'s. Any context.
 */
MUST_USE unsigned slab_take(struct mem_cache *cache, bool is_spare,
                            void **objects, unsigned count);

/* Gives such objects back. Any context. */
void slab_give(struct mem_cache *cache, void *const *objects, unsigned count);

/* Gives back the frames of empty slabs. */
void slab_drain(struct mem_cache *cache);

/* Objects out of the slabs. */
size_t slab_count_used(struct mem_cache *cache);

/* Panics unless the frame says that slab is one of the cache's. */
void slab_check_frame(const struct mem_cache *cache, const struct slab *slab,
                      const void *object);

/* Panics: object is none of the cache's. */
NORETURN void slab_refuse(const struct mem_cache *cache, const void *object);

/* Checked builds: what is written and looked for as an object changes hands. */
void slab_mark_freed(const struct mem_cache *cache, char *object);
void slab_mark_taken(const struct mem_cache *cache, char *object);
void slab_check_freed(const struct mem_cache *cache, const char *object);
void slab_check_redzone(const struct mem_cache *cache, const char *object);

C_DECLS_END

/* Index from offset: times 2^32 / stride, rounded up. Exact while offset and
 * stride are below 2^16, since the error of the inverse is below 1. */
enum { SLAB_INVERSE_BITS = 32 };

/* The slab of one of the cache's objects, and its index there; panics for what
 * is none, as far as that is seen. */
static inline struct slab *slab_of(const struct mem_cache *cache, void *object,
                                   size_t *index)
{
    size_t offset =
        (uintptr_t)object & (((uintptr_t)PAGE_SIZE << cache->order) - 1);
    struct slab *slab = (struct slab *)(void *)((char *)object - offset);

    if (CHECKED)
        slab_check_frame(cache, slab, object);
    if (slab->cache != cache)
        slab_refuse(cache, object);
    offset -= cache->first;
    *index = (offset * cache->inverse) >> SLAB_INVERSE_BITS;
    ASSERT(*index < cache->per_slab && *index * cache->stride == offset);
    return slab;
}

#endif /* CORE_MEM_CACHE_IMPL_H */
