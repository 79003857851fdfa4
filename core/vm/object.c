/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/object.c - the contract is in object.h.
 */
#include "core/vm/object.h"

#include "core/vm/aspace_impl.h"

static const struct lock_class object_lock_class = {"object", LOCK_RANK_OBJECT};

void vm_object_init(struct vm_object *object, const struct vm_pager_ops *ops)
{
    refcount_init(&object->refs, 1);
    object->ops = ops;
    mutex_init(&object->lock, &object_lock_class);
    list_init(&object->regions);
    object->unmaps = 0;
}

void vm_object_get(struct vm_object *object)
{
    refcount_get(&object->refs);
}

void vm_object_put(struct vm_object *object)
{
    if (!refcount_put(&object->refs))
        return;
    ASSERT(list_is_empty(&object->regions));
    object->ops->release(object);
}

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

        if (index >= region->object_index &&
            index - region->object_index < region_page_count(region))
            forget_page(region->as,
                        region->start +
                            (index - region->object_index) * PAGE_SIZE,
                        page);
    }
    mutex_unlock(&object->lock);
}
