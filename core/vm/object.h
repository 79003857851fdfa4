/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/object.h - what a region maps: pages by index, and their pager.
 *
 * The pages of a file belong to its object, one copy for read, mmap and exec.
 * Whoever embeds an object says where its pages come from. An object knows the
 * regions that map it, so a page can be taken out of all of them.
 *
 * Locking: lock, a mutex of rank LOCK_RANK_OBJECT (inside aspace->lock), covers
 * the list of regions. The pages are their owner's business.
 */
#ifndef CORE_VM_OBJECT_H
#define CORE_VM_OBJECT_H

#include "core/base/refcount.h"
#include "core/mem/page.h"
#include "core/sched/mutex.h"

struct vm_object;

struct vm_pager_ops {
    /*
     * The page at index, up to date, with a reference for the caller. 0,
     * -EIO when it cannot be had, -ENXIO when index lies past the end (the
     * access becomes SIGBUS), -ENOMEM. May sleep; called under aspace->lock.
     */
    int (*get_page)(struct vm_object *object, uint64_t index,
                    struct page **out);
    /*
     * The pages from index on that are there and up to date at this moment,
     * each with a reference; out[i] is NULL for the others. Starts no transfer.
     * May be NULL: then a fault maps one page at a time.
     */
    void (*find_pages)(struct vm_object *object, uint64_t index,
                       struct page **out, size_t count);
    /*
     * A shared mapping is about to write page: keeps room for it at its home
     * and marks it dirty. 0, -ENOSPC, -EIO, -ENOMEM. NULL: the object cannot be
     * written through a mapping (-EACCES from mmap and mprotect).
     */
    int (*dirty_page)(struct vm_object *object, uint64_t index,
                      struct page *page);
    /*
     * MADV_REMOVE: empties count pages from index on; they read as zero then.
     * 0 or an error of fallocate(2). May sleep; called under aspace->lock.
     * NULL: -EOPNOTSUPP.
     */
    int (*remove_pages)(struct vm_object *object, uint64_t index,
                        uint64_t count);
    /* MS_SYNC: what was dirty of these pages is home when it returns. 0, -EIO,
     * -ENOSPC. May sleep. NULL: there is no other home. */
    int (*sync_pages)(struct vm_object *object, uint64_t index, uint64_t count);
    /* The last reference went. May sleep; no lock is held. */
    void (*release)(struct vm_object *object);
};

struct vm_object {
    struct refcount refs;
    const struct vm_pager_ops *ops; /* const */
    struct mutex lock;
    struct list regions GUARDED_BY(lock); /* that map it */
    unsigned claims GUARDED_BY(lock);     /* vm_object_claim_write() */
    bool is_write_denied GUARDED_BY(lock);
    uint64_t unmaps;   /* vm_object_unmap_page() calls so far; atomic */
    unsigned removals; /* vm_object_begin_removal(); atomic */
};

C_DECLS_BEGIN

/* One reference, for the caller. */
void vm_object_init(struct vm_object *object, const struct vm_pager_ops *ops);
void vm_object_get(struct vm_object *object);

/* The last put calls ops->release. Holds no aspace->lock. */
void vm_object_put(struct vm_object *object);

/*
 * From now on it gets no shared mapping that may be written, now or after
 * mprotect(2): true, or false where there is one, or one is on its way. May
 * sleep; object->lock is not held.
 */
MUST_USE bool vm_object_deny_write(struct vm_object *object);

/* For a shared mapping that may be written while it is on no list: true keeps
 * vm_object_deny_write() from it until the other call; false: it has been
 * denied. Both may sleep, with aspace->lock held or not. */
MUST_USE bool vm_object_claim_write(struct vm_object *object);
void vm_object_unclaim_write(struct vm_object *object);

/*
 * Around the taking of pages out of the object, from before the first leaves it
 * to after the last vm_object_unmap_page(): another page may come in its place
 * before tables have forgotten the first, and faults look out for that. No lock
 * is taken.
 */
void vm_object_begin_removal(struct vm_object *object);
void vm_object_end_removal(struct vm_object *object);

/*
 * Takes page, the one at index, out of every page table it is mapped in;
 * returns when no CPU can use it. The owner calls it after he took the page out
 * of the object and before he drops it, within a removal. Copies that private
 * mappings made stay. Sleeps; aspace->lock may be held, object->lock not.
 */
void vm_object_unmap_page(struct vm_object *object, uint64_t index,
                          const struct page *page);

C_DECLS_END

#endif /* CORE_VM_OBJECT_H */
