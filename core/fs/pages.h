/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pages.h - the pages of a file by index: the page cache of an inode.
 *
 * A radix tree of 64 slots a node, only as high as the largest index needs. It
 * holds a reference to each page. Look-ups take no lock; nodes are freed by
 * RCU, and so a page that a look-up found is taken by its count.
 *
 * Locking: a spinlock, for changes.
 */
#ifndef CORE_FS_PAGES_H
#define CORE_FS_PAGES_H

#include "core/mem/page.h"
#include "core/sync/spinlock.h"

struct pages_node; /* opaque: core/fs/pages.c */

struct pages {
    struct spinlock lock;
    struct pages_node *root; /* RCU */
    uint64_t count;          /* pages; lock to write, atomic */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void pages_init_all(void);

void pages_init(struct pages *pages);

/* The page at index with a reference, or NULL. Any context. */
MUST_USE struct page *pages_find(struct pages *pages, uint64_t index);

/* Enters page, whose reference it takes, where there is none. 0; -EEXIST;
 * -ENOMEM (the reference is the caller's still). May sleep. */
MUST_USE int pages_insert(struct pages *pages, uint64_t index,
                          struct page *page);

/* Takes the first page at or after *index and before end out: its index, and
 * its reference for the caller. NULL: none. Any context. */
MUST_USE struct page *pages_take(struct pages *pages, uint64_t *index,
                                 uint64_t end);

/* The first index from index on, before end, that has a page (or, !present,
 * that has none); end when there is none. Any context. */
uint64_t pages_next(struct pages *pages, uint64_t index, uint64_t end,
                    bool present);

/* Gives back all nodes; no page is left. */
void pages_fini(struct pages *pages);

C_DECLS_END

#endif /* CORE_FS_PAGES_H */
