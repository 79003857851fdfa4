/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/times.c - contract in times.h.
 */
#include "core/syscall/times.h"

#include "core/abi/errno.h"
#include "core/proc/clock.h"
#include "core/sched/waitq.h"
#include "core/syscall/args.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

enum { NS_PER_US = 1000, US_PER_SECOND = 1000000 };

/* part < 10^9 */
static uint64_t join(uint64_t seconds, uint64_t part)
{
    if (seconds >= INT64_MAX / NS_PER_SECOND)
        return INT64_MAX;
    return seconds * NS_PER_SECOND + part;
}

int time_from_spec(const struct lx_timespec *spec, uint64_t *ns)
{
    if (spec->tv_sec < 0 || spec->tv_nsec < 0 ||
        spec->tv_nsec >= (int64_t)NS_PER_SECOND)
        return -EINVAL;
    *ns = join((uint64_t)spec->tv_sec, (uint64_t)spec->tv_nsec);
    return 0;
}

struct lx_timespec time_to_spec(uint64_t ns)
{
    return (struct lx_timespec){.tv_sec = (int64_t)(ns / NS_PER_SECOND),
                                .tv_nsec = (int64_t)(ns % NS_PER_SECOND)};
}

int time_from_val(const struct lx_timeval *val, uint64_t *ns)
{
    if (val->tv_sec < 0 || val->tv_usec < 0 || val->tv_usec >= US_PER_SECOND)
        return -EINVAL;
    *ns = join((uint64_t)val->tv_sec, (uint64_t)val->tv_usec * NS_PER_US);
    return 0;
}

struct lx_timeval time_to_val(uint64_t ns)
{
    return (struct lx_timeval){.tv_sec = (int64_t)(ns / NS_PER_SECOND),
                               .tv_usec =
                                   (int64_t)(ns % NS_PER_SECOND / NS_PER_US)};
}

int time_take(struct thread *self, uaddr_t from, uint64_t *ns)
{
    struct lx_timespec spec;

    if (copy_in_struct(process_of(self)->as, &spec, from) != 0)
        return -EFAULT;
    return time_from_spec(&spec, ns);
}

int deadline_take(struct thread *self, uaddr_t from, uint64_t *deadline_ns)
{
    uint64_t ns = 0;
    int error = time_take(self, from, &ns);

    *deadline_ns = hal_clock_now() + ns; /* both below 2^63 */
    return error;
}

/* select(2)'s: more microseconds than make a second are allowed. */
static int take_val(struct thread *self, uaddr_t from, uint64_t *ns)
{
    struct lx_timeval val;

    if (copy_in_struct(process_of(self)->as, &val, from) != 0)
        return -EFAULT;
    if (val.tv_sec < 0 || val.tv_usec < 0)
        return -EINVAL;
    *ns = join((uint64_t)val.tv_sec + (uint64_t)val.tv_usec / US_PER_SECOND,
               (uint64_t)val.tv_usec % US_PER_SECOND * NS_PER_US);
    return 0;
}

int timeout_take(struct thread *self, uaddr_t from, enum timeout_form form,
                 struct timeout *out)
{
    uint64_t ns = 0;
    int error = 0;

    *out = (struct timeout){from, form, WAIT_FOREVER};
    if (from == 0)
        return 0;
    error = form == TIMEOUT_VAL ? take_val(self, from, &ns)
                                : time_take(self, from, &ns);
    out->deadline_ns = ns == 0 ? 0 : hal_clock_now() + ns;
    return error;
}

static int give_left(struct thread *self, const struct timeout *timeout)
{
    struct aspace *as = process_of(self)->as;
    uint64_t now = hal_clock_now();
    uint64_t left = timeout->deadline_ns > now ? timeout->deadline_ns - now : 0;
    struct lx_timespec spec = time_to_spec(left);
    struct lx_timeval val = time_to_val(left);

    return timeout->form == TIMEOUT_SPEC
               ? copy_out_struct(as, timeout->at, &spec)
               : copy_out_struct(as, timeout->at, &val);
}

int64_t timeout_give(struct thread *self, const struct timeout *timeout,
                     int64_t result)
{
    bool may_restart = timeout->at == 0 || give_left(self, timeout) == 0;

    return result == -EINTR && may_restart ? -ERESTART_NOHAND : result;
}
