/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/cache.h - objects of one size.
 *
 * A cache carves frames into objects, and keeps some that were freed in a
 * magazine per CPU, so that most calls share nothing. In checked builds freed
 * objects are poisoned and reused late, and each has a redzone; a double free
 * panics in all. kmem_alloc() serves sizes known only at run time.
 *
 * Locking: one irq-safe spinlock per cache, inside. Any context may allocate
 * with MEM_NOWAIT and free that holds no lock of LOCK_RANK_CACHES or above.
 */
#ifndef CORE_MEM_CACHE_H
#define CORE_MEM_CACHE_H

#include "core/base/list.h"
#include "core/mem/account.h"
#include "core/sync/spinlock.h"

enum { KMEM_MAX = 65536 }; /* bytes; the largest kmem_alloc() */

struct mem_cache {
    const char *name;
    size_t size;       /* of an object, as asked for */
    size_t stride;     /* from one object to the next */
    size_t first;      /* bytes from the start of a slab to its objects */
    unsigned order;    /* of a slab */
    unsigned per_slab; /* objects in one */
    uint64_t inverse;  /* of stride: slab.c */
    unsigned slot;     /* of its magazines: cache.c */
    unsigned capacity; /* objects in one magazine */
    struct spinlock lock;
    struct list partial GUARDED_BY(lock); /* slabs with room */
    struct list full GUARDED_BY(lock);
    size_t used GUARDED_BY(lock);  /* objects out of the slabs */
    size_t empty GUARDED_BY(lock); /* of partial: slabs without an object */
    struct list all;               /* of caches; the registry's lock */
    size_t noted;                  /* by cache_note_all(); registry's lock */
};

C_DECLS_BEGIN

/* Once, after page_init(). */
void cache_init_all(void);

/* Makes a cache of objects of size bytes at a multiple of align (a power of
 * two up to 64). Never fails: it allocates nothing. */
void cache_init(struct mem_cache *cache, const char *name, size_t size,
                size_t align);

/* For tests: no object lives; its frames go back. */
void cache_fini(struct mem_cache *cache);

/* An object, or NULL when none is to be had or payer's limit is reached. A
 * fault point. Not cleared unless MEM_ZERO. */
MUST_USE void *mem_alloc(struct mem_cache *cache, unsigned how,
                         struct mem_account *payer);

/* Gives it back to the cache it came from; NULL is allowed. */
void mem_free(struct mem_cache *cache, void *object);

/* Frames that all caches together carve into objects. Any context. */
uint64_t cache_frame_count(void);

/* Objects handed out. Exact while nobody allocates or frees. */
size_t cache_live(struct mem_cache *cache);

/* Empties the magazines of all caches and gives back the frames of empty
 * slabs; complete while nobody allocates or frees. Any context. */
void cache_drain_all(void);

/* Objects alive in all caches, and a log line per cache that has some. */
size_t cache_report(void);

/* Remembers how many objects of each cache are out of its slabs; compares with
 * that, after a drain, and logs what differs if told to. For core/mem/audit.h.
 */
void cache_note_all(void);
bool cache_compare_all(bool logs);

/* size <= KMEM_MAX bytes aligned to 16 (to a page from PAGE_SIZE up). */
MUST_USE void *kmem_alloc(size_t size, unsigned how, struct mem_account *payer);

/* Memory of exactly the size it was asked for; NULL is allowed. */
void kmem_free(void *ptr, size_t size);

C_DECLS_END

#endif /* CORE_MEM_CACHE_H */
