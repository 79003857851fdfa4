/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/path.h - from a path to a file: path_resolution(7), openat2(2).
 *
 * A walk goes first without locks or references, by what the path cache knows
 * and tree_seq; where that does not do (a miss, a change, a link that has no
 * constant target), it starts again with references.
 *
 * Semantics: search permission in every directory by the caller's fsuid, fsgid
 * and capabilities; at most 40 symbolic links; the root of the context is the
 * end of "..".
 */
#ifndef CORE_FS_PATH_H
#define CORE_FS_PATH_H

#include "core/abi/limits.h"
#include "core/fs/context.h"
#include "core/fs/mount.h"

enum { PATH_LINKS_MAX = 40 };

/* How to walk. */
enum {
    PATH_FOLLOW = 1,     /* a symbolic link at the end, too */
    PATH_DIRECTORY = 2,  /* the end is a directory, or -ENOTDIR */
    PATH_EMPTY = 4,      /* "" is the start itself (AT_EMPTY_PATH) */
    PATH_NO_LINKS = 8,   /* RESOLVE_NO_SYMLINKS */
    PATH_NO_JUMPS = 16,  /* RESOLVE_NO_MAGICLINKS */
    PATH_NO_MOUNTS = 32, /* RESOLVE_NO_XDEV */
    PATH_BENEATH = 64,   /* RESOLVE_BENEATH */
    PATH_IN_ROOT = 128,  /* RESOLVE_IN_ROOT */
    PATH_CACHED = 256    /* RESOLVE_CACHED: -EAGAIN rather than wait */
};

/* Who asks, and from where. */
struct path_ask {
    const struct cred *cred;
    struct fs_context *context;
    const struct path *start; /* of relative paths; NULL: the working
                                 directory */
    unsigned flags;           /* PATH_* */
};

enum path_last { LAST_NAME, LAST_DOT, LAST_DOT_DOT, LAST_ROOT };

/* A directory, and the last component, which may not be there. */
struct path_end {
    struct path dir;      /* references */
    struct dentry *child; /* with PATH_FOLLOW; a reference; may be negative */
    struct name name;     /* of LAST_NAME; in text or copy */
    enum path_last kind;
    bool has_slash; /* something is said to be a directory */
    char copy[LX_NAME_MAX + 1];
};

C_DECLS_BEGIN

/* Once, after the caches. */
void path_init_all(void);

/*
 * Finds a file: 0 and references; -ENOENT, -ENOTDIR, -EACCES, -ELOOP,
 * -ENAMETOOLONG, -ENOMEM, -EINTR, -EXDEV and -EAGAIN (openat2(2)). text is
 * NUL-terminated. May sleep.
 */
MUST_USE int path_find(const struct path_ask *ask, const char *text,
                       struct path *out);

/* stat(2) of a path: the same without references, where that does. */
MUST_USE int path_stat(const struct path_ask *ask, const char *text,
                       struct lx_stat *out);

/* Finds the directory that path's last component is, or would be, in; only
 * with PATH_FOLLOW is a link there followed. Errors as path_find(); text is
 * used until path_end_put(). */
MUST_USE int path_find_end(const struct path_ask *ask, const char *text,
                           struct path_end *out);
void path_end_put(struct path_end *end);

void path_get(const struct path *path);
void path_put(const struct path *path); /* may sleep */

static inline struct inode *path_inode(const struct path *path)
{
    return dentry_inode(path->dentry);
}

static inline bool path_equal(const struct path *a, const struct path *b)
{
    return a->mount == b->mount && a->dentry == b->dentry;
}

/*
 * The path of a file as seen from root, at the end of to, size bytes: its start
 * in *out, NUL-terminated. What is not below root begins with "(unreachable)",
 * a removed name ends with " (deleted)" (proc(5)). Returns the length, or
 * -ENAMETOOLONG. Any context that may take spinlocks.
 */
MUST_USE ssize_t path_text(const struct path *path, const struct path *root,
                           char *to, size_t size, const char **out);

/* A buffer of LX_PATH_MAX bytes; NULL: no memory. */
MUST_USE char *path_buffer(void);
void path_buffer_free(char *buffer);

C_DECLS_END

#endif /* CORE_FS_PATH_H */
