/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/aspace.h - one user address space: regions, and faults in them.
 *
 * Regions live in a balanced tree and say what memory is; page tables only
 * cache it. Anonymous and private pages belong to the aspace's amaps (chunks of
 * 64 slots), shared file pages to their object.
 *
 * Semantics: mmap(2), munmap(2), mprotect(2), brk(2). Addresses end at
 * HAL_USER_TOP; nothing is mapped below ASPACE_MIN.
 *
 * Lifetime: reference counted; the last put tears it down and may sleep.
 * Locking: aspace->lock (a mutex, rank LOCK_RANK_ASPACE) covers the regions
 * and amaps; pt_lock, a leaf spinlock, the page tables. No call may be made in
 * atomic context.
 */
#ifndef CORE_VM_ASPACE_H
#define CORE_VM_ASPACE_H

#include "core/base/defs.h"
#include "core/mem/account.h"
#include "hal/mmu.h"

struct aspace; /* opaque: core/vm/aspace_impl.h */
struct vm_object;

#define ASPACE_MIN UINT64_C(0x10000) /* mmap_min_addr */

enum { ASPACE_REGIONS_MAX = 65530 }; /* vm.max_map_count */

/* A mapping asked for; sizes and offsets in bytes. */
struct map_request {
    uaddr_t addr;             /* a hint, or exact with LX_MAP_FIXED* */
    uint64_t size;            /* > 0; rounded up to pages */
    unsigned prot;            /* LX_PROT_* */
    unsigned flags;           /* LX_MAP_* */
    struct vm_object *object; /* NULL: anonymous; takes its own reference */
    uint64_t offset;          /* of the object, page aligned */
};

struct aspace_usage {
    uint64_t mapped_bytes;   /* all regions */
    uint64_t resident_pages; /* present in amaps */
    unsigned regions;
};

C_DECLS_BEGIN

/* Once, after the caches. */
void aspace_init_all(void);

/* An empty one with one reference: 0 or -ENOMEM. */
MUST_USE int aspace_create(struct mem_account *payer, struct aspace **out);
void aspace_get(struct aspace *as);
void aspace_put(struct aspace *as);

/* Its page tables, for thread_set_mmu(). */
struct hal_mmu *aspace_mmu(struct aspace *as);

/*
 * mmap(2): maps, and sets *out. -EINVAL (size 0 or too large, bad flags,
 * unaligned fixed address or offset), -ENOMEM (no room, too many regions, no
 * memory, or beyond HAL_USER_TOP), -EEXIST (LX_MAP_FIXED_NOREPLACE), -EOVERFLOW
 * (offset + size wraps), -EPERM (fixed below ASPACE_MIN).
 */
MUST_USE int aspace_map(struct aspace *as, const struct map_request *request,
                        uaddr_t *out);

/* munmap(2): 0, -EINVAL, -ENOMEM (a split would exceed the regions). */
MUST_USE int aspace_unmap(struct aspace *as, uaddr_t start, uint64_t size);

/* mprotect(2): 0, -EINVAL (unaligned, unknown prot), -ENOMEM (a hole; what lay
 * before it is changed, as on Linux). */
MUST_USE int aspace_protect(struct aspace *as, uaddr_t start, uint64_t size,
                            unsigned prot);

/* Where the heap begins; set by exec. */
void aspace_set_brk_start(struct aspace *as, uaddr_t start);

/* brk(2): returns the new break, or the unchanged one when it cannot be. */
uaddr_t aspace_brk(struct aspace *as, uaddr_t to);

/*
 * Makes the page at addr present for access (HAL_READ, HAL_WRITE or HAL_EXEC).
 * 0; -EFAULT: no region (SEGV_MAPERR); -EACCES: the region forbids it
 * (SEGV_ACCERR); -ENXIO: past the object's end (SIGBUS); -EIO; -ENOMEM.
 */
MUST_USE int aspace_fault(struct aspace *as, uaddr_t addr, unsigned access);

void aspace_usage(struct aspace *as, struct aspace_usage *out);

/* Do regions, amaps and page tables agree? For tests. */
bool aspace_check(struct aspace *as);

C_DECLS_END

#endif /* CORE_VM_ASPACE_H */
