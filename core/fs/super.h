/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/super.h - mounted file systems, and the kinds there are.
 *
 * Lifetime: reference counted, one per mount and one per inode of the path
 * cache's root; the last put, which comes after the last inode's, releases it.
 * Locking: const but where it is said; rename_lock, a mutex of rank
 * LOCK_RANK_RENAME, is held while a directory changes its place.
 */
#ifndef CORE_FS_SUPER_H
#define CORE_FS_SUPER_H

#include "core/base/list.h"
#include "core/base/refcount.h"
#include "core/sched/mutex.h"

struct dentry;
struct inode;
struct super;

/* statfs(2). */
struct super_usage {
    uint64_t blocks, blocks_free; /* of super->block_size */
    uint64_t files, files_free;
};

struct super_ops {
    /* NULL: all 0. */
    void (*usage)(struct super *super, struct super_usage *out);
    /* Options as /proc/mounts has them, each after a comma: the length. NULL:
     * none. */
    size_t (*show)(struct super *super, char *to, size_t size);
    /* A remount with options, NUL-terminated. 0 or -EINVAL. NULL: 0. */
    int (*remount)(struct super *super, const char *options);
    /* sync(2). NULL: there is nothing to write. */
    int (*sync)(struct super *super);
    /* No inode is left; frees the struct. May sleep. */
    void (*release)(struct super *super);
};

struct super {
    struct refcount refs;
    const struct fs_type *type;  /* const */
    const struct super_ops *ops; /* const */
    uint64_t device;             /* st_dev; const */
    uint32_t magic;              /* f_type of statfs(2); const */
    uint32_t block_size;         /* const */
    uint64_t size_max;           /* of a file, in bytes; const */
    bool is_read_only;           /* atomic */
    unsigned writers;            /* of its mounts, in all; atomic */
    struct dentry *root;         /* const; a reference */
    uint64_t next_inode;         /* atomic */
    struct mutex rename_lock;
};

/* What mount(2) hands to a file system; strings are NUL-terminated. */
struct super_source {
    const char *device;  /* "" for none */
    const char *options; /* comma separated; "" for none */
    bool is_read_only;
};

struct fs_type {
    const char *name;
    bool needs_device; /* /proc/filesystems has no "nodev" */
    /* Makes one, or finds the only one; *out has a reference: 0, -EINVAL
     * (options), -ENOMEM. May sleep. */
    int (*mount)(const struct fs_type *type, const struct super_source *source,
                 struct super **out);
    struct list link; /* of the registry */
};

C_DECLS_BEGIN

/* Once, before the first registration. */
void super_init_all(void);

/* Makes a kind known, for good. At boot. */
void fs_register(struct fs_type *type);

/* The kind called name, or NULL. Any context. */
MUST_USE const struct fs_type *fs_find(const char *name);

/* The one after type; NULL: the first; NULL at the end. */
MUST_USE const struct fs_type *fs_next(const struct fs_type *type);

/* Fills a new super, but for root; one reference and an st_dev of its own. */
void super_init(struct super *super, const struct fs_type *type,
                const struct super_ops *ops, uint32_t magic);

/* Gives it its root directory, whose reference it takes: 0 or -ENOMEM (the
 * reference is the caller's still). */
MUST_USE int super_set_root(struct super *super, struct inode *root);

void super_get(struct super *super);
void super_put(struct super *super); /* may sleep */

C_DECLS_END

#endif /* CORE_FS_SUPER_H */
