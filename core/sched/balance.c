/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/balance.c - on which CPU a thread runs.
 *
 * Who wakes goes back to its CPU when that idles, else to an idle one, else
 * back. A CPU that has nothing to do takes from the one with most waiting; one
 * where threads still wait at the end of a turn wakes an idle CPU for that. No
 * two run queues are ever locked at once: a thread on its way is ready, on no
 * queue and names no CPU, and whoever has set that moves it.
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
    if (has_slept && running == &rq->idle)
        sched_sample_load(rq);
    runq_place(rq, thread);
    runq_add(rq, thread, false);
    if (runq_preempts(rq, thread, running))
        sched_resched(rq);
    else if (rq->cpu != hal_cpu_self())
        hal_cpu_kick(rq->cpu); /* its slice now has an end */
    else
        sched_start_slice(rq, running);
}

void sched_take_away(struct runq *rq, struct thread *thread)
{
    ASSERT(thread->state == THREAD_READY && !thread->sched.is_queued);
    ASSERT(thread->cpu == rq->cpu);
    sched_settle(rq, thread);
    __atomic_store_n(&thread->cpu, SCHED_NOWHERE, __ATOMIC_RELAXED);
}

/* Only who took a thread away changes anything of it. */
static void put_on(struct thread *thread, unsigned cpu, bool has_slept)
{
    struct runq *rq = sched_runq(cpu);

    ASSERT(hal_irq_are_off());
    spin_lock(&rq->lock);
    ASSERT(thread->cpu == SCHED_NOWHERE);
    __atomic_store_n(&thread->cpu, cpu, __ATOMIC_RELEASE);
    join_queue(rq, thread, has_slept);
    spin_unlock(&rq->lock);
}

void sched_enqueue(struct thread *thread, unsigned last)
{
    put_on(thread, choose_cpu(thread->sched.affinity & sched_online(), last),
           false);
}

/* Makes a thread that waits on this queue's CPU ready, and lets the queue
 * go. */
static void make_ready(struct runq *rq, struct thread *thread, unsigned saved)
    RELEASES(rq->lock) NO_TSA
{
    unsigned cpu = choose_cpu(thread->sched.affinity & sched_online(), rq->cpu);

    thread->state = THREAD_READY;
    if (cpu == rq->cpu) {
        join_queue(rq, thread, true);
        spin_unlock_irq(&rq->lock, saved);
        return;
    }
    sched_take_away(rq, thread);
    cpu_pin(); /* what is due now is done when interrupts are on again */
    spin_unlock(&rq->lock);
    put_on(thread, cpu, true);
    hal_irq_restore(saved);
    cpu_unpin();
}

bool thread_wake(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    bool was_waiting = thread->state == THREAD_WAITING;

    if (was_waiting && current_on(cpu_by_number(rq->cpu)) != thread) {
        make_ready(rq, thread, saved);
        return true;
    }
    if (was_waiting)
        thread->state = THREAD_RUNNING;
    spin_unlock_irq(&rq->lock, saved);
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

/* Moves a ready thread of that queue to CPU self; false: there is none that may
 * go there. */
static bool take_from(struct runq *rq, unsigned self) NO_TSA
{
    unsigned saved = spin_lock_irq(&rq->lock);
    struct thread *thread = runq_find_movable(rq, self);

    if (thread == NULL) {
        spin_unlock_irq(&rq->lock, saved);
        return false;
    }
    runq_remove(rq, thread);
    sched_take_away(rq, thread);
    spin_unlock(&rq->lock);
    put_on(thread, self, false);
    hal_irq_restore(saved);
    return true;
}

bool sched_steal(void)
{
    unsigned self = hal_cpu_self();
    struct runq *busiest = find_busiest(self);
    bool found = busiest != NULL && take_from(busiest, self);

    for (unsigned i = 0; busiest != NULL && !found && i < hal_cpu_count(); i++)
        if (i != self && ready_on(i) > 0)
            found = take_from(sched_runq(i), self);
    return found;
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
