/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/timers.h - a process's interval timers (setitimer(2)) and those of
 * timer_create(2).
 *
 * Locking: all calls take the process's timers mutex; what fires, in interrupt
 * context, touches only its own timer, which is disarmed before anything else
 * is changed.
 */
#ifndef CORE_PROC_TIMERS_H
#define CORE_PROC_TIMERS_H

#include "core/abi/signal.h"
#include "core/abi/time.h"
#include "core/base/defs.h"

struct process;
struct process_signals;
struct task;

/* When a timer goes off next, from now or (absolute) on its clock, and then
 * how often; 0: not at all, and once. */
struct timer_setting {
    uint64_t value_ns, interval_ns;
    bool is_absolute;
};

C_DECLS_BEGIN

/* Once, after the caches. */
void timers_init_all(void);

/* execve(2): those of timer_create(2) go. The end: all go. */
void timers_exec(struct process *process);
void timers_fini(struct process_signals *signals);

/* getitimer(2), setitimer(2): which is LX_ITIMER_*; fresh and old may be NULL.
 * 0, -EINVAL, -ENOMEM. */
MUST_USE int timers_change_interval(struct process *process, int which,
                                    const struct timer_setting *fresh,
                                    struct timer_setting *old);

/* timer_create(2): event NULL is SIGALRM with the timer's id. 0; -EINVAL,
 * -EAGAIN (too many), -ENOMEM. */
MUST_USE int timers_create(struct task *task, int32_t clock,
                           const struct lx_sigevent *event, int32_t *id);

/* The rest of its family: 0 (an overrun count), or -EINVAL for no such id. */
MUST_USE int timers_set(struct process *process, int32_t id,
                        const struct timer_setting *fresh,
                        struct timer_setting *old);
MUST_USE int timers_overrun(struct process *process, int32_t id);
MUST_USE int timers_delete(struct process *process, int32_t id);

/* The wall clock was set: timers for a time of it go off then. May sleep. */
void timers_follow_wall(void);

C_DECLS_END

#endif /* CORE_PROC_TIMERS_H */
