/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/thread.h - what the scheduler runs.
 *
 * A thread is a kernel context; one that runs a user program carries the
 * process side in `user`, which the scheduler hands back and never looks into.
 *
 * Lifetime: thread_create() leaves one reference with the caller, one with the
 * thread itself, dropped after it has left its stack (by the next thread on
 * that CPU). Locking: state and queue belong to the lock of its CPU's run
 * queue; the work word is atomic.
 */
#ifndef CORE_SCHED_THREAD_H
#define CORE_SCHED_THREAD_H

#include "core/base/list.h"
#include "core/base/refcount.h"
#include "core/base/tree.h"
#include "core/sync/lockdep.h"
#include "hal/context.h"
#include "hal/types.h"

struct fault_call;
struct hal_mmu;
struct hal_user;
struct lend;
struct runq;
struct task; /* core/proc: the process side of a user thread */

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_WAITING, THREAD_DEAD };

/* Bits of the work word: what a thread does before it goes on in user mode. */
enum {
    THREAD_WORK_RESCHED = 1, /* let others run */
    THREAD_WORK_EXIT = 2,    /* end, with task's exit code */
    THREAD_WORK_RESTART = 4, /* a call was cut short: core/syscall */
    THREAD_WORK_RSEQ = 8,    /* it was switched out: core/proc/rseq.h */
    THREAD_WORK_SIGNAL = 16  /* a signal, or a stop: core/proc/signal.h */
};

/* Scheduling classes, in Linux's numbers (sched(7)). */
enum thread_policy {
    THREAD_NORMAL = 0,
    THREAD_FIFO = 1,
    THREAD_RR = 2,
    THREAD_BATCH = 3, /* as NORMAL, but never preempts when it wakes */
    THREAD_IDLE = 5   /* weight 3 of 1024 */
};

enum { THREAD_NICE_MIN = -20, THREAD_NICE_MAX = 19, THREAD_PRIORITY_MAX = 99 };

struct thread_params {
    enum thread_policy policy;
    int nice;          /* of NORMAL and BATCH */
    unsigned priority; /* of FIFO and RR: 1..THREAD_PRIORITY_MAX */
};

/* What the run queue knows of a thread. Run queue lock. */
struct sched_entity {
    struct tree_node node; /* fair queue, by (vruntime, number) */
    struct list link;      /* real-time queue */
    struct thread_params params;
    unsigned lent;       /* real-time priority that others lend it; 0: none */
    unsigned level;      /* the real-time priority it runs with, its own or
                            lent; 0: fair. Atomic */
    uint64_t burst_ns;   /* spent running since it last waited */
    uint64_t vruntime;   /* ns, weighted; of a queued or running thread
                            relative to its queue's min_vruntime */
    uint64_t run_ns;     /* spent running, in all */
    uint64_t user_ns;    /* in user mode, but by thread->user */
    uint64_t settled_ns; /* of that, what CPUs were told of: usage.h */
    uint64_t started_ns; /* when it was last charged, while it runs */
    uint64_t voluntary, involuntary; /* times it left a CPU: to wait; or not */
    uint64_t affinity;               /* a bit per CPU it may run on */
    bool is_queued;                  /* on a queue of runqs[thread->cpu] */
};

struct thread {
    struct sched_entity sched;
    struct hal_context *context; /* const */
    struct refcount refs;
    enum thread_state state;  /* run queue lock */
    unsigned work;            /* THREAD_WORK_*, atomic */
    unsigned switch_work;     /* joins work at each switch; its own */
    unsigned cpu;             /* where it runs or ran, none on its way; lock of
                                 the run queue it names, atomic */
    uint64_t number;          /* never reused; for the trace */
    const char *name;         /* const, static storage */
    void (*entry)(void *arg); /* const */
    void *arg;                /* const */
    struct hal_user *user;    /* NULL: a kernel thread; run queue lock */
    struct hal_mmu *mmu;      /* what runs below it; run queue lock */
    struct task *task;        /* core/proc's; const once it runs */
    struct list lenders;      /* of lend.link: who waits for it; lend lock */
    unsigned lender_count;    /* of them; atomic */
    bool is_closed;           /* nobody may lend to it; atomic */
    struct lend *waits;       /* for whom; NULL: nobody. Lend lock, atomic */
    struct fault_call *call;  /* by a plan of faults, or NULL; its own */
    bool is_ending;           /* back to user mode it goes no more; its own */
    bool is_deaf;             /* it waits for what no signal ends; its own,
                                 atomic */
    struct lockdep_held held; /* sleeping locks, in checked builds; its own */
};

