/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/switch.c - who runs, and going from one to the next.
 *
 * A run queue's lock is held across the switch and released by the thread that
 * goes on (finish_switch()), so nobody can run a thread that is still on its
 * way off its stack.
 *
 * Threads that take turns on a CPU see no more of each other than they would
 * on two: what they share is under the lock or atomic, and TSan checks it.
 */
#include "core/sched/grace.h"
#include "core/sched/sched_impl.h"
#include "core/sched/worker.h"
#include "core/sync/rcu.h"

#include "hal/check.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "hal/mmu.h"
#include "hal/upcall.h"
#include "hal/user.h"

static struct runq runqs[HAL_CPUS_MAX];
static uint64_t online; /* atomic: a bit per CPU */

struct runq *sched_runq(unsigned cpu)
{
    return &runqs[cpu];
}

uint64_t sched_online(void)
{
    return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}

/* A thread moves at calls only (cpu_unpin(), or one that sleeps), never where
 * an interrupt comes, so neither a pin nor interrupts off are needed between
 * the two steps. */
struct thread *thread_current(void)
{
    const struct cpu *cpu = hal_cpu_local();

    ASSERT(cpu != NULL);
    return current_on(cpu);
}

struct runq *sched_lock_thread(struct thread *thread, unsigned *saved) NO_TSA
{
    for (;;) {
        unsigned cpu = __atomic_load_n(&thread->cpu, __ATOMIC_RELAXED);
        struct runq *rq;

        if (cpu == SCHED_NOWHERE) {
            hal_cpu_relax();
            continue;
        }
        rq = &runqs[cpu];
        *saved = spin_lock_irq(&rq->lock);
        if (__atomic_load_n(&thread->cpu, __ATOMIC_RELAXED) == cpu)
            return rq;
        spin_unlock_irq(&rq->lock, *saved);
    }
}

static void set_resched(struct cpu *cpu, bool due)
{
    __atomic_store_n(&cpu->resched, due, __ATOMIC_RELAXED);
}

void sched_resched(struct runq *rq)
{
    struct cpu *cpu = cpu_by_number(rq->cpu);
    struct thread *running = current_on(cpu);

    set_resched(cpu, true);
    __atomic_fetch_or(&running->work, THREAD_WORK_RESCHED, __ATOMIC_SEQ_CST);
    if (running->user != NULL)
        hal_user_interrupt(running->user);
    if (rq->cpu != hal_cpu_self())
        hal_cpu_kick(rq->cpu);
}

void sched_start_slice(struct runq *rq, const struct thread *running)
{
    uint64_t slice = runq_slice_ns(rq, running);

    ASSERT(rq->cpu == hal_cpu_self());
    if (slice == 0 || rq->slice_armed)
        return;
    rq->slice_armed = true;
    timer_arm(&rq->slice, hal_clock_now() + slice);
}

/* The running thread has had its turn. Interrupt context. */
static void end_slice(void *arg)
{
    struct runq *rq = arg;

    spin_lock(&rq->lock);
    rq->slice_armed = false;
    if (rq->ready > 0) {
        sched_offer(rq);
        sched_resched(rq);
    }
    spin_unlock(&rq->lock);
}

static void activate_mmu(struct runq *rq, struct hal_mmu *mmu)
    REQUIRES(rq->lock)
{
    if (rq->mmu == mmu)
        return;
    rq->mmu = mmu;
    hal_mmu_activate(mmu);
}

/* What runs here now; if that is less than before, who waits elsewhere may want
 * this CPU. */
static void note_level(struct runq *rq, const struct thread *next)
    REQUIRES(rq->lock)
{
    unsigned before = rq->level, level = next->sched.level;

    if (level == before)
        return;
    __atomic_store_n(&rq->level, level, __ATOMIC_RELAXED);
    if (level > before)
        return;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (runq_waiting_count() > 0)
        __atomic_store_n(&rq->pulls, true, __ATOMIC_RELAXED);
}

/* After a switch, the queue let go: what note_level() found to be done. */
static void pull_if_due(struct runq *rq)
{
    if (!__atomic_load_n(&rq->pulls, __ATOMIC_RELAXED))
        return;
    __atomic_store_n(&rq->pulls, false, __ATOMIC_RELAXED);
    sched_pull();
}

