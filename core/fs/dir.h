/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/dir.h - listing directories: getdents64(2).
 */
#ifndef CORE_FS_DIR_H
#define CORE_FS_DIR_H

#include "core/fs/inode.h"

/* Where entries go. next is the position after the entry. Returns false when
 * there is no room: the entry is to be given again. */
struct dir_sink {
    bool (*add)(struct dir_sink *sink, const struct name *name, uint64_t number,
                uint32_t type, uint64_t next);
};

C_DECLS_BEGIN

/* Reads from an open directory into sink, from file->position on: 0, or -ENOENT
 * (it was removed), -ENOTDIR, -EINTR. position_lock is held. */
MUST_USE int dir_list(struct file *file, struct dir_sink *sink);

/* The open file of a directory. */
MUST_USE int dir_open(struct inode *inode, unsigned flags, struct file **out);

C_DECLS_END

#endif /* CORE_FS_DIR_H */
