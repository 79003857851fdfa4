/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_time.c - clocks, sleeping and timers.
 */
#include "core/abi/errno.h"
#include "core/id/cred.h"
#include "core/proc/clock.h"
#include "core/proc/timers.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/times.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

enum { COARSE_NS = 4000000, NS_PER_US = 1000 };

static int32_t clock_of(uint64_t arg)
{
    return (int32_t)(uint32_t)arg;
}

static int64_t give_time(struct thread *self, uaddr_t to, uint64_t ns)
{
    struct lx_timespec spec = time_to_spec(ns);

    return copy_out_struct(process_of(self)->as, to, &spec);
}

int64_t sys_clock_gettime(struct thread *self, const uint64_t *args)
{
    uint64_t ns;
    int error = clock_read(self->task, clock_of(args[0]), &ns);

    return error != 0 ? error : give_time(self, args[1], ns);
}

int64_t sys_clock_getres(struct thread *self, const uint64_t *args)
{
    int32_t clock = clock_of(args[0]);
    uint64_t ns;
    int error = clock_read(self->task, clock, &ns);

    if (error != 0 || args[1] == 0)
        return error;
    ns = clock == LX_CLOCK_REALTIME_COARSE || clock == LX_CLOCK_MONOTONIC_COARSE
             ? COARSE_NS
             : 1;
    return give_time(self, args[1], ns);
}

static bool may_set_time(const struct thread *self)
{
    return cred_is_capable(self->task->cred, CAP_SYS_TIME);
}

int64_t sys_clock_settime(struct thread *self, const uint64_t *args)
{
    int32_t clock = clock_of(args[0]);
    uint64_t ns;
    int error;

    if (clock > LX_CLOCK_REALTIME)
        return -EINVAL;
    error = time_take(self, args[1], &ns);
    if (error != 0)
        return error;
    if (clock < 0) { /* of a process or thread */
        error = clock_read(self->task, clock, &ns);
        return error != 0 ? error : -EPERM;
    }
    if (!may_set_time(self))
        return -EPERM;
    clock_set_wall(ns);
    return 0;
}

int64_t sys_gettimeofday(struct thread *self, const uint64_t *args)
{
    static const struct lx_timezone utc;
    struct aspace *as = process_of(self)->as;
    struct lx_timeval val = time_to_val(clock_wall_ns());

    if (args[0] != 0 && copy_out_struct(as, args[0], &val) != 0)
        return -EFAULT;
    if (args[1] != 0 && copy_out_struct(as, args[1], &utc) != 0)
        return -EFAULT;
    return 0;
}

int64_t sys_settimeofday(struct thread *self, const uint64_t *args)
{
    struct aspace *as = process_of(self)->as;
    struct lx_timezone zone;
    struct lx_timeval val;
    uint64_t ns = 0;

    if (args[0] != 0 && copy_in_struct(as, &val, args[0]) != 0)
        return -EFAULT;
    if (args[0] != 0 && time_from_val(&val, &ns) != 0)
        return -EINVAL;
    if (args[1] != 0 && copy_in_struct(as, &zone, args[1]) != 0)
        return -EFAULT;
    if (!may_set_time(self))
        return -EPERM;
    if (args[0] != 0)
        clock_set_wall(ns);
    return 0;
}

int64_t sys_time(struct thread *self, const uint64_t *args)
{
    int64_t now = (int64_t)(clock_wall_ns() / NS_PER_SECOND);

    if (args[0] != 0 &&
        copy_out_struct(process_of(self)->as, args[0], &now) != 0)
        return -EFAULT;
    return now;
}

/* --- sleeping ------------------------------------------------------------- */

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Sleeps for ns, or what is left of it when the call was cut short before; the
 * rest goes to remain, unless 0. */
