/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_limits.c - getrlimit(2), setrlimit(2), prlimit(2).
 */
#include "core/abi/errno.h"
#include "core/abi/resource.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

static int change(struct thread *self, struct process *process,
                  unsigned resource, const struct lx_rlimit64 *fresh,
                  struct lx_rlimit64 *out)
{
    bool may_raise = cred_is_capable(self->task->cred, CAP_SYS_RESOURCE);
    int error =
        limits_change(&process->limits, resource, fresh, may_raise, out);

    if (error == 0 && fresh != NULL) {
        limits_tell_memory(process);
        limit_watch_start(process);
    }
    return error;
}

int64_t sys_getrlimit(struct thread *self, const uint64_t *args)
{
    struct lx_rlimit64 limit;
    int error;

    if ((uint32_t)args[0] >= LX_RLIM_NLIMITS)
        return -EINVAL;
    error = change(self, process_of(self), (uint32_t)args[0], NULL, &limit);
    return error != 0 ? error
                      : copy_out_struct(process_of(self)->as, args[1], &limit);
}

int64_t sys_setrlimit(struct thread *self, const uint64_t *args)
{
    struct lx_rlimit64 limit;

    if (copy_in_struct(process_of(self)->as, &limit, args[1]) != 0)
        return -EFAULT;
    if ((uint32_t)args[0] >= LX_RLIM_NLIMITS)
        return -EINVAL;
    return change(self, process_of(self), (uint32_t)args[0], &limit, NULL);
}

/* prlimit(2): all ids of the target are the caller's real ones. */
static bool may_change(struct thread *self, struct process *process)
{
    const struct cred *mine = self->task->cred, *its;
    unsigned saved;
    bool may;

    if (process == process_of(self) || cred_is_capable(mine, CAP_SYS_RESOURCE))
        return true;
    saved = process_tree_lock();
    its = process_cred(process);
    may = mine->uid == its->uid && mine->uid == its->euid &&
          mine->uid == its->suid && mine->gid == its->gid &&
          mine->gid == its->egid && mine->gid == its->sgid;
    process_tree_unlock(saved);
    return may;
}

/* The process of a thread's number, 0 for the caller's, with a reference. */
static struct process *find_process(struct thread *self, int number)
{
    struct process *process;
    struct task *task;

    if (number == 0) {
        process_get(process_of(self));
        return process_of(self);
    }
    process = process_find(self->task->ns->pid, number);
    if (process != NULL)
        return process;
    task = task_find(self->task->ns->pid, number);
    if (task == NULL)
        return NULL;
    process = task->process;
    process_get(process);
    task_put(task);
    return process;
}

int64_t sys_prlimit64(struct thread *self, const uint64_t *args)
{
    struct lx_rlimit64 fresh, old;
    struct process *process;
    int error;

    if (args[2] != 0 &&
        copy_in_struct(process_of(self)->as, &fresh, args[2]) != 0)
        return -EFAULT;
    process = find_process(self, (int32_t)(uint32_t)args[0]);
    if (process == NULL)
        return -ESRCH;
    if (!may_change(self, process))
        error = -EPERM;
    else if ((uint32_t)args[1] >= LX_RLIM_NLIMITS)
        error = -EINVAL;
    else
        error = change(self, process, (uint32_t)args[1],
                       args[2] != 0 ? &fresh : NULL, &old);
    process_put(process);
    if (error != 0 || args[3] == 0)
        return error;
    return copy_out_struct(process_of(self)->as, args[3], &old);
}
