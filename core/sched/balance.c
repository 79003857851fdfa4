/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/balance.c - on which CPU a thread runs.
 *
 * Who wakes goes back to its CPU when that idles, else to an idle one, else
 * back. A CPU that has nothing to do takes from the one with most waiting; one
 * where threads still wait at the end of a turn wakes an idle CPU for that. No
 * two run queues are ever locked at once: a thread on its way is ready, on no
 * queue and names no CPU, and whoever has set that moves it.
 *
 * On all CPUs together the real-time threads of the highest priorities run, as
 * far as their affinity lets them (sched(7)). Who wakes goes where the least
 * runs. Who has to wait all the same, or is preempted, is offered to the CPU
 * that runs the least (sched_push()), which is kicked to take it; and a CPU
 * that comes to run less than before looks for those that wait (sched_pull()).
 * Each first says what it has (runq.waiting; runq.level), then, behind a
 * barrier, looks at what the others have: one of the two sees the other.
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

/* The highest real-time priority that runs there or is about to. */
static unsigned level_on(unsigned cpu)
{
    const struct runq *rq = sched_runq(cpu);
    unsigned level = __atomic_load_n(&rq->level, __ATOMIC_RELAXED);
    unsigned waiting = __atomic_load_n(&rq->waiting, __ATOMIC_RELAXED);

    return level > waiting ? level : waiting;
}

/* The CPU of a mask that is not empty with least to do, cpu if it may be, for a
 * real-time thread. */
static unsigned choose_lowest(uint64_t mask, unsigned cpu)
{
    bool may_stay = (mask & UINT64_C(1) << cpu) != 0;
    unsigned best = may_stay ? cpu : (unsigned)__builtin_ctzll(mask);

    for (unsigned i = 0; i < hal_cpu_count(); i++)
        if ((mask & UINT64_C(1) << i) != 0 && level_on(i) < level_on(best))
            best = i;
    return best;
}

/* The best CPU for a thread that was on cpu. */
static unsigned choose_cpu(const struct thread *thread, unsigned cpu)
{
    uint64_t mask = thread->sched.affinity & sched_online();
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
    if (thread->sched.level > 0)
        return choose_lowest(mask, cpu);
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
    if (runq_preempts(rq, thread, running)) {
        sched_resched(rq);
        return;
    }
    sched_push(rq);
    if (rq->cpu != hal_cpu_self())
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
    put_on(thread, choose_cpu(thread, last), false);
}

/* Makes a thread that waits on this queue's CPU ready, and lets the queue
 * go. */
static void make_ready(struct runq *rq, struct thread *thread, unsigned saved)
    RELEASES(rq->lock) NO_TSA
{
    unsigned cpu = choose_cpu(thread, rq->cpu);

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

/* Moves a thread that find(rq, self, level) finds to CPU self; false: there is
 * none. */
static bool take_from(struct runq *rq, unsigned self, unsigned level,
                      struct thread *(*find)(struct runq *rq, unsigned cpu,
                                             unsigned level)) NO_TSA
{
    unsigned saved = spin_lock_irq(&rq->lock);
    struct thread *thread = find(rq, self, level);

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

static struct thread *find_any(struct runq *rq, unsigned cpu, unsigned level)
    REQUIRES(rq->lock)
{
    (void)level;
    return runq_find_movable(rq, cpu);
}

bool sched_steal(void)
{
    unsigned self = hal_cpu_self();
    struct runq *busiest = find_busiest(self);
    bool found = busiest != NULL && take_from(busiest, self, 0, find_any);

    for (unsigned i = 0; busiest != NULL && !found && i < hal_cpu_count(); i++)
        if (i != self && ready_on(i) > 0)
            found = take_from(sched_runq(i), self, 0, find_any);
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

void sched_push_some(struct runq *rq)
{
    uint64_t others = sched_online() & ~(UINT64_C(1) << rq->cpu);
    unsigned best = HAL_CPUS_MAX, least = rq->waiting;

    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        unsigned level = level_on(i);

        if ((others & UINT64_C(1) << i) != 0 && level < least &&
            runq_find_realtime(rq, i, level) != NULL) {
            best = i;
            least = level;
        }
    }
    if (best < HAL_CPUS_MAX)
        hal_cpu_kick(best);
}

/* The CPU of that mask where the highest real-time thread over level waits;
 * HAL_CPUS_MAX: none does. */
static unsigned find_waiting(uint64_t mask, unsigned level)
{
    unsigned best = HAL_CPUS_MAX;

    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        unsigned waiting =
            __atomic_load_n(&sched_runq(i)->waiting, __ATOMIC_RELAXED);

        if ((mask & UINT64_C(1) << i) != 0 && waiting > level) {
            best = i;
            level = waiting;
        }
    }
    return best;
}

void sched_pull(void)
{
    unsigned self = hal_cpu_self(), level = level_on(self), from;
    uint64_t others = sched_online() & ~(UINT64_C(1) << self);

    ASSERT(hal_irq_are_off());
    while ((from = find_waiting(others, level)) < HAL_CPUS_MAX &&
           !take_from(sched_runq(from), self, level, runq_find_realtime))
        others &= ~(UINT64_C(1) << from);
}
