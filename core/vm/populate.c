/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/populate.c - faults as others ask for them, one by one or for a
 * range; contracts in aspace.h and aspace_impl.h.
 */
#include "core/abi/errno.h"
#include "core/vm/region.h"

/* aspace_set_relief(); NULL: there is none. Set at boot. */
static int (*relieve)(unsigned attempt);

int aspace_fault(struct aspace *as, uaddr_t addr, unsigned access)
{
    unsigned attempt = 0;
    int error;

    ASSERT(access == HAL_READ || access == HAL_WRITE || access == HAL_EXEC);
    if (addr >= HAL_USER_TOP)
        return -EFAULT;
    do {
        mutex_lock(&as->lock);
        error = fault_resolve(as, round_down(addr, PAGE_SIZE), access);
        mutex_unlock(&as->lock);
        if (error != -ENOMEM || relieve == NULL)
            return error;
        error = relieve(attempt++);
    } while (error == 0);
    return error;
}

void aspace_set_relief(int (*fn)(unsigned attempt))
{
    relieve = fn;
}

unsigned fault_populate_access(const struct region *region)
{
    unsigned rights = region_rights(region->prot);

    /* A write spares private pages the copy later; shared ones have none. */
    if (!region->shared && (rights & HAL_WRITE))
        return HAL_WRITE;
    return rights & HAL_READ;
}

/* fault_resolve() for a page of a mapping with prot: none grows down to it. */
static int bring_in(struct aspace *as, uaddr_t addr, unsigned access,
                    unsigned prot) REQUIRES(as->lock)
{
    const struct region *region = region_find(as, addr);

    if (region == NULL || region->start > addr)
        return -EFAULT;
    if (prot & ~region->prot)
        return -EACCES;
    return fault_resolve(as, addr, access);
}

int fault_populate(struct aspace *as, struct hal_range range, unsigned access,
                   unsigned prot)
{
    for (size_t i = 0; i < range.count; i++) {
        int error = mutex_lock_killable(&as->lock);

        if (error != 0)
            return error;
        error = bring_in(as, range.start + i * PAGE_SIZE, access, prot);
        mutex_unlock(&as->lock);
        if (error != 0)
            return error;
    }
    return 0;
}
