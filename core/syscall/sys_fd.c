/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_fd.c - descriptors: close(2), dup(2), fcntl(2),
 * close_range(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/pipe.h"
#include "core/proc/files.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"

static struct fd_table *files_of(const struct thread *self)
{
    return self->task->files;
}

static uint64_t fd_limit(const struct thread *self)
{
    return min_u64(limits_current(&process_of(self)->limits, LX_RLIMIT_NOFILE),
                   FD_MAX);
}

int fd_give(struct thread *self, struct file *file, bool close_on_exec)
{
    struct fd_place place = {0, fd_limit(self), close_on_exec};
    int fd = fd_install(files_of(self), file, &place);

    if (fd < 0)
        file_put(file);
    return fd;
}

int64_t sys_close(struct thread *self, const uint64_t *args)
{
    return fd_close(files_of(self), (int)(uint32_t)args[0]);
}

/* The lowest free descriptor from first on for the file of fd. */
static int64_t duplicate(struct thread *self, uint64_t fd, uint64_t first,
                         bool close_on_exec)
{
    struct fd_place place = {(unsigned)first, fd_limit(self), close_on_exec};
    struct file *file = file_of(self, fd);
    int result;

    if (file == NULL)
        return -EBADF;
    if ((uint32_t)first >= place.limit && first != 0) {
        file_put(file);
        return -EINVAL;
    }
    result = fd_install(files_of(self), file, &place);
    if (result < 0)
        file_put(file);
    return result;
}

int64_t sys_dup(struct thread *self, const uint64_t *args)
{
    return duplicate(self, args[0], 0, false);
}

static int64_t replace(struct thread *self, const uint64_t *args,
                       bool close_on_exec)
{
    uint32_t to = (uint32_t)args[1];
    struct file *file;
    int result;

    if (to >= fd_limit(self))
        return -EBADF;
    file = file_of(self, args[0]);
    if (file == NULL)
        return -EBADF;
    result = fd_replace(files_of(self), to, file, close_on_exec);
    if (result < 0)
        file_put(file);
    return result;
}

int64_t sys_dup2(struct thread *self, const uint64_t *args)
{
    struct file *file;

    if ((uint32_t)args[0] != (uint32_t)args[1])
        return replace(self, args, false);
    file = file_of(self, args[0]);
    if (file == NULL)
        return -EBADF;
    file_put(file);
    return (uint32_t)args[1];
}

int64_t sys_dup3(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[2];

    if ((flags & ~LX_O_CLOEXEC) != 0 || (uint32_t)args[0] == (uint32_t)args[1])
        return -EINVAL;
    return replace(self, args, (flags & LX_O_CLOEXEC) != 0);
}

static int64_t get_flags(struct thread *self, uint64_t fd)
{
    struct file *file = file_of(self, fd);
    int64_t flags;

    if (file == NULL)
        return -EBADF;
    flags = file->flags;
    file_put(file);
    return flags;
}

static int64_t serve_pipe(struct thread *self, const uint64_t *args)
{
    struct fd_loan loan = fd_borrow(files_of(self), fd_of(args[0]));
    int64_t result = -EBADF;

    if (loan.file == NULL)
        return -EBADF;
    if (pipe_is_end(loan.file))
        result =
            (uint32_t)args[1] == LX_F_GETPIPE_SZ
                ? pipe_size(loan.file)
                : pipe_set_size(loan.file, self->task->cred, (uint32_t)args[2]);
    fd_give_back(loan);
    return result;
}

static int64_t serve_fcntl(struct thread *self, const uint64_t *args)
{
    int fd = (int)(uint32_t)args[0];

    switch ((uint32_t)args[1]) {
    case LX_F_DUPFD:
        return duplicate(self, args[0], args[2], false);
    case LX_F_DUPFD_CLOEXEC:
        return duplicate(self, args[0], args[2], true);
    case LX_F_GETFD:
        return fd_closes_on_exec(files_of(self), fd);
    case LX_F_SETFD:
        return fd_set_close_on_exec(files_of(self), fd,
                                    (args[2] & LX_FD_CLOEXEC) != 0);
    case LX_F_GETFL:
        return get_flags(self, args[0]);
    case LX_F_SETPIPE_SZ:
    case LX_F_GETPIPE_SZ:
        return serve_pipe(self, args);
    default:
        return -EINVAL;
    }
}

int64_t sys_fcntl(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);

    if (file == NULL)
        return -EBADF;
    file_put(file);
    return serve_fcntl(self, args);
}

static int unshare_files(struct thread *self)
{
    struct fd_table *fresh;
    int error;

    if (!fd_table_is_shared(files_of(self)))
        return 0;
    error = fd_table_copy(files_of(self), &fresh);
    if (error != 0)
        return error;
    fd_table_put(task_swap_files(self->task, fresh));
    return 0;
}

int64_t sys_close_range(struct thread *self, const uint64_t *args)
{
    uint32_t first = (uint32_t)args[0], last = (uint32_t)args[1];
    unsigned flags = (unsigned)args[2];
    int error = 0;

    if ((flags & ~(LX_CLOSE_RANGE_UNSHARE | LX_CLOSE_RANGE_CLOEXEC)) != 0 ||
        first > last)
        return -EINVAL;
    if ((flags & LX_CLOSE_RANGE_UNSHARE) != 0)
        error = unshare_files(self);
    if (error == 0)
        fd_close_range(files_of(self), first, last,
                       (flags & LX_CLOSE_RANGE_CLOEXEC) != 0);
    return error;
}
