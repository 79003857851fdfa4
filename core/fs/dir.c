/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/dir.c - contract in dir.h.
 *
 * Positions 0 and 1 are "." and ".."; from 2 on they are the file system's.
 */
#include "core/fs/dir.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/path.h"

enum { POSITION_DOT, POSITION_DOT_DOT, POSITION_NAMES };

/* Gives "." and "..": false when there is no room. */
static bool list_dots(struct file *file, struct dir_sink *sink) NO_TSA
{
    static const struct name dots = {.text = "..", .size = 2};
    struct dentry *self = file->path.dentry;
    uint64_t number[2];

    tree_lock();
    number[POSITION_DOT] = dentry_inode(self)->number;
    number[POSITION_DOT_DOT] = dentry_inode(self->parent)->number;
    tree_unlock();
    while (file->position < POSITION_NAMES) {
        struct name name = dots;

        name.size = (uint32_t)file->position + 1;
        if (!sink->add(sink, &name, number[file->position], LX_S_IFDIR,
                       file->position + 1))
            return false;
        file->position++;
    }
    return true;
}

int dir_list(struct file *file, struct dir_sink *sink) NO_TSA
{
    struct inode *dir = path_inode(&file->path);
    int error = mutex_lock_killable(&dir->lock);

    if (error != 0)
        return error;
    if ((dir->flags & INODE_DEAD) != 0)
        error = -ENOENT;
    else if (file->position >= POSITION_NAMES || list_dots(file, sink))
        error = dir->ops->list != NULL ? dir->ops->list(dir, file, sink) : 0;
    mutex_unlock(&dir->lock);
    return error;
}

static ssize_t refuse_read(struct file *file, struct user_cursor *to,
                           uint64_t *position)
{
    (void)file;
    (void)to;
    (void)position;
    return -EISDIR;
}

static int64_t seek_dir(struct file *file, int64_t offset,
                        unsigned whence) NO_TSA
{
    if (whence == LX_SEEK_CUR &&
        __builtin_add_overflow(offset, (int64_t)file->position, &offset))
        return -EINVAL;
    if ((whence != LX_SEEK_SET && whence != LX_SEEK_CUR) || offset < 0)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static int sync_dir(struct file *file, bool only_data)
{
    (void)file;
    (void)only_data;
    return 0;
}

static const struct file_ops dir_file_ops = {
    .read = refuse_read,
    .seek = seek_dir,
    .list = dir_list,
    .sync = sync_dir,
    .has_units = true, /* even no bytes are refused */
};

int dir_open(struct inode *inode, unsigned flags, struct file **out)
{
    return file_create(&dir_file_ops, flags, inode, out);
}
