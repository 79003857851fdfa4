/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_io.c - read(2), write(2), writev(2), ioctl(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/uio.h"
#include "core/mem/cache.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

/* A wait that was cut short is tried again once the work is done. */
static int64_t result_of(ssize_t moved)
{
    return moved == -EINTR ? -ERESTART_CALL : moved;
}

static int64_t move_buffer(struct thread *self, const uint64_t *args,
                           ssize_t (*move)(struct file *, struct user_cursor *))
{
    struct user_cursor cursor = {.as = process_of(self)->as,
                                 .at = args[1],
                                 .left = min_u64(args[2], CALL_BYTES_MAX)};
    struct file *file = file_of(self, args[0]);
    bool is_sound = is_user_range(args[1], args[2]);
    ssize_t moved;

    if (file == NULL)
        return -EBADF;
    if (!is_sound)
        cursor.left = 0; /* what the file has against it is told first */
    moved = move(file, &cursor);
    if (moved == 0 && !is_sound)
        moved = -EFAULT;
    file_put(file);
    return result_of(moved);
}

int64_t sys_read(struct thread *self, const uint64_t *args)
{
    return move_buffer(self, args, file_read);
}

int64_t sys_write(struct thread *self, const uint64_t *args)
{
    return move_buffer(self, args, file_write);
}

/* Checks all vectors before the first byte moves: 0, -EINVAL, -EFAULT. */
static int check_vectors(const struct lx_iovec *vectors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((int64_t)vectors[i].iov_len < 0)
            return -EINVAL;
        if (!is_user_range(vectors[i].iov_base, vectors[i].iov_len))
            return -EFAULT;
    }
    return 0;
}

static int take_vectors(struct thread *self, uaddr_t from, size_t count,
                        struct lx_iovec **out)
{
    struct lx_iovec *vectors =
        kmem_alloc(count * sizeof(*vectors), MEM_WAIT, NULL);
    int error;

    if (vectors == NULL)
        return -ENOMEM;
    error =
        copy_in(process_of(self)->as, vectors, from, count * sizeof(*vectors));
    if (error == 0)
        error = check_vectors(vectors, count);
    if (error == 0)
        *out = vectors;
    else
        kmem_free(vectors, count * sizeof(*vectors));
    return error;
}

/* One buffer after the other, until one comes up short. */
static ssize_t write_vectors(struct thread *self, struct file *file,
                             const struct lx_iovec *vectors, size_t count)
{
    uint64_t left = CALL_BYTES_MAX;
    ssize_t done = 0;

    for (size_t i = 0; i < count && left > 0; i++) {
        uint64_t size = min_u64(vectors[i].iov_len, left);
        struct user_cursor from = {.as = process_of(self)->as,
                                   .at = vectors[i].iov_base,
                                   .left = size};
        ssize_t moved = file_write(file, &from);

        if (moved < 0)
            return done > 0 ? done : moved;
        done += moved;
        left -= (uint64_t)moved;
        if ((uint64_t)moved < size)
            break;
    }
    return done;
}

static int64_t write_vector_args(struct thread *self, struct file *file,
                                 uaddr_t from, uint64_t count)
{
    struct lx_iovec *vectors;
    ssize_t moved;
    int error;

    if (count > LX_UIO_MAXIOV)
        return -EINVAL;
    if ((file->flags & LX_O_ACCMODE) == LX_O_RDONLY)
        return -EBADF;
    if (count == 0)
        return 0;
    error = take_vectors(self, from, (size_t)count, &vectors);
    if (error != 0)
        return error;
    moved = write_vectors(self, file, vectors, (size_t)count);
    kmem_free(vectors, (size_t)count * sizeof(*vectors));
    return result_of(moved);
}

int64_t sys_writev(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = write_vector_args(self, file, args[1], args[2]);
    file_put(file);
    return result;
}

int64_t sys_ioctl(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int64_t result = -ENOTTY;

    if (file == NULL)
        return -EBADF;
    if (file->ops->ioctl != NULL)
        result = file->ops->ioctl(file, process_of(self)->as, (unsigned)args[1],
                                  args[2]);
    file_put(file);
    return result;
}
