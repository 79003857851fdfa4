/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/amap_check.c - does an amap hold together? Contract in amap.h.
 */
#include "core/vm/amap_impl.h"

static bool check_node(const struct amap *amap, const struct amap_node *node,
                       unsigned height, uint64_t first)
{
    unsigned used = 0;

    for (unsigned i = 0; i < AMAP_SLOTS; i++) {
        const struct page *page = node->slot[i];
        uint64_t index = first + ((uint64_t)i << shift_of(height));

        if (page == NULL)
            continue;
        used++;
        if (height == 1 &&
            (page->owner != amap->origin || page->index != index))
            return false;
        if (height > 1 && !check_node(amap, node->slot[i], height - 1, index))
            return false;
    }
    return used > 0 && used == node->used;
}

bool amap_check(const struct amap *amap)
{
    if (amap->root == NULL)
        return amap->height == 0 && amap->page_count == 0;
    if (amap->height > 1 && amap->root->used < 2)
        return false;
    return amap_count(amap, 0, AMAP_SLOTS_END) == amap->page_count &&
           check_node(amap, amap->root, amap->height, amap->first);
}
