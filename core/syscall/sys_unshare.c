/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_unshare.c - unshare(2), and descriptors of one's own for
 * close_range(2).
 */
#include "core/abi/errno.h"
#include "core/abi/sched.h"
#include "core/id/cred.h"
#include "core/proc/files.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"

/* There is one of each. */
#define NAMESPACES \
    (LX_CLONE_NEWNS | LX_CLONE_NEWUTS | LX_CLONE_NEWIPC | LX_CLONE_NEWPID | \
     LX_CLONE_NEWNET | LX_CLONE_NEWCGROUP | LX_CLONE_NEWTIME)

/* What processes never share, but threads do. */
#define OF_THREADS (LX_CLONE_THREAD | LX_CLONE_SIGHAND | LX_CLONE_VM)

int unshare_files(struct thread *self)
{
    struct fd_table *fresh;
    int error;

    if (!fd_table_is_shared(self->task->files))
        return 0;
    error = fd_table_copy(self->task->files, &fresh);
    if (error != 0)
        return error;
    fd_table_put(task_swap_files(self->task, fresh));
    return 0;
}

static int unshare_context(struct thread *self)
{
    struct fs_context *fresh;
    int error;

    if (!context_is_shared(self->task->fs))
        return 0;
    error = context_copy(self->task->fs, &fresh);
    if (error != 0)
        return error;
    context_put(task_swap_context(self->task, fresh));
    return 0;
}

static int check_flags(const struct thread *self, unsigned flags)
{
    const unsigned known = NAMESPACES | OF_THREADS | LX_CLONE_NEWUSER |
                           LX_CLONE_FS | LX_CLONE_FILES | LX_CLONE_SYSVSEM;

    if ((flags & ~known) != 0)
        return -EINVAL;
    if ((flags & OF_THREADS) != 0 &&
        __atomic_load_n(&process_of(self)->running, __ATOMIC_RELAXED) > 1)
        return -EINVAL;
    if ((flags & NAMESPACES) != 0 && (flags & LX_CLONE_NEWUSER) == 0 &&
        !cred_is_capable(self->task->cred, CAP_SYS_ADMIN))
        return -EPERM;
    return (flags & (NAMESPACES | LX_CLONE_NEWUSER)) != 0 ? -EINVAL : 0;
}

int64_t sys_unshare(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[0];
    int error = args[0] <= UINT32_MAX ? check_flags(self, flags) : -EINVAL;

    if (error == 0 && (flags & LX_CLONE_FS) != 0)
        error = unshare_context(self);
    if (error == 0 && (flags & LX_CLONE_FILES) != 0)
        error = unshare_files(self);
    return error;
}
