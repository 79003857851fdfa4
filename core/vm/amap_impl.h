/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/amap_impl.h - the nodes of an amap, for its own files.
 */
#ifndef CORE_VM_AMAP_IMPL_H
#define CORE_VM_AMAP_IMPL_H

#include "core/vm/amap.h"

/* Changed by the one amap that shows it, under that one's lock. */
struct amap_node {
    struct refcount refs;   /* parents: amaps and nodes */
    unsigned used;          /* slots that are not NULL */
    void *slot[AMAP_SLOTS]; /* nodes; in a chunk, pages */
};

static inline unsigned shift_of(unsigned height)
{
    return (height - 1) * AMAP_BITS;
}

/* The last slot number of a node, counted from its first. */
static inline uint64_t last_of(unsigned height)
{
    return (UINT64_C(1) << (height * AMAP_BITS)) - 1;
}

#endif /* CORE_VM_AMAP_IMPL_H */
