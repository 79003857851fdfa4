/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_fd.c - descriptors: close(2), dup(2), fcntl(2),
 * close_range(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/pipe.h"
#include "core/fs/ramfs/ramfs.h"
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
    struct file *file = place_of(self, fd);
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
    file = place_of(self, args[0]);
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
    file = place_of(self, args[0]);
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

/* O_DIRECT: files of bytes, and pipes, where it makes packets. */
static bool takes_direct(const struct file *file)
{
    return pipe_is_end(file) ||
           (file->path.dentry != NULL &&
            inode_type(path_inode(&file->path)) == LX_S_IFREG);
}

/* F_SETFL: what open(2) set once stays. */
static int64_t set_flags(const struct thread *self, struct file *file,
                         uint64_t arg)
{
    const unsigned may =
        LX_O_APPEND | LX_O_NONBLOCK | LX_O_ASYNC | LX_O_DIRECT | LX_O_NOATIME;
    unsigned old = file_flags(file), fresh;

    if ((arg & ~(uint64_t)old & LX_O_NOATIME) != 0 &&
        file->path.dentry != NULL &&
        !inode_is_owned(path_inode(&file->path), self->task->cred))
        return -EPERM;
    if ((arg & LX_O_DIRECT) != 0 && !takes_direct(file))
        return -EINVAL;
    do
        fresh = (old & ~may) | ((unsigned)arg & may);
    while (!__atomic_compare_exchange_n(&file->flags, &old, fresh, true,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return 0;
}

/* Commands about the open file; not for those that only are a place. */
static int64_t serve_file(struct thread *self, struct file *file,
                          const uint64_t *args)
{
    switch ((uint32_t)args[1]) {
    case LX_F_SETFL:
        return set_flags(self, file, args[2]);
    case LX_F_GETLK:
    case LX_F_SETLK:
    case LX_F_SETLKW:
    case LX_F_OFD_GETLK:
    case LX_F_OFD_SETLK:
    case LX_F_OFD_SETLKW:
        return lock_command(self, file, args);
    case LX_F_GET_SEALS:
        return ramfs_seals(file);
    case LX_F_ADD_SEALS:
        return ramfs_add_seals(file, (unsigned)args[2]);
    case LX_F_GETPIPE_SZ:
        return pipe_is_end(file) ? pipe_size(file) : -EBADF;
    case LX_F_SETPIPE_SZ:
        return pipe_is_end(file)
                   ? pipe_set_size(file, self->task->cred, (uint32_t)args[2])
                   : -EBADF;
    default:
        return -EINVAL;
    }
}

static int64_t serve_fcntl(struct thread *self, struct file *file,
                           const uint64_t *args)
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
        return file_flags(file);
    default:
        return (file_flags(file) & LX_O_PATH) != 0
                   ? -EBADF
                   : serve_file(self, file, args);
    }
}

int64_t sys_fcntl(struct thread *self, const uint64_t *args)
{
    struct file *file = place_of(self, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = serve_fcntl(self, file, args);
    file_put(file);
    return result;
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
