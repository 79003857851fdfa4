/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/cache.c - objects in magazines per CPU; contract in cache.h.
 *
 * A magazine holds free objects of one cache for one CPU. Who uses it takes it
 * out of its slot by an exchange and puts it back when done; who finds the
 * slot empty (an interrupt on top of a user, a drain, no magazine yet) goes to
 * the slabs. So nobody waits, and neither a pin nor interrupts off are needed.
 * A magazine comes into being when the first object is freed, and goes when
 * the cache is drained.
 *
 * Checked builds keep what was freed in quarantine, the ring, before it may
 * be handed out again.
 */
#include "core/mem/cache.h"

#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "core/mem/cache_impl.h"
#include "hal/cpu.h"

enum {
    ALIGN_MIN = 8,
    ALIGN_MAX = 64,
    MAGAZINE_MAX = 32,
    MAGAZINE_MIN = 4,
    MAGAZINE_BYTES = 16384, /* kept in one magazine, if it may have so few */
    RING_MAX = CHECKED ? 32 : 1,
    MAGAZINES_MAX = 64 /* caches that have magazines; a bit for each */
};

struct magazine {
    unsigned count;
    unsigned ring_first; /* of the ring: the one that has been there longest */
    unsigned ring_count;
    void *object[MAGAZINE_MAX];
    void *ring[RING_MAX];
};

static const struct lock_class cache_class = {"cache", LOCK_RANK_CACHE};
static const struct lock_class registry_class = {"caches", LOCK_RANK_CACHES};

static struct {
    struct spinlock lock;
    struct list all GUARDED_BY(lock);
    uint64_t slots GUARDED_BY(lock); /* a bit for each in use */
} registry;

/* By CPU and cache->slot; atomic. */
static struct magazine *magazines[HAL_CPUS_MAX][MAGAZINES_MAX];

/* What magazines are made of; not in the registry, and has none itself. */
static struct mem_cache magazine_cache;

static void init_cache(struct mem_cache *cache, const char *name, size_t size,
                       size_t align)
{
    ASSERT(size > 0 && is_power_of_two(align) && align <= ALIGN_MAX);
    cache->name = name;
    slab_lay_out(cache, size, max_size(align, ALIGN_MIN));
    cache->slot = MAGAZINES_MAX;
    cache->capacity = (unsigned)min_size(
        MAGAZINE_MAX, max_size(MAGAZINE_MIN, MAGAZINE_BYTES / cache->stride));
    spin_init(&cache->lock, &cache_class);
    list_init(&cache->partial);
    list_init(&cache->full);
    list_init(&cache->all);
    cache->used = 0;
    cache->empty = 0;
    cache->noted = 0;
}

void cache_init_all(void)
{
    spin_init(&registry.lock, &registry_class);
    list_init(&registry.all);
    init_cache(&magazine_cache, "magazine", sizeof(struct magazine), 64);
    kmem_init();
}

void cache_init(struct mem_cache *cache, const char *name, size_t size,
                size_t align)
{
    unsigned saved;

    init_cache(cache, name, size, align);
    saved = spin_lock_irq(&registry.lock);
    if (~registry.slots != 0) {
        cache->slot = (unsigned)__builtin_ctzll(~registry.slots);
        registry.slots |= UINT64_C(1) << cache->slot;
    }
    list_push_back(&registry.all, &cache->all);
    spin_unlock_irq(&registry.lock, saved);
}

/* --- magazines ------------------------------------------------------------ */

static struct magazine **slot_of(const struct mem_cache *cache, unsigned cpu)
{
    return &magazines[cpu][cache->slot];
}

static struct magazine *take_magazine(const struct mem_cache *cache,
                                      unsigned cpu)
{
    if (cache->slot == MAGAZINES_MAX)
        return NULL;
    return __atomic_exchange_n(slot_of(cache, cpu), NULL, __ATOMIC_ACQ_REL);
}

/* All that is in it goes to the slabs, and it to its cache. */
static SELDOM void break_magazine(struct mem_cache *cache, struct magazine *m)
{
    void *self = m;

    if (m->count > 0)
        slab_give(cache, m->object, m->count);
    for (unsigned i = 0; i < m->ring_count; i++) {
        unsigned at = (m->ring_first + i) % RING_MAX;

        slab_check_freed(cache, m->ring[at]);
        slab_give(cache, &m->ring[at], 1);
    }
    slab_mark_freed(&magazine_cache, self);
    slab_give(&magazine_cache, &self, 1);
}

static void put_magazine(struct mem_cache *cache, unsigned cpu,
                         struct magazine *m)
{
    struct magazine *other =
        __atomic_exchange_n(slot_of(cache, cpu), m, __ATOMIC_ACQ_REL);

    if (other != NULL)
        break_magazine(cache, other);
}

static SELDOM struct magazine *make_magazine(const struct mem_cache *cache)
{
    void *memory;
    struct magazine *m;

    if (cache->slot == MAGAZINES_MAX ||
        slab_take(&magazine_cache, true, &memory, 1) == 0)
        return NULL;
    slab_mark_taken(&magazine_cache, memory);
    m = memory;
    m->count = 0;
    m->ring_first = 0;
    m->ring_count = 0;
    return m;
}

/* Moves the older half of a full magazine to the slabs. */
static SELDOM void shed_half(struct mem_cache *cache, struct magazine *m)
{
    unsigned half = m->count / 2;

    slab_give(cache, m->object, half);
    m->count -= half;
    for (unsigned i = 0; i < m->count; i++)
        m->object[i] = m->object[half + i];
}

