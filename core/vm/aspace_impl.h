/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/aspace_impl.h - what the files of core/vm share. See aspace.h.
 *
 * A region is a run of pages of one kind. Its private pages are slots of an
 * amap; a slot's number is the page number of the address it was made for, so
 * regions that were one can show one amap, and meet again without a look at
 * the pages. Pages that no slot holds come from the object, or are zero.
 *
 * The tree is ordered by address and knows the largest gap below every node, so
 * room is found in the height of the tree.
 *
 * Rights in the page tables: never beyond the region's prot; a page of the
 * object or the zero page is mapped without HAL_WRITE in a private region, and
 * in a shared one until dirty_page() has answered for it.
 */
#ifndef CORE_VM_ASPACE_IMPL_H
#define CORE_VM_ASPACE_IMPL_H

#include "core/base/tree.h"
#include "core/sched/mutex.h"
#include "core/vm/amap.h"
#include "core/vm/aspace.h"
#include "core/vm/object.h"

struct aspace {
    struct mutex lock;
    struct refcount refs;
    struct spinlock pt_lock;
    struct hal_mmu *mmu;       /* const; its tables: pt_lock */
    struct mem_account *payer; /* const */

    struct tree regions GUARDED_BY(lock);
    struct region *recent GUARDED_BY(lock); /* found last, or NULL */
    unsigned region_count GUARDED_BY(lock);
    uint64_t mapped GUARDED_BY(lock);   /* bytes of all regions */
    uint64_t resident GUARDED_BY(lock); /* pages in the amaps */
    uaddr_t mmap_base GUARDED_BY(lock); /* addresses are chosen below it */
    uaddr_t brk_start GUARDED_BY(lock);
    uaddr_t brk GUARDED_BY(lock);

    /* Table pages in hand for the next fault: what one window can need. */
    struct hal_tables tables GUARDED_BY(lock);
    size_t tables_need GUARDED_BY(lock); /* 0: not known yet */
};

/* Fields without a note: aspace->lock; bounds and object_index also
 * object->lock, either of them to read. */
struct region {
    struct tree_node node; /* of aspace->regions */
    struct list removed;   /* on a list of regions that left the tree */
    struct list of_object; /* object->regions; object->lock */
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
    bool shared;              /* const; then there is an object and no amap */
};

/* Both ends of a range cut free of the regions that reach over them. */
struct cut {
    uaddr_t start, end;
    struct region *spare[2]; /* for the splits */
};

/* Fault-around: this many pages, aligned to themselves. */
enum { FAULT_WINDOW = 16 };

C_DECLS_BEGIN

/* --- region.c ------------------------------------------------------------- */

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

/* Enters a filled region into the tree, and into its object's list; takes it
 * out of both. The range is free. */
void region_link(struct aspace *as, struct region *region) REQUIRES(as->lock);
void region_unlink(struct aspace *as, struct region *region) REQUIRES(as->lock);

/* Joins region with its neighbours where they are of one kind. region may be
 * freed. */
void region_merge(struct aspace *as, struct region *region) REQUIRES(as->lock);

/* Is nothing mapped in [start, end)? */
bool region_is_free(struct aspace *as, uaddr_t start, uaddr_t end)
    REQUIRES(as->lock);

/* The highest free range of size bytes in [low, high); false: none. */
bool region_find_gap(struct aspace *as, uint64_t size, uaddr_t low,
                     uaddr_t high, uaddr_t *out) REQUIRES(as->lock);

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

/* --- unmap.c -------------------------------------------------------------- */

/*
 * Takes the range of a prepared cut out of tree, tables and amaps. The regions
 * go to removed; removed_free() ends them, once aspace->lock is not held.
 */
void removed_collect(struct aspace *as, struct cut *cut, struct list *removed)
    REQUIRES(as->lock);
void removed_free(struct list *removed);

/* --- fault.c -------------------------------------------------------------- */

/* Once: 0 or -ENOMEM. */
MUST_USE int fault_init_all(void);

/* aspace_fault() for the page at addr. */
MUST_USE int fault_resolve(struct aspace *as, uaddr_t addr, unsigned access)
    REQUIRES(as->lock);

/* Makes the range present as its rights allow (MAP_POPULATE); stops at the
 * first page that cannot be. Takes aspace->lock page by page. */
void fault_populate(struct aspace *as, struct hal_range range, unsigned access);

/* Is page the one that untouched anonymous memory shows? */
bool fault_is_zero_page(const struct page *page);

/* --- anon.c --------------------------------------------------------------- */

void anon_init_all(void);

/* The object of a shared anonymous mapping, zero until written. 0 or -ENOMEM.
 * Its pages are user memory: the kernel does not read them. */
MUST_USE int anon_object_create(uint64_t page_count, struct mem_account *payer,
                                struct vm_object **out);

C_DECLS_END

#endif /* CORE_VM_ASPACE_IMPL_H */
