/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/grace.h - the half of RCU (core/sync/rcu.h) that sleeps: its
 * callbacks are called by the workers, early or after a delay.
 */
#ifndef CORE_SCHED_GRACE_H
#define CORE_SCHED_GRACE_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/* For sched_init(): CPU cpu may use rcu_call() from here on. */
void grace_init_cpu(unsigned cpu);

C_DECLS_END

#endif /* CORE_SCHED_GRACE_H */
