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

/* RLIMIT_AS, DATA, STACK and MEMLOCK in bytes, of the process whose it is;
 * UINT64_MAX: none. */
struct aspace_limits {
    uint64_t size, data, stack, locked;
};

struct aspace_usage {
    uint64_t mapped_bytes;   /* all regions */
    uint64_t locked_bytes;   /* those of mlock(2) */
    uint64_t resident_pages; /* present in amaps */
    unsigned regions;
};

C_DECLS_BEGIN

/* Once, after the caches: 0 or -ENOMEM. */
MUST_USE int aspace_init_all(void);

/* What aspace_fault() does without memory, holding no lock of its own: fn frees
 * some and returns 0, then the fault is tried once more, or returns an error,
 * then it fails. attempt counts from 0 for each fault. Once, at boot. */
void aspace_set_relief(int (*fn)(unsigned attempt));

/* Pages that it keeps in memory: its own, and those of shared anonymous objects
 * where it maps them. */
uint64_t aspace_count_pages(struct aspace *as);

/* An empty one with one reference: 0 or -ENOMEM. */
MUST_USE int aspace_create(struct mem_account *payer, struct aspace **out);
void aspace_get(struct aspace *as);
void aspace_put(struct aspace *as);

/*
 * fork(2): a copy with one reference, which shares all private pages
 * copy-on-write; what madvise(2) said of forks is heeded, locks of memory are
 * not inherited, limits are. Its cost follows regions and tables, not pages.
 * 0 or -ENOMEM.
 */
MUST_USE int aspace_clone(struct aspace *from, struct mem_account *payer,
                          struct aspace **out);

/* Its page tables, for thread_set_mmu(). */
struct hal_mmu *aspace_mmu(struct aspace *as);

/* What its regions may take from now on; a new one has no limits. No lock is
 * taken. */
void aspace_set_limits(struct aspace *as, const struct aspace_limits *limits);

/* Is the limit of locked memory nothing to its owner (CAP_IPC_LOCK)? At first
 * it counts. No lock is taken. */
void aspace_set_may_lock(struct aspace *as, bool may_lock);

/* Notes what membarrier(2) is registered for, LX_MEMBARRIER_CMD_REGISTER_*
 * bits; returns all of them. fork inherits them. No lock is taken. */
unsigned aspace_add_barriers(struct aspace *as, unsigned bits);

/* Where addresses chosen by aspace_map() end: the highest room below base, or
 * above it when there is none. Page aligned, at most HAL_USER_TOP; until then
 * ASPACE_MMAP_BASE. Set by exec, which keeps the stack above it. */
void aspace_set_mmap_base(struct aspace *as, uaddr_t base);

/*
 * mmap(2): maps, and sets *out. -EINVAL (size 0, bad type or flags, unaligned
 * fixed address or offset), -ENOMEM (no room, too many regions, no memory,
 * beyond HAL_USER_TOP, or LX_MAP_HUGETLB: there are no huge pages), -EEXIST
 * (LX_MAP_FIXED_NOREPLACE), -EOVERFLOW (offset + size is no file offset),
 * -EPERM (fixed below ASPACE_MIN; LX_MAP_LOCKED with a limit of 0), -EAGAIN
 * (more locked than the limit), -EACCES (prot that is denied; shared and
 * writable when the object cannot be written), -EOPNOTSUPP (unknown flags with
 * LX_MAP_SHARED_VALIDATE). On an error nothing has changed. LX_MAP_POPULATE
 * brings in what it can. One with LX_MAP_GROWSDOWN reaches down to what is
 * touched below it, as far as the limit of the stack.
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

/* mremap(2)'s arguments; flags: LX_MREMAP_*. */
struct remap_request {
    uaddr_t addr;
    uint64_t old_size, new_size;
    unsigned flags;
    uaddr_t to; /* with FIXED; with DONTUNMAP alone a hint */
};

/*
 * mremap(2): sets *out to where the mapping is now. -EINVAL (what the manual
 * lists), -EFAULT (what is to stay of the old range is not one mapping),
 * -ENOMEM (no room, memory, regions, or LX_MREMAP_MAYMOVE), -EAGAIN (more
 * locked than the limit), -EPERM (fixed below ASPACE_MIN). After an error, what
 * lay at a fixed new address, and what a smaller size cuts off, may be gone.
 */
MUST_USE int aspace_remap(struct aspace *as,
                          const struct remap_request *request, uaddr_t *out);

/* madvise(2): 0, -EINVAL, -ENOMEM (a hole; the rest is done), -EAGAIN (no
 * memory), -EACCES and -EOPNOTSUPP (LX_MADV_REMOVE); -EFAULT and -EINTR
 * (LX_MADV_POPULATE_*). */
MUST_USE int aspace_advise(struct aspace *as, uaddr_t start, uint64_t size,
                           int advice);

/* mincore(2): of up to count > 0 pages from start on, 1 for each that is in
 * memory and 0 for others. Returns how many are answered, at least one, up to
 * the end of a mapping; -ENOMEM: start is not mapped. */
MUST_USE int aspace_in_core(struct aspace *as, uaddr_t start, size_t count,
                            uint8_t *out);

/* msync(2): 0, -EINVAL, -ENOMEM (a hole; the rest is done), -EBUSY, and what
 * the objects say. */
MUST_USE int aspace_sync(struct aspace *as, uaddr_t start, uint64_t size,
                         unsigned flags);

/* mlock(2) and mlock2(2), and munlock(2): 0, -EINVAL (the range wraps), -ENOMEM
 * (a hole; more than the limit; a page that may not be touched), -EAGAIN (a
 * page that cannot be had), -EPERM (the limit is 0), -EINTR. */
MUST_USE int aspace_lock(struct aspace *as, uaddr_t start, uint64_t size,
                         bool on_fault);
MUST_USE int aspace_unlock(struct aspace *as, uaddr_t start, uint64_t size);

/* mlockall(2) with LX_MCL_*: 0, -EINVAL, -ENOMEM or -EPERM; munlockall(2). */
MUST_USE int aspace_lock_all(struct aspace *as, unsigned flags);
void aspace_unlock_all(struct aspace *as);

/* Where the heap begins, and the break; set by exec. */
void aspace_set_brk_start(struct aspace *as, uaddr_t start);

/* brk(2): returns the new break, or the unchanged one when it cannot be: below
 * its start, without memory, or with less than a page free above it. 0 before
 * aspace_set_brk_start(). */
uaddr_t aspace_brk(struct aspace *as, uaddr_t to);

/* Makes the page at addr present for access (HAL_READ, HAL_WRITE or HAL_EXEC).
 * 0; -EFAULT: no region (SEGV_MAPERR); -EACCES: the region forbids it
 * (SEGV_ACCERR); -ENXIO: past the object's end, -EIO, -ENOSPC: the object has
 * no page (SIGBUS); -ENOMEM; -EINTR: the caller was killed while it waited for
 * memory. Where 0 did not make it present (the page was taken away at that
 * moment), the access faults again. */
MUST_USE int aspace_fault(struct aspace *as, uaddr_t addr, unsigned access);

void aspace_get_usage(struct aspace *as, struct aspace_usage *out);

/* Do regions, amaps and page tables agree? For tests. */
bool aspace_check(struct aspace *as);

C_DECLS_END

#endif /* CORE_VM_ASPACE_H */