static int64_t sleep_for(struct thread *self, uint64_t ns, uaddr_t remain)
{
    struct task_signals *signals = &self->task->signals;
    uint64_t now;

    if (!signals->resumes)
        signals->deadline_ns = hal_clock_now() + ns;
    if (wait_interruptible(never, NULL, signals->deadline_ns) == -ETIMEDOUT)
        return 0;
    now = hal_clock_now();
    if (now >= signals->deadline_ns)
        return 0;
    if (remain != 0 && give_time(self, remain, signals->deadline_ns - now) != 0)
        return -EFAULT;
    return -ERESTART_BLOCK;
}

int64_t sys_nanosleep(struct thread *self, const uint64_t *args)
{
    uint64_t ns;
    int error = time_take(self, args[0], &ns);

    return error != 0 ? error : sleep_for(self, ns, args[1]);
}

/* Sleeps until a clock of time used says ns: looks again when that can be. */
static int64_t sleep_on_cpu_clock(struct thread *self, int32_t clock,
                                  uint64_t until)
{
    uint64_t now;

    for (;;) {
        int error = clock_read(self->task, clock, &now);

        if (error != 0 || now >= until)
            return error;
        error = wait_interruptible(
            never, NULL, hal_clock_now() + max_u64(until - now, NS_PER_US));
        if (error == -EINTR)
            return -ERESTART_NOHAND;
    }
}

static int64_t sleep_until(struct thread *self, int32_t clock, uint64_t ns)
{
    int error;

    if (clock_is_cpu(clock))
        return sleep_on_cpu_clock(self, clock, ns);
    if (clock_is_wall(clock))
        error = clock_sleep_until_wall(ns);
    else
        error = wait_interruptible(never, NULL, ns);
    return error == -EINTR ? -ERESTART_NOHAND : 0;
}

/* Which clocks can be slept on: 0, -EINVAL, -EOPNOTSUPP. */
static int check_sleep_clock(struct thread *self, int32_t clock)
{
    uint64_t ns;

    switch (clock) {
    case LX_CLOCK_THREAD_CPUTIME_ID: /* Linux says so; the page has EINVAL */
    case LX_CLOCK_MONOTONIC_RAW:
    case LX_CLOCK_MONOTONIC_COARSE:
    case LX_CLOCK_REALTIME_COARSE:
        return -EOPNOTSUPP;
    default:
        break;
    }
    if (clock_is_of_file(clock))
        return -EOPNOTSUPP;
    /* Of its own time a thread that sleeps uses none, of whatever kind. */
    if (clock_own(self->task, clock & ~1) == LX_CLOCK_THREAD_CPUTIME_ID)
        return -EINVAL;
    return clock_read(self->task, clock, &ns);
}

int64_t sys_clock_nanosleep(struct thread *self, const uint64_t *args)
{
    int32_t clock = clock_of(args[0]);
    bool is_absolute = (args[1] & LX_TIMER_ABSTIME) != 0;
    uint64_t ns, now = 0;
    int error = check_sleep_clock(self, clock);

    if (error == 0)
        error = time_take(self, args[2], &ns);
    if (error != 0)
        return error;
    if (is_absolute)
        return sleep_until(self, clock, ns);
    if (!clock_is_cpu(clock))
        return sleep_for(self, ns, args[3]);
    error = clock_read(self->task, clock, &now);
    return error != 0 ? error : sleep_on_cpu_clock(self, clock, now + ns);
}

/* --- timers --------------------------------------------------------------- */

static int take_itimer(struct thread *self, uaddr_t from,
                       struct timer_setting *out)
{
    struct lx_itimerval val;

    if (copy_in_struct(process_of(self)->as, &val, from) != 0)
        return -EFAULT;
    if (time_from_val(&val.it_value, &out->value_ns) != 0 ||
        time_from_val(&val.it_interval, &out->interval_ns) != 0)
        return -EINVAL;
    return 0;
}

/* Rounded up: what is left is never 0 while the timer runs. */
static int give_itimer(struct thread *self, uaddr_t to,
                       const struct timer_setting *setting)
{
    struct lx_itimerval val = {
        .it_interval = time_to_val(setting->interval_ns),
        .it_value = time_to_val(setting->value_ns + NS_PER_US - 1),
    };

    return copy_out_struct(process_of(self)->as, to, &val);
}

