/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/inode.h - files as file systems keep them: inode(7).
 *
 * An inode is what names lead to. A file system embeds it in a struct of its
 * own and gives it inode_ops; core/fs does what is the same for all: looking
 * names up, permissions, times, counts. An inode's pages are those of its
 * object (core/vm/object.h), one copy for read, write, mmap and exec.
 *
 * Lifetime: the object's references are the inode's. The last put calls
 * ops->release, which gives the contents back and frees the struct by
 * rcu_call() alone: path walks look at inodes without a reference.
 * Locking: lock is a mutex, of rank LOCK_RANK_DIRECTORY in directories, where
 * it covers their names, and LOCK_RANK_INODE in all others, where it covers
 * size and contents. Of two directories the parent's comes first (of unrelated
 * ones, with super->rename_lock, the one with the lower number). Fields are
 * read without it, by atomic loads; attributes are written under it.
 */
#ifndef CORE_FS_INODE_H
#define CORE_FS_INODE_H

#include "core/abi/stat.h"
#include "core/fs/file.h"
#include "core/fs/inode_ops.h"
#include "core/fs/super.h"
#include "core/sync/rcu.h"
#include "core/vm/object.h"

struct cred;
struct dentry;
struct fifo;
struct file_locks;
struct inode;

enum {
    INODE_DEAD = 1,     /* a directory that was removed; its lock */
    INODE_DYNAMIC = 2,  /* names in it come and go by themselves: nothing below
                           is kept in the path cache; const */
    INODE_SWALLOWS = 4, /* a file that O_TRUNC does not touch; const */
    INODE_LINKABLE = 8  /* made by O_TMPFILE without O_EXCL: it has no name
                           and may get one */
};

struct inode {
    struct vm_object object;     /* first; its refs are the inode's */
    const struct inode_ops *ops; /* const */
    struct super *super;         /* const; no reference: it outlives them */
    uint64_t number;             /* const */
    uint32_t mode;               /* type: const; permissions: atomic */
    lx_uid_t uid;                /* atomic */
    lx_gid_t gid;                /* atomic */
    unsigned links;              /* atomic */
    unsigned flags;              /* INODE_*, atomic */
    int writers;                 /* open for writing; below 0: denied; atomic */
    uint64_t rdev;               /* const */
    uint64_t size;               /* bytes; atomic */
    uint64_t blocks;             /* of 512 bytes; atomic */
    int64_t atime;               /* atomic, like the next two */
    int64_t mtime;
    int64_t ctime;
    const char *target; /* of a symbolic link, or NULL; const, with the RCU */
    struct mutex lock;
    struct dentry *alias;     /* one that leads here, or NULL; RCU; for show */
    struct file_locks *locks; /* core/fs/lock.c; atomic; NULL: never any */
    struct fifo *fifo;        /* of a FIFO: core/fs/open.c; lock to write */
    struct rcu_head rcu;
};

C_DECLS_BEGIN

/* Once, after the caches. */
void inode_init_all(void);

/* Fills all of a new inode of super, with one reference and one link (a
 * directory: two); times are now. */
void inode_init(struct inode *inode, const struct inode_ops *ops,
                struct super *super, const struct inode_new *want);

/* Sets a pager before anybody else knows the inode; release stays the inode's.
 * pager->release must be inode_release_object. */
void inode_set_pager(struct inode *inode, const struct vm_pager_ops *pager);
void inode_release_object(struct vm_object *object);

void inode_get(struct inode *inode);
void inode_put(struct inode *inode); /* may sleep */

static inline uint32_t inode_mode(const struct inode *inode)
{
    return __atomic_load_n(&inode->mode, __ATOMIC_RELAXED);
}

static inline uint32_t inode_type(const struct inode *inode)
{
    return inode_mode(inode) & LX_S_IFMT;
}

static inline bool inode_is_directory(const struct inode *inode)
{
    return inode_type(inode) == LX_S_IFDIR;
}

static inline bool inode_is_link(const struct inode *inode)
{
    return inode_type(inode) == LX_S_IFLNK;
}

static inline uint64_t inode_size(const struct inode *inode)
{
    return __atomic_load_n(&inode->size, __ATOMIC_ACQUIRE);
}

/* What stat(2) says. */
void inode_stat(struct inode *inode, struct lx_stat *out);

/* Now, as times of files have it. */
int64_t inode_now(void);

/* Sets mtime and ctime, or ctime, to now. */
void inode_touch(struct inode *inode);
void inode_touch_status(struct inode *inode);

/* Adds to the count of links. */
void inode_add_links(struct inode *inode, int delta);

/* What access wants; LX_R_OK, LX_W_OK, LX_X_OK. */
enum { MAY_EXEC = 1, MAY_WRITE = 2, MAY_READ = 4 };

/*
 * May cred, by its fsuid, fsgid and capabilities, do that (path_resolution(7))?
 * 0 or -EACCES. Says nothing of read-only mounts. Any context.
 */
MUST_USE int inode_may(const struct inode *inode, const struct cred *cred,
                       unsigned want);

/* Is cred the owner, or CAP_FOWNER? */
bool inode_is_owned(const struct inode *inode, const struct cred *cred);

/*
 * chmod(2), chown(2), utimensat(2) by cred, whose rights are checked: 0,
 * -EPERM, or what the file system says. The inode's lock is not held; mount
 * and notice are the caller's business. May sleep.
 */
MUST_USE int inode_apply(struct inode *inode, const struct cred *cred,
                         const struct inode_change *change);

/* A write takes set-user-ID and set-group-ID bits away (inode(7)). cred NULL or
 * without CAP_FSETID. The lock is held. */
void inode_drop_privileges(struct inode *inode, const struct cred *cred);

/* The hash of a name's text, a byte at a time: start with 0. */
static inline uint32_t name_hash_byte(uint32_t hash, char byte)
{
    return (hash + (uint8_t)byte) * 0x9e3779b1u;
}

struct name name_of(const char *text, size_t size);

/* truncate(2) without a look at permissions: 0, -EINVAL, -EFBIG, -ENOSPC,
 * -EPERM (seals), -EINTR. Takes the lock. */
MUST_USE int inode_resize(struct inode *inode, const struct cred *cred,
                          uint64_t size);

/* Copies up to size bytes of a regular file at offset: how many, short at the
 * end, or -EIO, -ENOMEM when there is none. May sleep. */
MUST_USE ssize_t inode_read(struct inode *inode, uint64_t offset, void *to,
                            size_t size);

/* Open for writing, or run: one excludes the other. 0 or -ETXTBSY. */
MUST_USE int inode_allow_write(struct inode *inode);
void inode_end_write(struct inode *inode);
MUST_USE int inode_deny_write(struct inode *inode);
void inode_end_deny(struct inode *inode);

C_DECLS_END

#endif /* CORE_FS_INODE_H */
