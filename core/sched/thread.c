/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/thread.c - threads and their run queues; contract in thread.h.
 *
 * One run queue per CPU under one irq-safe spinlock. The lock is held across
 * the switch and released by the thread that goes on (finish_switch()), so
 * nobody can run a thread that is still on its way off its stack. A thread
 * stays on the CPU it was started on.
 *
 * Threads that take turns on a CPU see no more of each other than they would
 * on two: what they share is under the lock or atomic, and TSan checks it.
 */
#include "core/sched/thread.h"

#include "core/abi/errno.h"
#include "core/mem/cache.h"
#include "core/sched/sched_impl.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "hal/check.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "hal/mmu.h"
#include "hal/upcall.h"
#include "hal/user.h"

/* How long a thread runs while others wait. */
enum { SLICE_NS = 4000000 };

static const struct lock_class runq_class = {"runq", LOCK_RANK_RUNQ};

struct runq {
    struct spinlock lock;
    struct list ready GUARDED_BY(lock);
    struct thread idle;  /* the CPU's boot context */
    struct thread *dead; /* left its stack; its CPU's, atomic */
    struct hal_mmu *mmu GUARDED_BY(lock); /* active */
    struct timer slice; /* armed while more than one wants the CPU */
    bool slice_armed GUARDED_BY(lock);
};

static struct runq runqs[HAL_CPUS_MAX];
static struct mem_cache thread_cache;
static uint64_t next_number; /* atomic */

/* The fields of struct cpu are its CPU's own: relaxed atomics. */
static struct thread *current_on(const struct cpu *cpu)
{
    return __atomic_load_n(&cpu->current, __ATOMIC_RELAXED);
}

static void set_resched(struct cpu *cpu, bool due)
{
    __atomic_store_n(&cpu->resched, due, __ATOMIC_RELAXED);
}

struct thread *thread_current(void)
{
    unsigned saved = hal_irq_save();
    struct thread *thread = current_on(cpu_this());

    hal_irq_restore(saved);
    return thread;
}

/* What the incoming thread does first: lets the queue go, buries the dead. */
static void finish_switch(struct runq *rq) RELEASES(rq->lock) NO_TSA
{
    struct thread *dead;

    spin_unlock_handed(&rq->lock);
    dead = __atomic_exchange_n(&rq->dead, NULL, __ATOMIC_ACQUIRE);
    if (dead != NULL)
        thread_put(dead);
}

static void run_thread(void *arg) NO_TSA
{
    struct thread *self = arg;
    unsigned cpu = __atomic_load_n(&self->cpu, __ATOMIC_ACQUIRE);

    finish_switch(&runqs[cpu]);
    hal_irq_enable();
    self->entry(self->arg);
    thread_exit();
}

/* Arms the end of the slice when somebody waits behind a thread that runs. */
static void update_slice(struct runq *rq) REQUIRES(rq->lock)
{
    struct cpu *cpu = cpu_this();
    bool wanted = !list_is_empty(&rq->ready) && current_on(cpu) != &rq->idle;

    if (wanted == rq->slice_armed)
        return;
    rq->slice_armed = wanted;
    if (wanted)
        timer_arm(&rq->slice, hal_clock_now() + SLICE_NS);
}

static void activate_mmu(struct runq *rq, struct hal_mmu *mmu)
    REQUIRES(rq->lock)
{
    if (rq->mmu == mmu)
        return;
    rq->mmu = mmu;
    hal_mmu_activate(mmu);
}

/* Gives the CPU to who is next; the caller's state says whether it comes back.
 * Interrupts off, rq locked; returns (if it does) with rq unlocked. */
