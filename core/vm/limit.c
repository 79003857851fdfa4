/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/limit.c - RLIMIT_AS, RLIMIT_DATA and RLIMIT_MEMLOCK (getrlimit(2)).
 */
#include "core/vm/region.h"

void aspace_set_limits(struct aspace *as, const struct aspace_limits *limits)
{
    struct aspace_limits *own = &as->limits;

    __atomic_store_n(&own->size, limits->size, __ATOMIC_RELAXED);
    __atomic_store_n(&own->data, limits->data, __ATOMIC_RELAXED);
    __atomic_store_n(&own->stack, limits->stack, __ATOMIC_RELAXED);
    __atomic_store_n(&own->locked, limits->locked, __ATOMIC_RELAXED);
}

bool region_may_add_data(struct aspace *as, uint64_t size)
{
    return as->data + size <= limit_of(&as->limits.data);
}

bool region_may_add(struct aspace *as, const struct region *like, uint64_t size)
{
    return as->mapped + size <= limit_of(&as->limits.size) &&
           (!region_is_data(like) || region_may_add_data(as, size));
}

void aspace_set_may_lock(struct aspace *as, bool may_lock)
{
    __atomic_store_n(&as->may_lock, may_lock, __ATOMIC_RELAXED);
}

uint64_t region_lock_limit(const struct aspace *as)
{
    if (__atomic_load_n(&as->may_lock, __ATOMIC_RELAXED))
        return UINT64_MAX;
    return limit_of(&as->limits.locked);
}

bool region_may_lock(struct aspace *as, uint64_t size)
{
    return as->locked + size <= region_lock_limit(as);
}
