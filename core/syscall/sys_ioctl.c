/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_ioctl.c - ioctl(2): what every descriptor knows
 * (ioctl_tty(2), fcntl(2)); the rest is the file's.
 */
#include "core/abi/errno.h"
#include "core/abi/ioctl.h"
#include "core/fs/inode.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

static void set_nonblocking(struct file *file, bool value)
{
    if (value)
        __atomic_or_fetch(&file->flags, LX_O_NONBLOCK, __ATOMIC_RELAXED);
    else
        __atomic_and_fetch(&file->flags, ~LX_O_NONBLOCK, __ATOMIC_RELAXED);
}

/* FIONBIO and FIOASYNC: *arg says on or off. Nothing sends SIGIO, so that
 * cannot be turned on, which is what Linux says of most files. */
static int set_flag(struct thread *self, struct file *file, unsigned request,
                    uaddr_t arg)
{
    int32_t value;

    if (copy_in_struct(process_of(self)->as, &value, arg) != 0)
        return -EFAULT;
    if (request == LX_FIONBIO)
        set_nonblocking(file, value != 0);
    else if (value != 0)
        return -ENOTTY;
    return 0;
}

static bool is_regular(const struct file *file)
{
    return file->path.dentry != NULL &&
           inode_type(path_inode(&file->path)) == LX_S_IFREG;
}

/* FIONREAD of a regular file: what lies behind its position. */
static int give_left(struct thread *self, struct file *file, uaddr_t arg)
{
    int32_t left;

    mutex_lock(&file->position_lock);
    left = (int32_t)(inode_size(path_inode(&file->path)) - file->position);
    mutex_unlock(&file->position_lock);
    return copy_out_struct(process_of(self)->as, arg, &left);
}

static int64_t serve(struct thread *self, struct file *file,
                     const uint64_t *args)
{
    unsigned request = (unsigned)args[1];

    switch (request) {
    case LX_FIOCLEX:
    case LX_FIONCLEX:
        return fd_set_close_on_exec(self->task->files, fd_of(args[0]),
                                    request == LX_FIOCLEX);
    case LX_FIONBIO:
    case LX_FIOASYNC:
        return set_flag(self, file, request, args[2]);
    case LX_FIONREAD:
        if (is_regular(file))
            return give_left(self, file, args[2]);
        break;
    default:
        break;
    }
    if (file->ops->ioctl == NULL)
        return -ENOTTY;
    return file->ops->ioctl(file, process_of(self)->as, request, args[2]);
}

int64_t sys_ioctl(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = serve(self, file, args);
    file_put(file);
    /* What stops a process of the background goes on from here. */
    return result == -EINTR ? -ERESTART_CALL : result;
}
