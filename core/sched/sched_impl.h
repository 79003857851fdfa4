/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/sched_impl.h - what the files of core/sched share.
 */
#ifndef CORE_SCHED_SCHED_IMPL_H
#define CORE_SCHED_SCHED_IMPL_H

#include "core/sched/runq.h"
#include "core/sched/thread.h"
#include "core/sched/usage.h"
#include "core/sync/percpu.h"

/* The fields of struct cpu are its CPU's own: relaxed atomics. */
static inline struct thread *current_on(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->current, __ATOMIC_RELAXED);
}

/* What a ready thread names as its CPU while it is on no queue. Who has set
 * that, under the lock of the CPU it named before, keeps interrupts off until
 * it is on another: others wait for that. */
#define SCHED_NOWHERE UINT32_MAX

C_DECLS_BEGIN

/* The run queue of a CPU. */
struct runq *sched_runq(unsigned cpu);

/* Locks the queue of the CPU that thread names and keeps it there; waits when
 * the thread is on its way. */
struct runq *sched_lock_thread(struct thread *thread, unsigned *saved);

/* Makes the thread that runs there give way soon. */
void sched_resched(struct runq *rq) REQUIRES(rq->lock);

/* Gives the CPU to who is next; the caller's state says whether it comes back.
 * Interrupts off; returns (if it does) with the lock released. */
void sched_switch(struct runq *rq) RELEASES(rq->lock);

/* First thing a new thread does on its own stack. */
void sched_arrive(struct thread *self);

/* Sends a ready thread that is on no queue on its way. */
void sched_take_away(struct runq *rq, struct thread *thread) REQUIRES(rq->lock);

/* A thread that is on its way from CPU last goes to the best CPU it may use.
 * Interrupts off. */
void sched_enqueue(struct thread *thread, unsigned last);

/* Passes the barriers that were asked of this CPU, whose queue rq is. Interrupt
 * context. */
void sched_pass_barriers(struct runq *rq);

/* Takes a ready thread from a busier CPU to this one, whose queue is empty.
 * Returns whether there was one. */
bool sched_steal(void);

/* Has the CPU that runs the least take a real-time thread that waits here,
 * where it would run there at once. Cheap while none waits. */
void sched_push_some(struct runq *rq) REQUIRES(rq->lock);
static inline void sched_push(struct runq *rq) REQUIRES(rq->lock)
{
    if (rq->waiting != 0)
        sched_push_some(rq);
}

/* Takes one from another CPU that should run here rather than what does, and
 * has it preempt that. Interrupts off; no queue is locked. */
void sched_pull(void);

/* Wakes an idle CPU that may take one of the threads that wait here, if there
 * is one. */
void sched_offer(struct runq *rq) REQUIRES(rq->lock);

/* Arms the end of running's turn when others want theirs. This CPU's queue. */
void sched_start_slice(struct runq *rq, const struct thread *running)
    REQUIRES(rq->lock);

/* thread_get_times() of a thread whose CPU's queue this is. */
void sched_measure(struct runq *rq, struct thread *thread,
                   struct thread_times *out) REQUIRES(rq->lock);

/* Tells this queue's CPU of the user time that thread, whose CPU it is, had
 * there since the last time: before the thread goes to another, loses its user
 * side or changes its nice value. */
void sched_settle(struct runq *rq, struct thread *thread) REQUIRES(rq->lock);

/* A thread becomes ready on a CPU that idled: samples of the load, which end
 * where all CPUs idle, go on. */
void sched_sample_load(struct runq *rq) REQUIRES(rq->lock);

/* The running thread begins to wait deaf to signals, or ends it. One that a
 * process belongs to then counts as load. */
void sched_set_deaf(struct thread *self, bool is_deaf);

/* What others lend to thread; false: it had that already. Lend lock. */
bool sched_set_lent(struct thread *thread, unsigned lent);

/* Once, at boot. */
void lend_init_all(void);

/* Has sched_take_sample() called on this CPU once deadline_ns has passed.
 * Interrupts off. */
void timer_await_sample(uint64_t deadline_ns);

/* A sample of the load is due. Interrupt context. */
void sched_take_sample(void);

/* The averages of the load. Once, at boot. */
void load_init_all(void);

/* The cache of threads. Once, at boot. */
void thread_init_all(void);

/* Sets up this CPU's timer queue. Once per CPU, before the first timer. */
void timer_init_cpu(void);

/* Fires this CPU's timers that are due and arms the clock for the next.
 * Interrupt context. */
void timer_run_due(void);

C_DECLS_END

#endif /* CORE_SCHED_SCHED_IMPL_H */
