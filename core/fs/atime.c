/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/atime.c - contract in atime.h.
 */
#include "core/fs/atime.h"

#include "core/abi/fcntl.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

/* MS_RELATIME: only when it would be older than a change, or than a day. */
static bool is_due(const struct inode *inode, int64_t now)
{
    int64_t atime = __atomic_load_n(&inode->atime, __ATOMIC_RELAXED);

    return atime <= __atomic_load_n(&inode->mtime, __ATOMIC_RELAXED) ||
           atime <= __atomic_load_n(&inode->ctime, __ATOMIC_RELAXED) ||
           now - atime >= DAY_NS;
}

void atime_touch_at(const struct mount *mount, struct inode *inode)
{
    unsigned flags = mount_flags(mount);
    int64_t now;

    if ((flags & (MOUNT_NO_ATIME | MOUNT_READ_ONLY)) != 0 ||
        ((flags & MOUNT_NO_DIR_ATIME) != 0 && inode_is_directory(inode)))
        return;
    now = inode_now();
    if ((flags & MOUNT_RELATIME) == 0 || is_due(inode, now))
        __atomic_store_n(&inode->atime, now, __ATOMIC_RELAXED);
}

void atime_touch(const struct file *file, struct inode *inode)
{
    if (file->path.mount != NULL && (file_flags(file) & LX_O_NOATIME) == 0)
        atime_touch_at(file->path.mount, inode);
}