int64_t sys_getitimer(struct thread *self, const uint64_t *args)
{
    struct timer_setting old;
    int error =
        timers_change_interval(process_of(self), clock_of(args[0]), NULL, &old);

    return error != 0 ? error : give_itimer(self, args[1], &old);
}

int64_t sys_setitimer(struct thread *self, const uint64_t *args)
{
    struct timer_setting fresh = {0}, old;
    int error = 0;

    if (args[1] != 0)
        error = take_itimer(self, args[1], &fresh);
    if (error == 0)
        error = timers_change_interval(process_of(self), clock_of(args[0]),
                                       &fresh, &old);
    if (error != 0 || args[2] == 0)
        return error;
    return give_itimer(self, args[2], &old);
}

int64_t sys_alarm(struct thread *self, const uint64_t *args)
{
    struct timer_setting old,
        fresh = {.value_ns = (args[0] & UINT32_MAX) * NS_PER_SECOND};
    int error =
        timers_change_interval(process_of(self), LX_ITIMER_REAL, &fresh, &old);

    if (error != 0 || old.value_ns == 0)
        return error;
    /* To the nearest second, but 0 is for none (alarm(2)). */
    return (int64_t)max_u64((old.value_ns + NS_PER_SECOND / 2) / NS_PER_SECOND,
                            1);
}

int64_t sys_timer_create(struct thread *self, const uint64_t *args)
{
    struct process *process = process_of(self);
    struct lx_sigevent event;
    int32_t id;
    int error;

    if (args[1] != 0 && copy_in_struct(process->as, &event, args[1]) != 0)
        return -EFAULT;
    error = timers_create(self->task, clock_of(args[0]),
                          args[1] != 0 ? &event : NULL, &id);
    if (error != 0)
        return error;
    error = copy_out_struct(process->as, args[2], &id);
    if (error != 0)
        (void)!timers_delete(process, id);
    return error;
}

static int64_t give_timer(struct thread *self, uaddr_t to,
                          const struct timer_setting *setting)
{
    struct lx_itimerspec spec = {
        .it_interval = time_to_spec(setting->interval_ns),
        .it_value = time_to_spec(setting->value_ns),
    };

    return copy_out_struct(process_of(self)->as, to, &spec);
}

int64_t sys_timer_settime(struct thread *self, const uint64_t *args)
{
    struct process *process = process_of(self);
    struct timer_setting fresh = {.is_absolute =
                                      (args[1] & LX_TIMER_ABSTIME) != 0};
    struct timer_setting old;
    struct lx_itimerspec spec;
    int error;

    if (args[2] == 0)
        return -EINVAL;
    if (copy_in_struct(process->as, &spec, args[2]) != 0)
        return -EFAULT;
    if (time_from_spec(&spec.it_value, &fresh.value_ns) != 0 ||
        time_from_spec(&spec.it_interval, &fresh.interval_ns) != 0)
        return -EINVAL;
    error = timers_set(process, clock_of(args[0]), &fresh, &old);
    if (error != 0 || args[3] == 0)
        return error;
    return give_timer(self, args[3], &old);
}

int64_t sys_timer_gettime(struct thread *self, const uint64_t *args)
{
    struct timer_setting old;
    int error = timers_set(process_of(self), clock_of(args[0]), NULL, &old);

    return error != 0 ? error : give_timer(self, args[1], &old);
}

int64_t sys_timer_getoverrun(struct thread *self, const uint64_t *args)
{
    return timers_overrun(process_of(self), clock_of(args[0]));
}

int64_t sys_timer_delete(struct thread *self, const uint64_t *args)
{
    return timers_delete(process_of(self), clock_of(args[0]));
}

/* restart_syscall(2): calls are made again inside the kernel, so user code
 * never has one to go on with. */
int64_t sys_restart_syscall(struct thread *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return -EINTR;
}
