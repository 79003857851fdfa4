/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/names.h - making, moving and removing names: mknod(2), mkdir(2),
 * symlink(2), link(2), unlink(2), rmdir(2), rename(2).
 *
 * All may sleep; errors are those of the manual pages, in Linux's order, and
 * path_find()'s.
 */
#ifndef CORE_FS_NAMES_H
#define CORE_FS_NAMES_H

#include "core/fs/path.h"

C_DECLS_BEGIN

/* May cred make a name in dir, a directory? 0, -ENOENT (it was removed),
 * -EACCES. Any context. */
MUST_USE int name_may_create(const struct inode *dir, const struct cred *cred);

/* What a file that cred makes in dir becomes: owner, group, mode without
 * umask's bits and without set-group-ID where that is not given. */
void name_fill_new(const struct inode *dir, const struct cred *cred,
                   unsigned umask, uint32_t mode, struct inode_new *out);

/* Makes a file in a place that is free: dir's lock is held, dentry is negative.
 */
MUST_USE int name_create_at(struct dentry *dir, struct dentry *dentry,
                            const struct inode_new *want);

/* mkdir(2), mknod(2), symlink(2): a file of mode's type; target is a symbolic
 * link's. */
MUST_USE int name_create(const struct path_ask *ask, const char *text,
                         uint32_t mode, uint64_t rdev, const char *target);

/* link(2): a further name for what was found. */
MUST_USE int name_link(const struct path *from, const struct path_ask *ask,
                       const char *text);

/* unlink(2) and rmdir(2). */
MUST_USE int name_unlink(const struct path_ask *ask, const char *text);
MUST_USE int name_rmdir(const struct path_ask *ask, const char *text);

/* renameat2(2), with LX_RENAME_*. */
MUST_USE int name_rename(const struct path_ask *from, const char *from_text,
                         const struct path_ask *to, const char *to_text,
                         unsigned flags);

C_DECLS_END

#endif /* CORE_FS_NAMES_H */