/* Puts object in quarantine; returns what leaves it for that, or NULL. */
static void *exchange_in_ring(const struct mem_cache *cache, struct magazine *m,
                              void *object)
{
    void *oldest = NULL;

    if (!CHECKED)
        return object;
    if (m->ring_count == min_size(RING_MAX, cache->capacity)) {
        oldest = m->ring[m->ring_first];
        slab_check_freed(cache, oldest);
        m->ring_first = (m->ring_first + 1) % RING_MAX;
        m->ring_count--;
    }
    m->ring[(m->ring_first + m->ring_count) % RING_MAX] = object;
    m->ring_count++;
    return oldest;
}

/* An object from this CPU's magazine or the slabs; NULL: no frames. */
static void *take_object(struct mem_cache *cache)
{
    unsigned cpu = hal_cpu_self();
    struct magazine *m = take_magazine(cache, cpu);
    void *object;

    if (m == NULL)
        return slab_take(cache, false, &object, 1) == 1 ? object : NULL;
    if (m->count == 0)
        m->count = slab_take(cache, false, m->object, cache->capacity / 2);
    object = m->count > 0 ? m->object[--m->count] : NULL;
    put_magazine(cache, cpu, m);
    return object;
}

static void give_object(struct mem_cache *cache, void *object)
{
    unsigned cpu = hal_cpu_self();
    struct magazine *m = take_magazine(cache, cpu);

    if (m == NULL)
        m = make_magazine(cache);
    if (m == NULL) {
        slab_give(cache, &object, 1);
        return;
    }
    object = exchange_in_ring(cache, m, object);
    if (object != NULL) {
        if (m->count == cache->capacity)
            shed_half(cache, m);
        m->object[m->count++] = object;
    }
    put_magazine(cache, cpu, m);
}

/* --- allocation ----------------------------------------------------------- */

void *mem_alloc(struct mem_cache *cache, unsigned how,
                struct mem_account *payer)
{
    struct slab *slab;
    void *object;
    size_t index;

    mem_check_how(how);
    if (fault_point(FAULT_OBJECT))
        return NULL;
    if (account_charge(payer, cache->stride) != 0)
        return NULL;
    object = take_object(cache);
    if (object == NULL) {
        account_release(payer, cache->stride);
        return NULL;
    }
    slab = slab_of(cache, object, &index);
    ASSERT(slab->state[index] == INDEX_CACHED);
    slab->state[index] = INDEX_TAKEN;
    slab->payer[index] = payer;
    if (CHECKED)
        slab_mark_taken(cache, object);
    if ((how & MEM_ZERO) != 0)
        mem_set(object, 0, cache->size);
    return object;
}

void mem_free(struct mem_cache *cache, void *object)
{
    struct slab *slab;
    size_t index;

    if (object == NULL)
        return;
    slab = slab_of(cache, object, &index);
    if (slab->state[index] != INDEX_TAKEN)
        panic("cache %s: %p freed twice", cache->name, object);
    slab->state[index] = INDEX_CACHED;
    account_release(slab->payer[index], cache->stride);
    if (CHECKED) {
        slab_check_redzone(cache, object);
        slab_mark_freed(cache, object);
    }
    give_object(cache, object);
}

/* --- all of a cache, and all caches --------------------------------------- */

/* Objects in a cache's magazines; one in use elsewhere is overlooked. */
static size_t count_stocked(struct mem_cache *cache)
{
    size_t count = 0;

    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++) {
        struct magazine *m = take_magazine(cache, cpu);

        if (m == NULL)
            continue;
        count += m->count + m->ring_count;
        put_magazine(cache, cpu, m);
    }
    return count;
}

size_t cache_live(struct mem_cache *cache)
{
    size_t stocked = count_stocked(cache), used = slab_count_used(cache);

    return used > stocked ? used - stocked : 0;
}

static void drain_cache(struct mem_cache *cache)
{
    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++) {
        struct magazine *m = take_magazine(cache, cpu);

        if (m != NULL)
            break_magazine(cache, m);
    }
    slab_drain(cache);
}

void cache_fini(struct mem_cache *cache)
{
    unsigned saved;

    ASSERT(cache_live(cache) == 0);
    drain_cache(cache);
    saved = spin_lock_irq(&registry.lock);
    ASSERT(list_is_linked(&cache->all));
    list_remove(&cache->all);
    if (cache->slot < MAGAZINES_MAX)
        registry.slots &= ~(UINT64_C(1) << cache->slot);
    spin_unlock_irq(&registry.lock, saved);
}

void cache_drain_all(void)
{
    unsigned saved = spin_lock_irq(&registry.lock);

    list_for_each(node, &registry.all)
        drain_cache(list_entry(node, struct mem_cache, all));
    slab_drain(&magazine_cache);
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

void cache_note_all(void)
{
    unsigned saved = spin_lock_irq(&registry.lock);

    list_for_each(node, &registry.all)
    {
        struct mem_cache *cache = list_entry(node, struct mem_cache, all);

        cache->noted = slab_count_used(cache);
    }
    spin_unlock_irq(&registry.lock, saved);
}

bool cache_compare_all(bool logs)
{
    unsigned saved = spin_lock_irq(&registry.lock);
    bool are_equal = slab_count_used(&magazine_cache) == 0;

    if (logs && !are_equal)
        log_error("magazines are left");
    list_for_each(node, &registry.all)
    {
        struct mem_cache *cache = list_entry(node, struct mem_cache, all);
        size_t used = slab_count_used(cache);

        if (used == cache->noted)
            continue;
        are_equal = false;
        if (logs)
            log_error("cache %s: %zu objects, and were %zu", cache->name, used,
                      cache->noted);
    }
    spin_unlock_irq(&registry.lock, saved);
    return are_equal;
}
