/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exit.h - how threads and processes end, and who is told.
 *
 * Locking: that of core/proc/process.h.
 */
#ifndef CORE_PROC_EXIT_H
#define CORE_PROC_EXIT_H

#include "core/base/defs.h"

struct process;
struct task;

C_DECLS_BEGIN

/* exit(2): ends task alone; status as wait4(2) stores it, LX_W_EXITED(). By the
 * thread itself, which ends on its way to user mode. */
void task_end(struct task *task, int status);

/* exit_group(2), and a signal's death: ends all threads, on their way to user
 * mode; status as above or LX_W_SIGNALED(). The first status counts. Any
 * context. The second form: process->signals.lock is held. */
void process_end(struct process *process, int status);
void process_end_locked(struct process *process, int status);

/* The status that task's end will show (as wait4(2) stores it). */
int task_exit_status(struct task *task);

/* Ends the running thread, and with the last one its process; with init the
 * machine. Its work word has THREAD_WORK_EXIT. */
NORETURN void task_exit(struct task *task);

/* The process was stopped by a signal, or goes on (0): tells the parent with
 * SIGCHLD, unless it says SA_NOCLDSTOP, and wakes it from wait4(2). No lock is
 * held. */
void process_report_stop(struct process *process, unsigned signal);

/* What wait4(2) tells of a process that lives: that SIGCONT was sent counts,
 * whether it ran since or not. Tree lock. */
void process_update_report(struct process *process);

C_DECLS_END

#endif /* CORE_PROC_EXIT_H */
