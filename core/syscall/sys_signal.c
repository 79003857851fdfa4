/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_signal.c - signals: sigaction(2), sigprocmask(2), kill(2)
 * and their kin.
 */
#include "core/abi/errno.h"
#include "core/abi/ptrace.h"
#include "core/abi/time.h"
#include "core/proc/signal.h"
#include "core/proc/signal_kill.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

static bool is_valid(uint64_t number)
{
    int32_t signal = (int32_t)(uint32_t)number;

    return signal >= 1 && signal <= SIGNAL_COUNT;
}

/* Others are taken for 0, so that a program can find out what is known. */
#define FLAGS_KNOWN \
    (LX_SA_NOCLDSTOP | LX_SA_NOCLDWAIT | LX_SA_SIGINFO | \
     LX_SA_EXPOSE_TAGBITS | LX_SA_RESTORER | LX_SA_ONSTACK | LX_SA_RESTART | \
     LX_SA_NODEFER | LX_SA_RESETHAND)

int64_t sys_rt_sigaction(struct thread *self, const uint64_t *args)
{
    struct process *process = process_of(self);
    unsigned number = (unsigned)args[0];
    struct lx_sigaction fresh = {0}, old;

    if (args[3] != LX_SIGSET_SIZE)
        return -EINVAL;
    if (args[1] != 0 && copy_in_struct(process->as, &fresh, args[1]) != 0)
        return -EFAULT;
    if (!is_valid(number) ||
        (args[1] != 0 && (number == LX_SIGKILL || number == LX_SIGSTOP)))
        return -EINVAL;
    fresh.sa_flags &= FLAGS_KNOWN;
    signal_change_action(process, number, args[1] != 0 ? &fresh : NULL,
                         args[2] != 0 ? &old : NULL);
    if (args[2] == 0)
        return 0;
    return copy_out_struct(process->as, args[2], &old);
}

static int change_mask(struct task *task, uint32_t how, signal_set set)
{
    signal_set mask = task->signals.blocked;

    switch (how) {
    case LX_SIG_BLOCK:
        mask |= set;
        break;
    case LX_SIG_UNBLOCK:
        mask &= ~set;
        break;
    case LX_SIG_SETMASK:
        mask = set;
        break;
    default:
        return -EINVAL;
    }
    signal_set_mask(task, mask);
    return 0;
}

int64_t sys_rt_sigprocmask(struct thread *self, const uint64_t *args)
{
    struct task *task = self->task;
    signal_set old = task->signals.blocked, set;

    if (args[3] != LX_SIGSET_SIZE)
        return -EINVAL;
    if (args[1] != 0) {
        int error;

        if (copy_in_struct(task->process->as, &set, args[1]) != 0)
            return -EFAULT;
        error = change_mask(task, (uint32_t)args[0], set);
        if (error != 0)
            return error;
    }
    if (args[2] == 0)
        return 0;
    return copy_out_struct(task->process->as, args[2], &old);
}

int64_t sys_rt_sigpending(struct thread *self, const uint64_t *args)
{
    signal_set set;

    if (args[1] > LX_SIGSET_SIZE)
        return -EINVAL;
    set = signal_pending_set(self->task);
    return copy_out(process_of(self)->as, args[0], &set, (size_t)args[1]);
}

