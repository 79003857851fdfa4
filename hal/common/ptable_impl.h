/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/ptable_impl.h - what the parts of ptable share: entries, and the
 * edits of a single table. Locking: as in ptable.h.
 */
#ifndef HAL_COMMON_PTABLE_IMPL_H
#define HAL_COMMON_PTABLE_IMPL_H

#include "core/base/defs.h"
#include "hal/common/ptable.h"
#include "hal/phys.h"

/* Bits 52..61 of a directory entry, which the processor ignores. */
#define COUNT_SHIFT 52
#define COUNT_ONE   (UINT64_C(1) << COUNT_SHIFT)
#define COUNT_MASK  (UINT64_C(0x3ff) << COUNT_SHIFT)

#define DIRECTORY   (PTE_PRESENT | PTE_WRITE | PTE_USER)

static inline uint64_t *pt_entries_of(paddr_t table)
{
    return (uint64_t *)hal_phys(table);
}

static inline uint64_t pt_load(const uint64_t *slot)
{
    return __atomic_load_n(slot, __ATOMIC_ACQUIRE);
}

static inline void pt_store(uint64_t *slot, uint64_t entry)
{
    __atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

/* Bytes that one entry of a level covers. */
static inline uint64_t pt_span_of(unsigned level)
{
    return UINT64_C(1) << (PAGE_SHIFT + (level - 1) * PTABLE_BITS);
}

static inline unsigned pt_index_of(uaddr_t addr, unsigned level)
{
    return (unsigned)(addr / pt_span_of(level)) % PTABLE_ENTRIES;
}

/* Does a present entry map a page, not a table? */
static inline bool pt_is_page(uint64_t entry, unsigned level)
{
    return level == 1 || (entry & PTE_LARGE) != 0;
}

static inline unsigned pt_count_of(uint64_t entry)
{
    return (unsigned)((entry & COUNT_MASK) >> COUNT_SHIFT);
}

static inline uint64_t pt_with_count(uint64_t entry, unsigned count)
{
    ASSERT(count <= PTABLE_ENTRIES);
    return (entry & ~COUNT_MASK) | (uint64_t)count * COUNT_ONE;
}

static inline uint64_t pt_bits_of(unsigned rights, enum hal_memory type)
{
    uint64_t bits = PTE_PRESENT | PTE_USER;

    if (rights & HAL_WRITE)
        bits |= PTE_WRITE | PTE_DIRTY; /* spares the processor setting it */
    if (!(rights & HAL_EXEC))
        bits |= PTE_NX;
    if (type == HAL_UNCACHED)
        bits |= PTE_PWT | PTE_PCD;
    if (type == HAL_WRITE_COMBINING)
        bits |= PTE_PWT;
    return bits;
}

static inline unsigned pt_rights_of(uint64_t entry)
{
    unsigned rights = HAL_READ;

    if (entry & PTE_WRITE)
        rights |= HAL_WRITE;
    if (!(entry & PTE_NX))
        rights |= HAL_EXEC;
    return rights;
}

static inline enum hal_memory pt_type_of(uint64_t entry)
{
    if (entry & PTE_PCD)
        return HAL_UNCACHED;
    return (entry & PTE_PWT) ? HAL_WRITE_COMBINING : HAL_NORMAL;
}

static inline uaddr_t pt_end_of(struct hal_range range)
{
    return range.start + range.count * PAGE_SIZE;
}

static inline uint64_t pt_without_rights(uint64_t entry, unsigned rights)
{
    if (!(rights & HAL_WRITE))
        entry &= ~PTE_WRITE;
    if (!(rights & HAL_EXEC))
        entry |= PTE_NX;
    return entry;
}

/* Adds [start, end) to what the flush must cover. */
static inline void pt_note_span(struct hal_gather *gather, uaddr_t start,
                                uaddr_t end)
{
    struct hal_range *span = &gather->span;

    end = min_u64(end, HAL_USER_TOP);
    if (span->count > 0) {
        start = min_u64(start, span->start);
        end = max_u64(end, pt_end_of(*span));
    }
    span->start = start;
    span->count = (end - start) / PAGE_SIZE;
}

HAL_DECLS_BEGIN

/*
 * ptable_map() of a range whose pages lie in one table of level 1 that is
 * there, under directories that all grant W: the common case, done without a
 * walk back. Returns false, and has done nothing, for any other. Sets *changed
 * when an entry that was present has changed.
 */
HAL_MUST_USE bool pt_leaf_map(struct ptable *pt, struct hal_range range,
                              struct ptable_page what, bool *changed);

/*
 * ptable_protect() likewise, of a range that cannot leave its table empty.
 * Returns false, and has done nothing, for any other.
 */
HAL_MUST_USE bool pt_leaf_protect(struct ptable *pt, struct hal_range range,
                                  unsigned rights, struct hal_gather *gather);

HAL_DECLS_END

#endif /* HAL_COMMON_PTABLE_IMPL_H */
