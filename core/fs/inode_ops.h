/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/inode_ops.h - what a file system does for its inodes. See inode.h.
 */
#ifndef CORE_FS_INODE_OPS_H
#define CORE_FS_INODE_OPS_H

#include "core/abi/types.h"
#include "core/base/defs.h"

struct cred;
struct dir_sink;
struct file;
struct inode;
struct path;

/* A component of a path; not NUL-terminated. name_of() makes one. */
struct name {
    const char *text;
    uint32_t size;
    uint32_t hash; /* of text */
};

/* What a new file is. */
struct inode_new {
    uint32_t mode; /* LX_S_IF* and permissions */
    lx_uid_t uid;
    lx_gid_t gid;
    uint64_t rdev;      /* of a device, as stat(2) has it */
    const char *target; /* of a symbolic link; NUL-terminated */
};

/* Which fields of struct inode_change count. */
enum {
    CHANGE_MODE = 1,
    CHANGE_UID = 2,
    CHANGE_GID = 4,
    CHANGE_ATIME = 8,
    CHANGE_MTIME = 16,
    CHANGE_NOW = 32,  /* both times are now: whoever may write, may that */
    CHANGE_OWNER = 64 /* chown(2), even when it changes nothing */
};

/* Times are nanoseconds since 1970. */
struct inode_change {
    unsigned fields; /* CHANGE_* */
    uint32_t mode;   /* permission bits */
    lx_uid_t uid;
    lx_gid_t gid;
    int64_t atime, mtime;
};

/* How rename moves a name. */
struct inode_rename {
    struct inode *from_dir, *to_dir;
    struct name from, to;
    struct inode *inode;  /* called from */
    struct inode *victim; /* called to, or NULL: none */
    bool exchanges;       /* victim gets the name from */
};

/*
 * Calls on names are made with the directory's lock held, on a directory that
 * is not dead; each leaves things as they were when it fails. Counts of links
 * and times of directories are the file system's to keep. May be NULL but for
 * release; then what the comment says.
 */
struct inode_ops {
    /* The inode called name, with a reference: 0, -ENOENT, -ENOMEM. NULL: it
     * is no directory. */
    int (*lookup)(struct inode *dir, const struct name *name,
                  struct inode **out);
    /* Makes a file of any type under a name that is free, with a reference for
     * the caller: 0, -ENOSPC, -ENOMEM; -ENOENT: names are not for makers of
     * files. NULL: -EACCES for a regular file, else -EPERM. */
    int (*create)(struct inode *dir, const struct name *name,
                  const struct inode_new *want, struct inode **out);
    /* The same without a name (O_TMPFILE): no links. NULL: -EOPNOTSUPP. */
    int (*create_unnamed)(struct inode *dir, const struct inode_new *want,
                          struct inode **out);
    /* Gives inode a further name, that is free: 0, -ENOSPC, -ENOMEM, -EMLINK.
     * NULL: -EPERM. */
    int (*link)(struct inode *dir, const struct name *name,
                struct inode *inode);
    /* Takes name, which is inode's, away. A directory is empty, or -ENOTEMPTY;
     * its lock is held too. NULL: -EPERM. */
    int (*unlink)(struct inode *dir, const struct name *name,
                  struct inode *inode);
    /* A victim directory is empty, or -ENOTEMPTY. All checks of rename(2) have
     * been made, all locks are held. NULL: -EPERM. */
    int (*rename)(const struct inode_rename *what);
    /* getdents64(2) of an open directory, but for "." and "..": sink gets what
     * comes at file->position (from 2 on), which is advanced, until it is
     * full. */
    int (*list)(struct inode *dir, struct file *file, struct dir_sink *sink);
    /* open(2): an open file, not in a table, without a path. NULL: what
     * core/fs/open.h makes of devices and FIFOs, -ENXIO for sockets. */
    int (*open)(struct inode *inode, unsigned flags, struct file **out);
    /* Sets the size of a regular file: 0, -ENOSPC, -EFBIG, -ENOMEM. The lock
     * is held. NULL: -EINVAL. */
    int (*resize)(struct inode *inode, uint64_t size);
    /* fallocate(2) with LX_FALLOC_FL_*, of size > 0 bytes; the lock is held. 0,
     * -ENOSPC, -EPERM, -EOPNOTSUPP (those flags). NULL: -EOPNOTSUPP. */
    int (*allocate)(struct inode *inode, unsigned mode, uint64_t offset,
                    uint64_t size);
    /* Attributes are about to change; they are as asked for when it returns 0.
     * NULL: they may. */
    int (*change)(struct inode *inode, const struct inode_change *change);
    /* The target of a symbolic link without a constant one: its length, at
     * most size bytes, or -errno. May sleep. */
    ssize_t (*read_target)(struct inode *inode, char *to, size_t size);
    /* A link that leads somewhere without a path (proc(5), /proc/PID/exe): 0
     * and references, or -errno. NULL: by its target. */
    int (*jump)(struct inode *inode, const struct cred *cred, struct path *out);
    /* Refreshes what stat(2) shows. NULL: it is always right. */
    void (*refresh)(struct inode *inode);
    /* The last reference went: gives the contents back, and the struct by
     * rcu_call(). May sleep. */
    void (*release)(struct inode *inode);
};

#endif /* CORE_FS_INODE_OPS_H */
