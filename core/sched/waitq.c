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

static bool has_work(const struct thread *self, unsigned bits)
{
    return (__atomic_load_n(&self->work, __ATOMIC_ACQUIRE) & bits) != 0;
}

/* What a thread waits for, and what else ends it. */
struct wait {
    bool (*condition)(void *arg);
    void *arg;
    uint64_t deadline_ns;
    unsigned heeds; /* THREAD_WORK_* */
};

/* Waits until one of the three ends; the waiter is on the queue throughout, so
 * a wake after the look at condition finds the thread prepared to wait. */
static int wait_on(struct thread *self, const struct wait *wait)
{
    int result = 0;

    for (;;) {
        thread_prepare_wait();
        if (wait->condition(wait->arg))
            break;
        if (has_work(self, wait->heeds)) {
            result = -EINTR;
            break;
        }
        if (wait->deadline_ns != WAIT_FOREVER &&
            hal_clock_now() >= wait->deadline_ns) {
            result = -ETIMEDOUT;
            break;
        }
        thread_wait();
    }
    (void)thread_wake(self);
    return result;
}

static int wait_with_timer(struct waiter *waiter, const struct wait *wait)
{
    struct timer timer;
    int result;

    if (wait->deadline_ns == WAIT_FOREVER)
        return wait_on(waiter->thread, wait);
    timer_init(&timer, wake_waiter, waiter);
    timer_arm(&timer, wait->deadline_ns);
    result = wait_on(waiter->thread, wait);
    (void)timer_cancel(&timer);
    return result;
}

static int wait_in_queue(struct waitq *q, const struct wait *wait)
{
    struct waiter waiter = {.thread = thread_current()};
    unsigned saved;
    int result;

    ASSERT(!cpu_is_atomic());
    list_init(&waiter.link);
    saved = spin_lock_irq(&q->lock);
    list_push_back(&q->waiters, &waiter.link);
    spin_unlock_irq(&q->lock, saved);
    result = wait_with_timer(&waiter, wait);
    saved = spin_lock_irq(&q->lock);
    list_remove(&waiter.link);
    spin_unlock_irq(&q->lock, saved);
    return result;
}

int waitq_wait(struct waitq *q, bool (*condition)(void *arg), void *arg,
               uint64_t deadline_ns)
{
    struct wait wait = {condition, arg, deadline_ns, 0};

    return wait_in_queue(q, &wait);
}

int waitq_wait_killable(struct waitq *q, bool (*condition)(void *arg),
                        void *arg, uint64_t deadline_ns)
{
    struct wait wait = {condition, arg, deadline_ns, THREAD_WORK_EXIT};

    return wait_in_queue(q, &wait);
}

int waitq_wait_interruptible(struct waitq *q, bool (*condition)(void *arg),
                             void *arg, uint64_t deadline_ns)
{
    struct wait wait = {condition, arg, deadline_ns,
                        THREAD_WORK_EXIT | THREAD_WORK_SIGNAL};

    return wait_in_queue(q, &wait);
}

int wait_interruptible(bool (*condition)(void *arg), void *arg,
                       uint64_t deadline_ns)
{
    struct wait wait = {condition, arg, deadline_ns,
                        THREAD_WORK_EXIT | THREAD_WORK_SIGNAL};
    struct waiter waiter = {.thread = thread_current()};

    ASSERT(!cpu_is_atomic());
    return wait_with_timer(&waiter, &wait);
}
