/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_event.c - what becomes a descriptor to be waited for:
 * eventfd(2), timerfd_create(2), signalfd(2), pidfd_open(2).
 */
#include "core/abi/errno.h"
#include "core/abi/eventfd.h"
#include "core/fs/eventfd.h"
#include "core/id/cred.h"
#include "core/proc/pidfd.h"
#include "core/proc/signal_kill.h"
#include "core/proc/signalfd.h"
#include "core/proc/timerfd.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"

/* --- eventfd(2) ----------------------------------------------------------- */

static int64_t make_eventfd(struct thread *self, uint32_t count, unsigned flags)
{
    struct file *file;
    int error;

    if ((flags & ~(LX_EFD_SEMAPHORE | LX_EFD_NONBLOCK | LX_EFD_CLOEXEC)) != 0)
        return -EINVAL;
    error = eventfd_create(count, flags, &file);
    if (error != 0)
        return error;
    return fd_give(self, file, (flags & LX_EFD_CLOEXEC) != 0);
}

int64_t sys_eventfd(struct thread *self, const uint64_t *args)
{
    return make_eventfd(self, (uint32_t)args[0], 0);
}

int64_t sys_eventfd2(struct thread *self, const uint64_t *args)
{
    return make_eventfd(self, (uint32_t)args[0], (unsigned)args[1]);
}

/* --- timerfd_create(2) ---------------------------------------------------- */

int64_t sys_timerfd_create(struct thread *self, const uint64_t *args)
{
    int32_t clock = (int32_t)(uint32_t)args[0];
    unsigned flags = (unsigned)args[1];
    struct file *file;
    int error;

    if ((flags & ~(LX_TFD_NONBLOCK | LX_TFD_CLOEXEC)) != 0)
        return -EINVAL;
    if (timerfd_is_alarm(clock) &&
        !cred_is_capable(self->task->cred, CAP_WAKE_ALARM))
        return -EPERM;
    error = timerfd_make_file(clock, flags & LX_TFD_NONBLOCK, &file);
    if (error != 0)
        return error;
    return fd_give(self, file, (flags & LX_TFD_CLOEXEC) != 0);
}

static int take_setting(struct thread *self, uaddr_t from,
                        struct timer_setting *out)
{
    struct lx_itimerspec spec;

    if (copy_in_struct(process_of(self)->as, &spec, from) != 0)
        return -EFAULT;
    if (time_from_spec(&spec.it_value, &out->value_ns) != 0 ||
        time_from_spec(&spec.it_interval, &out->interval_ns) != 0)
        return -EINVAL;
    return 0;
}

static int give_setting(struct thread *self, uaddr_t to,
                        const struct timer_setting *setting)
{
    struct lx_itimerspec spec = {
        .it_interval = time_to_spec(setting->interval_ns),
        .it_value = time_to_spec(setting->value_ns),
    };

    return copy_out_struct(process_of(self)->as, to, &spec);
}

/* The calls below on a descriptor that is a timer: 0, -EBADF, -EINVAL. */
static int change_timer(struct thread *self, uint64_t fd,
                        const struct timer_setting *fresh, bool cancels,
                        struct timer_setting *old)
{
    struct fd_loan loan = fd_borrow(self->task->files, fd_of(fd));
    int error = -EINVAL;

    if (loan.file == NULL)
        return -EBADF;
    if (timerfd_is_timer(loan.file)) {
        timerfd_change(loan.file, fresh, cancels, old);
        error = 0;
    }
    fd_give_back(loan);
    return error;
}

int64_t sys_timerfd_settime(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[1];
    struct timer_setting old,
        fresh = {.is_absolute = (flags & LX_TFD_TIMER_ABSTIME) != 0};
    int error = take_setting(self, args[2], &fresh);

    if (error != 0)
        return error;
    if ((flags & ~(LX_TFD_TIMER_ABSTIME | LX_TFD_TIMER_CANCEL_ON_SET)) != 0)
        return -EINVAL;
    error = change_timer(self, args[0], &fresh,
                         (flags & LX_TFD_TIMER_CANCEL_ON_SET) != 0, &old);
    if (error != 0 || args[3] == 0)
        return error;
    return give_setting(self, args[3], &old);
}

int64_t sys_timerfd_gettime(struct thread *self, const uint64_t *args)
{
    struct timer_setting old;
    int error = change_timer(self, args[0], NULL, false, &old);

    return error != 0 ? error : give_setting(self, args[1], &old);
}

