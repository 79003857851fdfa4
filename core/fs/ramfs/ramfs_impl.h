/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/ramfs/ramfs_impl.h - what the files of ramfs share. See ramfs.h.
 */
#ifndef CORE_FS_RAMFS_RAMFS_IMPL_H
#define CORE_FS_RAMFS_RAMFS_IMPL_H

#include "core/base/tree.h"
#include "core/fs/pages.h"
#include "core/fs/ramfs/ramfs.h"

/* Counts are atomic; a limit of 0 is none. */
struct ramfs {
    struct super super; /* first */
    struct list all;    /* of them; the list's lock */
    uint64_t pages, pages_max;
    uint64_t inodes, inodes_max;
    /* What the mount asked for its root, and what it has unasked; const. */
    uint32_t mode, default_mode, uid, gid;
};

/* A name in a directory. Its inode has a reference. */
struct ramfs_entry {
    struct tree_node by_name;     /* ramfs_dir.names */
    struct tree_node by_position; /* ramfs_dir.positions */
    struct inode *inode;
    uint64_t position; /* in the directory: the newest has the lowest */
    uint32_t hash;
    uint32_t size;
    char text[];
};

/* The inode's lock covers it. */
struct ramfs_dir {
    struct tree names;     /* by hash, then text */
    struct tree positions; /* by position */
    uint64_t next_position;
    uint64_t count;
};

struct ramfs_inode {
    struct inode inode; /* first */
    unsigned seals;     /* LX_F_SEAL_*; lock to write, atomic */
    size_t target_size; /* bytes of inode.target, with the NUL */
    union {
        struct ramfs_dir dir;
        struct pages pages; /* of a regular file */
    };
};

C_DECLS_BEGIN

extern const struct inode_ops ramfs_dir_ops, ramfs_file_ops, ramfs_other_ops;
extern const struct vm_pager_ops ramfs_pager_ops;

static inline struct ramfs *ramfs_of(const struct inode *inode)
{
    return container_of(inode->super, struct ramfs, super);
}

static inline struct ramfs_inode *ramfs_inode_of(struct inode *inode)
{
    return container_of(inode, struct ramfs_inode, inode);
}

/* A new inode, one reference: 0, -ENOSPC, -ENOMEM. super.c. */
MUST_USE int ramfs_make_inode(struct ramfs *fs, const struct inode_new *want,
                              struct inode **out);

/* Ends one; every kind's release. super.c. */
void ramfs_release(struct inode *inode);

/* Counts one page: 0 or -ENOSPC; gives count back. super.c. */
MUST_USE int ramfs_charge_page(struct ramfs *fs);
void ramfs_release_pages(struct ramfs *fs, uint64_t count);

/* --- data.c --------------------------------------------------------------- */

/* The page at index with a reference, made (zero) when there is none: 0,
 * -ENOSPC, -ENOMEM. Says nothing of the file's size. */
MUST_USE int ramfs_get_page(struct inode *inode, uint64_t index,
                            struct page **out);

/* Enters a new page, charged for here; takes its reference. 0, -EEXIST,
 * -ENOSPC, -ENOMEM: then it is the caller's still. */
MUST_USE int ramfs_add_page(struct inode *inode, uint64_t index,
                            struct page *page);

/* Drops the pages of [first, end), and their mappings. */
void ramfs_drop_pages(struct inode *inode, uint64_t first, uint64_t end);

/* inode_ops.change: -EPERM where a seal keeps who may run it. */
MUST_USE int ramfs_change(struct inode *inode,
                          const struct inode_change *change);

/* resize and allocate of inode_ops. */
MUST_USE int ramfs_resize(struct inode *inode, uint64_t size);
MUST_USE int ramfs_allocate(struct inode *inode, unsigned mode, uint64_t offset,
                            uint64_t size);

/* --- file.c --------------------------------------------------------------- */

MUST_USE int ramfs_open(struct inode *inode, unsigned flags, struct file **out);

C_DECLS_END

#endif /* CORE_FS_RAMFS_RAMFS_IMPL_H */
