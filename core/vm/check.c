/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/check.c - aspace_check(): do regions, amaps and page tables agree?
 */
#include "core/abi/mman.h"
#include "core/vm/region.h"

/* Page table entries looked at in one region or gap; all private pages are. */
enum { CHECK_PAGES_MAX = 4096 };

/* What the tables may hold at addr where a slot, or none, holds page. */
static bool check_mapping(const struct region *region, uaddr_t addr,
                          const struct page *page,
                          const struct hal_mapping *found)
{
    struct vm_object *object = region->object;
    unsigned rights = region_rights(region->prot);
    struct page *source = NULL;
    bool same;

    if (page != NULL && !amap_is_own(region->amap, region_slot(region, addr)))
        rights &= ~(unsigned)HAL_WRITE;
    if (page != NULL)
        return found->page == page_addr(page) && (found->rights & ~rights) == 0;
    if (!region->shared)
        rights &= ~(unsigned)HAL_WRITE;
    if ((found->rights & ~rights) != 0)
        return false;
    if (object == NULL)
        return fault_is_zero_page(page_of(found->page));
    if (object->ops->get_page(object, region_object_index(region, addr),
                              &source) != 0)
        return false;
    same = found->page == page_addr(source);
    page_put(source);
    return same;
}

static bool query(struct aspace *as, uaddr_t addr, struct hal_mapping *out)
{
    bool found;

    spin_lock(&as->pt_lock);
    found = hal_mmu_query(as->mmu, addr, out);
    spin_unlock(&as->pt_lock);
    return found;
}

/* Is nothing mapped in the first pages of [start, end)? */
static bool check_hole(struct aspace *as, uaddr_t start, uaddr_t end)
{
    struct hal_mapping found;

    end = min_u64(end, start + (uint64_t)CHECK_PAGES_MAX * PAGE_SIZE);
    for (; start < end; start += PAGE_SIZE)
        if (query(as, start, &found))
            return false;
    return true;
}

static bool check_page(struct aspace *as, const struct region *region,
                       uaddr_t addr)
{
    struct hal_mapping found;
    const struct page *page = NULL;

    if (!query(as, addr, &found))
        return true; /* any translation may be forgotten */
    if (region->amap != NULL)
        page = amap_find(region->amap, region_slot(region, addr));
    return check_mapping(region, addr, page, &found);
}

/* Checks a region's pages; adds its private ones to *resident. */
static bool check_region(struct aspace *as, const struct region *region,
                         uint64_t *resident)
{
    uint64_t size = (uint64_t)CHECK_PAGES_MAX * PAGE_SIZE;
    uint64_t slot = region->amap_index;
    uint64_t end = slot + region_page_count(region);
    const struct region *next = region_next(region);

    if (region->shared && (region->object == NULL || region->amap != NULL))
        return false;
    if ((region->prot & region->deny) != 0)
        return false;
    if (next != NULL && next->amap == region->amap && region->amap != NULL &&
        next->amap_index != region_slot(region, next->start))
        return false;
    for (uaddr_t at = region->start;
         at < region->end && at - region->start < size; at += PAGE_SIZE)
        if (!check_page(as, region, at))
            return false;
    if (region->amap == NULL)
        return true;
    for (; amap_next(region->amap, &slot, end) != NULL; slot++) {
        uint64_t page = slot - region->amap_index;

        if (!check_page(as, region, region->start + page * PAGE_SIZE))
            return false;
        (*resident)++;
    }
    return amap_check(region->amap);
}

static bool check_locked(struct aspace *as) REQUIRES(as->lock)
{
    const struct tree_node *node = tree_first(&as->regions);
    uint64_t resident = 0;
    uaddr_t end = 0;

    if (!region_check_tree(as))
        return false;
    for (; node != NULL; node = tree_next(node)) {
        const struct region *region = container_of(node, struct region, node);

        if (!check_hole(as, end, region->start) ||
            !check_region(as, region, &resident))
            return false;
        end = region->end;
    }
    return check_hole(as, end, HAL_USER_TOP) && resident == as->resident;
}

bool aspace_check(struct aspace *as)
{
    bool result;

    mutex_lock(&as->lock);
    result = check_locked(as);
    mutex_unlock(&as->lock);
    return result;
}
