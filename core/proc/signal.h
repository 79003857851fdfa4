/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/signal.h - signals of processes and threads (signal(7)).
 *
 * Dispositions are shared by the threads of a process (struct signal_actions);
 * what is pending is per process and per thread; masks are per thread. A signal
 * that finds a thread willing sets THREAD_WORK_SIGNAL and wakes it; the thread
 * itself delivers on its way to user mode.
 *
 * Locking: one irq-safe spinlock per process, process->signals.lock (rank
 * LOCK_RANK_SIGNAL, inside the process tree's), covers its pending sets, those
 * of its threads, masks, stop state and the list of threads; dispositions have
 * a lock of their own inside it, as processes may share them. Sending never
 * sleeps and may come from interrupt context.
 */
#ifndef CORE_PROC_SIGNAL_H
#define CORE_PROC_SIGNAL_H

#include "core/abi/signal.h"
#include "core/base/list.h"
#include "core/base/refcount.h"
#include "core/proc/signal_send.h"
#include "core/sched/waitq.h"
#include "core/sync/spinlock.h"

struct process;
struct process_timers;
struct task;
struct thread;

typedef uint64_t signal_set; /* bit n-1: signal n */

enum { SIGNAL_COUNT = 64 };

static inline signal_set signal_bit(unsigned number)
{
    return UINT64_C(1) << (number - 1);
}

/* Dispositions; refcounted: CLONE_SIGHAND shares them. */
struct signal_actions {
    struct refcount refs;
    struct spinlock lock; /* inside signals.lock */
    /* sa_handler is atomic too, to be read without the lock */
    struct lx_sigaction of[SIGNAL_COUNT] GUARDED_BY(lock);
};

/* Signals not yet delivered; real-time ones are queued in order. */
struct signal_queue {
    signal_set set;
    struct list infos; /* struct signal_info, in order of arrival */
};

/* What is kept of one that is pending. */
struct signal_info {
    struct list link; /* of a signal_queue; signals.lock */
    struct lx_siginfo info;
    bool is_timers;   /* a timer's own: never freed here, and overruns are
                         counted in info meanwhile */
    int last_overrun; /* of the one taken last; atomic */
};

/* Embedded in struct process. Under lock. */
struct process_signals {
    struct spinlock lock;
    struct signal_actions *actions; /* replaced by its only thread */
    struct signal_queue shared;
    unsigned queued;    /* infos in all queues; bounded by RLIMIT_SIGPENDING */
    bool is_stopped;    /* by SIGSTOP and the like */
    bool has_continued; /* the parent is to be told */
    bool was_continued; /* and wait4(2) tells it already; atomic to read */
    bool has_reported;  /* the parent knows of the stop */
    unsigned stop_signal;               /* the one that did it */
    unsigned stopped;                   /* threads that sleep in the stop */
    unsigned continues;                 /* SIGCONTs that came */
    unsigned awaited;                   /* threads in sigtimedwait(2) */
    struct waitq stop_waiters, waiters; /* these in sigtimedwait(2) */
    struct process_timers *timers;      /* core/proc/timers.h; NULL: none yet */
};

/* How a call that was cut short goes on (signal(7), "Interruption"). */
enum signal_restart {
    RESTART_NONE,
    RESTART_SYS,    /* again, unless a handler without SA_RESTART ran */
    RESTART_NOINTR, /* again, always */
    RESTART_NOHAND, /* again, unless a handler ran */
    RESTART_BLOCK   /* the same, from deadline_ns on */
};

/* Embedded in struct task; its own thread's but where signals.lock is named. */
struct task_signals {
    struct signal_queue own; /* signals.lock */
    signal_set blocked;      /* signals.lock to write */
    signal_set saved;        /* to restore after sigsuspend, ppoll */
    bool has_saved;
    uint64_t stack_base, stack_size; /* sigaltstack(2) */
    uint32_t stack_flags;
    enum signal_restart restart; /* of the call in task->restart */
    bool resumes;                /* that call is being made again: take */
    uint64_t deadline_ns;        /* this deadline, not a new one */
    unsigned forced;             /* a fault's signal, acted on first; 0: none */
    struct lx_siginfo forced_info;
    uint32_t trap_vector, trap_error; /* of the last fault, for the frame */
    uaddr_t trap_address;
    void *frame; /* room to build frames in, made by the first; NULL */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void signal_init_all(void);

/* A process of its own: default dispositions, nothing pending. 0, -ENOMEM. */
MUST_USE int signals_init(struct process_signals *signals);

/* fork(2), clone(2): the child's, copying or (share_actions) sharing
 * dispositions; nothing is pending. 0, -ENOMEM. */
MUST_USE int signals_clone(struct process_signals *to,
                           struct process_signals *from, bool share_actions);

/* A new task's: nothing pending; none blocked and no stack, or as from's, the
 * running one's. */
void task_signals_init(struct task_signals *signals);
void task_signals_clone(struct task *to, struct task *from, bool keeps_stack);

/* clone(2) with CLONE_CLEAR_SIGHAND; the process is not running yet. */
void signals_clear_handlers(struct process_signals *signals);

/* execve(2): room for dispositions of its own (NULL: they are): 0, -ENOMEM.
 * Then the only thread takes it over, without failing: caught signals become
 * default, the stack and the timers of timer_create(2) go; or gives it back. */
MUST_USE int signals_reserve(struct process *p, struct signal_actions **out);
void signals_exec(struct task *task, struct signal_actions *room);
void signals_cancel_exec(struct signal_actions *room);

/* The end: drops what is pending, and the timers. May sleep: no lock. The
 * thread is on process->threads no more; the process has no thread. */
void signals_fini(struct process_signals *signals);
void task_signals_fini(struct task *task);

/* A thread leaves process->threads: what it was to take, others take.
 * signals.lock is held. */
void signals_retarget_locked(struct process *process, struct task *leaving);

/* A child of process ends: does it need no wait (SIGCHLD ignored, or
 * SA_NOCLDWAIT)? Does it want to hear of stops (no SA_NOCLDSTOP)? */
bool signals_reaps_children(struct process *process);
bool signals_wants_stops(struct process *process);

/* Is there one for the running thread to act on before user mode? Cheap. */
bool signal_is_pending(const struct task *task);

/*
 * Before user mode: takes what is pending and acts: handler frame (with XSAVE
 * state), ignore, stop (sleeps until SIGCONT), end (process_end()). A call that
 * was cut short and waits in task->restart runs again or fails with EINTR as
 * task->signals.restart and SA_RESTART say; when it shall run again at once,
 * without a handler, restart is left as it was. May sleep.
 */
void signal_deliver(struct task *task);

/* The running thread's mask; KILL and STOP cannot be in it. */
void signal_set_mask(struct task *task, signal_set mask);

/* sigsuspend(2), ppoll(2): mask until a signal is delivered; a call that ends
 * without sets signals.saved again and has_saved to false. */
void signal_set_temporary_mask(struct task *task, signal_set mask);

/* sigaction(2): NULLs are left out. number is valid; neither KILL nor STOP for
 * fresh. */
void signal_change_action(struct process *process, unsigned number,
                          const struct lx_sigaction *fresh,
                          struct lx_sigaction *old);

/* sigpending(2) */
signal_set signal_pending_set(struct task *task);

/*
 * sigtimedwait(2): waits for one of set and takes it: its number; -EAGAIN at
 * deadline_ns, -EINTR. May sleep.
 */
MUST_USE int signal_wait(struct task *task, signal_set set,
                         uint64_t deadline_ns, struct lx_siginfo *out);

/* sigaltstack(2) for the running thread, whose rsp is sp; NULLs are left out.
 * 0, -EPERM (in use), -EINVAL, -ENOMEM (too small). */
MUST_USE int signal_change_stack(struct task *task, uaddr_t sp,
                                 const struct lx_stack *fresh,
                                 struct lx_stack *old);

/* rt_sigreturn(2): the registers and mask of the frame at rsp; what is no frame
 * ends in SIGSEGV. */
void signal_return(struct task *task);

/* The name of a signal, "SIGSEGV"; "signal" for one without. */
const char *signal_name(unsigned number);

C_DECLS_END

#endif /* CORE_PROC_SIGNAL_H */
