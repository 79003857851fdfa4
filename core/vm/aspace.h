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

#define ASPACE_MIN       UINT64_C(0x10000) /* mmap_min_addr */
#define ASPACE_MMAP_BASE (HAL_USER_TOP - UINT64_C(0x8000000))

enum { ASPACE_REGIONS_MAX = 65530 }; /* vm.max_map_count */

/* A mapping asked for; sizes and offsets in bytes. */
struct map_request {
    uaddr_t addr;             /* a hint, or exact with LX_MAP_FIXED* */
    uint64_t size;            /* > 0; rounded up to pages */
    unsigned prot;            /* LX_PROT_* */
    unsigned flags;           /* LX_MAP_* */
    struct vm_object *object; /* NULL: anonymous; takes its own reference */
    uint64_t offset;          /* page aligned; without an object ignored */
    unsigned deny;            /* LX_PROT_* that the object never gives, as
                                 PROT_WRITE of a shared file opened to read */
};

struct aspace_usage {
    uint64_t mapped_bytes;   /* all regions */
    uint64_t resident_pages; /* present in amaps */
    unsigned regions;
};

C_DECLS_BEGIN

/* Once, after the caches: 0 or -ENOMEM. */
MUST_USE int aspace_init_all(void);

/* An empty one with one reference: 0 or -ENOMEM. */
MUST_USE int aspace_create(struct mem_account *payer, struct aspace **out);
void aspace_get(struct aspace *as);
void aspace_put(struct aspace *as);

/* Its page tables, for thread_set_mmu(). */
struct hal_mmu *aspace_mmu(struct aspace *as);

/* Where addresses chosen by aspace_map() end: the highest room below base, or
 * above it when there is none. Page aligned, at most HAL_USER_TOP; until then
 * ASPACE_MMAP_BASE. Set by exec, which keeps the stack above it. */
void aspace_set_mmap_base(struct aspace *as, uaddr_t base);

/*
 * mmap(2): maps, and sets *out. -EINVAL (size 0, bad type or flags, unaligned
 * fixed address or offset), -ENOMEM (no room, too many regions, no memory,
 * beyond HAL_USER_TOP, or LX_MAP_HUGETLB: there are no huge pages), -EEXIST
 * (LX_MAP_FIXED_NOREPLACE), -EOVERFLOW (offset + size is no file offset),
 * -EPERM (fixed below ASPACE_MIN), -EACCES (prot that is denied; shared and
 * writable when the object cannot be written), -EOPNOTSUPP (unknown flags with
 * LX_MAP_SHARED_VALIDATE; LX_MAP_GROWSDOWN, which is absent). On an error
 * nothing has changed. LX_MAP_POPULATE brings in what it can.
 */
MUST_USE int aspace_map(struct aspace *as, const struct map_request *request,
                        uaddr_t *out);

/* munmap(2): 0, -EINVAL (unaligned start, size 0, beyond HAL_USER_TOP), -ENOMEM
 * (a split would exceed the regions, or no memory for it; nothing changed). */
MUST_USE int aspace_unmap(struct aspace *as, uaddr_t start, uint64_t size);

/* mprotect(2): 0, -EINVAL (unaligned, unknown prot, LX_PROT_GROWS*), -ENOMEM (a
 * hole), -EACCES (what the mapping denies); what lay before either is changed,
 * as on Linux. -ENOMEM also without memory or regions for a split: then nothing
 * is changed. */
MUST_USE int aspace_protect(struct aspace *as, uaddr_t start, uint64_t size,
                            unsigned prot);

/* Where the heap begins, and the break; set by exec. */
void aspace_set_brk_start(struct aspace *as, uaddr_t start);

/* brk(2): returns the new break, or the unchanged one when it cannot be: below
 * its start, without memory, or with less than a page free above it. 0 before
 * aspace_set_brk_start(). */
uaddr_t aspace_brk(struct aspace *as, uaddr_t to);

/*
 * Makes the page at addr present for access (HAL_READ, HAL_WRITE or HAL_EXEC).
 * 0; -EFAULT: no region (SEGV_MAPERR); -EACCES: the region forbids it
 * (SEGV_ACCERR); -ENXIO: past the object's end, -EIO, -ENOSPC: the object has
 * no page (SIGBUS); -ENOMEM. Where 0 did not make it present (the page was
 * taken away at that moment), the access faults again.
 */
MUST_USE int aspace_fault(struct aspace *as, uaddr_t addr, unsigned access);

void aspace_get_usage(struct aspace *as, struct aspace_usage *out);

/* Do regions, amaps and page tables agree? For tests. */
bool aspace_check(struct aspace *as);

C_DECLS_END

#endif /* CORE_VM_ASPACE_H */
