/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/path_impl.h - a walk in progress, for path.c and path_step.c. See
 * path.h.
 */
#ifndef CORE_FS_PATH_IMPL_H
#define CORE_FS_PATH_IMPL_H

#include "core/fs/path.h"

/* A result of steps: only the slow walk can tell. No errno. */
enum { WALK_SLOWLY = 1 };

/* A link being walked: what comes after it. */
struct link_frame {
    const char *rest;
    struct inode *link; /* a reference of the slow walk; or NULL */
    char *buffer;       /* its target, when that is not constant; or NULL */
};

struct walk {
    const struct path_ask *ask;
    struct path_end *end; /* not NULL: the walk stops before the last name */
    struct lx_stat *stat; /* path_stat()'s */
    struct path at, root; /* references of the slow walk */
    struct dentry *child; /* the last name's, with PATH_FOLLOW and end */
    struct mount *lost_mount;
    struct dentry *lost_dentry;
    bool fast;
    bool must_be_directory; /* there was a slash at the end */
    unsigned seq;           /* of the tree, when the fast walk began */
    unsigned links;         /* followed */
    const char *rest;       /* still to walk */
    unsigned depth;
    struct link_frame frames[PATH_LINKS_MAX];
};

C_DECLS_BEGIN

/* Walks what is left from at on: 0, -errno, or WALK_SLOWLY. */
MUST_USE int walk_names(struct walk *walk);

/* Goes to the root, as an absolute path or link does. */
MUST_USE int walk_to_root(struct walk *walk);

/* Ends the innermost link. */
void walk_pop(struct walk *walk);

C_DECLS_END

#endif /* CORE_FS_PATH_IMPL_H */
