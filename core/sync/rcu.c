/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/rcu.c - contract in rcu.h.
 *
 * The counting is in rcu_count.h. A CPU's callbacks are a stack that any
 * context pushes to and its worker takes whole; order among them is kept.
 */
#include "core/sync/rcu.h"

#include "core/sync/percpu.h"
#include "hal/check.h"
#include "hal/cpu.h"
#include "hal/irq.h"

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

enum { NAP_MIN_NS = 20000 };

/* Callbacks given to a CPU. */
struct rcu_queue {
    struct rcu_head *calls; /* latest first; atomic */
    uint64_t queued;        /* ever; atomic */
    uint64_t done;          /* of them; atomic */
} __attribute__((aligned(64)));

static struct rcu_queue queues[HAL_CPUS_MAX];
static const struct rcu_hooks *hooks; /* set once, at boot */

void rcu_set_hooks(const struct rcu_hooks *the_hooks)
{
    hooks = the_hooks;
}

void rcu_read_lock(void)
{
    struct cpu *cpu;

    cpu_pin();
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    cpu = hal_cpu_local();
    if (!CHECKED || cpu == NULL)
        return;
    hal_check_point();
    ASSERT(!rcu_count_is_quiet(&cpu->rcu));
    STORE(cpu->reading, LOAD(cpu->reading) + 1);
}

void rcu_read_unlock(void)
{
    struct cpu *cpu = hal_cpu_local();

    if (CHECKED && cpu != NULL) {
        ASSERT(LOAD(cpu->reading) > 0);
        STORE(cpu->reading, LOAD(cpu->reading) - 1);
        hal_check_point();
    }
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    cpu_unpin();
}

bool rcu_is_reading(void)
{
    const struct cpu *cpu = hal_cpu_local();

    return !CHECKED || cpu == NULL || LOAD(cpu->reading) > 0;
}

/* --- quiescent states ----------------------------------------------------- */

void rcu_user_enter(void)
{
    struct cpu *cpu = hal_cpu_local();

    ASSERT(LOAD(cpu->pinned) == 0);
    rcu_count_enter_quiet(&cpu->rcu);
}

/* Interrupts are on again, but nothing unpins before this, so nobody has moved
 * the caller. */
void rcu_user_exit(void)
{
    struct cpu *cpu = hal_cpu_local();

    rcu_count_leave_quiet(&cpu->rcu);
}

void rcu_idle_enter(void)
{
    rcu_user_enter();
}

void rcu_idle_exit(void)
{
    rcu_user_exit();
}

void rcu_note_switch(void)
{
    struct cpu *cpu = cpu_this();

    ASSERT(LOAD(cpu->pinned) == 1);
    rcu_count_pass(&cpu->rcu);
}

/* --- waiting for readers -------------------------------------------------- */

/* The CPUs that may have readers of now, a bit for each. */
static uint64_t take_snapshots(uint64_t snapshot[HAL_CPUS_MAX])
{
    uint64_t busy = 0;

    cpu_pin();
    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        snapshot[i] = rcu_count_snapshot(&cpu_by_number(i)->rcu);
        /* The caller runs here, so no reader does. */
        if (i != cpu_this()->number && (snapshot[i] & 1) != 0)
            busy |= UINT64_C(1) << i;
    }
    cpu_unpin();
    return busy;
}

/* Those of busy that have not passed since. */
static uint64_t look_again(const uint64_t snapshot[HAL_CPUS_MAX], uint64_t busy)
{
    uint64_t left = 0;

    for (uint64_t rest = busy; rest != 0; rest &= rest - 1) {
        unsigned i = (unsigned)__builtin_ctzll(rest);

        if (!rcu_count_has_passed(&cpu_by_number(i)->rcu, snapshot[i]))
            left |= UINT64_C(1) << i;
    }
    return left;
}

static void kick_all(uint64_t busy)
{
    for (; busy != 0; busy &= busy - 1) {
        unsigned i = (unsigned)__builtin_ctzll(busy);

        STORE(cpu_by_number(i)->rcu_wanted, true);
        hal_cpu_kick(i);
    }
}

