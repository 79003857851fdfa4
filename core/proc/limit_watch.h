/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/limit_watch.h - what becomes of a process that uses more CPU time
 * than its limits allow: RLIMIT_CPU and RLIMIT_RTTIME of getrlimit(2).
 *
 * A timer of the process looks at what was used, in interrupt context, as long
 * as one of the two limits is finite. At the soft limit, which then moves on by
 * a second as on Linux, it sends SIGXCPU; at the hard limit SIGKILL.
 */
#ifndef CORE_PROC_LIMIT_WATCH_H
#define CORE_PROC_LIMIT_WATCH_H

#include "core/sched/timer.h"

struct process;

struct limit_watch {
    struct timer timer; /* armed by who set is_on */
    bool is_on;         /* atomic */
};

C_DECLS_BEGIN

/* Of process, which is nobody's yet. */
void limit_watch_init(struct process *process);

/* process has limits, new ones perhaps: looks from now on if it must. A
 * reference is held. Any context but interrupts. */
void limit_watch_start(struct process *process);

/* By the last thread, which has left process: ends for ever. Waits for a look
 * on another CPU, which takes the process tree's lock: so not under it, and
 * before the reference is given back without which a reaper's is the last. */
void limit_watch_end(struct process *process);

/* Tells the memory of process of the limits that memory heeds. One that is
 * borrowed heeds its owner's. After each change of limits or memory; may
 * sleep. */
void limits_tell_memory(struct process *process);

C_DECLS_END

#endif /* CORE_PROC_LIMIT_WATCH_H */
