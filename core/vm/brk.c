/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/brk.c - brk(2): the heap, an anonymous region from brk_start to the
 * page of the break. What lies between the two is named [heap] by whoever shows
 * the regions.
 */
#include "core/abi/mman.h"
#include "core/vm/region.h"

void aspace_set_brk_start(struct aspace *as, uaddr_t start)
{
    ASSERT(start < HAL_USER_TOP);
    mutex_lock(&as->lock);
    as->brk_start = start;
    as->brk = start;
    mutex_unlock(&as->lock);
}

/* Maps [start, end); false: no room, or no memory. */
static bool grow_heap(struct aspace *as, uaddr_t start, uaddr_t end)
    REQUIRES(as->lock)
{
    const struct region kind = {.prot = LX_PROT_READ | LX_PROT_WRITE};
    struct region *region;

    if (!region_may_add(as, &kind, end - start) ||
        ((as->map_flags & REGION_LOCKED) && !region_may_lock(as, end - start)))
        return false;
    /* A page stays free above the heap, so that running over it faults. */
    if (end > HAL_USER_TOP - PAGE_SIZE ||
        !region_is_roomy(as, start, end + PAGE_SIZE) ||
        as->region_count > ASPACE_REGIONS_MAX)
        return false;
    region = region_alloc(as);
    if (region == NULL)
        return false;
    region->start = start;
    region->end = end;
    region->prot = kind.prot;
    region->flags = as->map_flags;
    region->amap_index = start / PAGE_SIZE;
    region_link(as, region);
    region_merge(as, region);
    return true;
}

static bool shrink_heap(struct aspace *as, uaddr_t start, uaddr_t end,
                        struct list *removed) REQUIRES(as->lock)
{
    struct cut cut = {.start = start, .end = end};
    int error = cut_prepare(as, &cut, true);

    if (error == 0)
        removed_collect(as, &cut, removed);
    cut_fini(&cut);
    return error == 0;
}

uaddr_t aspace_brk(struct aspace *as, uaddr_t to)
{
    struct hal_range added = {.count = 0};
    struct list removed;
    uaddr_t result;
    bool done = false;

    list_init(&removed);
    mutex_lock(&as->lock);
    if (to >= as->brk_start && to < HAL_USER_TOP && as->brk_start != 0) {
        uaddr_t old_end = round_up(as->brk, PAGE_SIZE);
        uaddr_t new_end = round_up(to, PAGE_SIZE);

        if (new_end == old_end)
            done = true;
        else if (new_end > old_end)
            done = grow_heap(as, old_end, new_end);
        else
            done = shrink_heap(as, new_end, old_end, &removed);
    }
    if (done && (as->map_flags & REGION_LOCK_FLAGS) == REGION_LOCKED &&
        to > as->brk)
        added = (struct hal_range){
            .start = round_up(as->brk, PAGE_SIZE),
            .count = (round_up(to, PAGE_SIZE) - round_up(as->brk, PAGE_SIZE)) /
                     PAGE_SIZE,
        };
    if (done)
        as->brk = to;
    result = as->brk;
    mutex_unlock(&as->lock);
    removed_free(&removed);
    (void)fault_populate(as, added, HAL_WRITE, 0);
    return result;
}
