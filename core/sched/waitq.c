/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/waitq.c - contract in waitq.h.
 */
#include "core/sched/waitq.h"

#include "core/abi/errno.h"
#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "hal/clock.h"

static const struct lock_class waitq_class = {"waitq", LOCK_RANK_WAITQ};

/* One waiting thread, on its stack. */
struct waiter {
    struct list link; /* the queue's lock */
    struct thread *thread;
};

void waitq_init(struct waitq *q)
{
    spin_init(&q->lock, &waitq_class);
    list_init(&q->waiters);
}

static void wake_waiter(void *arg)
{
    struct waiter *waiter = arg;

    (void)thread_wake(waiter->thread);
}

void waitq_wake_all(struct waitq *q)
{
    unsigned saved = spin_lock_irq(&q->lock);

    list_for_each(node, &q->waiters)
        wake_waiter(list_entry(node, struct waiter, link));
    spin_unlock_irq(&q->lock, saved);
}

static bool is_being_killed(const struct thread *self)
{
    return (__atomic_load_n(&self->work, __ATOMIC_ACQUIRE) &
            THREAD_WORK_EXIT) != 0;
}

/* Waits until one of the three ends; the waiter is on the queue throughout, so
 * a wake after the look at condition finds the thread prepared to wait. */
static int wait_on(struct waiter *waiter, bool (*condition)(void *arg),
                   void *arg, uint64_t deadline_ns, bool killable)
{
    int result = 0;

    for (;;) {
        thread_prepare_wait();
        if (condition(arg))
            break;
        if (killable && is_being_killed(waiter->thread)) {
            result = -EINTR;
            break;
        }
        if (deadline_ns != WAIT_FOREVER && hal_clock_now() >= deadline_ns) {
            result = -ETIMEDOUT;
            break;
        }
        thread_wait();
    }
    (void)thread_wake(waiter->thread);
    return result;
}

static int wait_in_queue(struct waitq *q, bool (*condition)(void *arg),
                         void *arg, uint64_t deadline_ns, bool killable)
{
    struct waiter waiter = {.thread = thread_current()};
    struct timer timer;
    unsigned saved;
    int result;

    ASSERT(!cpu_is_atomic());
    list_init(&waiter.link);
    timer_init(&timer, wake_waiter, &waiter);
    saved = spin_lock_irq(&q->lock);
    list_push_back(&q->waiters, &waiter.link);
    spin_unlock_irq(&q->lock, saved);
    if (deadline_ns != WAIT_FOREVER)
        timer_arm(&timer, deadline_ns);

    result = wait_on(&waiter, condition, arg, deadline_ns, killable);

    if (deadline_ns != WAIT_FOREVER)
        (void)timer_cancel(&timer);
    saved = spin_lock_irq(&q->lock);
    list_remove(&waiter.link);
    spin_unlock_irq(&q->lock, saved);
    return result;
}

int waitq_wait(struct waitq *q, bool (*condition)(void *arg), void *arg,
               uint64_t deadline_ns)
{
    return wait_in_queue(q, condition, arg, deadline_ns, false);
}

int waitq_wait_killable(struct waitq *q, bool (*condition)(void *arg),
                        void *arg, uint64_t deadline_ns)
{
    return wait_in_queue(q, condition, arg, deadline_ns, true);
}
