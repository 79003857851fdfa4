/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/refcount.h - who keeps an object alive.
 *
 * A plain field in a struct of its own: no one can touch it but through these
 * calls, and the header stays valid C++ (which has no _Atomic). In checked
 * builds each call but refcount_init() is a scheduling point.
 */
#ifndef CORE_BASE_REFCOUNT_H
#define CORE_BASE_REFCOUNT_H

#include "core/base/defs.h"
#include "hal/check.h"

struct refcount {
    unsigned count;
};

static inline void refcount_init(struct refcount *r, unsigned count)
{
    __atomic_store_n(&r->count, count, __ATOMIC_RELAXED);
}

/* Another CPU may come between here and what follows. */
static inline void refcount_point(void)
{
    if (CHECKED)
        hal_check_point();
}

/* The caller owns a reference already, so the count cannot be zero. */
static inline void refcount_get(struct refcount *r)
{
    unsigned old;

    refcount_point();
    old = __atomic_fetch_add(&r->count, 1, __ATOMIC_RELAXED);
    ASSERT(old > 0);
    ASSERT(old < UINT32_MAX / 2);
}

/*
 * For an object that was found without a reference or a lock, under
 * rcu_read_lock(): takes one unless the last is gone. False: the object is on
 * its way out, and is as good as not found.
 */
MUST_USE static inline bool refcount_get_unless_zero(struct refcount *r)
{
    unsigned old;

    refcount_point();
    old = __atomic_load_n(&r->count, __ATOMIC_RELAXED);
    do {
        if (old == 0)
            return false;
        ASSERT(old < UINT32_MAX / 2);
    } while (!__atomic_compare_exchange_n(&r->count, &old, old + 1, true,
                                          __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
    return true;
}

/* Ends the caller's reference if it is the only one. True: the caller must free
 * the object, and refcount_get_unless_zero() finds it gone. */
MUST_USE static inline bool refcount_put_if_one(struct refcount *r)
{
    unsigned one = 1;

    refcount_point();
    return __atomic_compare_exchange_n(&r->count, &one, 0, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Is the caller's reference the only one? Then nobody else can add one, and
 * what others did before they let go has been seen. */
MUST_USE static inline bool refcount_is_one(const struct refcount *r)
{
    return __atomic_load_n(&r->count, __ATOMIC_ACQUIRE) == 1;
}

/* True when this was the last reference: the caller must free the object. */
MUST_USE static inline bool refcount_put(struct refcount *r)
{
    unsigned old;

    refcount_point();
    old = __atomic_fetch_sub(&r->count, 1, __ATOMIC_ACQ_REL);
    ASSERT(old > 0);
    return old == 1;
}

#endif /* CORE_BASE_REFCOUNT_H */
