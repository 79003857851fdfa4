/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/names_impl.h - checks that names.c and rename.c share. See names.h.
 */
#ifndef CORE_FS_NAMES_IMPL_H
#define CORE_FS_NAMES_IMPL_H

#include "core/fs/names.h"

C_DECLS_BEGIN

/* May cred take the name of a positive dentry in dir away? 0, -EACCES, -EPERM
 * (the sticky bit), -ENOTDIR, -EISDIR, -ENOENT. dir's lock is held. */
MUST_USE int name_may_delete(const struct inode *dir,
                             const struct dentry *dentry,
                             const struct cred *cred, bool wants_directory);

/* Is something mounted there, in any namespace? */
bool name_is_mount_point(const struct dentry *dentry);

C_DECLS_END

#endif /* CORE_FS_NAMES_IMPL_H */
