/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/unmap.c - taking memory away: munmap(2), and what MAP_FIXED and
 * brk(2) replace.
 */
#include "core/abi/errno.h"
#include "core/vm/region.h"

/* Drops the pages of a region that is in no tree and in no table. The last to
 * show an amap leaves that to region_free(). */
static void drop_pages(struct aspace *as, struct region *region)
{
    uint64_t dropped;

    if (region->amap == NULL)
        return;
    if (region_is_sole(region))
        dropped = region->amap->page_count;
    else
        dropped = amap_clear(region->amap, region->amap_index,
                             region_page_count(region));
    ASSERT(dropped <= as->resident);
    as->resident -= dropped;
}

void forget_range(struct aspace *as, uaddr_t start, uaddr_t end)
{
    struct hal_gather gather = {.mmu = as->mmu};
    struct hal_range range = {
        .start = start,
        .count = (end - start) / PAGE_SIZE,
    };

    spin_lock(&as->pt_lock);
    hal_mmu_unmap(&gather, range);
    spin_unlock(&as->pt_lock);
    if (gather.span.count > 0 || gather.tables.count > 0)
        hal_mmu_flush(&gather);
}

void removed_collect(struct aspace *as, struct cut *cut, struct list *removed)
{
    struct region *region;

    cut_apply(as, cut);
    region = region_find(as, cut->start);
    if (region == NULL || region->start >= cut->end)
        return;
    forget_range(as, cut->start, cut->end);
    while (region != NULL && region->start < cut->end) {
        struct region *next = region_next(region);

        ASSERT(region->start >= cut->start && region->end <= cut->end);
        region_unlink(as, region);
        list_push_back(removed, &region->removed);
        region = next;
    }
    list_for_each(node, removed)
        drop_pages(as, list_entry(node, struct region, removed));
}

void removed_free(struct list *removed)
{
    struct list *node;

    while ((node = list_pop_front(removed)) != NULL)
        region_free(list_entry(node, struct region, removed));
}

int aspace_unmap(struct aspace *as, uaddr_t start, uint64_t size)
{
    struct cut cut = {.start = start};
    struct list removed;
    int error;

    if (start % PAGE_SIZE != 0 || start > HAL_USER_TOP || size == 0 ||
        size > HAL_USER_TOP - start)
        return -EINVAL;
    cut.end = start + round_up(size, PAGE_SIZE);
    list_init(&removed);

    mutex_lock(&as->lock);
    error = cut_prepare(as, &cut, true);
    if (error == 0)
        removed_collect(as, &cut, &removed);
    mutex_unlock(&as->lock);

    cut_fini(&cut);
    removed_free(&removed);
    return error;
}
