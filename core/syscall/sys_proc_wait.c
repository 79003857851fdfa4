/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_wait.c - wait4(2), waitid(2), getrusage(2), times(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/resource.h"
#include "core/abi/signal.h"
#include "core/abi/sysinfo.h"
#include "core/abi/wait.h"
#include "core/proc/pidfd.h"
#include "core/proc/usage.h"
#include "core/proc/wait.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

#define WAIT_OF_THREADS (LX_WNOTHREAD | LX_WALL | LX_WCLONE)

static int give_usage(struct thread *self, const struct usage *usage,
                      uaddr_t to)
{
    struct lx_rusage rusage;

    if (to == 0)
        return 0;
    usage_to_rusage(usage, &rusage);
    return copy_out_struct(process_of(self)->as, to, &rusage);
}

/* -EINTR starts over when the signal's handler allows it. */
static int64_t wait_result_of(int error)
{
    return error == -EINTR ? -ERESTART_CALL : error;
}

static int64_t wait_and_tell(struct thread *self,
                             const struct wait_request *request, uaddr_t status,
                             uaddr_t usage)
{
    struct wait_result found;
    int result = process_wait(self->task, request, &found);
    int32_t word;

    if (result <= 0)
        return wait_result_of(result);
    word = found.word;
    if (status != 0 &&
        copy_out_struct(process_of(self)->as, status, &word) != 0)
        return -EFAULT;
    if (give_usage(self, &found.usage, usage) != 0)
        return -EFAULT;
    return found.number;
}

int64_t sys_wait4(struct thread *self, const uint64_t *args)
{
    const unsigned known =
        LX_WNOHANG | LX_WUNTRACED | LX_WCONTINUED | WAIT_OF_THREADS;
    int32_t pid = (int32_t)(uint32_t)args[0];
    struct wait_request request = {.which = WAIT_ALL,
                                   .options = (unsigned)args[2]};

    if ((request.options & ~known) != 0)
        return -EINVAL;
    if (pid == INT32_MIN)
        return -ESRCH;
    request.options |= LX_WEXITED;
    if (pid > 0) {
        request.which = WAIT_PID;
        request.number = pid;
    } else if (pid != -1) {
        request.which = WAIT_GROUP;
        request.number = -pid;
    }
    return wait_and_tell(self, &request, args[1], args[3]);
}

/* What waitid(2) waits for: 0, -EINVAL. */
static int take_which(uint32_t type, int32_t id, struct wait_request *out)
{
    out->number = id;
    switch (type) {
    case LX_P_ALL:
        out->which = WAIT_ALL;
        return 0;
    case LX_P_PID:
        out->which = WAIT_PID;
        return id > 0 ? 0 : -EINVAL;
    case LX_P_PGID:
        out->which = WAIT_GROUP;
        return id >= 0 ? 0 : -EINVAL;
    default:
        return -EINVAL;
    }
}

static int give_info(struct thread *self, const struct wait_result *found,
                     uaddr_t to)
{
    struct lx_siginfo info = {0};

    if (to == 0)
        return 0;
    if (found != NULL) {
        info.si_signo = LX_SIGCHLD;
        info.si_code = found->code;
        info.of.child.pid = found->number;
        info.of.child.uid = found->uid;
        info.of.child.status = found->status;
    }
    /* The rest of siginfo_t, and what pads it, is left alone, as on Linux. */
    if (copy_out(process_of(self)->as, to, &info,
                 offsetof(struct lx_siginfo, pad)) != 0)
        return -EFAULT;
    return copy_out(process_of(self)->as,
                    to + offsetof(struct lx_siginfo, of.child), &info.of.child,
                    offsetof(struct lx_siginfo, of.child.pad) -
                        offsetof(struct lx_siginfo, of.child));
}

/* Tells what was found; nothing is zeros, errors or not, as on Linux. */
static int64_t tell_found(struct thread *self, const uint64_t *args, int result,
                          const struct wait_result *found)
{
    int error;

    if (result > 0 && give_usage(self, &found->usage, args[4]) != 0)
        return -EFAULT;
    error = give_info(self, result > 0 ? found : NULL, args[2]);
    return error != 0 || result > 0 ? error : wait_result_of(result);
}

/* With a descriptor that is not to block, finding nothing is -EAGAIN. */
static int wait_for_pidfd(struct thread *self, int32_t fd, unsigned options,
                          struct wait_result *found)
{
    struct fd_loan loan = fd_borrow(self->task->files, fd);
    bool is_busy = false;
    int result = -EBADF;

    if (loan.file == NULL)
        return -EBADF;
    if ((file_flags(loan.file) & LX_O_NONBLOCK) != 0) {
        is_busy = (options & LX_WNOHANG) == 0;
        options |= LX_WNOHANG;
    }
    if (pidfd_pid(loan.file) != NULL)
        result =
            process_wait_pid(self->task, pidfd_pid(loan.file), options, found);
    fd_give_back(loan);
    return result == 0 && is_busy ? -EAGAIN : result;
}

/* What process_wait() says, or -EINVAL, -EBADF, -EAGAIN. */
static int wait_by_id(struct thread *self, const uint64_t *args,
                      struct wait_result *found)
{
    const unsigned events = LX_WEXITED | LX_WSTOPPED | LX_WCONTINUED;
    const unsigned known = events | LX_WNOHANG | LX_WNOWAIT | WAIT_OF_THREADS;
    struct wait_request request = {.options = (unsigned)args[3]};
    int32_t id = (int32_t)(uint32_t)args[1];
    int error;

    if ((request.options & ~known) != 0 || (request.options & events) == 0)
        return -EINVAL;
    if ((uint32_t)args[0] == LX_P_PIDFD)
        return id >= 0 ? wait_for_pidfd(self, id, request.options, found)
                       : -EINVAL;
    error = take_which((uint32_t)args[0], id, &request);
    return error != 0 ? error : process_wait(self->task, &request, found);
}

int64_t sys_waitid(struct thread *self, const uint64_t *args)
{
    struct wait_result found;
    int result = wait_by_id(self, args, &found);

    return tell_found(self, args, result, &found);
}

int64_t sys_getrusage(struct thread *self, const uint64_t *args)
{
    struct process *process = process_of(self);
    struct usage usage = {0};

    switch ((int32_t)(uint32_t)args[0]) {
    case LX_RUSAGE_SELF:
        usage_note_memory(process);
        usage_of_process(process, &usage);
        break;
    case LX_RUSAGE_CHILDREN:
        usage_of_children(process, &usage);
        break;
    case LX_RUSAGE_THREAD:
        usage_note_memory(process);
        usage_of_thread(self->task, &usage);
        break;
    default:
        return -EINVAL;
    }
    return args[1] == 0 ? -EFAULT : give_usage(self, &usage, args[1]);
}

int64_t sys_times(struct thread *self, const uint64_t *args)
{
    struct usage own, children;
    struct lx_tms times;

    usage_of_process(process_of(self), &own);
    usage_of_children(process_of(self), &children);
    times.tms_utime = (int64_t)usage_ticks(own.user_ns);
    times.tms_stime = (int64_t)usage_ticks(own.system_ns);
    times.tms_cutime = (int64_t)usage_ticks(children.user_ns);
    times.tms_cstime = (int64_t)usage_ticks(children.system_ns);
    if (args[0] != 0 &&
        copy_out_struct(process_of(self)->as, args[0], &times) != 0)
        return -EFAULT;
    return (int64_t)usage_ticks(hal_clock_now());
}
