/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/page.h - every frame of RAM, and who has it.
 *
 * A struct page describes one frame; runs of 2^order frames come from a buddy
 * allocator. Frames that the kernel does not own are poisoned
 * (hal/check.h); page_alloc() unpoisons. User memory is owned by core/vm and
 * stays poisoned but while the kernel itself fills it.
 *
 * Small runs are kept on a list per CPU, so most calls share nothing. The last
 * frames are a reserve (account.h says who may have it), so that those who run
 * out of memory can still end.
 *
 * Locking: one irq-safe spinlock inside; reference counts are atomic. Any
 * context may allocate with MEM_NOWAIT that holds no lock of LOCK_RANK_CACHES
 * or above.
 */
#ifndef CORE_MEM_PAGE_H
#define CORE_MEM_PAGE_H

#include "core/base/list.h"
#include "core/base/refcount.h"
#include "core/mem/account.h"
#include "hal/types.h"

enum { PAGE_ORDER_MAX = 12 }; /* 16 MiB */

/* Flags of struct page, atomic bits. */
enum {
    PAGE_FREE = 1,     /* in the buddy */
    PAGE_BUSY = 2,     /* somebody fills or cleans it; wait */
    PAGE_UPTODATE = 4, /* its content is what it should be */
    PAGE_DIRTY = 8,    /* its content is newer than its home */
    PAGE_WRITEBACK = 16,
    PAGE_REFERENCED = 32,
    PAGE_LRU = 64,
    PAGE_SLAB = 128, /* an object cache's */
    PAGE_NOTED = 256 /* core/mem/audit.c's */
};

struct page {
    struct list link;     /* free list, or the owner's list */
    struct refcount refs; /* references; 0 while free */
    unsigned flags;       /* PAGE_*, atomic */
    unsigned order;       /* of the run it heads, free or allocated */
    uint32_t frame;       /* its number; const */
    void *owner;          /* object, amap or cache; the owner's lock */
    uint64_t index;       /* page index in the owner */
    struct mem_account *payer;
};

C_DECLS_BEGIN

/* Takes over all RAM of hal_boot_facts() but the initrd. Once, at boot. Returns
 * 0, or -ENOMEM when there is too little to run. */
MUST_USE int page_init(void);

/* Gives the initrd's frames to the allocator. Once; its bytes are gone. */
void page_release_initrd(void);

/*
 * A run of 2^order frames (order <= PAGE_ORDER_MAX), aligned to its size, with
 * one reference and unpoisoned; not cleared unless MEM_ZERO. NULL when there is
 * none or payer's limit is reached. A fault point.
 */
MUST_USE struct page *page_alloc(unsigned order, unsigned how,
                                 struct mem_account *payer);

/*
 * 2^order frames that follow each other, cleared, each a run of its own with
 * one reference and paid for alone, for users; the first of them. NULL where
 * none are at hand: no effort is made to find them, so a single frame may be
 * had yet. A fault point.
 */
MUST_USE struct page *page_alloc_row(unsigned order, struct mem_account *payer);

/* The frame n behind page in one row or run. */
static inline struct page *page_behind(struct page *page, unsigned n)
{
    return page + n;
}

void page_get(struct page *page);

/* Drops a reference; the last frees the run. */
void page_put(struct page *page);

/* The frame's address, its memory in the kernel, and the way back. page_of()
 * panics for an address that is no RAM of the allocator. */
paddr_t page_addr(const struct page *page);
void *page_data(const struct page *page);
struct page *page_of(paddr_t addr);

/* Gives the buddy what lies on the lists of CPUs. Any context. */
void page_drain_all(void);

/* Frames free now, on lists of CPUs too, and frames managed in all. */
uint64_t page_free_count(void);
uint64_t page_total_count(void);

/* Frames that MEM_USER leaves free. */
uint64_t page_reserve_count(void);

/* Does the buddy's own state hold? For tests. */
bool page_check(void);

C_DECLS_END

#endif /* CORE_MEM_PAGE_H */