static void switch_away(struct runq *rq) RELEASES(rq->lock) NO_TSA
{
    struct cpu *cpu = cpu_this();
    struct thread *prev = current_on(cpu);
    struct list *first = list_pop_front(&rq->ready);
    struct thread *next =
        first != NULL ? list_entry(first, struct thread, link) : &rq->idle;
    struct hal_context *from, *to;
    bool is_dead;

    ASSERT(prev->state != THREAD_RUNNING);
    set_resched(cpu, false);
    next->state = THREAD_RUNNING;
    if (next == prev) {
        spin_unlock(&rq->lock);
        return;
    }
    __atomic_store_n(&cpu->current, next, __ATOMIC_RELAXED);
    __atomic_fetch_or(&prev->work, prev->switch_work, __ATOMIC_RELAXED);
    rq->slice_armed = false;
    update_slice(rq);
    activate_mmu(rq, next->mmu);
    hal_check_event(HAL_EVENT_SWITCH, next->number, 0, 0);
    from = prev->context;
    to = next->context;
    is_dead = prev->state == THREAD_DEAD;
    spin_hand_over(&rq->lock);
    if (is_dead) {
        __atomic_store_n(&rq->dead, prev, __ATOMIC_RELEASE);
        hal_context_leave(from, to);
    }
    hal_context_switch(from, to);
    finish_switch(&runqs[cpu_this()->number]);
}

void thread_yield(void)
{
    struct thread *self = thread_current();
    struct runq *rq = &runqs[self->cpu];
    unsigned saved = spin_lock_irq(&rq->lock);

    if (self != &rq->idle) {
        self->state = THREAD_READY;
        list_push_back(&rq->ready, &self->link);
    } else {
        self->state = THREAD_WAITING;
    }
    switch_away(rq);
    hal_irq_restore(saved);
}

void thread_prepare_wait(void)
{
    struct thread *self = thread_current();
    struct runq *rq = &runqs[self->cpu];
    unsigned saved = spin_lock_irq(&rq->lock);

    self->state = THREAD_WAITING;
    spin_unlock_irq(&rq->lock, saved);
}

void thread_wait(void)
{
    struct thread *self = thread_current();
    struct runq *rq = &runqs[self->cpu];
    unsigned saved;

    ASSERT(!cpu_is_atomic());
    saved = spin_lock_irq(&rq->lock);
    if (self->state == THREAD_WAITING) {
        switch_away(rq);
        hal_irq_restore(saved);
    } else {
        spin_unlock_irq(&rq->lock, saved);
    }
}

bool thread_wake(struct thread *thread)
{
    struct runq *rq = &runqs[thread->cpu];
    unsigned saved = spin_lock_irq(&rq->lock);
    bool was_waiting = thread->state == THREAD_WAITING;

    if (was_waiting && current_on(cpu_by_number(thread->cpu)) == thread) {
        thread->state = THREAD_RUNNING;
    } else if (was_waiting) {
        thread->state = THREAD_READY;
        list_push_back(&rq->ready, &thread->link);
        if (rq == &runqs[cpu_this()->number])
            update_slice(rq);
        else
            hal_cpu_kick(thread->cpu);
    }
    spin_unlock_irq(&rq->lock, saved);
    return was_waiting;
}

/* The running thread has had its time. Interrupt context. */
static void end_slice(void *arg)
{
    struct runq *rq = arg;
    struct cpu *cpu = cpu_this();

    spin_lock(&rq->lock);
    rq->slice_armed = false;
    spin_unlock(&rq->lock);
    if (current_on(cpu) == &rq->idle)
        return;
    set_resched(cpu, true);
    thread_set_work(current_on(cpu), THREAD_WORK_RESCHED);
}

void thread_set_work(struct thread *thread, unsigned bits)
{
    struct runq *rq = &runqs[thread->cpu];
    unsigned saved;

    __atomic_fetch_or(&thread->work, bits, __ATOMIC_SEQ_CST);
    saved = spin_lock_irq(&rq->lock);
    if (thread->user != NULL)
        hal_user_interrupt(thread->user);
    spin_unlock_irq(&rq->lock, saved);
    if ((bits & THREAD_WORK_EXIT) != 0)
        (void)thread_wake(thread);
}

/* The last unpin found a switch due. */
static void preempt_here(void)
{
    if (!hal_irq_are_off())
        thread_yield();
}

