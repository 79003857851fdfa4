/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_clone.c - fork(2), vfork(2), clone(2), clone3(2).
 */
#include "core/abi/errno.h"
#include "core/abi/sched.h"
#include "core/abi/signal.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/proc/clone.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

static int64_t make_child(struct thread *self,
                          const struct clone_request *request)
{
    int result = task_clone(self->task, request);

    return result == -EINTR ? -ERESTART_NOINTR : result;
}

int64_t sys_fork(struct thread *self, const uint64_t *args)
{
    static const struct clone_request request = {.exit_signal = LX_SIGCHLD};

    (void)args;
    return make_child(self, &request);
}

int64_t sys_vfork(struct thread *self, const uint64_t *args)
{
    static const struct clone_request request = {
        .flags = LX_CLONE_VFORK | LX_CLONE_VM,
        .exit_signal = LX_SIGCHLD,
    };

    (void)args;
    return make_child(self, &request);
}

/* Flags are 32 bits wide here, and those that mean nothing are ignored. */
int64_t sys_clone(struct thread *self, const uint64_t *args)
{
    struct clone_request request = {
        .flags = (uint32_t)args[0] & ~LX_CSIGNAL,
        .exit_signal = (int)(args[0] & LX_CSIGNAL),
        .stack = args[1],
        .parent_tid = args[2],
        .child_tid = args[3],
        .tls = args[4],
    };

    if ((request.flags & LX_CLONE_THREAD) != 0)
        request.exit_signal = 0;
    /* One place for both. */
    if ((request.flags & LX_CLONE_PIDFD) != 0 &&
        (request.flags & LX_CLONE_PARENT_SETTID) != 0)
        return -EINVAL;
    request.pidfd = args[2];
    return make_child(self, &request);
}

/* What is behind the fields known here must be zero. */
static int check_rest(struct thread *self, uaddr_t from, size_t size)
{
    uint64_t word;

    for (size_t at = sizeof(struct lx_clone_args); at < size;) {
        size_t part = min_size(size - at, sizeof(word));

        word = 0;
        if (copy_in(process_of(self)->as, &word, from + at, part) != 0)
            return -EFAULT;
        if (word != 0)
            return -E2BIG;
        at += part;
    }
    return 0;
}

static int take_args(struct thread *self, uaddr_t from, uint64_t size,
                     struct lx_clone_args *out)
{
    int error;

    if (size > PAGE_SIZE)
        return -E2BIG;
    if (size < LX_CLONE_ARGS_SIZE_VER0)
        return -EINVAL;
    *out = (struct lx_clone_args){0};
    error = check_rest(self, from, (size_t)size);
    return error != 0 ? error
                      : copy_in(process_of(self)->as, out, from,
                                min_size((size_t)size, sizeof(*out)));
}

/* The number asked for: 0 or -errno. There is one level of namespaces. */
static int take_wanted(struct thread *self, const struct lx_clone_args *args,
                       int *out)
{
    int32_t wanted;

    if (args->set_tid_size > CLONE_TIDS_MAX ||
        (args->set_tid == 0) != (args->set_tid_size == 0))
        return -EINVAL;
    if (args->set_tid_size == 0)
        return 0;
    if (args->set_tid_size > 1)
        return -EINVAL;
    if (copy_in_struct(process_of(self)->as, &wanted, args->set_tid) != 0)
        return -EFAULT;
    if (wanted < 1)
        return -EINVAL;
    if (!cred_is_capable(self->task->cred, CAP_SYS_ADMIN))
        return -EPERM;
    *out = wanted;
    return 0;
}

static int check_args(const struct lx_clone_args *args)
{
    const uint64_t known = UINT64_C(0x3ffffffff) & ~(uint64_t)LX_CSIGNAL;
    const uint64_t inherits = LX_CLONE_THREAD | LX_CLONE_PARENT;

    if ((args->flags & ~known) != 0 || (args->flags & LX_CLONE_DETACHED) != 0)
        return -EINVAL;
    if (args->exit_signal > LX_SIGRTMAX)
        return -EINVAL;
    if ((args->flags & inherits) != 0 && args->exit_signal != 0)
        return -EINVAL;
    if ((args->stack == 0) != (args->stack_size == 0))
        return -EINVAL;
    if (!is_user_range(args->stack, args->stack_size))
        return -EINVAL;
    return 0;
}

int64_t sys_clone3(struct thread *self, const uint64_t *args)
{
    struct clone_request request = {0};
    struct lx_clone_args from;
    int error = take_args(self, args[0], args[1], &from);

    if (error == 0)
        error = check_args(&from);
    if (error == 0)
        error = take_wanted(self, &from, &request.wanted);
    if (error != 0)
        return error;
    request.flags = from.flags;
    request.exit_signal = (int)from.exit_signal;
    request.stack = from.stack == 0 ? 0 : from.stack + from.stack_size;
    request.parent_tid = from.parent_tid;
    request.child_tid = from.child_tid;
    request.tls = from.tls;
    request.pidfd = from.pidfd;
    return make_child(self, &request);
}
