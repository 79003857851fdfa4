/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/rmap.c - from a page to the tables that map it.
 *
 * A page of an object is found through the object's regions; an anonymous one,
 * which knows its amap's family and its slot, through the regions of the
 * family. Neither takes aspace->lock: the lists hold a region as long as the
 * tables may hold its pages, and its bounds do not move while they are locked.
 */
#include "core/vm/region.h"

/* Takes the translation of addr away if it is one to page. */
static void forget_page(struct aspace *as, uaddr_t addr,
                        const struct page *page)
{
    struct hal_gather gather = {.mmu = as->mmu};
    struct hal_range one = {.start = addr, .count = 1};
    struct hal_mapping found;
    bool mapped;

    spin_lock(&as->pt_lock);
    mapped =
        hal_mmu_query(as->mmu, addr, &found) && found.page == page_addr(page);
    if (mapped)
        hal_mmu_unmap(&gather, one);
    spin_unlock(&as->pt_lock);
    if (mapped)
        hal_mmu_flush(&gather);
}

/* The same for the page of region that lies index - first pages in. */
static void forget_in(struct region *region, uint64_t index, uint64_t first,
                      const struct page *page)
{
    if (index >= first && index - first < region_page_count(region))
        forget_page(region->as, region->start + (index - first) * PAGE_SIZE,
                    page);
}

void vm_object_unmap_page(struct vm_object *object, uint64_t index,
                          const struct page *page)
{
    /* A fault that has the page in hand looks at this under pt_lock: it maps
     * before the loop comes by, or sees the change and does not. */
    (void)__atomic_fetch_add(&object->unmaps, 1, __ATOMIC_ACQ_REL);

    mutex_lock(&object->lock);
    list_for_each(node, &object->regions)
    {
        struct region *region = list_entry(node, struct region, of_object);

        forget_in(region, index, region->object_index, page);
    }
    mutex_unlock(&object->lock);
}

void amap_unmap_page(const struct page *page)
{
    struct amap *origin = page->owner;

    mutex_lock(&origin->family_lock);
    list_for_each(member, &origin->family)
    {
        struct amap *amap = list_entry(member, struct amap, of_family);

        list_for_each(node, &amap->regions)
        {
            struct region *region = list_entry(node, struct region, of_amap);

            forget_in(region, page->index, region->amap_index, page);
        }
    }
    mutex_unlock(&origin->family_lock);
}
