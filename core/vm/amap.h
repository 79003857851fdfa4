/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/amap.h - anonymous pages by slot number.
 *
 * A radix tree with 64 slots a node; its leaves are the chunks of 64 pages. It
 * is only as high as the slots in use lie apart, so a slot number may be large
 * (a region numbers its slots by virtual page), and it may grow either way.
 *
 * Copy-on-write: a clone shares all nodes, and a page its slot and its bytes.
 * A node's references are the amaps and nodes that show it; nobody changes one
 * that has two. Who writes makes the path from the root to the chunk his own
 * (amap_own()): a chunk, whatever the size. A page's references count the
 * chunks that hold it.
 *
 * An amap and all that was cloned from it are a family. Slot numbers mean the
 * same in all of it, so a page knows its family (owner, the origin) and its
 * slot (index), and the family knows the regions: amap_unmap_page().
 *
 * Several regions may show one amap, each its own slots: those that were one
 * region before a split.
 *
 * Locking: the owner's (aspace->lock, or the lock of an anonymous object);
 * members and regions of a family: the origin's family_lock, a mutex of rank
 * LOCK_RANK_AMAP, inside object->lock.
 */
#ifndef CORE_VM_AMAP_H
#define CORE_VM_AMAP_H

#include "core/base/refcount.h"
#include "core/mem/page.h"
#include "core/sched/mutex.h"

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
    struct amap *copy;         /* while its aspace is cloned: the clone's */

    struct amap *origin;     /* const; of its family, or itself */
    struct list of_family;   /* origin->members; family_lock */
    struct list regions;     /* that show it; origin->family_lock */
    struct refcount members; /* of an origin: amaps that name it */
    struct mutex family_lock;
    struct list family GUARDED_BY(family_lock); /* of an origin: its members */
};

C_DECLS_BEGIN

/* Once, before the first amap. */
void amap_init_all(void);

/* An empty one with one reference: 0 or -ENOMEM. */
MUST_USE int amap_create(struct mem_account *payer, struct amap **out);

/* A member of from's family that shows the same pages, with one reference: 0
 * or -ENOMEM. Whoever maps pages of from sees to it that none can be written
 * before its path is made own again. */
MUST_USE int amap_clone(struct amap *from, struct mem_account *payer,
                        struct amap **out);
void amap_get(struct amap *amap);

/* The last put drops its pages. Not under family_lock. */
void amap_put(struct amap *amap);

/* The page in a slot, without a reference; NULL: none. */
struct page *amap_find(const struct amap *amap, uint64_t index);

/* Is there a page in the slot that nobody else holds? It may be written. */
bool amap_is_own(const struct amap *amap, uint64_t index);

/* Makes the nodes on the path to a slot, as far as there are any, this amap's
 * alone: 0 or -ENOMEM. What can be seen does not change. */
MUST_USE int amap_own(struct amap *amap, uint64_t index);

/* The same for both ends of count slots: then amap_clear() of them does
 * not need memory. */
MUST_USE int amap_own_ends(struct amap *amap, uint64_t first, uint64_t count);

/* Puts page in an empty slot (index < AMAP_SLOTS_END), which takes over the
 * caller's reference. 0, or -ENOMEM with nothing changed. */
MUST_USE int amap_insert(struct amap *amap, uint64_t index, struct page *page);

/* How many slots from index on are empty, count at most; those of the chunk
 * of index at most. */
unsigned amap_room(const struct amap *amap, uint64_t index, unsigned count);

/* amap_insert() of count pages (page_behind()) in as many empty slots of one
 * chunk. */
MUST_USE int amap_insert_row(struct amap *amap, uint64_t index,
                             struct page *first, unsigned count);

/* Puts page in the place of another, whose reference the caller gets. The path
 * is own. */
MUST_USE struct page *amap_replace(struct amap *amap, uint64_t index,
                                   struct page *page);

/* Empties count slots from first on and drops their pages: nothing may map
 * them any more. The paths to both ends are own. Returns how many there
 * were. */
uint64_t amap_clear(struct amap *amap, uint64_t first, uint64_t count);

/* How many pages there are in count slots from first on. */
uint64_t amap_count(const struct amap *amap, uint64_t first, uint64_t count);

/* The first page at or after slot *index and before end, and its slot in
 * *index; NULL: none. */
struct page *amap_next(const struct amap *amap, uint64_t *index, uint64_t end);

/*
 * Takes page, which is and stays in a slot of a region's amap, out of every
 * page table; returns when no CPU can use it. The next fault brings it back.
 * Sleeps; holds no family_lock. core/vm/rmap.c.
 */
void amap_unmap_page(const struct page *page);

/* Is the tree as low as can be, without empty nodes, with right counts and
 * owners? For tests. */
bool amap_check(const struct amap *amap);

C_DECLS_END

#endif /* CORE_VM_AMAP_H */
