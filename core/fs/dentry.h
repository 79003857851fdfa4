/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/dentry.h - the path cache: which name in which directory leads where.
 *
 * A dentry stands for a name in a directory. With an inode it is positive;
 * without, negative: no such file. A negative one may become positive, once;
 * nothing else of that changes. A name that is taken away takes its dentry out
 * of the cache: who has it open keeps it. Renaming moves the dentry.
 *
 * The cache holds a reference of its own to what it knows, and lets go of what
 * nobody uses by second chance, so that there are never more than its bound
 * beyond those in use.
 *
 * Lifetime: a reference to the parent each; freed by RCU. Who finds one without
 * a lock takes it by refcount_get_unless_zero().
 * Locking: changes to names in a directory are made under its inode's lock.
 * Buckets have spinlocks, for changes; a hit takes none: it looks at tree_seq
 * before and after, which moves when a dentry or a mount changes its place.
 */
#ifndef CORE_FS_DENTRY_H
#define CORE_FS_DENTRY_H

#include "core/fs/inode.h"

/* The text of a name, which dentries share when one was renamed. Immutable. */
struct dentry_name {
    struct refcount refs;
    uint32_t size;
    uint32_t hash; /* of text */
    struct rcu_head rcu;
    char text[];
};

struct dentry {
    struct refcount refs;
    uint32_t hash;            /* of parent and name; bucket lock, atomic */
    struct dentry *next;      /* in its bucket; RCU */
    struct dentry *parent;    /* a reference; the root's: itself; RCU */
    struct dentry_name *name; /* a reference; RCU */
    struct inode *inode;      /* a reference; NULL: negative; RCU */
    struct super *super;      /* const */
    uint64_t number;          /* const; what children's hashes begin with */
    unsigned mounts;          /* mount points here; atomic */
    bool is_hashed;           /* in the cache; bucket lock, atomic */
    bool is_referenced;       /* used since the last look; atomic */
    struct list recent;       /* of those of its shard; its lock */
    struct rcu_head rcu;
};

C_DECLS_BEGIN

/* Once, after the caches. page_count: of RAM, the bound follows it. */
void dentry_init_all(uint64_t page_count);

/* The root of a file system, its own parent, which no cache knows; takes the
 * reference to inode. NULL: no memory (inode is the caller's still). */
MUST_USE struct dentry *dentry_create_root(struct inode *inode);

/* The same for a file without a place (memfd_create(2)), called text; or below
 * parent, where nobody finds it (O_TMPFILE). */
MUST_USE struct dentry *dentry_create_unnamed(struct inode *inode,
                                              struct dentry *parent,
                                              const char *text);

void dentry_get(struct dentry *dentry);
void dentry_put(struct dentry *dentry); /* may sleep */

static inline struct inode *dentry_inode(const struct dentry *dentry)
{
    return RCU_LOAD(dentry->inode);
}

/* The dentry of name in parent if the cache has it; under rcu_read_lock(). A
 * miss says nothing; a hit is true if tree_seq did not move. */
struct dentry *dentry_find(struct dentry *parent, const struct name *name);

/*
 * The dentry of name in parent, a directory, from the cache or its file system,
 * with a reference; it may be negative. 0, -ENAMETOOLONG, -ENOMEM, -EINTR, or
 * what lookup says. Takes the directory's lock if the cache does not know; the
 * second form is called with it held.
 */
MUST_USE int dentry_lookup(struct dentry *parent, const struct name *name,
                           struct dentry **out);
MUST_USE int dentry_lookup_locked(struct dentry *parent,
                                  const struct name *name, struct dentry **out);

/* A dentry that leads to inode, with a reference, or NULL; for show only, as
 * there may be others. Any context. */
MUST_USE struct dentry *dentry_alias(struct inode *inode);

/* A negative dentry gets its inode, whose reference it takes. Directory's
 * lock. */
void dentry_fill(struct dentry *dentry, struct inode *inode);

/* Its name is gone: the cache forgets it. Directory's lock. */
void dentry_drop(struct dentry *dentry);

/* rename(2): from moves to where to is, which the cache forgets, or the two
 * change places. Both directories' locks, and super->rename_lock where they
 * differ. */
void dentry_move(struct dentry *from, struct dentry *to, bool exchanges);

/* Is dentry ancestor, or below it? With super->rename_lock, or to be checked
 * against tree_seq. */
bool dentry_is_below(const struct dentry *dentry,
                     const struct dentry *ancestor);

/* Is the name of no use any more: neither in the cache nor a root? */
bool dentry_is_dropped(const struct dentry *dentry);

/* Lets go of what nobody uses: of one file system, or of all (NULL). Returns
 * how many. May sleep. */
size_t dentry_shrink(const struct super *super);

/* In the cache now. */
size_t dentry_count(void);

/* Moves when a dentry or mount changes its place: odd while it does. Readers
 * use acquire loads in between, writers release stores. */
unsigned tree_seq_read(void);

/* Did nothing move since seq was read? */
bool tree_is_same(unsigned seq);

/* Nothing moves in between; spin-locked, does not nest. The first pair is for
 * who moves something. */
void tree_write_begin(void);
void tree_write_end(void);
void tree_lock(void);
void tree_unlock(void);

C_DECLS_END

#endif /* CORE_FS_DENTRY_H */
