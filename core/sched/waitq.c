/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/waitq.c - contract in waitq.h.
 */
#include "core/sched/waitq.h"

#include "core/abi/errno.h"
#include "core/sched/sched_impl.h"
#include "core/sched/thread.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "core/sync/rcu.h"
#include "hal/clock.h"

static const struct lock_class waitq_class = {"waitq", LOCK_RANK_WAITQ};

void waitq_init(struct waitq *q)
{
    spin_init(&q->lock, &waitq_class);
    q->count = 0;
    list_init(&q->waiters);
    list_init(&q->exclusive);
}

/* --- waiters -------------------------------------------------------------- */

void waiter_init(struct waiter *waiter, unsigned interest, waiter_fn *wake,
                 void *arg)
{
    *waiter = (struct waiter){.interest = interest, .wake = wake, .arg = arg};
    list_init(&waiter->link);
}

/* Hangs waiter before node at, or first of those that are not exclusive. */
static void hang(struct waitq *q, struct waiter *waiter, struct list *at)
{
    unsigned saved = spin_lock_irq(&q->lock);

    ASSERT(waiter->queue == NULL);
    waiter->queue = q;
    __atomic_fetch_add(&q->count, 1, __ATOMIC_SEQ_CST);
    list_insert_before(at == NULL ? q->waiters.next : at, &waiter->link);
    spin_unlock_irq(&q->lock, saved);
}

void waitq_add(struct waitq *q, struct waiter *waiter)
{
    hang(q, waiter, waiter->is_exclusive ? &q->exclusive : NULL);
}

void waitq_remove(struct waiter *waiter)
{
    struct waitq *q = waiter->queue;
    unsigned saved;

    if (q == NULL)
        return;
    saved = spin_lock_irq(&q->lock);
    list_remove(&waiter->link);
    __atomic_fetch_sub(&q->count, 1, __ATOMIC_RELAXED);
    waiter->queue = NULL;
    spin_unlock_irq(&q->lock, saved);
}

/* --- waking --------------------------------------------------------------- */

void wait_relay_init(struct wait_relay *relay, unsigned events)
{
    *relay = (struct wait_relay){.events = events};
    waitq_init(&relay->queue);
}

/* Who finds the relay pending leaves it to another wake, which has not begun to
 * wake it and so will tell of this event too. */
void wake_later(struct wake *wake, struct wait_relay *relay)
{
    if (!waitq_is_watched(&relay->queue) ||
        __atomic_exchange_n(&relay->is_pending, true, __ATOMIC_SEQ_CST))
        return;
    relay->next = wake->later;
    wake->later = relay;
}

static void call_waiters(struct waitq *q, struct wake *wake, bool everyone)
    REQUIRES(q->lock)
{
    list_for_each_safe(node, &q->waiters)
    {
        struct waiter *waiter = list_entry(node, struct waiter, link);

        if ((waiter->interest & wake->events) != 0)
            (void)waiter->wake(waiter, wake);
    }
    list_for_each_safe(node, &q->exclusive)
    {
        struct waiter *waiter = list_entry(node, struct waiter, link);

        if ((waiter->interest & wake->events) != 0 &&
            waiter->wake(waiter, wake) && !everyone)
            break;
    }
}

/* A relay is woken when no queue's lock is held, so there is no order among
 * queues; its own waiters may put off others. */
static SELDOM void wake_relays(struct wake *wake)
{
    while (wake->later != NULL) {
        struct wait_relay *relay = wake->later;
        unsigned saved;

        wake->later = relay->next;
        wake->events = relay->events;
        (void)__atomic_exchange_n(&relay->is_pending, false, __ATOMIC_SEQ_CST);
        saved = spin_lock_irq(&relay->queue.lock);
        call_waiters(&relay->queue, wake, false);
        spin_unlock_irq(&relay->queue.lock, saved);
    }
}

static void wake_queue(struct waitq *q, unsigned events, bool everyone)
{
    struct wake wake = {.events = events};
    unsigned saved;

    rcu_read_lock(); /* relays that are put off stay */
    saved = spin_lock_irq(&q->lock);
    call_waiters(q, &wake, everyone);
    spin_unlock_irq(&q->lock, saved);
    if (wake.later != NULL)
        wake_relays(&wake);
    rcu_read_unlock();
}

void waitq_wake(struct waitq *q, unsigned events)
{
    wake_queue(q, events, false);
}

void waitq_wake_all(struct waitq *q)
{
    wake_queue(q, WAKE_ANY, true);
}

/* --- waiting -------------------------------------------------------------- */

static void wake_thread(void *arg)
{
    (void)thread_wake(arg);
}

static bool wake_waiting(struct waiter *waiter, struct wake *wake)
{
    (void)wake;
    return thread_wake(waiter->arg);
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

static int wait_with_timer(struct thread *self, const struct wait *wait)
{
    struct timer timer;
    int result;

    ASSERT(!cpu_is_atomic());
    if (wait->deadline_ns == WAIT_FOREVER)
        return wait_on(self, wait);
    timer_init(&timer, wake_thread, self);
    timer_arm(&timer, wait->deadline_ns);
    result = wait_on(self, wait);
    (void)timer_cancel(&timer);
    return result;
}

static int wait_in_queue(struct waitq *q, const struct wait *wait)
{
    struct thread *self = thread_current();
    struct waiter waiter;
    int result;

    waiter_init(&waiter, WAKE_ANY, wake_waiting, self);
    hang(q, &waiter, &q->waiters); /* last: who came first goes first */
    result = wait_with_timer(self, wait);
    waitq_remove(&waiter);
    return result;
}

/* Waits for what no signal ends; one that kills may. */
static int wait_deaf(struct waitq *q, const struct wait *wait)
{
    struct thread *self = thread_current();
    int result;

    sched_set_deaf(self, true);
    result = wait_in_queue(q, wait);
    sched_set_deaf(self, false);
    return result;
}

int waitq_wait(struct waitq *q, bool (*condition)(void *arg), void *arg,
               uint64_t deadline_ns)
{
    struct wait wait = {condition, arg, deadline_ns, 0};

    return wait_deaf(q, &wait);
}

int waitq_wait_killable(struct waitq *q, bool (*condition)(void *arg),
                        void *arg, uint64_t deadline_ns)
{
    struct wait wait = {condition, arg, deadline_ns, THREAD_WORK_EXIT};

    return wait_deaf(q, &wait);
}

int waitq_wait_stopped(struct waitq *q, bool (*condition)(void *arg), void *arg,
                       uint64_t deadline_ns)
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

    return wait_with_timer(thread_current(), &wait);
}

/* --- waiting in many places ----------------------------------------------- */

void wait_set_init(struct wait_set *set)
{
    set->thread = thread_current();
    set->is_told = false;
}

/* Only the first wake after a reset has somebody to wake. */
static bool tell_set(struct waiter *waiter, struct wake *wake)
{
    struct wait_set *set = waiter->arg;

    (void)wake;
    if (!__atomic_exchange_n(&set->is_told, true, __ATOMIC_SEQ_CST))
        (void)thread_wake(set->thread);
    return true;
}

void wait_set_waiter(struct wait_set *set, struct waiter *waiter,
                     unsigned interest)
{
    waiter_init(waiter, interest, tell_set, set);
}

static bool is_told(void *arg)
{
    const struct wait_set *set = arg;

    return __atomic_load_n(&set->is_told, __ATOMIC_SEQ_CST);
}

int wait_set_sleep(struct wait_set *set, uint64_t deadline_ns)
{
    return wait_interruptible(is_told, set, deadline_ns);
}
