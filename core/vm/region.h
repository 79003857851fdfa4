/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/region.h - what is mapped where, inside core/vm. See aspace.h.
 *
 * A region is a run of pages of one kind. Its private pages are slots of an
 * amap; a slot's number is the page number of the address it was made for, so
 * regions that were one can show one amap, and meet again without a look at
 * the pages. Pages that no slot holds come from the object, or are zero.
 *
 * The tree is ordered by address and knows the largest gap below every node, so
 * room is found in the height of the tree. Below a region that grows down,
 * REGION_GUARD bytes belong to no gap.
 *
 * Regions of one address space that show one amap have their slots at one
 * distance from their addresses, so slots of different pages never meet. A
 * region that is moved away from the others gets an amap of its own.
 *
 * Rights in the page tables: never beyond the region's prot; a page of the
 * object or the zero page is mapped without HAL_WRITE in a private region, and
 * in a shared one until dirty_page() has answered for it; a page in a slot
 * only while no other amap holds it.
 */
#ifndef CORE_VM_REGION_H
#define CORE_VM_REGION_H

#include "core/vm/aspace_impl.h"

/* What else a region is; joined ones are alike in all. */
enum {
    REGION_GROWS_DOWN = 1, /* MAP_GROWSDOWN; const */
    REGION_DONT_FORK = 2,  /* madvise(2) */
    REGION_WIPE_ON_FORK = 4,
    REGION_LOCKED = 8,    /* mlock(2) */
    REGION_ON_FAULT = 16, /* with LOCKED: pages come by faults */
    REGION_LOCK_FLAGS = REGION_LOCKED | REGION_ON_FAULT
};

/* Kept free below what grows down: the stack guard gap of Linux. */
#define REGION_GUARD (UINT64_C(256) * PAGE_SIZE)

/* Fields without a note: aspace->lock; bounds, object_index and amap_index also
 * the locks of object and amap's family, any of them to read. */
struct region {
    struct tree_node node; /* of aspace->regions */
    struct list removed;   /* on a list of regions that left the tree */
    struct list of_object; /* object->regions; object->lock */
    struct list of_amap;   /* amap->regions; family_lock */
    struct aspace *as;     /* const */
    uaddr_t start, end;
    uint64_t gap;             /* free bytes below start */
    uint64_t max_gap;         /* the largest gap of this subtree */
    struct vm_object *object; /* const; one reference; NULL: anonymous */
    uint64_t object_index;    /* of the page at start */
    struct amap *amap;        /* one reference; NULL: no private page yet */
    uint64_t amap_index;      /* slot of the page at start */
    unsigned prot;            /* LX_PROT_READ, WRITE, EXEC */
    unsigned deny;            /* const: what mprotect cannot give */
    unsigned flags;           /* REGION_* */
    unsigned streak;          /* pages that came one after the other ... */
    uaddr_t streak_end;       /* ... up to here, by write faults: a hint */
    bool shared;              /* const; then there is an object and no amap */
};

/* Both ends of a range cut free of the regions that reach over them. */
struct cut {
    uaddr_t start, end;
    struct region *spare[2]; /* for the splits */
};

C_DECLS_BEGIN

void region_init_all(void);

/* A zeroed one of that aspace, or NULL. */
MUST_USE struct region *region_alloc(struct aspace *as);

/* One that is in no tree; drops its object and amap. No aspace->lock when the
 * reference to the object may be the last. */
void region_free(struct region *region);

/* The lowest region that ends above addr; NULL: none. */
struct region *region_find(struct aspace *as, uaddr_t addr) REQUIRES(as->lock);
struct region *region_next(const struct region *region);
struct region *region_prev(const struct region *region);

/* Enters a filled region into the tree, and into the lists of its object and
 * amap; takes it out of all. The range is free. Nothing of a region that leaves
 * is in the tables any more, as the reverse map does not find it. */
