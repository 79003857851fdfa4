/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_send.h - sending signals.
 *
 * Locking: each takes the receiver's signals.lock; the caller holds none of its
 * rank or above. None sleeps.
 */
#ifndef CORE_PROC_SIGNAL_SEND_H
#define CORE_PROC_SIGNAL_SEND_H

#include "core/abi/signal.h"
#include "core/base/defs.h"
#include "hal/types.h"

struct process;
struct signal_info;
struct task;

C_DECLS_BEGIN

/*
 * Sends to a process (any willing thread) or to one thread. info->si_signo 0
 * sends nothing. 0, or -EAGAIN when a real-time signal's info finds no room
 * (rt_sigqueueinfo(2)); others are sent without info then. Any context.
 * The process need not live. Permission is the caller's business.
 */
MUST_USE int signal_send_process(struct process *process,
                                 const struct lx_siginfo *info);
MUST_USE int signal_send_task(struct task *task, const struct lx_siginfo *info);

/* The same for the kernel's own signal (SI_KERNEL), or with the running task's
 * pid and uid (SI_USER); nothing to fail. */
void signal_send_kernel(struct process *process, unsigned number);
void signal_fill_user(struct lx_siginfo *info, unsigned number, int code);

/* A timer's: info is the timer's own and lasts until signal_forget_timer().
 * missed expiries before this one are overruns, and this too when the last is
 * pending still. To task, or to process when that is NULL. */
void signal_send_timer(struct process *process, struct task *task,
                       struct signal_info *info, uint64_t missed);

/* It is pending no more, if it was; task as it was given. */
void signal_forget_timer(struct process *process, struct task *task,
                         struct signal_info *info);

/* A fault of the running thread: delivered now, also when it is blocked or
 * ignored (then the disposition becomes the default first). */
void signal_force(struct task *task, const struct lx_siginfo *info);
void signal_force_fault(struct task *task, unsigned number, int code,
                        uaddr_t addr);

C_DECLS_END

#endif /* CORE_PROC_SIGNAL_SEND_H */
