/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/thread.h - what the scheduler runs.
 *
 * A thread is a kernel context; one that runs a user program carries the
 * process side in `user`, which the scheduler hands back and never looks into.
 *
 * Lifetime: thread_create() leaves one reference with the caller, one with the
 * thread itself, dropped after it has left its stack (by the next thread on
 * that CPU). Locking: state and links belong to the run queue's lock; the work
 * word is atomic.
 */
#ifndef CORE_SCHED_THREAD_H
#define CORE_SCHED_THREAD_H

#include "core/base/list.h"
#include "core/base/refcount.h"
#include "hal/context.h"
#include "hal/types.h"

struct hal_mmu;
struct hal_user;
struct task; /* core/proc: the process side of a user thread */

enum thread_state { THREAD_READY, THREAD_RUNNING, THREAD_WAITING, THREAD_DEAD };

/* Bits of the work word: what a thread does before it goes on in user mode. */
enum {
    THREAD_WORK_RESCHED = 1, /* let others run */
    THREAD_WORK_EXIT = 2,    /* end, with task's exit code */
    THREAD_WORK_RESTART = 4, /* a call was cut short: core/syscall */
    THREAD_WORK_RSEQ = 8     /* it was switched out: core/proc/rseq.h */
};

struct thread {
    struct list link;            /* run queue */
    struct hal_context *context; /* const; NULL for a CPU's boot thread */
    struct refcount refs;
    enum thread_state state;  /* run queue lock */
    unsigned work;            /* THREAD_WORK_*, atomic */
    unsigned switch_work;     /* joins work at each switch; its own */
    unsigned cpu;             /* where it runs or last ran */
    uint64_t number;          /* never reused; for the trace */
    const char *name;         /* const, static storage */
    void (*entry)(void *arg); /* const */
    void *arg;                /* const */
    struct hal_user *user;    /* NULL: a kernel thread; run queue lock */
    struct hal_mmu *mmu;      /* what runs below it; run queue lock */
    struct task *task;        /* core/proc's; const once it runs */
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

/* Lets it run. Once. */
void thread_start(struct thread *thread);

void thread_get(struct thread *thread);
void thread_put(struct thread *thread);

struct thread *thread_current(void);

/* Ends the running thread; its stack goes when another runs. Not atomic. */
NORETURN void thread_exit(void);

/* Lets others that are ready run first. Not atomic. */
void thread_yield(void);

/* Sets bits of the work word and makes user mode return for them. */
void thread_set_work(struct thread *thread, unsigned bits);

static inline bool thread_has_work(const struct thread *thread)
{
    return __atomic_load_n(&thread->work, __ATOMIC_ACQUIRE) != 0;
}

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
