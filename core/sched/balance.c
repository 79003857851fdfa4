/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/balance.c - on which CPU a thread runs.
 *
 * Who wakes goes back to its CPU when that idles, else to an idle one, else
 * back. A CPU that has nothing to do takes from the one with most waiting; one
 * where threads still wait at the end of a turn wakes an idle CPU for that. No
 * two run queues are ever locked at once: a thread on its way is ready and on
 * no queue, and whoever has set that moves it.
 */
#include "core/sched/sched_impl.h"

#include "hal/irq.h"

static bool is_idle(unsigned cpu)
{
    const struct runq *rq = sched_runq(cpu);

    return __atomic_load_n(&rq->is_idle, __ATOMIC_RELAXED) &&
           __atomic_load_n(&rq->ready, __ATOMIC_RELAXED) == 0;
}

static unsigned ready_on(unsigned cpu)
{
    return __atomic_load_n(&sched_runq(cpu)->ready, __ATOMIC_RELAXED);
}

/* The best CPU of a mask that is not empty, for a thread last on cpu. */
static unsigned choose_cpu(uint64_t mask, unsigned cpu)
{
    bool may_stay = (mask & UINT64_C(1) << cpu) != 0;
    unsigned best = HAL_CPUS_MAX, least = UINT32_MAX;

    if (may_stay && is_idle(cpu))
        return cpu;
    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        if ((mask & UINT64_C(1) << i) == 0)
            continue;
        if (is_idle(i))
            return i;
        if (ready_on(i) < least) {
            least = ready_on(i);
            best = i;
        }
    }
    ASSERT(best < HAL_CPUS_MAX);
    return may_stay ? cpu : best;
}

/* Puts a thread that names this queue's CPU on it, and makes way for it. */
static void join_queue(struct runq *rq, struct thread *thread, bool has_slept)
    REQUIRES(rq->lock)
{
    struct thread *running = current_on(cpu_by_number(rq->cpu));

    if (has_slept)
        runq_charge(rq, running);
    runq_place(rq, thread);
    runq_add(rq, thread, false);
    if (runq_preempts(rq, thread, running))
        sched_resched(rq);
    else if (rq->cpu != hal_cpu_self())
        hal_cpu_kick(rq->cpu); /* its slice now has an end */
    else
        sched_start_slice(rq, running);
}

void sched_enqueue(struct thread *thread, bool has_slept)
{
    unsigned cpu = choose_cpu(thread->sched.affinity & sched_online(),
                              __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED));
    struct runq *rq = sched_runq(cpu);
    unsigned saved = spin_lock_irq(&rq->lock);

    __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
    join_queue(rq, thread, has_slept);
    spin_unlock_irq(&rq->lock, saved);
}

bool thread_wake(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    bool was_waiting = thread->state == THREAD_WAITING;
    bool runs = current_on(cpu_by_number(rq->cpu)) == thread;

    if (was_waiting)
        thread->state = runs ? THREAD_RUNNING : THREAD_READY;
    spin_unlock_irq(&rq->lock, saved);
    if (was_waiting && !runs)
        sched_enqueue(thread, true);
    return was_waiting;
}

/* The CPU with most threads waiting, but for this one. */
static struct runq *find_busiest(unsigned self)
{
    uint64_t others = sched_online() & ~(UINT64_C(1) << self);
    struct runq *busiest = NULL;
    unsigned most = 0;

    for (unsigned i = 0; i < hal_cpu_count(); i++)
        if ((others & UINT64_C(1) << i) != 0 && ready_on(i) > most) {
            most = ready_on(i);
            busiest = sched_runq(i);
        }
    return busiest;
}

/* A ready thread of that queue for CPU self, taken off it; NULL: none. */
static struct thread *take_from(struct runq *rq, unsigned self)
{
    unsigned saved = spin_lock_irq(&rq->lock);
    struct thread *thread = runq_find_movable(rq, self);

    if (thread != NULL)
        runq_remove(rq, thread);
    spin_unlock_irq(&rq->lock, saved);
    return thread;
}

bool sched_steal(void)
{
    unsigned self = hal_cpu_self();
    struct runq *rq = find_busiest(self);
    struct thread *thread;

    if (rq == NULL)
        return false;
    thread = take_from(rq, self);
    for (unsigned i = 0; thread == NULL && i < hal_cpu_count(); i++)
        if (i != self && ready_on(i) > 0)
            thread = take_from(sched_runq(i), self);
    if (thread != NULL)
        sched_enqueue(thread, false);
    return thread != NULL;
}

void sched_offer(struct runq *rq)
{
    uint64_t online = sched_online();

    for (unsigned i = 0; i < hal_cpu_count(); i++)
        if (i != rq->cpu && (online & UINT64_C(1) << i) != 0 && is_idle(i) &&
            runq_find_movable(rq, i) != NULL) {
            hal_cpu_kick(i);
            return;
        }
}
