/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/aspace_impl.h - what the files of core/vm share. See aspace.h.
 *
 * What is said of regions is in region.h.
 */
#ifndef CORE_VM_ASPACE_IMPL_H
#define CORE_VM_ASPACE_IMPL_H

#include "core/abi/mman.h"
#include "core/base/tree.h"
#include "core/sched/mutex.h"
#include "core/vm/amap.h"
#include "core/vm/aspace.h"
#include "core/vm/object.h"

struct cut;
struct region;

struct aspace {
    struct mutex lock;
    struct refcount refs;
    struct spinlock pt_lock;
    struct hal_mmu *mmu;       /* const; its tables: pt_lock */
    struct mem_account *payer; /* const */

    struct tree regions GUARDED_BY(lock);
    struct region *recent GUARDED_BY(lock); /* found last, or NULL */
    unsigned region_count GUARDED_BY(lock);
    uint64_t mapped GUARDED_BY(lock);    /* bytes of all regions */
    uint64_t locked GUARDED_BY(lock);    /* of those: mlock(2) */
    uint64_t data GUARDED_BY(lock);      /* private and writable, no stack */
    uint64_t resident GUARDED_BY(lock);  /* pages in the amaps */
    unsigned map_flags GUARDED_BY(lock); /* REGION_* of what is mapped next */
    struct aspace_limits limits;         /* each atomic */
    unsigned barriers; /* LX_MEMBARRIER_CMD_REGISTER_*; atomic */
    bool may_lock;     /* atomic; more than limits.locked */
    uaddr_t mmap_base GUARDED_BY(lock); /* addresses are chosen below it */
    uaddr_t brk_start GUARDED_BY(lock);
    uaddr_t brk GUARDED_BY(lock);

    /* Table pages in hand for the next fault: what one window can need. */
    struct hal_tables tables GUARDED_BY(lock);
    size_t tables_need GUARDED_BY(lock); /* 0: not known yet */
};

/* Fault-around: this many pages, aligned to themselves. */
enum { FAULT_WINDOW = 16 };

C_DECLS_BEGIN

/* --- unmap.c -------------------------------------------------------------- */

/*
 * Takes the range of a prepared cut out of tree, tables and amaps. The regions
 * go to removed, which was empty; removed_free() ends them, once aspace->lock
 * is not held.
 */
void removed_collect(struct aspace *as, struct cut *cut, struct list *removed)
    REQUIRES(as->lock);
void removed_free(struct list *removed);

/* Returns when no CPU can use anything mapped in [start, end). */
void forget_range(struct aspace *as, uaddr_t start, uaddr_t end)
    REQUIRES(as->lock);

/* --- fault.c -------------------------------------------------------------- */

/* Once: 0 or -ENOMEM. */
MUST_USE int fault_init_all(void);

/* aspace_fault() for the page at addr. */
MUST_USE int fault_resolve(struct aspace *as, uaddr_t addr, unsigned access)
    REQUIRES(as->lock);

/* How to allocate a user's page: MEM_* for page_alloc(). */
unsigned fault_how(void);

/* Is page the one that untouched anonymous memory shows? */
bool fault_is_zero_page(const struct page *page);

/* --- populate.c ----------------------------------------------------------- */

/* Makes the range present for access; stops at the first page that cannot be,
 * or whose mapping does not say all of prot (LX_PROT_*). 0, aspace_fault()'s
 * errors (nothing grows down for it), or -EINTR: the caller is being killed.
 * Takes aspace->lock page by page. */
int fault_populate(struct aspace *as, struct hal_range range, unsigned access,
                   unsigned prot);

/* What MAP_POPULATE and mlock(2) do to pages of region: HAL_WRITE, HAL_READ,
 * or 0 when they have no rights. */
unsigned fault_populate_access(const struct region *region);

/* --- anon.c --------------------------------------------------------------- */

void anon_init_all(void);

/* The object of a shared anonymous mapping, zero until written. 0 or -ENOMEM.
 * Its pages are user memory: the kernel does not read them. */
MUST_USE int anon_object_create(uint64_t page_count, struct mem_account *payer,
                                struct vm_object **out);

/* Pages that such an object has in a range; 0 for other objects. */
uint64_t anon_object_count(struct vm_object *object, uint64_t index,
                           uint64_t count);

C_DECLS_END

#endif /* CORE_VM_ASPACE_IMPL_H */
