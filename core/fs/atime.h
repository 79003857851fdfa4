/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/atime.h - the time of the last access (mount(2), MS_RELATIME).
 */
#ifndef CORE_FS_ATIME_H
#define CORE_FS_ATIME_H

#include "core/fs/path.h"

C_DECLS_BEGIN

/* What file shows was read: sets inode's atime where mount and flags say so. */
void atime_touch(const struct file *file, struct inode *inode);

/* The same of a symbolic link that was read or followed on mount. */
void atime_touch_at(const struct mount *mount, struct inode *inode);

C_DECLS_END

#endif /* CORE_FS_ATIME_H */
