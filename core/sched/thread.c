/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/thread.c - a thread's beginning, its parameters and its end;
 * contract in thread.h.
 */
#include "core/sched/thread.h"

#include "core/abi/errno.h"
#include "core/mem/cache.h"
#include "core/sched/lend.h"
#include "core/sched/sched_impl.h"
#include "hal/irq.h"
#include "hal/user.h"

static struct mem_cache thread_cache;
static uint64_t next_number; /* atomic */

void thread_init_all(void)
{
    cache_init(&thread_cache, "thread", sizeof(struct thread), 64);
}

static void run_thread(void *arg)
{
    struct thread *self = arg;

    sched_arrive(self);
    self->entry(self->arg);
    thread_exit();
}

bool thread_is_ending(void)
{
    const struct thread *self = thread_current();

    return self->is_ending || (__atomic_load_n(&self->work, __ATOMIC_ACQUIRE) &
                               THREAD_WORK_EXIT) != 0;
}

int thread_create(const char *name, void (*entry)(void *arg), void *arg,
                  struct thread **out)
{
    struct thread *thread = mem_alloc(&thread_cache, MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (thread == NULL)
        return -ENOMEM;
    list_init(&thread->sched.link);
    list_init(&thread->lenders);
    refcount_init(&thread->refs, 2);
    thread->state = THREAD_WAITING;
    thread->sched.affinity = UINT64_MAX;
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
    unsigned saved = hal_irq_save();
    bool was_new;

    __atomic_store_n(&thread->cpu, hal_cpu_self(), __ATOMIC_RELEASE);
    hal_irq_restore(saved);
    was_new = thread_wake(thread);
    ASSERT(was_new);
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
    ASSERT(list_is_empty(&thread->lenders));
    hal_context_destroy(thread->context);
    mem_free(&thread_cache, thread);
}

void thread_exit(void) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq;

    ASSERT(!cpu_is_atomic());
    ASSERT(self->mmu == NULL && self->user == NULL);
    if (CHECKED)
        lockdep_check_none(&self->held, "at the end of its thread");
    rq = sched_lock_thread(self, &saved);
    self->state = THREAD_DEAD;
    sched_switch(rq);
    __builtin_unreachable();
}

/* Does that thread call this itself, not an interrupt on top of it? */
static bool is_self(const struct thread *thread)
{
    unsigned saved = hal_irq_save();
    const struct cpu *cpu = cpu_this();
    bool is = current_on(cpu) == thread &&
              !__atomic_load_n(&cpu->in_interrupt, __ATOMIC_RELAXED);

    hal_irq_restore(saved);
    return is;
}

void thread_set_work(struct thread *thread, unsigned bits) NO_TSA
{
    unsigned saved;
    struct runq *rq;

    __atomic_fetch_or(&thread->work, bits, __ATOMIC_SEQ_CST);
    if (is_self(thread))
        return; /* it looks before it goes to user mode */
    rq = sched_lock_thread(thread, &saved);
    if (thread->user != NULL)
        hal_user_interrupt(thread->user);
    spin_unlock_irq(&rq->lock, saved);
    if ((bits & (THREAD_WORK_EXIT | THREAD_WORK_SIGNAL)) != 0)
        (void)thread_wake(thread);
}

void thread_set_user(struct hal_user *user) NO_TSA
{
    struct thread *self = thread_current();
    unsigned saved;
    struct runq *rq = sched_lock_thread(self, &saved);

    if (self->user != NULL)
        self->sched.user_ns += hal_user_ns(self->user);
    self->user = user;
    sched_settle(rq, self);
    spin_unlock_irq(&rq->lock, saved);
}

static bool are_valid(const struct thread_params *params)
{
    switch (params->policy) {
    case THREAD_NORMAL:
    case THREAD_BATCH:
    case THREAD_IDLE:
        return params->priority == 0 && params->nice >= THREAD_NICE_MIN &&
               params->nice <= THREAD_NICE_MAX;
    case THREAD_FIFO:
    case THREAD_RR:
        return params->priority >= 1 && params->priority <= THREAD_PRIORITY_MAX;
    default:
        return false;
    }
}

