/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/clone.c - fork(2): a copy of an address space, copy-on-write.
 *
 * The copy gets a region for each region and an amap for each amap, which share
 * all nodes; then nothing of the original may be written before a fault has
 * looked whose it is, so its tables are write-protected in one go. That covers
 * shared memory too: its pages come back by faults.
 *
 * The new address space is seen by nobody but, through the lists of objects and
 * families, the reverse map, so its own lock is not taken.
 */
#include "core/abi/errno.h"
#include "core/vm/region.h"

/* Gives copy the clone of the amap that region shows, made once for all that
 * show it. */
static int clone_amap(const struct region *region, struct mem_account *payer,
                      struct region *copy)
{
    struct amap *from = region->amap;
    int error;

    if (from == NULL || (region->flags & REGION_WIPE_ON_FORK))
        return 0;
    if (from->copy == NULL) {
        error = amap_clone(from, payer, &copy->amap);
        if (error != 0)
            return error;
        from->copy = copy->amap;
    } else {
        amap_get(from->copy);
        copy->amap = from->copy;
    }
    copy->amap_index = region->amap_index;
    return 0;
}

static int clone_region(struct aspace *as, const struct region *region)
    REQUIRES(as->lock)
{
    struct region *copy = region_alloc(as);
    int error;

    if (copy == NULL)
        return -ENOMEM;
    copy->start = region->start;
    copy->end = region->end;
    copy->object_index = region->object_index;
    copy->amap_index = region->start / PAGE_SIZE;
    copy->prot = region->prot;
    copy->deny = region->deny;
    copy->shared = region->shared;
    copy->flags = region->flags & ~(unsigned)REGION_LOCK_FLAGS;
    error = clone_amap(region, as->payer, copy);
    if (error != 0) {
        region_free(copy);
        return error;
    }
    copy->object = region->object;
    if (copy->object != NULL)
        vm_object_get(copy->object);
    region_link(as, copy);
    return 0;
}

static struct region *first_of(struct aspace *as) REQUIRES(as->lock)
{
    return region_find(as, 0);
}

static int clone_regions(struct aspace *from, struct aspace *to)
    REQUIRES(from->lock) REQUIRES(to->lock)
{
    const struct region *region = first_of(from);
    int error = 0;

    for (; region != NULL && error == 0; region = region_next(region))
        if (!(region->flags & REGION_DONT_FORK))
            error = clone_region(to, region);
    return error;
}

/* Takes the pages that the copy does not inherit out of amaps that it has
 * because of other regions, and counts what stays. */
static int settle_amaps(struct aspace *from, struct aspace *to)
    REQUIRES(from->lock) REQUIRES(to->lock)
{
    const unsigned none = REGION_DONT_FORK | REGION_WIPE_ON_FORK;
    const struct region *region = first_of(from);

    for (; region != NULL; region = region_next(region)) {
        struct amap *copy = region->amap != NULL ? region->amap->copy : NULL;
        uint64_t count = region_page_count(region);
        int error;

        if (copy == NULL)
            continue;
        if (!(region->flags & none)) {
            to->resident += amap_count(copy, region->amap_index, count);
            continue;
        }
        error = amap_own_ends(copy, region->amap_index, count);
        if (error != 0)
            return error;
        (void)amap_clear(copy, region->amap_index, count);
    }
    return 0;
}

static void forget_copies(struct aspace *from) REQUIRES(from->lock)
{
    struct region *region = first_of(from);

    for (; region != NULL; region = region_next(region))
        if (region->amap != NULL)
            region->amap->copy = NULL;
}

/* No CPU can write memory of as without a fault any more. */
static void protect_all(struct aspace *as) REQUIRES(as->lock)
{
    const struct hal_range all = {.start = 0,
                                  .count = HAL_USER_TOP / PAGE_SIZE};
    struct hal_gather gather = {.mmu = as->mmu};

    spin_lock(&as->pt_lock);
    hal_mmu_protect(&gather, all, HAL_READ | HAL_EXEC);
    spin_unlock(&as->pt_lock);
    if (gather.span.count > 0 || gather.tables.count > 0)
        hal_mmu_flush(&gather);
}

/* Without the lock of to, as the head of the file has it. */
static int clone_locked(struct aspace *from, struct aspace *to) NO_TSA
{
    const struct aspace_limits limits = {
        .size = limit_of(&from->limits.size),
        .data = limit_of(&from->limits.data),
        .stack = limit_of(&from->limits.stack),
        .locked = limit_of(&from->limits.locked),
    };
    int error = clone_regions(from, to);

    if (error == 0)
        error = settle_amaps(from, to);
    forget_copies(from);
    protect_all(from);
    aspace_set_limits(to, &limits);
    (void)aspace_add_barriers(to, aspace_add_barriers(from, 0));
    aspace_set_may_lock(to, __atomic_load_n(&from->may_lock, __ATOMIC_RELAXED));
    to->mmap_base = from->mmap_base;
    to->brk_start = from->brk_start;
    to->brk = from->brk;
    return error;
}

int aspace_clone(struct aspace *from, struct mem_account *payer,
                 struct aspace **out)
{
    struct aspace *as;
    int error = aspace_create(payer, &as);

    if (error != 0)
        return error;
    mutex_lock(&from->lock);
    error = clone_locked(from, as);
    mutex_unlock(&from->lock);
    if (error != 0) {
        aspace_put(as);
        return error;
    }
    *out = as;
    return 0;
}