void region_link(struct aspace *as, struct region *region) REQUIRES(as->lock);
void region_unlink(struct aspace *as, struct region *region) REQUIRES(as->lock);

/* Gives a region of the tree its first amap, with the caller's reference. */
void region_set_amap(struct region *region, struct amap *amap);

/* Moves bounds outwards into free room; start only without an object and where
 * there are slots. */
void region_grow(struct aspace *as, struct region *region, uaddr_t start,
                 uaddr_t end) REQUIRES(as->lock);

/* Sets prot and flags of a region in the tree; merging is the caller's. */
void region_set_kind(struct aspace *as, struct region *region, unsigned prot,
                     unsigned flags) REQUIRES(as->lock);

/* Do the limits allow size bytes more of the kind of like; of data alone; and
 * of locked memory? */
bool region_may_add(struct aspace *as, const struct region *like, uint64_t size)
    REQUIRES(as->lock);
bool region_may_add_data(struct aspace *as, uint64_t size) REQUIRES(as->lock);
bool region_may_lock(struct aspace *as, uint64_t size) REQUIRES(as->lock);

/* Joins region with its neighbours where they are of one kind. region may be
 * freed. */
void region_merge(struct aspace *as, struct region *region) REQUIRES(as->lock);

/* Is nothing mapped in [start, end)? */
bool region_is_free(struct aspace *as, uaddr_t start, uaddr_t end)
    REQUIRES(as->lock);

/* The same, and is it no guard either? */
bool region_is_roomy(struct aspace *as, uaddr_t start, uaddr_t end)
    REQUIRES(as->lock);

/* The highest free range of size bytes in [low, high); false: none. */
bool region_find_gap(struct aspace *as, uint64_t size, uaddr_t low,
                     uaddr_t high, uaddr_t *out) REQUIRES(as->lock);

/* Where size bytes go when nobody says where: the highest room below the base,
 * or else above it; false: none. core/vm/map.c. */
bool region_find_room(struct aspace *as, uint64_t size, uaddr_t *out)
    REQUIRES(as->lock);

/* Is what the tree knows of gaps, order and counts true? */
bool region_check_tree(struct aspace *as) REQUIRES(as->lock);

static inline uint64_t region_page_count(const struct region *region)
{
    return (region->end - region->start) / PAGE_SIZE;
}

static inline uint64_t region_slot(const struct region *region, uaddr_t addr)
{
    return region->amap_index + (addr - region->start) / PAGE_SIZE;
}

static inline uint64_t region_object_index(const struct region *region,
                                           uaddr_t addr)
{
    return region->object_index + (addr - region->start) / PAGE_SIZE;
}

/* How many bytes may be locked in all; 0: none. */
uint64_t region_lock_limit(const struct aspace *as);

static inline uint64_t limit_of(const uint64_t *limit)
{
    return __atomic_load_n(limit, __ATOMIC_RELAXED);
}

/* Does no other region show its amap? */
static inline bool region_is_sole(const struct region *region)
{
    return refcount_is_one(&region->amap->refs);
}

/* Does it count against RLIMIT_DATA? */
static inline bool region_is_data(const struct region *region)
{
    return !region->shared && (region->prot & LX_PROT_WRITE) &&
           !(region->flags & REGION_GROWS_DOWN);
}

/* What the page tables may grant: write and exec imply read, as on x86. */
unsigned region_rights(unsigned prot);

/*
 * Gets ready to cut at cut->start and cut->end: 0, or -ENOMEM (no memory, or
 * too many regions after it; removes: what lies between will go). Nothing has
 * changed, and cut_apply() cannot fail. cut_fini() in any case.
 */
MUST_USE int cut_prepare(struct aspace *as, struct cut *cut, bool removes)
    REQUIRES(as->lock);
void cut_apply(struct aspace *as, struct cut *cut) REQUIRES(as->lock);
void cut_fini(struct cut *cut);

C_DECLS_END

#endif /* CORE_VM_REGION_H */