void rcu_wait(void)
{
    uint64_t snapshot[HAL_CPUS_MAX];
    uint64_t busy, nap_ns = NAP_MIN_NS;

    ASSERT(!cpu_is_atomic());
    if (CHECKED)
        hal_check_point();
    busy = take_snapshots(snapshot);
    while (busy != 0) {
        kick_all(busy);
        hooks->nap(nap_ns);
        nap_ns = min_u64(2 * nap_ns, RCU_NAP_MAX_NS);
        busy = look_again(snapshot, busy);
    }
}

/* --- callbacks ------------------------------------------------------------ */

static uint64_t backlog_of(const struct rcu_queue *q)
{
    uint64_t done = __atomic_load_n(&q->done, __ATOMIC_ACQUIRE);

    return LOAD(q->queued) - done;
}

uint64_t rcu_backlog(void)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < hal_cpu_count(); i++)
        sum += backlog_of(&queues[i]);
    return sum;
}

/* The caller adds faster than readers end. Bounded: what the worker does
 * before may need a lock that the caller holds. */
static void throttle(const struct rcu_queue *q)
{
    uint64_t slept_ns = 0;

    while (backlog_of(q) > RCU_BACKLOG_MAX && slept_ns < RCU_THROTTLE_NS) {
        hooks->nap(RCU_NAP_MAX_NS);
        slept_ns += RCU_NAP_MAX_NS;
    }
}

void rcu_call(struct rcu_head *head, void (*fn)(struct rcu_head *head))
{
    struct rcu_head *before;
    struct rcu_queue *q;
    uint64_t queued;

    ASSERT(hooks != NULL && fn != NULL);
    cpu_pin();
    q = &queues[cpu_this()->number];
    head->fn = fn;
    queued = __atomic_add_fetch(&q->queued, 1, __ATOMIC_RELAXED);
    before = LOAD(q->calls);
    do
        head->next = before;
    while (!__atomic_compare_exchange_n(&q->calls, &before, head, true,
                                        __ATOMIC_RELEASE, __ATOMIC_RELAXED));
    if (before == NULL || queued % RCU_BATCH == 0)
        hooks->defer(queued % RCU_BATCH == 0);
    cpu_unpin();
    if (backlog_of(q) > RCU_BACKLOG_MAX && !cpu_is_atomic() &&
        !hooks->is_worker())
        throttle(q);
}

/* All of a CPU's callbacks, first given first. */
static struct rcu_head *take_calls(struct rcu_queue *q)
{
    struct rcu_head *stack =
        __atomic_exchange_n(&q->calls, NULL, __ATOMIC_ACQUIRE);
    struct rcu_head *calls = NULL;

    while (stack != NULL) {
        struct rcu_head *next = stack->next;

        stack->next = calls;
        calls = stack;
        stack = next;
    }
    return calls;
}

void rcu_run_calls(unsigned cpu)
{
    struct rcu_queue *q = &queues[cpu];
    struct rcu_head *calls = take_calls(q);

    if (calls == NULL)
        return;
    rcu_wait();
    while (calls != NULL) {
        struct rcu_head *head = calls;

        calls = head->next;
        head->fn(head);
        __atomic_add_fetch(&q->done, 1, __ATOMIC_RELEASE);
    }
}

/* Makes this CPU's worker look, if it is the one of q. */
static void hurry(const struct rcu_queue *q)
{
    cpu_pin();
    if (q == &queues[cpu_this()->number])
        hooks->defer(true);
    cpu_unpin();
}

void rcu_barrier(void)
{
    ASSERT(!cpu_is_atomic() && !hooks->is_worker());
    for (unsigned i = 0; i < hal_cpu_count(); i++) {
        const struct rcu_queue *q = &queues[i];
        uint64_t target = __atomic_load_n(&q->queued, __ATOMIC_ACQUIRE);

        while (__atomic_load_n(&q->done, __ATOMIC_ACQUIRE) < target) {
            hurry(q);
            hooks->nap(RCU_NAP_MAX_NS / 4);
        }
    }
}