int64_t sys_rt_sigreturn(struct thread *self, const uint64_t *args)
{
    (void)args;
    signal_return(self->task);
    return -CALL_IS_DONE;
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

int64_t sys_pause(struct thread *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    (void)!wait_interruptible(never, NULL, WAIT_FOREVER);
    return -ERESTART_NOHAND;
}

int64_t sys_rt_sigsuspend(struct thread *self, const uint64_t *args)
{
    signal_set set;

    if (args[1] != LX_SIGSET_SIZE)
        return -EINVAL;
    if (copy_in_struct(process_of(self)->as, &set, args[0]) != 0)
        return -EFAULT;
    signal_set_temporary_mask(self->task, set);
    (void)!wait_interruptible(never, NULL, WAIT_FOREVER);
    return -ERESTART_NOHAND;
}

int64_t sys_rt_sigtimedwait(struct thread *self, const uint64_t *args)
{
    struct aspace *as = process_of(self)->as;
    uint64_t deadline = WAIT_FOREVER;
    struct lx_siginfo info;
    signal_set set;
    int error, number;

    if (args[3] != LX_SIGSET_SIZE)
        return -EINVAL;
    if (copy_in_struct(as, &set, args[0]) != 0)
        return -EFAULT;
    if (args[2] != 0) {
        error = deadline_take(self, args[2], &deadline);
        if (error != 0)
            return error;
    }
    number = signal_wait(self->task, set, deadline, &info);
    if (number > 0 && args[1] != 0 && copy_out_struct(as, args[1], &info) != 0)
        return -EFAULT;
    return number;
}

int64_t sys_sigaltstack(struct thread *self, const uint64_t *args)
{
    struct aspace *as = process_of(self)->as;
    struct lx_stack fresh, old;
    struct lx_user_regs regs;
    int error;

    if (args[0] != 0 && copy_in_struct(as, &fresh, args[0]) != 0)
        return -EFAULT;
    hal_user_get(self->user, &regs);
    error = signal_change_stack(self->task, regs.rsp,
                                args[0] != 0 ? &fresh : NULL, &old);
    if (error != 0 || args[1] == 0)
        return error;
    return copy_out_struct(as, args[1], &old);
}

/* --- sending -------------------------------------------------------------- */

int64_t sys_kill(struct thread *self, const uint64_t *args)
{
    struct lx_siginfo info;

    signal_fill_user(&info, (unsigned)args[1], LX_SI_USER);
    return signal_kill(self->task, (int32_t)(uint32_t)args[0], &info);
}

static int64_t kill_thread(struct thread *self, int tgid, int tid,
                           uint64_t number)
{
    struct lx_siginfo info;

    signal_fill_user(&info, (unsigned)number, LX_SI_TKILL);
    return signal_kill_thread(self->task, tgid, tid, &info);
}

int64_t sys_tgkill(struct thread *self, const uint64_t *args)
{
    int tgid = (int32_t)(uint32_t)args[0], tid = (int32_t)(uint32_t)args[1];

    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    return kill_thread(self, tgid, tid, args[2]);
}

int64_t sys_tkill(struct thread *self, const uint64_t *args)
{
    int tid = (int32_t)(uint32_t)args[0];

    if (tid <= 0)
        return -EINVAL;
    return kill_thread(self, 0, tid, args[1]);
}

/* The caller's own words; only to himself may they claim to be the kernel's or
 * kill(2)'s (rt_sigqueueinfo(2)). */
static int take_info(struct thread *self, uaddr_t from, uint64_t number,
                     struct lx_siginfo *out)
{
    if (copy_in_struct(process_of(self)->as, out, from) != 0)
        return -EFAULT;
    out->si_signo = (int32_t)(uint32_t)number;
    return 0;
}

static bool is_claim(const struct lx_siginfo *info)
{
    return info->si_code >= 0 || info->si_code == LX_SI_TKILL;
}

int64_t sys_rt_sigqueueinfo(struct thread *self, const uint64_t *args)
{
    int pid = (int32_t)(uint32_t)args[0];
    struct lx_siginfo info;
    int error = take_info(self, args[2], args[1], &info);

    if (error != 0)
        return error;
    if (is_claim(&info) && pid != process_number(process_of(self)))
        return -EPERM;
    return pid > 0 ? signal_kill(self->task, pid, &info) : -ESRCH;
}

int64_t sys_rt_tgsigqueueinfo(struct thread *self, const uint64_t *args)
{
    int tgid = (int32_t)(uint32_t)args[0], tid = (int32_t)(uint32_t)args[1];
    struct lx_siginfo info;
    int error = take_info(self, args[3], args[2], &info);

    if (error != 0)
        return error;
    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    if (is_claim(&info) && tid != task_number(self->task))
        return -EPERM;
    return signal_kill_thread(self->task, tgid, tid, &info);
}
