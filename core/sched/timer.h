/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/timer.h - calling back at a time.
 *
 * Per CPU: a timer fires on the CPU that armed it, in interrupt context, not
 * before its deadline. The owner keeps the struct alive until it has fired or
 * timer_cancel() has returned.
 */
#ifndef CORE_SCHED_TIMER_H
#define CORE_SCHED_TIMER_H

#include "core/base/tree.h"

struct timer {
    struct tree_node node;
    uint64_t deadline_ns;
    uint64_t order; /* among equal deadlines: first armed, first fired */
    void (*fire)(void *arg);
    void *arg;
    unsigned cpu; /* whose queue it is or was in; atomic */
    bool armed;   /* its CPU's timer lock */
};

C_DECLS_BEGIN

void timer_init(struct timer *timer, void (*fire)(void *arg), void *arg);

/* Arms it for hal_clock_now() >= deadline_ns, moving it if it was armed. Any
 * context. */
void timer_arm(struct timer *timer, uint64_t deadline_ns);

/* Disarms it; returns whether it was armed. When it returns, fire is not
 * running on another CPU. Not from fire itself. */
bool timer_cancel(struct timer *timer);

C_DECLS_END

#endif /* CORE_SCHED_TIMER_H */
