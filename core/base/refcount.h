/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/refcount.h - who keeps an object alive.
 *
 * A plain field in a struct of its own: no one can touch it but through these
 * calls, and the header stays valid C++ (which has no _Atomic).
 */
#ifndef CORE_BASE_REFCOUNT_H
#define CORE_BASE_REFCOUNT_H

#include "core/base/defs.h"

struct refcount {
    unsigned count;
};

static inline void refcount_init(struct refcount *r, unsigned count)
{
    __atomic_store_n(&r->count, count, __ATOMIC_RELAXED);
}

/* The caller owns a reference already, so the count cannot be zero. */
static inline void refcount_get(struct refcount *r)
{
    unsigned old = __atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);

    ASSERT(old > 0);
    ASSERT(old < UINT32_MAX / 2);
}

/* True when this was the last reference: the caller must free the object. */
MUST_USE static inline bool refcount_put(struct refcount *r)
{
    unsigned old = __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL);

    ASSERT(old > 0);
    return old == 1;
}

#endif /* CORE_BASE_REFCOUNT_H */