/* What the incoming thread does first: lets the queue go, and sees to the one
 * that left its stack for good or for another CPU. */
static void finish_switch(void) NO_TSA
{
    struct runq *rq = &runqs[hal_cpu_self()];
    struct thread *left;

    spin_unlock_handed(&rq->lock);
    pull_if_due(rq);
    left = __atomic_exchange_n(&rq->leaving, NULL, __ATOMIC_ACQUIRE);
    if (left == NULL)
        return;
    if (__atomic_load_n(&left->state, __ATOMIC_RELAXED) == THREAD_DEAD)
        thread_put(left);
    else
        sched_enqueue(left, rq->cpu);
}

void sched_arrive(struct thread *self)
{
    /* What whoever started it did before is seen from here on. */
    (void)__atomic_load_n(&self->cpu, __ATOMIC_ACQUIRE);
    finish_switch();
    hal_irq_enable();
}

/* A thread that goes on being ready waits here, or moves when it may not stay.
 * Returns whether it leaves this CPU. */
static bool put_back(struct runq *rq, struct thread *prev) REQUIRES(rq->lock)
{
    bool was_preempted;

    if (prev->state != THREAD_READY || prev == &rq->idle)
        return prev->state == THREAD_DEAD;
    if ((prev->sched.affinity & UINT64_C(1) << rq->cpu) == 0) {
        sched_take_away(rq, prev);
        return true;
    }
    was_preempted = prev->sched.level > 0 &&
                    prev->sched.params.policy != THREAD_RR &&
                    __atomic_load_n(&cpu_this()->resched, __ATOMIC_RELAXED);
    runq_add(rq, prev, was_preempted);
    return false;
}

/* Makes next the running thread, but for its stack. */
static void set_current(struct runq *rq, struct thread *prev,
                        struct thread *next) REQUIRES(rq->lock)
{
    next->state = THREAD_RUNNING;
    next->sched.started_ns = hal_clock_now();
    rq->counts.switches++;
    if (prev->state == THREAD_READY) {
        prev->sched.involuntary++;
    } else {
        prev->sched.voluntary++;
        prev->sched.burst_ns = 0;
    }
    __atomic_store_n(&rq->is_idle, next == &rq->idle, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu_this()->current, next, __ATOMIC_RELAXED);
    __atomic_fetch_or(&prev->work, prev->switch_work, __ATOMIC_RELAXED);
    activate_mmu(rq, next->mmu);
    hal_check_event(HAL_EVENT_SWITCH, next->number, 0, 0);
}

void sched_switch(struct runq *rq) NO_TSA
{
    struct thread *prev = current_on(cpu_this());
    struct hal_context *from, *to;
    struct thread *next;
    bool leaves, is_dead;

    ASSERT(prev->state != THREAD_RUNNING && rq->cpu == hal_cpu_self());
    ASSERT(!cpu_in_interrupt()); /* thread_current() and pins rely on it */
    rcu_note_switch();
    runq_charge(rq, prev);
    leaves = put_back(rq, prev);
    next = runq_take_next(rq);
    set_resched(cpu_this(), false);
    rq->slice_armed = false;
    note_level(rq, next);
    sched_push(rq);
    if (next == prev) {
        prev->state = THREAD_RUNNING;
        sched_start_slice(rq, prev);
        spin_unlock(&rq->lock);
        pull_if_due(rq);
        return;
    }
    set_current(rq, prev, next);
    sched_start_slice(rq, next);
    from = prev->context;
    to = next->context;
    is_dead = prev->state == THREAD_DEAD;
    spin_hand_over(&rq->lock);
    if (leaves)
        __atomic_store_n(&rq->leaving, prev, __ATOMIC_RELEASE);
    if (is_dead)
        hal_context_leave(from, to);
    hal_context_switch(from, to);
    finish_switch();
}

void thread_yield(void) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq = sched_lock_thread(self, &saved);

    runq_charge(rq, self);
    self->state = self == &rq->idle ? THREAD_WAITING : THREAD_READY;
    if (self != &rq->idle)
        runq_place_last(rq, self);
    sched_switch(rq);
    hal_irq_restore(saved);
}

/* Gives way to who should run instead, but keeps its place otherwise. */
static void preempt(void) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq = sched_lock_thread(self, &saved);

    self->state = self == &rq->idle ? THREAD_WAITING : THREAD_READY;
    sched_switch(rq);
    hal_irq_restore(saved);
}

