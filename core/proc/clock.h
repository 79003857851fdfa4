/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/clock.h - the clocks of clock_gettime(2), in nanoseconds.
 */
#ifndef CORE_PROC_CLOCK_H
#define CORE_PROC_CLOCK_H

#include "core/base/defs.h"

struct process;
struct task;
struct waitq;

#define NS_PER_SECOND UINT64_C(1000000000)

C_DECLS_BEGIN

/* Once, before the first user thread. */
void clock_init_all(void);

/* Since 1970. Any context. */
uint64_t clock_wall_ns(void);

/* Those who are told when the wall clock was moved. */
struct waitq *clock_stepped(void);

/* Moves the wall clock; who sleeps until a time of it looks again. */
void clock_set_wall(uint64_t ns);

/* Reads LX_CLOCK_* or a clock of clock_getcpuclockid(3), as task sees it: 0 or
 * -EINVAL. */
MUST_USE int clock_read(struct task *task, int32_t clock, uint64_t *out);

/* Does the clock count time used, or wall time that can be set? */
bool clock_is_cpu(int32_t clock);
bool clock_is_wall(int32_t clock);

/* Those of time used that task may call by a pid (clock_getcpuclockid(3)): its
 * own ones' plain names; others stay. */
int32_t clock_own(struct task *task, int32_t clock);

/* Is it a descriptor's clock (clock_gettime(2), "Dynamic clocks")? There are
 * none. */
bool clock_is_of_file(int32_t clock);

/* When hal_clock_now() will be what clock, which is not a CPU's, calls ns. */
uint64_t clock_deadline(int32_t clock, uint64_t ns);

/* Time that all threads of a process used so far. Any context. */
uint64_t clock_process_ns(struct process *process);

/* The same of user time alone. */
uint64_t clock_process_user_ns(struct process *process);

/* Sleeps until that time of the wall clock, whichever way it is moved: 0,
 * -EINTR. */
MUST_USE int clock_sleep_until_wall(uint64_t ns);

C_DECLS_END

#endif /* CORE_PROC_CLOCK_H */
