/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/wall.h - the time of day: the machine's, and what somebody who set
 * it moved it by.
 */
#ifndef CORE_SCHED_WALL_H
#define CORE_SCHED_WALL_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/* Nanoseconds since 1970. Any context. */
uint64_t wall_now_ns(void);

/* It is ns now. Any context. */
void wall_set_ns(uint64_t ns);

C_DECLS_END

#endif /* CORE_SCHED_WALL_H */
