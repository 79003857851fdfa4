/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_pipe.c - pipe(2), pipe2(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/pipe.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

/* Both ends get descriptors, or none. */
static int give_ends(struct thread *self, struct file *ends[2], bool cloexec,
                     int32_t fds[2])
{
    fds[0] = fd_give(self, ends[0], cloexec);
    if (fds[0] < 0) {
        file_put(ends[1]);
        return fds[0];
    }
    fds[1] = fd_give(self, ends[1], cloexec);
    if (fds[1] >= 0)
        return 0;
    (void)!fd_close(self->task->files, fds[0]);
    return fds[1];
}

static int64_t make_pipe(struct thread *self, uaddr_t to, unsigned flags)
{
    struct file *ends[2];
    int32_t fds[2];
    int error;

    if ((flags & ~(LX_O_CLOEXEC | LX_O_NONBLOCK | LX_O_DIRECT)) != 0)
        return -EINVAL;
    error = pipe_create(self->task->cred, flags & ~LX_O_CLOEXEC, ends);
    if (error == 0)
        error = give_ends(self, ends, (flags & LX_O_CLOEXEC) != 0, fds);
    if (error != 0)
        return error;
    error = copy_out(process_of(self)->as, to, fds, sizeof(fds));
    if (error != 0) {
        (void)!fd_close(self->task->files, fds[0]);
        (void)!fd_close(self->task->files, fds[1]);
    }
    return error;
}

int64_t sys_pipe(struct thread *self, const uint64_t *args)
{
    return make_pipe(self, args[0], 0);
}

int64_t sys_pipe2(struct thread *self, const uint64_t *args)
{
    return make_pipe(self, args[0], (unsigned)args[1]);
}
