/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal_impl.h - what the files signal_*.c share. See signal.h.
 */
#ifndef CORE_PROC_SIGNAL_IMPL_H
#define CORE_PROC_SIGNAL_IMPL_H

#include "core/proc/process.h"
#include "core/proc/signal.h"

#define SIGNAL_SET_OF(n) (UINT64_C(1) << ((n)-1))

/* Neither caught, blocked nor ignored. */
#define SIGNALS_SACRED   (SIGNAL_SET_OF(LX_SIGKILL) | SIGNAL_SET_OF(LX_SIGSTOP))

#define SIGNALS_STOP \
    (SIGNAL_SET_OF(LX_SIGSTOP) | SIGNAL_SET_OF(LX_SIGTSTP) | \
     SIGNAL_SET_OF(LX_SIGTTIN) | SIGNAL_SET_OF(LX_SIGTTOU))

/* Ignored where the disposition is the default. */
#define SIGNALS_MEEK \
    (SIGNAL_SET_OF(LX_SIGCHLD) | SIGNAL_SET_OF(LX_SIGCONT) | \
     SIGNAL_SET_OF(LX_SIGURG) | SIGNAL_SET_OF(LX_SIGWINCH))

/* Ends the process with a core file where the disposition is the default. */
#define SIGNALS_CORE \
    (SIGNALS_SYNCHRONOUS | SIGNAL_SET_OF(LX_SIGQUIT) | \
     SIGNAL_SET_OF(LX_SIGABRT) | SIGNAL_SET_OF(LX_SIGXCPU) | \
     SIGNAL_SET_OF(LX_SIGXFSZ))

/* Of the running thread's own doing: taken before others. */
#define SIGNALS_SYNCHRONOUS \
    (SIGNAL_SET_OF(LX_SIGSEGV) | SIGNAL_SET_OF(LX_SIGBUS) | \
     SIGNAL_SET_OF(LX_SIGILL) | SIGNAL_SET_OF(LX_SIGTRAP) | \
     SIGNAL_SET_OF(LX_SIGFPE) | SIGNAL_SET_OF(LX_SIGSYS))

C_DECLS_BEGIN

/* --- signal_queue.c: all under signals.lock ------------------------------- */

void signal_queue_init_all(void);
void signal_queue_init(struct signal_queue *queue);

/* Adds info to queue: 0, or -EAGAIN (see signal_send_process()). */
MUST_USE int signal_queue_add(struct process *process,
                              struct signal_queue *queue,
                              const struct lx_siginfo *info);

/* Takes the next of set out of queue: its number, or 0. */
unsigned signal_queue_take(struct process_signals *signals,
                           struct signal_queue *queue, signal_set set,
                           struct lx_siginfo *out);

/* Drops all of set. */
void signal_queue_drop(struct process_signals *signals,
                       struct signal_queue *queue, signal_set set);

/* Takes one of set that is pending for task: its number, or 0. And those of set
 * that are. */
unsigned signal_take(struct task *task, signal_set set, struct lx_siginfo *out);
signal_set signal_pending_of(struct task *task, signal_set set);

/* --- signal.c ------------------------------------------------------------- */

struct lx_sigaction signal_action_of(struct process_signals *signals,
                                     unsigned number);

/* Its sa_handler alone; any context. */
uint64_t signal_handler_of(const struct process_signals *signals,
                           unsigned number);

/* Sets or clears the thread's work by what is pending. signals.lock. */
void signal_update_work(struct process *process, struct task *task);

/* Is it the process that reaps orphans, which no signal without handler
 * reaches? */
bool signal_is_init(const struct process *process);

/* --- signal_deliver.c ----------------------------------------------------- */

/* Are all threads stopped now, and nobody has reported it? Then the caller is
 * to (core/proc/exit.h). signals.lock. */
MUST_USE bool signals_complete_stop(struct process *process)
    REQUIRES(process->signals.lock);

/* --- signal_frame.c ------------------------------------------------------- */

/* A handler to run. */
struct signal_call {
    unsigned number;
    struct lx_sigaction action;
    struct lx_siginfo info;
};

/* Writes a frame and points the registers at the handler: 0, -EFAULT, -ENOMEM;
 * then nothing has changed. mask is what sigreturn restores. */
MUST_USE int signal_frame_push(struct task *task,
                               const struct signal_call *call, signal_set mask);
void signal_frame_free(struct task_signals *signals);

/* Is sp on the alternate stack? */
bool signal_is_on_stack(const struct task_signals *signals, uaddr_t sp);

C_DECLS_END

#endif /* CORE_PROC_SIGNAL_IMPL_H */
