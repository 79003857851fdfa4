/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/cpus.h - bringing the other CPUs in.
 */
#ifndef CORE_SCHED_CPUS_H
#define CORE_SCHED_CPUS_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/*
 * Starts every CPU of the machine but this one, and returns when those that
 * answered schedule; the others are left out with a line in the log. From a
 * thread, once. May sleep.
 */
void cpus_start(void);

C_DECLS_END

#endif /* CORE_SCHED_CPUS_H */
