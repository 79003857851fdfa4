/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/mount.h - where file systems are seen: mount(2),
 * mount_namespaces(7).
 *
 * A mount shows a super, from root on, at a place (parent and point). A mount
 * namespace is a tree of mounts. There is one namespace yet, and no
 * propagation: all mounts are private.
 *
 * Lifetime: reference counted, one of its namespace while it is attached, one
 * per user (files, directories of processes, children); freed by RCU. A mount
 * that was detached lives as long as it has users.
 * Locking: namespace->lock, a mutex of rank LOCK_RANK_MOUNT, covers the tree;
 * parent, point and root are read under RCU or by tree_seq.
 */
#ifndef CORE_FS_MOUNT_H
#define CORE_FS_MOUNT_H

#include "core/fs/dentry.h"

enum {
    MOUNT_READ_ONLY = 1, /* MS_RDONLY and the rest, by mount(2)'s numbers */
    MOUNT_NO_SUID = 2,
    MOUNT_NO_DEV = 4,
    MOUNT_NO_EXEC = 8,
    MOUNT_NO_ATIME = 1024,
    MOUNT_NO_DIR_ATIME = 2048,
    MOUNT_RELATIME = 1 << 21,
    MOUNT_FLAGS = MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEV |
                  MOUNT_NO_EXEC | MOUNT_NO_ATIME | MOUNT_NO_DIR_ATIME |
                  MOUNT_RELATIME
};

struct mount_ns {
    struct refcount refs;
    struct mutex lock;
    struct mount *root GUARDED_BY(lock); /* a reference */
    struct list mounts GUARDED_BY(lock); /* all, parents before children */
    unsigned count GUARDED_BY(lock);
};

enum { MOUNTS_MAX = 100000 }; /* in a namespace: /proc/sys/fs/mount-max */

struct mount {
    struct refcount refs;
    unsigned flags;       /* MOUNT_*, atomic */
    struct super *super;  /* const; a reference */
    struct dentry *root;  /* const; a reference */
    struct mount *parent; /* a reference; itself: nowhere; RCU */
    struct dentry *point; /* a reference, or root; RCU */
    struct mount *next;   /* in the table of points; RCU */
    struct mount_ns *ns;  /* NULL: detached; RCU */
    unsigned children;    /* attached to it; ns->lock */
    unsigned writers;     /* files open for writing; atomic */
    bool is_expiring;     /* MNT_EXPIRE has been asked for; ns->lock */
    int number;           /* const; mountinfo's */
    char *source;         /* const; NUL-terminated, of source_size bytes */
    size_t source_size;
    struct path left;  /* where it was attached; its own once it is gone */
    struct list of_ns; /* ns->mounts; ns->lock */
    struct rcu_head rcu;
};

C_DECLS_BEGIN

/* Once, after the caches. */
void mount_init_all(void);

/* Makes the first namespace: super's root, shown by one mount; takes the
 * reference. 0 or -ENOMEM. */
MUST_USE int mount_ns_create(struct super *super, const char *source,
                             struct mount_ns **out);
void mount_ns_get(struct mount_ns *ns);
void mount_ns_put(struct mount_ns *ns); /* detaches all; may sleep */

/* A mount that is nowhere, of a file system without a place in any namespace:
 * 0 and one reference, or -ENOMEM. Takes a reference to super. */
MUST_USE int mount_create_internal(struct super *super, struct mount **out);

/* The mount attached at that place, or NULL; under rcu_read_lock(), to be
 * checked against tree_seq. */
struct mount *mount_at(const struct mount *parent, const struct dentry *point);

void mount_get(struct mount *mount);
void mount_put(struct mount *mount); /* may sleep */

/* Its root in ns, with references. */
void mount_ns_root(struct mount_ns *ns, struct path *out);

/* May what it shows be written: 0 or -EROFS. */
MUST_USE int mount_may_write(const struct mount *mount);

/* The same for a file that is open for writing, until mount_end_write(); while
 * there are such, a remount does not take the right away. */
MUST_USE int mount_begin_write(struct mount *mount);
void mount_end_write(struct mount *mount);

static inline unsigned mount_flags(const struct mount *mount)
{
    return __atomic_load_n(&mount->flags, __ATOMIC_RELAXED);
}

/*
 * Attaches super's root, whose reference stays the caller's, at a place of ns.
 * 0, -ENOENT (the directory was removed), -EINVAL (at is not in ns), -ENOTDIR,
 * -EBUSY (that super is there already), -ENOSPC (too many), -ENOMEM.
 */
MUST_USE int mount_attach(struct mount_ns *ns, struct super *super,
                          const struct path *at, unsigned flags,
                          const char *source);

/* MS_BIND: shows from at another place, with the mounts below it when
 * is_recursive. Errors as mount_attach(). */
MUST_USE int mount_bind(struct mount_ns *ns, const struct path *from,
                        const struct path *at, bool is_recursive);

/* MS_MOVE: -EINVAL (from is no mount's root, or a shared root), -ELOOP (at is
 * below it). */
MUST_USE int mount_move(struct mount_ns *ns, const struct path *from,
                        const struct path *at);

/* MS_REMOUNT: new flags, of the mount alone or (with options) of its file
 * system too. 0, -EINVAL (at is no mount's root), -EBUSY (files are open for
 * writing), or what remount says. */
MUST_USE int mount_change(const struct path *at, unsigned flags, bool is_bind,
                          const char *options);

/* umount2(2): 0, -EINVAL (at is no mount's root, or not in ns), -EBUSY,
 * -EAGAIN (MNT_EXPIRE, the first time). */
MUST_USE int mount_detach(struct mount_ns *ns, const struct path *at,
                          unsigned flags);

/* pivot_root(2) of ns: 0, -EINVAL, -EBUSY, -ENOTDIR. The caller moves those
 * whose root was the old one. */
MUST_USE int mount_pivot(struct mount_ns *ns, const struct path *fresh,
                         const struct path *put_old, const struct path *root);

C_DECLS_END

#endif /* CORE_FS_MOUNT_H */
