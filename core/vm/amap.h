/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/amap.h - anonymous pages by slot number.
 *
 * A radix tree with 64 slots a node; its leaves are the chunks of 64 pages. It
 * is only as high as the slots in use lie apart, so a slot number may be large
 * (a region numbers its slots by virtual page), and it may grow either way.
 * Nodes are reference counted, so that fork can share them copy-on-write from
 * the chunk to the root.
 *
 * Several regions may show one amap, each its own slots: those that were one
 * region before a split. A page belongs to its slot with one reference.
 *
 * Locking: the owner's (aspace->lock, or the lock of an anonymous object).
 */
#ifndef CORE_VM_AMAP_H
#define CORE_VM_AMAP_H

#include "core/base/refcount.h"
#include "core/mem/page.h"

enum { AMAP_BITS = 6, AMAP_SLOTS = 1 << AMAP_BITS, AMAP_HEIGHT_MAX = 9 };

/* Slot numbers lie below it. */
#define AMAP_SLOTS_END (UINT64_C(1) << (unsigned)(AMAP_BITS * AMAP_HEIGHT_MAX))

struct amap_node; /* opaque: core/vm/amap.c */

struct amap {
    struct refcount refs;      /* regions and objects that show it */
    unsigned height;           /* of root; 0: empty. A chunk has 1 */
    uint64_t first;            /* the slot number root begins at */
    struct amap_node *root;    /* NULL: empty */
    uint64_t page_count;       /* slots in use */
    struct mem_account *payer; /* const */
};

C_DECLS_BEGIN

/* Once, before the first amap. */
void amap_init_all(void);

/* An empty one with one reference: 0 or -ENOMEM. */
MUST_USE int amap_create(struct mem_account *payer, struct amap **out);
void amap_get(struct amap *amap);

/* The last put drops its pages. */
void amap_put(struct amap *amap);

/* The page in a slot, without a reference; NULL: none. */
struct page *amap_find(const struct amap *amap, uint64_t index);

/* Puts page in an empty slot (index < AMAP_SLOTS_END), which takes over the
 * caller's reference. 0, or -ENOMEM with nothing changed. */
MUST_USE int amap_insert(struct amap *amap, uint64_t index, struct page *page);

/* Empties count slots from first on and drops their pages: nothing may map
 * them any more. Returns how many there were. */
uint64_t amap_clear(struct amap *amap, uint64_t first, uint64_t count);

/* The first page at or after slot *index and before end, and its slot in
 * *index; NULL: none. */
struct page *amap_next(const struct amap *amap, uint64_t *index, uint64_t end);

/* Is the tree as low as can be, without empty nodes, with right counts and
 * owners? For tests. */
bool amap_check(const struct amap *amap);

C_DECLS_END

#endif /* CORE_VM_AMAP_H */
