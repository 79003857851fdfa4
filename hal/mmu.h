/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/mmu.h - page tables of one user address space.
 *
 * The tables cache rights and are the home of no fact: what memory is lives in
 * core/vm. They may hold less than the regions allow, never more, and may
 * forget any translation, except that one made by a fault lasts until the
 * thread that faulted has resumed.
 *
 * Implemented by hal/x86_64/mmu.c and hal/hosted/mmu.c over hal/common. One
 * contract test, tests/contract/mmu_test.cc, runs against both.
 *
 * Locking: map, unmap, protect and query on one mmu are serialised by
 * aspace->pt_lock, a leaf spinlock; they neither sleep nor allocate. The table
 * pages they need were set aside before by reserve. create,
 * destroy and reserve may sleep, so without it. None takes a core lock.
 *
 * Every uaddr is page aligned and every range lies under HAL_USER_TOP; anything
 * else is a bug of the caller and panics.
 */
#ifndef HAL_MMU_H
#define HAL_MMU_H

#include "hal/types.h"

/* The same in both worlds; above it live the hosted stub's own pages. */
#define HAL_USER_TOP UINT64_C(0x00007fffffe00000)

/* Access rights. Write implies read; no right at all is a guard, not a map. */
enum { HAL_READ = 1, HAL_WRITE = 2, HAL_EXEC = 4 };

enum hal_memory { HAL_NORMAL, HAL_UNCACHED, HAL_WRITE_COMBINING };

struct hal_mmu; /* opaque: each machine has its own */

/* A range of user pages; count is in pages. */
struct hal_range {
    uaddr_t start;
    size_t count;
};

struct hal_mapping {
    paddr_t page;
    unsigned rights;
    bool accessed; /* a hint: since the last hal_mmu_query() */
};

/* Table pages set aside by one caller for one map. */
struct hal_tables {
    paddr_t first; /* linked through the pages themselves */
    size_t count;
};

/* What was taken back but not yet flushed, in one address space. */
struct hal_gather {
    struct hal_mmu *mmu;
    struct hal_range span;    /* covers all that was taken back */
    struct hal_tables tables; /* taken out too; freed by the flush */
};

HAL_DECLS_BEGIN

/* Makes an address space with nothing mapped. Returns 0 or -ENOMEM. */
HAL_MUST_USE int hal_mmu_create(struct hal_mmu **out);

/* Frees the tables, not the pages mapped. No CPU may have it active. */
void hal_mmu_destroy(struct hal_mmu *mmu);

/* Sets aside the table pages that mapping range can need: 0 or -ENOMEM. */
HAL_MUST_USE int hal_mmu_reserve(struct hal_tables *out,
                                 struct hal_range range);

/* Gives back what the map did not use. */
void hal_mmu_unreserve(struct hal_tables *tables);

/*
 * Maps range.count pages that follow each other from page on. Each was
 * unmapped, or mapped to the same page with no right beyond these; anything
 * else panics: to put another page in place, unmap and flush first. So it only
 * adds rights: this CPU's stale entry is dropped here, and a CPU that faults on
 * one elsewhere retries. Large pages are used where alignment allows; unmap and
 * protect forget whole a large page that they cut.
 */
void hal_mmu_map(struct hal_mmu *mmu, struct hal_range range, paddr_t page,
                 unsigned rights, enum hal_memory type,
                 struct hal_tables *from);

/*
 * Takes back what is mapped in the range; holes are allowed. A CPU may go on
 * using an old translation until hal_mmu_flush(gather) has returned.
 */
void hal_mmu_unmap(struct hal_gather *gather, struct hal_range range);

/* Takes rights away from what is mapped in the range; same promise as unmap. */
void hal_mmu_protect(struct hal_gather *gather, struct hal_range range,
                     unsigned rights);

/*
 * Returns when no CPU, in user mode or inside a call of hal/uaccess.h, can use
 * what was taken back into gather: only then may its frames be reused.
 * Interrupts on, no spinlock held. Frees the tables and empties gather.
 */
void hal_mmu_flush(struct hal_gather *gather);

/* Tells what addr maps to. Returns false, and leaves *out, for a hole. */
bool hal_mmu_query(struct hal_mmu *mmu, uaddr_t addr, struct hal_mapping *out);

/*
 * Makes mmu the user address space of this CPU, for hal_user_run() and
 * hal/uaccess.h; NULL leaves only the kernel's. Interrupts are off. The caller
 * keeps mmu alive while it is active.
 */
void hal_mmu_activate(struct hal_mmu *mmu);

HAL_DECLS_END

#endif /* HAL_MMU_H */
