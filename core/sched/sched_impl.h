/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/sched_impl.h - what the files of core/sched share.
 */
#ifndef CORE_SCHED_SCHED_IMPL_H
#define CORE_SCHED_SCHED_IMPL_H

#include "core/sched/thread.h"

C_DECLS_BEGIN

/* Sets up this CPU's timer queue. Once per CPU, before the first timer. */
void timer_init_cpu(void);

/* Fires this CPU's timers that are due and arms the clock for the next.
 * Interrupt context. */
void timer_run_due(void);

C_DECLS_END

#endif /* CORE_SCHED_SCHED_IMPL_H */
