/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_io.c - read(2), write(2), their kin with vectors and
 * positions.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/resource.h"
#include "core/abi/signal.h"
#include "core/abi/uio.h"
#include "core/fs/inode.h"
#include "core/mem/cache.h"
#include "core/proc/signal.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

#define RWF_KNOWN \
    (LX_RWF_HIPRI | LX_RWF_DSYNC | LX_RWF_SYNC | LX_RWF_NOWAIT | LX_RWF_APPEND)

typedef ssize_t io_fn(struct file *file, struct user_cursor *cursor,
                      uint64_t *position);

static SELDOM void signal_self(struct thread *self, unsigned number)
{
    struct lx_siginfo info;

    signal_fill_user(&info, number, LX_SI_USER);
    (void)!signal_send_task(self->task, &info);
}

void io_signal_broken(struct thread *self)
{
    signal_self(self, LX_SIGPIPE);
}

void io_signal_size(struct thread *self)
{
    signal_self(self, LX_SIGXFSZ);
}

uint64_t io_size_max(const struct thread *self)
{
    return limits_current(&process_of(self)->limits, LX_RLIMIT_FSIZE);
}

int io_check_size(struct thread *self, struct inode *inode, uint64_t size)
{
    if (size <= inode_size(inode) || size <= io_size_max(self))
        return 0;
    signal_self(self, LX_SIGXFSZ);
    return -EFBIG;
}

static void limit_size(const struct thread *self, struct user_cursor *cursor)
{
    cursor->writer = self->task->cred;
    cursor->size_max = io_size_max(self);
    cursor->is_limited = cursor->size_max != LX_RLIM_INFINITY;
}

/* A wait that was cut short is tried again once the work is done. Nobody reads
 * any more, or a file may not grow so far: that is told by a signal too
 * (write(2), EPIPE; setrlimit(2), RLIMIT_FSIZE). */
static int64_t result_of(struct thread *self, const struct user_cursor *cursor,
                         ssize_t moved)
{
    if (cursor->is_broken)
        signal_self(self, LX_SIGPIPE);
    if (moved == -EFBIG && cursor->is_beyond)
        signal_self(self, LX_SIGXFSZ);
    return moved == -EINTR ? -ERESTART_CALL : moved;
}

/* --- one buffer ----------------------------------------------------------- */

/* What the file has against it is told before a bad address. */
static int64_t move_buffer(struct thread *self, struct file *file,
                           const uint64_t *args, uint64_t *position, io_fn *io)
{
    struct user_cursor cursor = {.as = process_of(self)->as, .at = args[1]};
    ssize_t moved;

    if (is_user_range(args[1], args[2]))
        cursor.left = min_u64(args[2], CALL_BYTES_MAX);
    if (io == file_write)
        limit_size(self, &cursor);
    moved = io(file, &cursor, position);
    if (moved == 0 && !is_user_range(args[1], args[2]))
        moved = -EFAULT;
    return result_of(self, &cursor, moved);
}

static int64_t move_stream(struct thread *self, const uint64_t *args, io_fn *io)
{
    struct fd_loan loan = fd_borrow(self->task->files, fd_of(args[0]));
    int64_t result;

    if (loan.file == NULL)
        return -EBADF;
    result = move_buffer(self, loan.file, args, NULL, io);
    fd_give_back(loan);
    return result;
}

int64_t sys_read(struct thread *self, const uint64_t *args)
{
    return move_stream(self, args, file_read);
}

int64_t sys_write(struct thread *self, const uint64_t *args)
{
    return move_stream(self, args, file_write);
}

static int64_t move_at(struct thread *self, const uint64_t *args, io_fn *io)
{
    uint64_t position = args[3];
    struct fd_loan loan;
    int64_t result = -ESPIPE;

    if ((int64_t)position < 0)
        return -EINVAL;
    loan = fd_borrow(self->task->files, fd_of(args[0]));
    if (loan.file == NULL)
        return -EBADF;
    if (!loan.file->ops->is_stream)
        result = move_buffer(self, loan.file, args, &position, io);
    fd_give_back(loan);
    return result;
}

int64_t sys_pread64(struct thread *self, const uint64_t *args)
{
    return move_at(self, args, file_read);
}

int64_t sys_pwrite64(struct thread *self, const uint64_t *args)
{
    return move_at(self, args, file_write);
}

/* --- vectors -------------------------------------------------------------- */

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

