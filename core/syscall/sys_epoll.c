/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_epoll.c - epoll_create(2), epoll_ctl(2), epoll_wait(2).
 */
#include "core/abi/errno.h"
#include "core/fs/epoll.h"
#include "core/id/cred.h"
#include "core/sched/waitq.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/masks.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

enum { NS_PER_MS = 1000000 };

static int64_t create(struct thread *self, bool close_on_exec)
{
    struct file *file;
    int error = epoll_make_file(self->task->cred->user, &file);

    return error != 0 ? error : fd_give(self, file, close_on_exec);
}

int64_t sys_epoll_create(struct thread *self, const uint64_t *args)
{
    if ((int32_t)(uint32_t)args[0] <= 0)
        return -EINVAL;
    return create(self, false);
}

int64_t sys_epoll_create1(struct thread *self, const uint64_t *args)
{
    if (((uint32_t)args[0] & ~LX_EPOLL_CLOEXEC) != 0)
        return -EINVAL;
    return create(self, args[0] != 0);
}

static int control(struct file *instance, struct file *file,
                   const uint64_t *args, const struct lx_epoll_event *event)
{
    struct epoll *epoll = epoll_of(instance);

    if (((file_flags(instance) | file_flags(file)) & LX_O_PATH) != 0)
        return -EBADF;
    if (file->ops->poll == NULL)
        return -EPERM;
    if (epoll == NULL)
        return -EINVAL;
    return epoll_control(epoll, (unsigned)args[1], file, fd_of(args[2]), event);
}

int64_t sys_epoll_ctl(struct thread *self, const uint64_t *args)
{
    struct fd_table *files = self->task->files;
    struct lx_epoll_event event = {0};
    struct fd_loan instance, file;
    int error = -EBADF;

    if ((uint32_t)args[1] != LX_EPOLL_CTL_DEL &&
        copy_in_struct(process_of(self)->as, &event, args[3]) != 0)
        return -EFAULT;
    event.events &= ~LX_EPOLLWAKEUP; /* nothing here falls asleep */
    instance = fd_borrow(files, fd_of(args[0]));
    if (instance.file == NULL)
        return -EBADF;
    file = fd_borrow(files, fd_of(args[2]));
    if (file.file != NULL)
        error = control(instance.file, file.file, args, &event);
    fd_give_back(file);
    fd_give_back(instance);
    return error;
}

/* args: instance, events, count. */
static int collect(struct thread *self, const uint64_t *args,
                   uint64_t deadline_ns)
{
    struct epoll_array to = {process_of(self)->as, args[1], (unsigned)args[2]};
    int32_t count = (int32_t)(uint32_t)args[2];
    struct epoll *epoll;
    struct fd_loan loan;
    int result = -EINVAL;

    if (count <= 0 || count > EPOLL_EVENTS_MAX)
        return -EINVAL;
    if (!is_user_range(to.at, to.count * sizeof(struct lx_epoll_event)))
        return -EFAULT;
    loan = fd_borrow(self->task->files, fd_of(args[0]));
    if (loan.file == NULL)
        return -EBADF;
    epoll = epoll_of(loan.file);
    if (epoll != NULL)
        result = epoll_collect(epoll, &to, deadline_ns);
    else if ((file_flags(loan.file) & LX_O_PATH) != 0)
        result = -EBADF;
    fd_give_back(loan);
    return result;
}

static uint64_t deadline_of(uint64_t arg)
{
    int32_t timeout = (int32_t)(uint32_t)arg;

    if (timeout < 0)
        return WAIT_FOREVER;
    return timeout == 0 ? 0 : hal_clock_now() + (uint64_t)timeout * NS_PER_MS;
}

int64_t sys_epoll_wait(struct thread *self, const uint64_t *args)
{
    return collect(self, args, deadline_of(args[3]));
}

static int64_t collect_masked(struct thread *self, const uint64_t *args,
                              uint64_t deadline_ns)
{
    int result = mask_take(self, args[4], args[5]);

    if (result != 0)
        return result;
    result = collect(self, args, deadline_ns);
    mask_give_back(self, result == -EINTR);
    return result;
}

int64_t sys_epoll_pwait(struct thread *self, const uint64_t *args)
{
    return collect_masked(self, args, deadline_of(args[3]));
}

int64_t sys_epoll_pwait2(struct thread *self, const uint64_t *args)
{
    struct timeout timeout;
    int error = timeout_take(self, args[3], TIMEOUT_SPEC, &timeout);

    return error != 0 ? error : collect_masked(self, args, timeout.deadline_ns);
}
