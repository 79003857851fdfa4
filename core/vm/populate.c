/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/populate.c - bringing memory in before it is touched: MAP_POPULATE,
 * mlock(2), MADV_POPULATE_*.
 */
#include "core/vm/region.h"

unsigned fault_populate_access(const struct region *region)
{
    unsigned rights = region_rights(region->prot);

    /* A write spares private pages the copy later; shared ones have none. */
    if (!region->shared && (rights & HAL_WRITE))
        return HAL_WRITE;
    return rights & HAL_READ;
}

int fault_populate(struct aspace *as, struct hal_range range, unsigned access)
{
    for (size_t i = 0; i < range.count; i++) {
        int error = mutex_lock_killable(&as->lock);

        if (error != 0)
            return error;
        error = fault_resolve(as, range.start + i * PAGE_SIZE, access);
        mutex_unlock(&as->lock);
        if (error != 0)
            return error;
    }
    return 0;
}
