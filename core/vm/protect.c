/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/protect.c - mprotect(2).
 *
 * Rights that are given show at the next fault; rights that are taken away are
 * gone from every CPU before the call returns.
 */
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/vm/region.h"

#define PROT_RIGHTS  (LX_PROT_READ | LX_PROT_WRITE | LX_PROT_EXEC)
#define PROT_GROWS   (LX_PROT_GROWSDOWN | LX_PROT_GROWSUP)

/* Pages whose entries are edited under one hold of pt_lock. */
#define PROTECT_STEP (UINT64_C(1) << 30)

/* Does prot make it count against RLIMIT_DATA, which it did not? */
static bool becomes_data(const struct region *region, unsigned prot)
{
    return (prot & LX_PROT_WRITE) && !region->shared &&
           !(region->flags & REGION_GROWS_DOWN) && !region_is_data(region);
}

static uint64_t bytes_in(const struct region *region, const struct cut *range)
{
    return min_u64(region->end, range->end) -
           max_u64(region->start, range->start);
}

/*
 * How far from start on prot can be set, and *error: -ENOMEM when a hole ends
 * it before end, -EACCES when a region does that may not have prot.
 */
static uaddr_t find_stop(struct aspace *as, struct cut *range, unsigned prot,
                         int *error) REQUIRES(as->lock)
{
    const struct region *region = region_find(as, range->start);
    uaddr_t at = range->start;
    uint64_t data = 0;

    *error = 0;
    while (at < range->end && *error == 0) {
        if (region == NULL || region->start > at) {
            *error = -ENOMEM;
        } else if (prot & region->deny) {
            *error = -EACCES;
        } else if (becomes_data(region, prot) &&
                   !region_may_add_data(as, data += bytes_in(region, range))) {
            *error = -ENOMEM;
        } else {
            at = region->end;
            region = region_next(region);
        }
    }
    return min_u64(at, range->end);
}

/* Takes rights away from what the tables hold of region. */
static void reduce_tables(struct aspace *as, const struct region *region,
                          unsigned rights, struct hal_gather *gather)
{
    for (uaddr_t at = region->start; at < region->end; at += PROTECT_STEP) {
        struct hal_range range = {
            .start = at,
            .count = min_u64(region->end - at, PROTECT_STEP) / PAGE_SIZE,
        };

        spin_lock(&as->pt_lock);
        if (rights == 0)
            hal_mmu_unmap(gather, range);
        else
            hal_mmu_protect(gather, range, rights);
        spin_unlock(&as->pt_lock);
    }
}

static void set_prot(struct aspace *as, const struct cut *cut, unsigned prot)
    REQUIRES(as->lock)
{
    struct hal_gather gather = {.mmu = as->mmu};
    unsigned rights = region_rights(prot);
    struct region *region = region_find(as, cut->start);

    for (; region != NULL && region->start < cut->end;
         region = region_next(region)) {
        unsigned old = region_rights(region->prot);

        region_set_kind(as, region, prot, region->flags);
        if (old & ~rights)
            reduce_tables(as, region, rights, &gather);
    }
    if (gather.span.count > 0 || gather.tables.count > 0)
        hal_mmu_flush(&gather);
}

/* Joins what has become alike in and around [start, end). */
static void merge_range(struct aspace *as, const struct cut *cut)
    REQUIRES(as->lock)
{
    uaddr_t at = cut->start;

    while (at < cut->end) {
        struct region *region = region_find(as, at);

        ASSERT(region != NULL && region->start <= at);
        at = region->end;
        region_merge(as, region);
    }
}

static int protect_locked(struct aspace *as, struct cut *cut, unsigned prot)
    REQUIRES(as->lock)
{
    const struct region *first = region_find(as, cut->start);
    int stopped, error;

    if (first == NULL || first->start >= cut->end)
        return -ENOMEM;
    if (prot & LX_PROT_GROWSDOWN) {
        if (!(first->flags & REGION_GROWS_DOWN))
            return -EINVAL;
        cut->start = first->start;
    }
    if (first->start > cut->start)
        return -ENOMEM;
    if (prot & LX_PROT_GROWSUP)
        return -EINVAL;

    prot &= PROT_RIGHTS;
    cut->end = find_stop(as, cut, prot, &stopped);
    if (cut->end == cut->start)
        return stopped;
    error = cut_prepare(as, cut, false);
    if (error == 0) {
        cut_apply(as, cut);
        set_prot(as, cut, prot);
        merge_range(as, cut);
        error = stopped;
    }
    cut_fini(cut);
    return error;
}

int aspace_protect(struct aspace *as, uaddr_t start, uint64_t size,
                   unsigned prot)
{
    struct cut cut = {.start = start};
    int error;

    if ((prot & PROT_GROWS) == PROT_GROWS || start % PAGE_SIZE != 0)
        return -EINVAL;
    if (size == 0)
        return 0;
    cut.end = start + round_up(size, PAGE_SIZE);
    if (cut.end <= start)
        return -ENOMEM;
    if (prot & ~(PROT_RIGHTS | LX_PROT_SEM | PROT_GROWS))
        return -EINVAL;

    mutex_lock(&as->lock);
    error = protect_locked(as, &cut, prot);
    mutex_unlock(&as->lock);
    return error;
}
