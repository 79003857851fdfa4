/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/timer.c - contract in timer.h.
 *
 * Each CPU keeps its timers in a tree by (deadline, order) under one irq-safe
 * spinlock, and its clock armed for the first. The sample of the load, which is
 * nearly always awaited somewhere, is kept beside the tree: so a slice's timer,
 * armed at most switches, finds the tree empty where nothing else waits.
 */
#include "core/sched/timer.h"

#include "core/sched/sched_impl.h"
#include "core/sync/percpu.h"
#include "core/sync/spinlock.h"
#include "hal/clock.h"
#include "hal/irq.h"

static const struct lock_class timer_class = {"timer", LOCK_RANK_TIMER};

struct timer_queue {
    struct spinlock lock;
    struct tree tree GUARDED_BY(lock);
    uint64_t next_order GUARDED_BY(lock);
    uint64_t sample_ns GUARDED_BY(lock);    /* HAL_CLOCK_NEVER: none */
    struct timer *running GUARDED_BY(lock); /* its fire() is being called */
};

static struct timer_queue queues[HAL_CPUS_MAX];

static struct timer *timer_of(struct tree_node *node)
{
    return container_of(node, struct timer, node);
}

static bool comes_before(const struct timer *a, const struct timer *b)
{
    if (a->deadline_ns != b->deadline_ns)
        return a->deadline_ns < b->deadline_ns;
    return a->order < b->order;
}

static void link_timer(struct timer_queue *q, struct timer *timer)
    REQUIRES(q->lock)
{
    struct tree_node *at = q->tree.root, *parent = NULL;
    int side = 0;

    while (at != NULL) {
        parent = at;
        side = comes_before(timer_of(at), timer) ? 1 : 0;
        at = at->child[side];
    }
    tree_insert(&q->tree, &timer->node, parent, side);
    timer->armed = true;
}

static void unlink_timer(struct timer_queue *q, struct timer *timer)
    REQUIRES(q->lock)
{
    tree_remove(&q->tree, &timer->node);
    timer->armed = false;
}

/* Sets the clock for the first timer; only on the CPU whose queue it is. */
static void arm_clock(struct timer_queue *q) REQUIRES(q->lock)
{
    struct tree_node *first = tree_first(&q->tree);

    ASSERT(q == &queues[cpu_this()->number]);
    hal_clock_arm(first != NULL
                      ? min_u64(timer_of(first)->deadline_ns, q->sample_ns)
                      : q->sample_ns);
}

void timer_init_cpu(void) NO_TSA
{
    struct timer_queue *q = &queues[cpu_this()->number];

    spin_init(&q->lock, &timer_class);
    q->sample_ns = HAL_CLOCK_NEVER;
}

void timer_await_sample(uint64_t deadline_ns)
{
    struct timer_queue *q = &queues[cpu_this()->number];

    ASSERT(hal_irq_are_off());
    spin_lock(&q->lock);
    q->sample_ns = deadline_ns;
    arm_clock(q);
    spin_unlock(&q->lock);
}

void timer_init(struct timer *timer, void (*fire)(void *arg), void *arg)
{
    *timer = (struct timer){.fire = fire, .arg = arg};
}

void timer_arm(struct timer *timer, uint64_t deadline_ns)
{
    unsigned saved = hal_irq_save(), cpu = cpu_this()->number;
    struct timer_queue *q = &queues[cpu];

    (void)timer_cancel(timer);
    /* One that fires and is armed again from there stays where it is, so who
     * cancels it meanwhile looks at the right queue. */
    __atomic_store_n(&timer->cpu, cpu, __ATOMIC_RELAXED);
    spin_lock(&q->lock);
    timer->deadline_ns = deadline_ns;
    timer->order = q->next_order++;
    link_timer(q, timer);
    if (tree_first(&q->tree) == &timer->node)
        arm_clock(q);
    spin_unlock(&q->lock);
    hal_irq_restore(saved);
}

bool timer_cancel(struct timer *timer)
{
    unsigned saved, cpu = __atomic_load_n(&timer->cpu, __ATOMIC_RELAXED);
    struct timer_queue *q = &queues[cpu];
    bool was_armed = false, is_running;

    do {
        saved = spin_lock_irq(&q->lock);
        if (timer->armed) {
            was_armed = true;
            unlink_timer(q, timer);
        }
        is_running = q->running == timer && cpu != cpu_this()->number;
        spin_unlock_irq(&q->lock, saved);
        if (is_running)
            hal_cpu_relax();
    } while (is_running);
    return was_armed;
}

/* The first timer when it is due, unlinked and marked as running. */
static struct timer *take_due(struct timer_queue *q) REQUIRES(q->lock)
{
    struct tree_node *first = tree_first(&q->tree);
    struct timer *timer;

    if (first == NULL)
        return NULL;
    timer = timer_of(first);
    if (timer->deadline_ns > hal_clock_now())
        return NULL;
    unlink_timer(q, timer);
    return timer;
}

void timer_run_due(void)
{
    struct timer_queue *q = &queues[cpu_this()->number];

    spin_lock(&q->lock);
    while ((q->running = take_due(q)) != NULL) {
        struct timer *timer = q->running;

        spin_unlock(&q->lock);
        timer->fire(timer->arg);
        spin_lock(&q->lock);
    }
    if (q->sample_ns != HAL_CLOCK_NEVER && q->sample_ns <= hal_clock_now()) {
        q->sample_ns = HAL_CLOCK_NEVER;
        spin_unlock(&q->lock);
        sched_take_sample();
        spin_lock(&q->lock);
    }
    arm_clock(q);
    spin_unlock(&q->lock);
}
