/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/place.c - contract in place.h.
 */
#include "core/vm/place.h"

#include "core/abi/errno.h"
#include "core/vm/region.h"

int aspace_place(struct aspace *as, uaddr_t addr, unsigned access,
                 struct vm_place *out)
{
    struct region *region;
    int error = aspace_fault(as, addr, access);

    if (error != 0)
        return -EFAULT;
    *out = (struct vm_place){0};
    mutex_lock(&as->lock);
    region = region_find(as, addr);
    if (region == NULL || region->start > addr) {
        error = -EFAULT;
    } else if (region->shared) {
        out->object = region->object;
        out->index = region_object_index(region, round_down(addr, PAGE_SIZE));
        vm_object_get(out->object);
    }
    mutex_unlock(&as->lock);
    return error;
}