/* Changes what a thread on this queue runs with. */
static void change_class(struct runq *rq, struct thread *thread,
                         const struct thread_params *params, unsigned lent)
    REQUIRES(rq->lock)
{
    bool was_queued = thread->sched.is_queued;

    sched_settle(rq, thread); /* with the nice value that it had */
    if (was_queued)
        runq_remove(rq, thread);
    else if (thread->state == THREAD_RUNNING)
        runq_charge(rq, thread);
    thread->sched.params = *params;
    thread->sched.lent = lent;
    __atomic_store_n(&thread->sched.level,
                     lent > params->priority ? lent : params->priority,
                     __ATOMIC_RELAXED);
    if (was_queued) {
        runq_place(rq, thread);
        runq_add(rq, thread, false);
    }
    sched_resched(rq); /* the order may be another now */
}

int thread_set_params(struct thread *thread,
                      const struct thread_params *params) NO_TSA
{
    struct runq *rq;
    unsigned saved;
    bool lends;

    if (!are_valid(params))
        return -EINVAL;
    rq = sched_lock_thread(thread, &saved);
    change_class(rq, thread, params, thread->sched.lent);
    lends = __atomic_load_n(&thread->waits, __ATOMIC_RELAXED) != NULL;
    spin_unlock_irq(&rq->lock, saved);
    if (lends)
        lend_changed(thread);
    return 0;
}

bool sched_set_lent(struct thread *thread, unsigned lent) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    struct thread_params params = thread->sched.params;
    bool is_new = thread->sched.lent != lent;

    if (is_new)
        change_class(rq, thread, &params, lent);
    spin_unlock_irq(&rq->lock, saved);
    return is_new;
}

unsigned thread_level(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    unsigned level = thread->sched.level;

    spin_unlock_irq(&rq->lock, saved);
    return level;
}

uint64_t thread_burst_ns(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    uint64_t ns;

    if (thread->state == THREAD_RUNNING)
        runq_charge(rq, thread);
    ns = thread->sched.level > 0 ? thread->sched.burst_ns : 0;
    spin_unlock_irq(&rq->lock, saved);
    return ns;
}

bool thread_is_waiting(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    bool is_waiting = thread->state == THREAD_WAITING;

    spin_unlock_irq(&rq->lock, saved);
    return is_waiting;
}

void thread_get_params(struct thread *thread, struct thread_params *out) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);

    *out = thread->sched.params;
    spin_unlock_irq(&rq->lock, saved);
}

int thread_set_affinity(struct thread *thread, uint64_t mask) NO_TSA
{
    struct runq *rq;
    unsigned saved;
    bool must_move;

    if ((mask & sched_online()) == 0)
        return -EINVAL;
    rq = sched_lock_thread(thread, &saved);
    thread->sched.affinity = mask;
    must_move = (mask & UINT64_C(1) << rq->cpu) == 0;
    if (must_move && thread->sched.is_queued) {
        runq_remove(rq, thread);
        sched_take_away(rq, thread);
        cpu_pin(); /* what is due now is done when interrupts are on again */
        spin_unlock(&rq->lock);
        sched_enqueue(thread, rq->cpu);
        hal_irq_restore(saved);
        cpu_unpin();
        return 0;
    }
    if (must_move && thread->state == THREAD_RUNNING)
        sched_resched(rq);
    sched_push(rq); /* it may go where it might not before */
    spin_unlock_irq(&rq->lock, saved);
    return 0;
}

uint64_t thread_affinity(struct thread *thread) NO_TSA
{
    unsigned saved;
    struct runq *rq = sched_lock_thread(thread, &saved);
    uint64_t mask = thread->sched.affinity;

    spin_unlock_irq(&rq->lock, saved);
    return mask;
}