/* The last unpin found a switch due. */
static void preempt_here(void)
{
    const struct runq *rq = &runqs[hal_cpu_self()];

    if (!hal_irq_are_off() && __atomic_load_n(&rq->is_open, __ATOMIC_RELAXED))
        preempt();
}

void thread_resched(void)
{
    unsigned saved = hal_irq_save();
    bool is_due = __atomic_load_n(&cpu_this()->resched, __ATOMIC_RELAXED);

    hal_irq_restore(saved);
    if (is_due)
        preempt();
}

void thread_prepare_wait(void) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq = sched_lock_thread(self, &saved);

    self->state = THREAD_WAITING;
    spin_unlock_irq(&rq->lock, saved);
}

void thread_wait(void) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq;

    ASSERT(!cpu_is_atomic());
    rq = sched_lock_thread(self, &saved);
    if (self->state == THREAD_WAITING) {
        sched_switch(rq);
        hal_irq_restore(saved);
    } else {
        spin_unlock_irq(&rq->lock, saved);
    }
}

void thread_set_mmu(struct hal_mmu *mmu) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq = sched_lock_thread(self, &saved);

    self->mmu = mmu;
    activate_mmu(rq, mmu);
    spin_unlock_irq(&rq->lock, saved);
}

/* Turns the boot context of this CPU into its idle thread. */
static void init_idle(struct runq *rq)
{
    struct thread *idle = &rq->idle;

    refcount_init(&idle->refs, 1);
    list_init(&idle->sched.link);
    list_init(&idle->lenders);
    idle->context = hal_context_boot();
    idle->state = THREAD_RUNNING;
    idle->cpu = rq->cpu;
    idle->name = "idle";
    idle->sched.affinity = UINT64_C(1) << rq->cpu;
    __atomic_store_n(&cpu_this()->current, idle, __ATOMIC_RELAXED);
}

void sched_init(void)
{
    unsigned number = cpu_this()->number;
    struct runq *rq = &runqs[number];

    if (number == 0) {
        thread_init_all();
        lend_init_all();
        load_init_all();
        cpu_set_resched_hook(preempt_here);
    }
    runq_init(rq, number);
    init_idle(rq);
    timer_init_cpu();
    timer_init(&rq->slice, end_slice, rq);
    worker_init_cpu(number);
    grace_init_cpu(number);
    __atomic_fetch_or(&online, UINT64_C(1) << number, __ATOMIC_RELEASE);
}

/* Who becomes ready after this look, with interrupts off, ends the idling. */
static bool has_ready(struct runq *rq)
{
    return __atomic_load_n(&rq->ready, __ATOMIC_RELAXED) > 0;
}

void sched_run(void)
{
    struct runq *rq = &runqs[hal_cpu_self()];

    ASSERT(thread_current() == &rq->idle);
    __atomic_store_n(&rq->is_open, true, __ATOMIC_RELAXED);
    worker_start();
    for (;;) {
        if (!has_ready(rq))
            (void)sched_steal();
        preempt();
        hal_irq_disable();
        if (has_ready(rq)) {
            hal_irq_enable();
            continue;
        }
        rcu_idle_enter();
        hal_cpu_idle();
        rcu_idle_exit();
    }
}

/* Counts an interrupt of this CPU. */
static void count(uint64_t *counter)
{
    uint64_t so_far = __atomic_load_n(counter, __ATOMIC_RELAXED);

    __atomic_store_n(counter, so_far + 1, __ATOMIC_RELAXED);
}

void core_timer(void)
{
    cpu_enter_interrupt();
    count(&runqs[cpu_this()->number].timers);
    timer_run_due();
    cpu_leave_interrupt();
}

void core_kick(void)
{
    struct cpu *cpu = cpu_this();
    struct runq *rq = &runqs[cpu->number];

    cpu_enter_interrupt();
    count(&rq->kicks);
    sched_pass_barriers(rq);
    spin_lock(&rq->lock);
    sched_start_slice(rq, current_on(cpu));
    spin_unlock(&rq->lock);
    if (runq_waiting_count() > 0)
        sched_pull();
    cpu_leave_interrupt();
}

void core_cpu_main(unsigned number)
{
    cpu_init_local(number);
    sched_init();
    sched_run();
}