void sched_init(void)
{
    struct cpu *cpu = cpu_this();
    struct runq *rq = &runqs[cpu->number];
    struct thread *idle = &rq->idle;

    if (cpu->number == 0) {
        cache_init(&thread_cache, "thread", sizeof(struct thread), 64);
        cpu_set_resched_hook(preempt_here);
    }
    spin_init(&rq->lock, &runq_class);
    list_init(&rq->ready);
    list_init(&idle->link);
    refcount_init(&idle->refs, 1);
    idle->context = hal_context_boot();
    idle->state = THREAD_RUNNING;
    idle->cpu = cpu->number;
    idle->name = "idle";
    __atomic_store_n(&cpu->current, idle, __ATOMIC_RELAXED);
    timer_init_cpu();
    timer_init(&rq->slice, end_slice, rq);
}

/* Who becomes ready after this look, with interrupts off, ends the idling. */
static bool has_ready(struct runq *rq)
{
    bool is_empty;

    spin_lock(&rq->lock);
    is_empty = list_is_empty(&rq->ready);
    spin_unlock(&rq->lock);
    return !is_empty;
}

void sched_run(void)
{
    unsigned saved = hal_irq_save();
    struct runq *rq = &runqs[hal_cpu_self()];

    ASSERT(thread_current() == &rq->idle);
    hal_irq_restore(saved);
    for (;;) {
        thread_yield();
        hal_irq_disable();
        if (has_ready(rq))
            hal_irq_enable();
        else
            hal_cpu_idle();
    }
}

int thread_create(const char *name, void (*entry)(void *arg), void *arg,
                  struct thread **out)
{
    struct thread *thread = mem_alloc(&thread_cache, MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (thread == NULL)
        return -ENOMEM;
    list_init(&thread->link);
    refcount_init(&thread->refs, 2);
    thread->state = THREAD_WAITING;
    thread->number = __atomic_add_fetch(&next_number, 1, __ATOMIC_RELAXED);
    thread->name = name;
    thread->entry = entry;
    thread->arg = arg;
    error = hal_context_create(run_thread, thread, &thread->context);
    if (error != 0) {
        mem_free(&thread_cache, thread);
        return error;
    }
    *out = thread;
    return 0;
}

void thread_start(struct thread *thread)
{
    bool was_new;

    ASSERT(thread->state == THREAD_WAITING);
    cpu_pin();
    __atomic_store_n(&thread->cpu, cpu_this()->number, __ATOMIC_RELEASE);
    was_new = thread_wake(thread);
    ASSERT(was_new);
    cpu_unpin();
}

void thread_get(struct thread *thread)
{
    refcount_get(&thread->refs);
}

void thread_put(struct thread *thread)
{
    if (!refcount_put(&thread->refs))
        return;
    ASSERT(thread->state == THREAD_DEAD);
    hal_context_destroy(thread->context);
    mem_free(&thread_cache, thread);
}

void thread_exit(void)
{
    struct thread *self = thread_current();
    struct runq *rq = &runqs[self->cpu];

    ASSERT(!cpu_is_atomic());
    ASSERT(self->mmu == NULL && self->user == NULL);
    hal_irq_disable();
    spin_lock(&rq->lock);
    self->state = THREAD_DEAD;
    switch_away(rq);
    __builtin_unreachable();
}

void thread_set_mmu(struct hal_mmu *mmu)
{
    struct thread *self = thread_current();
    struct runq *rq = &runqs[self->cpu];
    unsigned saved = spin_lock_irq(&rq->lock);

    self->mmu = mmu;
    activate_mmu(rq, mmu);
    spin_unlock_irq(&rq->lock, saved);
}

void thread_set_user(struct hal_user *user)
{
    struct thread *self = thread_current();
    struct runq *rq = &runqs[self->cpu];
    unsigned saved = spin_lock_irq(&rq->lock);

    self->user = user;
    spin_unlock_irq(&rq->lock, saved);
}

void core_timer(void)
{
    cpu_enter_interrupt();
    timer_run_due();
    cpu_leave_interrupt();
}

void core_kick(void)
{
    struct runq *rq = &runqs[hal_cpu_self()];

    cpu_enter_interrupt();
    spin_lock(&rq->lock);
    update_slice(rq);
    spin_unlock(&rq->lock);
    cpu_leave_interrupt();
}

void core_cpu_main(unsigned number)
{
    cpu_init_local(number);
    sched_init();
    sched_run();
}