int io_take_vectors(struct thread *self, uaddr_t from, uint64_t count,
                    struct io_vectors *out, struct user_cursor *cursor)
{
    struct aspace *as = process_of(self)->as;
    size_t size = (size_t)count * sizeof(struct lx_iovec);
    int error;

    if (count > LX_UIO_MAXIOV)
        return -EINVAL;
    out->size = size;
    out->all = out->few;
    if (count > IO_FEW_VECTORS)
        out->all = kmem_alloc(size, MEM_WAIT, NULL);
    if (out->all == NULL)
        return -ENOMEM;
    error = copy_in(as, out->all, from, size);
    if (error == 0)
        error = check_vectors(out->all, (size_t)count);
    if (error != 0)
        io_give_vectors(out);
    else
        cursor_init_vectors(cursor, as, out->all, (unsigned)count,
                            CALL_BYTES_MAX);
    return error;
}

void io_give_vectors(struct io_vectors *vectors)
{
    if (vectors->all != vectors->few)
        kmem_free(vectors->all, vectors->size);
}

/* May flags of preadv2(2) be given for this file? */
static int check_flags(const struct file *file, unsigned flags)
{
    if ((flags & ~RWF_KNOWN) != 0)
        return -EOPNOTSUPP;
    if ((flags & LX_RWF_NOWAIT) != 0 && !file->ops->is_stream)
        return -EOPNOTSUPP; /* it may wait for memory */
    return 0;
}

static bool has_mode(const struct file *file, io_fn *io)
{
    return io == file_read ? file_is_readable(file) : file_is_writable(file);
}

static int64_t move_vectors(struct thread *self, struct file *file,
                            const uint64_t *args, uint64_t *position, io_fn *io)
{
    struct user_cursor cursor;
    struct io_vectors vectors;
    int64_t result = io_take_vectors(self, args[1], args[2], &vectors, &cursor);

    if (result != 0)
        return result;
    cursor.flags = (unsigned)args[5];
    limit_size(self, &cursor);
    if (!has_mode(file, io))
        result = -EBADF;
    else if (cursor.left > 0)
        result = check_flags(file, cursor.flags);
    if (result == 0 && cursor.left > 0)
        result = result_of(self, &cursor, io(file, &cursor, position));
    io_give_vectors(&vectors);
    return result;
}

/* args: descriptor, vectors, count, then flags in args[5]. */
static int64_t move_all(struct thread *self, const uint64_t *args,
                        uint64_t *position, io_fn *io)
{
    struct fd_loan loan = fd_borrow(self->task->files, fd_of(args[0]));
    int64_t result = -ESPIPE;

    if (loan.file == NULL)
        return -EBADF;
    if (position == NULL || !loan.file->ops->is_stream)
        result = move_vectors(self, loan.file, args, position, io);
    fd_give_back(loan);
    return result;
}

static int64_t move_row(struct thread *self, const uint64_t *args, io_fn *io)
{
    const uint64_t plain[6] = {args[0], args[1], args[2]};

    return move_all(self, plain, NULL, io);
}

static int64_t move_row_at(struct thread *self, const uint64_t *args,
                           uint64_t flags, io_fn *io)
{
    const uint64_t plain[6] = {args[0], args[1], args[2], 0, 0, flags};
    uint64_t position = args[3]; /* its other half is for 32-bit calls */

    if ((int64_t)position < 0)
        return -EINVAL;
    return move_all(self, plain, &position, io);
}

int64_t sys_readv(struct thread *self, const uint64_t *args)
{
    return move_row(self, args, file_read);
}

int64_t sys_writev(struct thread *self, const uint64_t *args)
{
    return move_row(self, args, file_write);
}

int64_t sys_preadv(struct thread *self, const uint64_t *args)
{
    return move_row_at(self, args, 0, file_read);
}

int64_t sys_pwritev(struct thread *self, const uint64_t *args)
{
    return move_row_at(self, args, 0, file_write);
}

int64_t sys_preadv2(struct thread *self, const uint64_t *args)
{
    if (args[3] == UINT64_MAX)
        return move_all(self, args, NULL, file_read);
    return move_row_at(self, args, args[5], file_read);
}

int64_t sys_pwritev2(struct thread *self, const uint64_t *args)
{
    if (args[3] == UINT64_MAX)
        return move_all(self, args, NULL, file_write);
    return move_row_at(self, args, args[5], file_write);
}
