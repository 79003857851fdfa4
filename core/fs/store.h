/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/store.h - a tree of files in memory, filled once and then read.
 *
 * It serves exec, stat and readlink behind the same pager (core/vm/object.h)
 * that the file systems will. A node's pages are one copy for all who map it.
 *
 * Semantics of look-up: path_resolution(7); everybody may search everything
 * (there is one user, root).
 * Lifetime: nodes live as long as the store. Locking: none; after filling it
 * nothing changes.
 */
#ifndef CORE_FS_STORE_H
#define CORE_FS_STORE_H

#include "core/base/list.h"
#include "core/mem/page.h"
#include "core/vm/object.h"

struct store_node; /* opaque: store_impl.h */
struct lx_stat;

struct store {
    struct store_node *root;
    struct list nodes; /* all of them, for the end */
    uint64_t next_ino;
    uint64_t bytes; /* of content */
};

/* What a new file is; times in seconds. */
struct store_attributes {
    uint32_t mode; /* LX_S_IF* and permissions */
    uint32_t uid, gid;
    uint64_t rdev;
    int64_t mtime;
};

enum { STORE_PATH_MAX = 4096, STORE_NAME_MAX = 255, STORE_LINKS_MAX = 40 };

C_DECLS_BEGIN

/* Once, after the caches. */
void store_init_all(void);

/* An empty root directory: 0 or -ENOMEM. */
MUST_USE int store_init(struct store *store);
void store_fini(struct store *store);

/*
 * Makes the file at path (a leading "/" or "./" is dropped), replacing one
 * that is there but keeping a directory. The node has one name. 0; -ENOENT or
 * -ENOTDIR when its directory is not there; -EINVAL for a ".." in path, -EISDIR
 * when a directory would be replaced, -ENAMETOOLONG, -ENOMEM.
 */
MUST_USE int store_create(struct store *store, const char *path,
                          const struct store_attributes *attributes,
                          struct store_node **out);

/* Gives node, not a directory, a further name. Errors as store_create(). */
MUST_USE int store_link(struct store *store, const char *path,
                        struct store_node *node);

/* Takes the name path away; 0, -ENOENT, -EISDIR. */
MUST_USE int store_unlink(struct store *store, const char *path);

/* Adds bytes to the end of a regular file or of a symbolic link's target: 0,
 * -ENOMEM, -ENAMETOOLONG (a target of STORE_PATH_MAX or more), -EINVAL (any
 * other kind of file). */
MUST_USE int store_append(struct store *store, struct store_node *node,
                          const void *data, size_t size);

/* Where and how to look. */
enum { STORE_NOFOLLOW = 1 }; /* a symbolic link at the end is the result */

/* Finds path: 0, -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG, -ENOMEM. */
MUST_USE int store_lookup(struct store *store, const char *path, unsigned flags,
                          struct store_node **out);

uint32_t store_mode(const struct store_node *node);
uint64_t store_size(const struct store_node *node);
void store_stat(const struct store_node *node, struct lx_stat *out);

/* A link's target, not NUL-terminated; NULL for what is no link. */
const char *store_target(const struct store_node *node, size_t *size);

/* The content as an object, borrowed: it lives as long as the store. */
struct vm_object *store_object(struct store_node *node);

/* Copies up to size bytes at offset: how many, short at the end. */
size_t store_read(struct store_node *node, uint64_t offset, void *to,
                  size_t size);

C_DECLS_END

#endif /* CORE_FS_STORE_H */
