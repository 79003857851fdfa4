/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/barrier.c - contract in barrier.h.
 *
 * Each CPU counts the barriers wanted of it; its kick handler takes over the
 * count with a read-modify-write. Who is looked at under the lock of its run
 * queue either runs such a thread and is kicked, or takes that lock again
 * before it does.
 */
#include "core/sched/barrier.h"

#include "core/sched/sched_impl.h"
#include "hal/user.h"

/* Asks the CPU of rq for a barrier, if it is meant; its ticket. */
static bool ask(struct runq *rq, const struct cpus_barrier *barrier,
                unsigned *ticket)
{
    unsigned saved = spin_lock_irq(&rq->lock);
    struct thread *running = current_on(cpu_by_number(rq->cpu));
    bool is_meant = running->user != NULL && running != thread_current() &&
                    (barrier->mmu == NULL || running->mmu == barrier->mmu);

    if (is_meant && barrier->work != 0) {
        __atomic_fetch_or(&running->work, barrier->work, __ATOMIC_SEQ_CST);
        hal_user_interrupt(running->user);
    }
    if (is_meant)
        *ticket = __atomic_add_fetch(&rq->barriers_wanted, 1, __ATOMIC_SEQ_CST);
    spin_unlock_irq(&rq->lock, saved);
    if (is_meant)
        hal_cpu_kick(rq->cpu);
    return is_meant;
}

static bool has_passed(struct runq *rq, unsigned ticket)
{
    unsigned done = __atomic_load_n(&rq->barriers_done, __ATOMIC_ACQUIRE);

    return (int)(done - ticket) >= 0;
}

void sched_pass_barriers(struct runq *rq)
{
    unsigned wanted = __atomic_load_n(&rq->barriers_wanted, __ATOMIC_ACQUIRE);

    if (wanted != __atomic_load_n(&rq->barriers_done, __ATOMIC_RELAXED))
        (void)__atomic_exchange_n(&rq->barriers_done, wanted, __ATOMIC_SEQ_CST);
}

void cpus_pass_barrier(const struct cpus_barrier *barrier)
{
    uint64_t cpus = barrier->cpus & sched_online(), asked = 0;
    unsigned tickets[HAL_CPUS_MAX];

    ASSERT(!cpu_is_atomic());
    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
        if ((cpus & UINT64_C(1) << cpu) != 0 &&
            ask(sched_runq(cpu), barrier, &tickets[cpu]))
            asked |= UINT64_C(1) << cpu;
    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
        while ((asked & UINT64_C(1) << cpu) != 0 &&
               !has_passed(sched_runq(cpu), tickets[cpu]))
            hal_cpu_relax();
}