/* --- signalfd(2) ---------------------------------------------------------- */

static int64_t change_signalfd(struct thread *self, uint64_t fd, signal_set set)
{
    struct fd_loan loan = fd_borrow(self->task->files, fd_of(fd));
    int64_t result = -EINVAL;

    if (loan.file == NULL)
        return -EBADF;
    if (signalfd_is_one(loan.file)) {
        signalfd_change(loan.file, set);
        result = fd_of(fd);
    }
    fd_give_back(loan);
    return result;
}

/* args: descriptor or -1, mask, its size. */
static int64_t make_signalfd(struct thread *self, const uint64_t *args,
                             unsigned flags)
{
    struct file *file;
    signal_set set;
    int error;

    if (args[2] != LX_SIGSET_SIZE)
        return -EINVAL;
    if (copy_in_struct(process_of(self)->as, &set, args[1]) != 0)
        return -EFAULT;
    if ((flags & ~(LX_SFD_NONBLOCK | LX_SFD_CLOEXEC)) != 0)
        return -EINVAL;
    if (fd_of(args[0]) != -1)
        return change_signalfd(self, args[0], set);
    error = signalfd_create(set, flags & LX_SFD_NONBLOCK, &file);
    if (error != 0)
        return error;
    return fd_give(self, file, (flags & LX_SFD_CLOEXEC) != 0);
}

int64_t sys_signalfd(struct thread *self, const uint64_t *args)
{
    return make_signalfd(self, args, 0);
}

int64_t sys_signalfd4(struct thread *self, const uint64_t *args)
{
    return make_signalfd(self, args, (unsigned)args[3]);
}

/* --- pidfd_open(2) -------------------------------------------------------- */

int64_t sys_pidfd_open(struct thread *self, const uint64_t *args)
{
    int32_t number = (int32_t)(uint32_t)args[0];
    unsigned flags = (unsigned)args[1];
    struct file *file;
    int error;

    if ((flags & ~LX_PIDFD_NONBLOCK) != 0 || number <= 0)
        return -EINVAL;
    error = pidfd_open_number(self->task, number, flags, &file);
    return error != 0 ? error : fd_give(self, file, true);
}

/* What is sent: the caller's own words where he gives some. */
static int take_info(struct thread *self, const uint64_t *args,
                     const struct process *to, struct lx_siginfo *out)
{
    if (args[2] == 0) {
        signal_fill_user(out, (unsigned)args[1], LX_SI_USER);
        return 0;
    }
    if (copy_in_struct(process_of(self)->as, out, args[2]) != 0)
        return -EFAULT;
    if (out->si_signo != (int32_t)(uint32_t)args[1])
        return -EINVAL;
    if (to != process_of(self) &&
        (out->si_code >= 0 || out->si_code == LX_SI_TKILL))
        return -EPERM;
    return 0;
}

static int send_signal(struct thread *self, const struct file *pidfd,
                       const uint64_t *args)
{
    struct process *process;
    struct lx_siginfo info;
    int error;

    if (pidfd_pid(pidfd) == NULL)
        return -EBADF;
    process = pidfd_process(pidfd);
    error = take_info(self, args, process, &info);
    if (error == 0 && (uint32_t)args[1] > SIGNAL_COUNT)
        error = -EINVAL;
    if (error == 0)
        error = process != NULL
                    ? signal_kill_process(self->task, process, &info)
                    : -ESRCH;
    if (process != NULL)
        process_put(process);
    return error;
}

int64_t sys_pidfd_send_signal(struct thread *self, const uint64_t *args)
{
    struct fd_loan loan;
    int error;

    if ((uint32_t)args[3] != 0)
        return -EINVAL;
    loan = fd_borrow(self->task->files, fd_of(args[0]));
    if (loan.file == NULL)
        return -EBADF;
    error = send_signal(self, loan.file, args);
    fd_give_back(loan);
    return error;
}

int64_t sys_pidfd_getfd(struct thread *self, const uint64_t *args)
{
    struct file *file = NULL;
    struct fd_loan loan;
    int error = -EBADF;

    if ((uint32_t)args[2] != 0)
        return -EINVAL;
    loan = fd_borrow(self->task->files, fd_of(args[0]));
    if (loan.file != NULL && pidfd_pid(loan.file) != NULL)
        error = pidfd_get_file(self->task, loan.file, fd_of(args[1]), &file);
    fd_give_back(loan);
    return error != 0 ? error : fd_give(self, file, true);
}
