/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_file.c - lseek(2), copy_file_range(2), posix_fadvise(2),
 * readahead(2).
 */
#include "core/abi/errno.h"
#include "core/fs/pipe.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

int64_t sys_lseek(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int64_t result = -ESPIPE;

    if (file == NULL)
        return -EBADF;
    if ((uint32_t)args[2] > LX_SEEK_HOLE) {
        result = -EINVAL;
    } else if (file->ops->seek != NULL) {
        mutex_lock(&file->position_lock);
        result = file->ops->seek(file, (int64_t)args[1], (unsigned)args[2]);
        mutex_unlock(&file->position_lock);
    }
    file_put(file);
    return result;
}

/* --- copy_file_range ------------------------------------------------------ */

/* One side of the copy. */
struct copy_end {
    struct file *file;
    uint64_t position;
    uaddr_t user; /* of the position; 0: the file's own */
    const struct cred *writer;
};

static bool is_regular(const struct file *file)
{
    return file->path.dentry != NULL &&
           inode_type(path_inode(&file->path)) == LX_S_IFREG;
}

static int take_end(struct thread *self, uint64_t fd, uaddr_t position,
                    struct copy_end *out)
{
    out->user = position;
    out->writer = self->task->cred;
    out->file = file_of(self, fd);
    return out->file != NULL ? 0 : -EBADF;
}

static int take_position(struct thread *self, struct copy_end *end)
{
    if (end->user != 0)
        return copy_in_struct(process_of(self)->as, &end->position, end->user);
    mutex_lock(&end->file->position_lock);
    end->position = end->file->position;
    mutex_unlock(&end->file->position_lock);
    return 0;
}

static int give_position(struct thread *self, const struct copy_end *end)
{
    if (end->user != 0)
        return copy_out_struct(process_of(self)->as, end->user, &end->position);
    mutex_lock(&end->file->position_lock);
    end->file->position = end->position;
    mutex_unlock(&end->file->position_lock);
    return 0;
}

static int check_ends(const struct copy_end *from, const struct copy_end *to,
                      uint64_t size)
{
    const struct inode *a, *b;

    if (!is_regular(from->file) || !is_regular(to->file)) {
        if ((from->file->path.dentry != NULL &&
             inode_is_directory(path_inode(&from->file->path))) ||
            (to->file->path.dentry != NULL &&
             inode_is_directory(path_inode(&to->file->path))))
            return -EISDIR;
        return -EINVAL;
    }
    if (!file_is_readable(from->file) || !file_is_writable(to->file) ||
        (to->file->flags & LX_O_APPEND) != 0)
        return -EBADF;
    if (from->position + size < from->position ||
        to->position + size < to->position)
        return -EOVERFLOW;
    a = path_inode(&from->file->path);
    b = path_inode(&to->file->path);
    if (a == b && from->position < to->position + size &&
        to->position < from->position + size)
        return -EINVAL;
    return a->super->type == b->super->type ? 0 : -EXDEV;
}

/* One buffer of it: bytes, 0 at the end, or -errno. */
static ssize_t copy_some(struct copy_end *from, struct copy_end *to,
                         char *buffer, uint64_t size)
{
    struct user_cursor cursor = {.kernel = buffer,
                                 .left = min_u64(size, LX_PATH_MAX)};
    uint64_t position = from->position;
    ssize_t got = file_read(from->file, &cursor, &position);

    if (got <= 0)
        return got;
    cursor = (struct user_cursor){
        .kernel = buffer, .left = (uint64_t)got, .writer = to->writer};
    got = file_write(to->file, &cursor, &to->position);
    if (got > 0)
        from->position += (uint64_t)got;
    return got;
}

static int64_t copy_range(struct copy_end *from, struct copy_end *to,
                          uint64_t size)
{
    char *buffer = path_buffer();
    uint64_t done = 0;
    ssize_t some = 0;

    if (buffer == NULL)
        return -ENOMEM;
    while (done < size) {
        some = copy_some(from, to, buffer, size - done);
        if (some <= 0)
            break;
        done += (uint64_t)some;
    }
    path_buffer_free(buffer);
    return done > 0 ? (int64_t)done : some;
}

/* RLIMIT_FSIZE cuts *size, or nothing is copied. */
static int limit_copy(struct thread *self, const struct copy_end *to,
                      uint64_t *size)
{
    uint64_t most = io_size_max(self);

    if (to->position >= most && *size > 0)
        return io_check_size(self, path_inode(&to->file->path), UINT64_MAX);
    *size = min_u64(*size, most - min_u64(to->position, most));
    return 0;
}

static int64_t copy_ends(struct thread *self, struct copy_end *from,
                         struct copy_end *to, uint64_t size)
{
    int64_t done;
    int error = take_position(self, from);

    if (error == 0)
        error = take_position(self, to);
    if (error == 0)
        error = check_ends(from, to, size);
    if (error == 0)
        error = limit_copy(self, to, &size);
    if (error != 0)
        return error;
    done = copy_range(from, to, size);
    if (done <= 0)
        return done;
    error = give_position(self, from);
    if (error == 0)
        error = give_position(self, to);
    return error != 0 ? error : done;
}

int64_t sys_copy_file_range(struct thread *self, const uint64_t *args)
{
    struct copy_end from, to;
    int64_t result;

    result = take_end(self, args[0], args[1], &from);
    if (result != 0)
        return result;
    result = take_end(self, args[2], args[3], &to);
    if (result == 0) {
        result =
            (uint32_t)args[5] != 0
                ? -EINVAL
                : copy_ends(self, &from, &to, min_u64(args[4], CALL_BYTES_MAX));
        file_put(to.file);
    }
    file_put(from.file);
    return result;
}

/* --- advice --------------------------------------------------------------- */

int64_t sys_fadvise64(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int error = 0;

    if (file == NULL)
        return -EBADF;
    if (pipe_is_end(file))
        error = -ESPIPE;
    else if ((int64_t)args[2] < 0 || (uint32_t)args[3] > LX_POSIX_FADV_NOREUSE)
        error = -EINVAL;
    file_put(file);
    return error;
}

int64_t sys_readahead(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int error = 0;

    if (file == NULL)
        return -EBADF;
    if (!file_is_readable(file))
        error = -EBADF;
    else if (!is_regular(file))
        error = -EINVAL;
    file_put(file);
    return error;
}
