/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/look.c - contract in look.h.
 */
#include "core/vm/look.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/vm/region.h"
#include "hal/uaccess.h"

bool aspace_next_region(struct aspace *as, uaddr_t from,
                        struct aspace_region *out)
{
    struct region *region;

    mutex_lock(&as->lock);
    region = region_find(as, from);
    if (region != NULL) {
        *out = (struct aspace_region){
            .start = region->start,
            .end = region->end,
            .prot = region->prot,
            .is_shared = region->shared,
            .is_heap = region->object == NULL && region->start < as->brk &&
                       region->end > as->brk_start,
            .object = region->object,
            .offset = region->object_index * PAGE_SIZE,
        };
        if (out->object != NULL)
            vm_object_get(out->object);
    }
    mutex_unlock(&as->lock);
    return region != NULL;
}

/* The page that is shown at addr, with a reference; NULL: none is there. */
static struct page *page_at(struct region *region, uaddr_t addr)
{
    struct page *page = NULL;

    if (region->amap != NULL)
        page = amap_find(region->amap, region_slot(region, addr));
    if (page != NULL) {
        page_get(page);
        return page;
    }
    if (region->object != NULL && region->object->ops->find_pages != NULL)
        region->object->ops->find_pages(
            region->object, region_object_index(region, addr), &page, 1);
    return page;
}

/* Fills copy, a page of the kernel's, with what is at addr; false: nothing is
 * mapped there. */
static bool copy_page_at(struct aspace *as, uaddr_t addr, struct page *copy)
{
    struct region *region;
    struct page *page = NULL;

    mutex_lock(&as->lock);
    region = region_find(as, addr);
    if (region != NULL && region->start > addr)
        region = NULL;
    if (region != NULL)
        page = page_at(region, addr);
    mutex_unlock(&as->lock);
    if (page == NULL) {
        mem_set(page_data(copy), 0, PAGE_SIZE);
        return region != NULL;
    }
    hal_copy_page(page_addr(copy), page_addr(page));
    page_put(page);
    return true;
}

ssize_t aspace_peek(struct aspace *as, uaddr_t from, void *to, size_t size)
{
    struct page *copy = page_alloc(0, MEM_WAIT, NULL);
    size_t done = 0;

    if (copy == NULL)
        return -ENOMEM;
    while (done < size && from < HAL_USER_TOP) {
        size_t at = (size_t)(from % PAGE_SIZE);
        size_t part = min_size(size - done, PAGE_SIZE - at);

        if (!copy_page_at(as, from - at, copy))
            break;
        mem_copy((char *)to + done, (const char *)page_data(copy) + at, part);
        done += part;
        from += part;
    }
    page_put(copy);
    return (ssize_t)done;
}
