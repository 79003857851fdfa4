/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/usage.c - contract in usage.h.
 */
#include "core/sched/usage.h"

#include "core/sched/sched_impl.h"
#include "hal/clock.h"
#include "hal/user.h"

void sched_measure(struct runq *rq, struct thread *thread,
                   struct thread_times *out)
{
    uint64_t user_ns = thread->sched.user_ns;

    if (thread->user != NULL)
        user_ns += hal_user_ns(thread->user);
    /* Not by its state: who is about to wait has said so, and still runs. */
    if (thread == current_on(cpu_by_number(rq->cpu)))
        runq_charge(rq, thread);
    out->run_ns = thread->sched.run_ns;
    out->user_ns = min_u64(user_ns, out->run_ns);
}

void thread_get_times(struct thread *thread, struct thread_times *out) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);

    sched_measure(rq, thread, out);
    spin_unlock_irq(&rq->lock, saved);
}

uint64_t thread_run_ns(struct thread *thread)
{
    struct thread_times times;

    thread_get_times(thread, &times);
    return times.run_ns;
}

void thread_switches(struct thread *thread, uint64_t *voluntary,
                     uint64_t *involuntary) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);

    *voluntary = thread->sched.voluntary;
    *involuntary = thread->sched.involuntary;
    spin_unlock_irq(&rq->lock, saved);
}

enum thread_activity thread_activity(struct thread *thread)
{
    if (!thread_is_waiting(thread))
        return THREAD_RUNS;
    return __atomic_load_n(&thread->is_deaf, __ATOMIC_RELAXED) ? THREAD_IS_DEAF
                                                               : THREAD_SLEEPS;
}

void sched_settle(struct runq *rq, struct thread *thread)
{
    struct thread_times times;
    uint64_t fresh;

    sched_measure(rq, thread, &times);
    if (times.user_ns <= thread->sched.settled_ns)
        return;
    fresh = times.user_ns - thread->sched.settled_ns;
    thread->sched.settled_ns = times.user_ns;
    if (thread->sched.params.nice > 0)
        rq->counts.nice_ns += fresh;
    else
        rq->counts.user_ns += fresh;
}

void cpu_usage_settle(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);

    sched_settle(rq, thread);
    spin_unlock_irq(&rq->lock, saved);
}

/* What is left of whole. */
static uint64_t rest_of(uint64_t whole, uint64_t part)
{
    return whole > part ? whole - part : 0;
}

void cpu_usage_get(unsigned cpu, struct cpu_usage *out) NO_TSA
{
    struct runq *rq = sched_runq(cpu);
    struct runq_counts *counts = &rq->counts;
    struct thread *current;
    unsigned saved;
    uint64_t now;

    *out = (struct cpu_usage){0};
    if ((sched_online() & UINT64_C(1) << cpu) == 0)
        return;
    saved = spin_lock_irq(&rq->lock);
    current = current_on(cpu_by_number(cpu));
    sched_settle(rq, current);
    /* Up to where busy time is known. */
    now = current == &rq->idle ? hal_clock_now() : current->sched.started_ns;
    counts->system_ns =
        max_u64(counts->system_ns,
                rest_of(counts->busy_ns, counts->user_ns + counts->nice_ns));
    *out = (struct cpu_usage){
        .user_ns = counts->user_ns,
        .nice_ns = counts->nice_ns,
        .system_ns = counts->system_ns,
        .idle_ns = rest_of(now - counts->since_ns, counts->busy_ns),
        .switches = counts->switches,
    };
    spin_unlock_irq(&rq->lock, saved);
}

uint64_t cpu_timer_count(unsigned cpu)
{
    return __atomic_load_n(&sched_runq(cpu)->timers, __ATOMIC_RELAXED);
}

uint64_t cpu_kick_count(unsigned cpu)
{
    return __atomic_load_n(&sched_runq(cpu)->kicks, __ATOMIC_RELAXED);
}