C_DECLS_BEGIN

/* Turns the boot context of this CPU into its idle thread. Per CPU, once. */
void sched_init(void);

/* Ends being the boot path: this CPU idles and runs what becomes ready. */
NORETURN void sched_run(void);

/* Makes a thread that will run entry(arg) once started. 0 or -ENOMEM. May
 * sleep. A thread whose entry returns has exited. */
MUST_USE int thread_create(const char *name, void (*entry)(void *arg),
                           void *arg, struct thread **out);

/* Lets it run, on the CPU that is least busy among those it may use. Once. */
void thread_start(struct thread *thread);

/* A bit for every CPU that schedules. */
uint64_t sched_online(void);

/* sched_setscheduler(2), setpriority(2): 0, or -EINVAL for values out of range.
 * Permission is the caller's business. */
MUST_USE int thread_set_params(struct thread *thread,
                               const struct thread_params *params);
void thread_get_params(struct thread *thread, struct thread_params *out);

/* sched_setaffinity(2): 0, or -EINVAL when no CPU of the mask schedules. When
 * it returns, the thread runs on none but these, or will move at its next
 * return to user mode or unpin. */
MUST_USE int thread_set_affinity(struct thread *thread, uint64_t mask);
uint64_t thread_affinity(struct thread *thread);

/* The real-time priority it runs with, its own or one that is lent to it
 * (core/sched/lend.h); 0: it is fair. */
unsigned thread_level(struct thread *thread);

/* Nanoseconds a real-time thread has run since it last waited; 0: it is fair
 * (RLIMIT_RTTIME of getrlimit(2)). */
uint64_t thread_burst_ns(struct thread *thread);

/* In any context that may take a run queue's lock. */
bool thread_is_waiting(struct thread *thread);

void thread_get(struct thread *thread);
void thread_put(struct thread *thread);
struct thread *thread_current(void);

/* Ends the running thread; its stack goes when another runs. Not atomic. */
NORETURN void thread_exit(void);

/* Lets others that are ready run first. Not atomic. */
void thread_yield(void);

/* Gives way if somebody should run instead: what THREAD_WORK_RESCHED asks for.
 * Not atomic. */
void thread_resched(void);

/* Sets bits of the work word and makes user mode return for them; EXIT and
 * SIGNAL wake it too, so that a wait that heeds them ends. Any context. */
void thread_set_work(struct thread *thread, unsigned bits);

static inline bool thread_has_work(const struct thread *thread)
{
    return __atomic_load_n(&thread->work, __ATOMIC_ACQUIRE) != 0;
}

/* Will the running thread end rather than go back to user mode? */
bool thread_is_ending(void);

/* Makes mmu the address space of the running thread, now and whenever it is
 * switched to; NULL: none. Returns with it active. */
void thread_set_mmu(struct hal_mmu *mmu);

/* Gives the running thread its user side, or takes it away (NULL): from then on
 * nobody interrupts the old one, which may be destroyed. */
void thread_set_user(struct hal_user *user);

/* The two halves of a wait, for core/sched/waitq.c alone: mark the running
 * thread as waiting, then switch away unless it was woken in between. */
void thread_prepare_wait(void);
void thread_wait(void);

/* Makes a waiting thread ready; one that is not waiting is left alone. Any
 * context. Returns whether it was waiting. */
bool thread_wake(struct thread *thread);

C_DECLS_END

#endif /* CORE_SCHED_THREAD_H */
