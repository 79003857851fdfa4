/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pseudo/pseudo_file.c - open pseudo files; contract in pseudo.h.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/pseudo/pseudo.h"
#include "core/mem/cache.h"
#include "core/vm/uaccess.h"

enum { STORE_MAX = 4096 };

static const struct lock_class text_class = {"pseudo text", LOCK_RANK_INODE};

/* What an open file shows. */
struct pseudo_file {
    struct pseudo_inode *inode; /* the file's path keeps it */
    struct mutex lock;
    struct text text GUARDED_BY(lock);
    bool is_made GUARDED_BY(lock);
};

/* Makes the text, without the lock: what shows it takes its own. */
static int make_text(struct pseudo_file *self, struct text *fresh)
{
    int error = self->inode->entry->show(self->inode, fresh);

    if (error == 0 && fresh->has_failed)
        error = -ENOMEM;
    if (error != 0)
        text_free(fresh);
    return error;
}

static void keep_text(struct pseudo_file *self, struct text *fresh)
    REQUIRES(self->lock)
{
    struct text old = self->text;

    self->text = *fresh;
    self->is_made = true;
    text_free(&old);
}

static ssize_t read_text(struct pseudo_file *self, struct user_cursor *to,
                         uint64_t *position) REQUIRES(self->lock)
{
    size_t want, done;

    if (*position >= self->text.size || to->left == 0)
        return 0;
    want = (size_t)min_u64(to->left, self->text.size - *position);
    done = cursor_copy_out(to, self->text.bytes + *position, want);
    *position += done;
    return done > 0 ? (ssize_t)done : -EFAULT;
}

static bool needs_text(struct pseudo_file *self, uint64_t position)
{
    bool is_made;

    mutex_lock(&self->lock);
    is_made = self->is_made;
    mutex_unlock(&self->lock);
    return position == 0 || !is_made;
}

static ssize_t read_file(struct file *file, struct user_cursor *to,
                         uint64_t *position)
{
    struct pseudo_file *self = file->data;
    struct text fresh = {0};
    bool is_fresh;
    ssize_t result = 0;

    if (self->inode->entry->show == NULL)
        return -EINVAL;
    is_fresh = needs_text(self, *position);
    if (is_fresh)
        result = make_text(self, &fresh);
    if (result != 0)
        return result;
    mutex_lock(&self->lock);
    if (is_fresh)
        keep_text(self, &fresh);
    result = read_text(self, to, position);
    mutex_unlock(&self->lock);
    return result;
}

static ssize_t write_file(struct file *file, struct user_cursor *from,
                          uint64_t *position)
{
    struct pseudo_file *self = file->data;
    struct user_cursor ahead = *from; /* what is refused was not taken */
    size_t size = (size_t)min_u64(from->left, STORE_MAX - 1);
    char *bytes;
    int error;

    if (self->inode->entry->store == NULL)
        return -EIO;
    bytes = path_buffer();
    if (bytes == NULL)
        return -ENOMEM;
    error = cursor_copy_in(&ahead, bytes, size) == size ? 0 : -EFAULT;
    bytes[size] = '\0';
    if (error == 0)
        error = self->inode->entry->store(self->inode, bytes, size);
    path_buffer_free(bytes);
    if (error != 0)
        return error;
    *from = ahead;
    *position += size;
    return (ssize_t)size;
}

static int64_t seek_file(struct file *file, int64_t offset,
                         unsigned whence) NO_TSA
{
    if (whence == LX_SEEK_CUR &&
        __builtin_add_overflow(offset, (int64_t)file->position, &offset))
        return -EOVERFLOW;
    if ((whence != LX_SEEK_SET && whence != LX_SEEK_CUR) || offset < 0)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static void release_file(struct file *file)
{
    struct pseudo_file *self = file->data;

    text_free(&self->text);
    kmem_free(self, sizeof(*self));
}

static const struct file_ops pseudo_file_ops = {
    .read = read_file,
    .write = write_file,
    .seek = seek_file,
    .release = release_file,
};

int pseudo_open(struct inode *inode, unsigned flags, struct file **out)
{
    struct pseudo_inode *pseudo = pseudo_of(inode);
    struct pseudo_file *self;
    int error;

    if (pseudo->entry->open != NULL)
        return pseudo->entry->open(pseudo, flags, out);
    self = kmem_alloc(sizeof(*self), MEM_WAIT | MEM_ZERO, NULL);
    if (self == NULL)
        return -ENOMEM;
    self->inode = pseudo;
    mutex_init(&self->lock, &text_class);
    error = file_create(&pseudo_file_ops, flags, self, out);
    if (error != 0)
        kmem_free(self, sizeof(*self));
    return error;
}
