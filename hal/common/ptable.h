/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/ptable.h - x86-64 page tables in guest-physical memory.
 *
 * The hardware's format (Intel SDM volume 3, 4.5), reached through hal_phys().
 * The bare machine walks these tables; hosted reads them as the backing of its
 * own translations. What hal/mmu.h promises of map, unmap, protect and query
 * is done here; what a machine adds is the flush.
 *
 * A directory entry counts the present entries of the table below it in bits
 * that the processor ignores, so a table is known to be empty without a look
 * at it, and a scan ends when it has seen all there is. A directory entry
 * without W write-protects all below it: that is how a whole address space is
 * protected at once; map pushes the missing right down before it gives W back.
 *
 * Locking: as in hal/mmu.h, edits of one ptable are serialised by the caller.
 * ptable_walk() and ptable_touch() need no lock: entries are read and written
 * whole, and a table is linked after it was filled. Who walks without the lock
 * must be done before the flush frees the tables.
 */
#ifndef HAL_COMMON_PTABLE_H
#define HAL_COMMON_PTABLE_H

#include "hal/mmu.h"

enum {
    PTABLE_LEVELS = 4, /* the width of addresses hangs on this alone */
    PTABLE_BITS = 9,
    PTABLE_ENTRIES = 1 << PTABLE_BITS,
    PTABLE_LARGE_PAGES = PTABLE_ENTRIES /* pages in one large page */
};

/* Bits of an entry: SDM volume 3, tables 4-15 to 4-20. */
#define PTE_PRESENT  (UINT64_C(1) << 0)
#define PTE_WRITE    (UINT64_C(1) << 1)
#define PTE_USER     (UINT64_C(1) << 2)
#define PTE_PWT      (UINT64_C(1) << 3)
#define PTE_PCD      (UINT64_C(1) << 4)
#define PTE_ACCESSED (UINT64_C(1) << 5)
#define PTE_DIRTY    (UINT64_C(1) << 6)
#define PTE_LARGE    (UINT64_C(1) << 7)
#define PTE_GLOBAL   (UINT64_C(1) << 8)
#define PTE_MARK     (UINT64_C(1) << 9) /* ptable_mark(); ignored by all */
#define PTE_NX       (UINT64_C(1) << 63)
#define PTE_PAGE     UINT64_C(0x000ffffffffff000)

/*
 * Memory types as PWT and PCD choose them. PWT alone is write-combining: the
 * machine loads PTABLE_PAT into IA32_PAT (SDM volume 3, 11.12), which differs
 * from the reset value there only, and the choice needs no PAT bit, whose
 * place differs between small and large pages.
 */
#define PTABLE_PAT   UINT64_C(0x0007040600070106)

/* One address space's tables; embedded in the machine's hal_mmu. */
struct ptable {
    paddr_t root; /* the table of level PTABLE_LEVELS */
    bool large;   /* may 2 MiB pages be used? */
};

/* A page and what may be done with it. */
struct ptable_page {
    paddr_t page;
    unsigned rights;
    enum hal_memory type;
};

HAL_DECLS_BEGIN

/* Makes tables with nothing mapped; all of the root is zero. 0 or -ENOMEM. */
HAL_MUST_USE int ptable_create(struct ptable *out, bool large);

/* Frees every table of the user half and the root. */
void ptable_destroy(struct ptable *pt);

/* hal_mmu_reserve(). The pages are cleared when they are used. */
HAL_MUST_USE int ptable_reserve(struct hal_tables *out, struct hal_range range);

/* Frees the pages and empties *tables: unreserve, and the end of a flush. */
void ptable_free_tables(struct hal_tables *tables);

/*
 * hal_mmu_map(): range.count pages from what.page on. Returns true when an
 * entry that was present has changed, so that a stale translation of it may be
 * in this CPU.
 */
HAL_MUST_USE bool ptable_map(struct ptable *pt, struct hal_range range,
                             struct ptable_page what, struct hal_tables *from);

/* hal_mmu_unmap(), into gather->span and gather->tables. */
void ptable_unmap(struct ptable *pt, struct hal_range range,
                  struct hal_gather *gather);

/* hal_mmu_protect(): rights are those that may stay; with none it unmaps. */
void ptable_protect(struct ptable *pt, struct hal_range range, unsigned rights,
                    struct hal_gather *gather);

/* hal_mmu_query(): clears the accessed hint. */
bool ptable_query(struct ptable *pt, uaddr_t addr, struct hal_mapping *out);

/*
 * What addr (any byte address under HAL_USER_TOP) translates to: the 4 KiB
 * page, the rights that all levels leave, the memory type. Returns false for a
 * hole. Needs no lock.
 */
bool ptable_walk(const struct ptable *pt, uaddr_t addr,
                 struct ptable_page *out);

/* Marks the translation of addr, if there is one, as accessed, as a processor
 * does that loads it. Needs no lock. */
void ptable_touch(struct ptable *pt, uaddr_t addr);

/* Sets a mark on the translation of addr, a 4 KiB page, and tells whether it
 * had one; another translation has none. It is a hint: it may get lost, and
 * stays when a directory takes rights away. Needs no lock. */
bool ptable_mark(struct ptable *pt, uaddr_t addr);

HAL_DECLS_END

#endif /* HAL_COMMON_PTABLE_H */
