/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/waitq.h - waiting for a condition, and for events.
 *
 * Waiting takes its condition, so no wake-up can be lost: the caller is on the
 * queue before the condition is looked at, and who makes it true wakes after.
 *
 * What hangs in a queue is a waiter: a thread that waits here (waitq_wait()),
 * one that waits in many places (struct wait_set), or an object that wants to
 * be called (epoll(7)). A wake carries events, LX_POLL* bits of
 * core/abi/poll.h; it passes by a waiter whose interest has none of them.
 *
 * Lifetime: the queue's owner outlives its waiters. Locking: one irq-safe
 * spinlock per queue, under which waiters are called; of what they may take,
 * LOCK_RANK_EVENTS is the outermost. A waiter that has to wake another queue
 * from there puts it off (struct wait_relay).
 */
#ifndef CORE_SCHED_WAITQ_H
#define CORE_SCHED_WAITQ_H

#include "core/base/list.h"
#include "core/sync/spinlock.h"

struct thread;
struct wait_relay;
struct waiter;

struct waitq {
    struct spinlock lock;
    unsigned count; /* of waiters; atomic, written under lock */
    struct list waiters GUARDED_BY(lock);   /* those of waitq_add() first,
                                               the latest before others */
    struct list exclusive GUARDED_BY(lock); /* in order of arrival */
};

/* One wake. */
struct wake {
    unsigned events;
    struct wait_relay *later; /* to be woken after it; wake_later() */
};

/*
 * Called under the queue's lock, interrupts off. Returns whether somebody took
 * notice: where the waiter is exclusive, no other exclusive one is called.
 */
typedef bool waiter_fn(struct waiter *waiter, struct wake *wake);

struct waiter {
    struct list link;    /* the queue's lock */
    struct waitq *queue; /* the one it hangs in, or NULL; its owner's */
    unsigned interest;   /* const while it hangs there */
    bool is_exclusive;   /* the same */
    waiter_fn *wake;     /* the same */
    void *arg;           /* of whoever set wake */
};

/* A queue that waiters of other queues wake. Its memory is freed by RCU. */
struct wait_relay {
    struct waitq queue;
    unsigned events;         /* to wake it with; const */
    bool is_pending;         /* on a list of those to be woken; atomic */
    struct wait_relay *next; /* of the list; of who made it pending */
};

#define WAIT_FOREVER UINT64_MAX

/* All events. */
#define WAKE_ANY     UINT32_MAX

C_DECLS_BEGIN

void waitq_init(struct waitq *q);

/*
 * Sleeps until condition(arg) is true: 0; or until deadline_ns has passed:
 * -ETIMEDOUT; or, when killable, until the thread has THREAD_WORK_EXIT:
 * -EINTR. Not atomic. condition runs in the caller, may be called often, and
 * must not sleep.
 */
MUST_USE int waitq_wait(struct waitq *q, bool (*condition)(void *arg),
                        void *arg, uint64_t deadline_ns);
MUST_USE int waitq_wait_killable(struct waitq *q, bool (*condition)(void *arg),
                                 void *arg, uint64_t deadline_ns);

/* As the killable one, for a thread that a signal has stopped: in the others it
 * would count as load (core/sched/load.h). */
MUST_USE int waitq_wait_stopped(struct waitq *q, bool (*condition)(void *arg),
                                void *arg, uint64_t deadline_ns);

/* The same, and -EINTR also when it has THREAD_WORK_SIGNAL. */
MUST_USE int waitq_wait_interruptible(struct waitq *q,
                                      bool (*condition)(void *arg), void *arg,
                                      uint64_t deadline_ns);

/* The same without a queue: whoever makes condition true calls thread_wake() on
 * the caller's thread afterwards. */
MUST_USE int wait_interruptible(bool (*condition)(void *arg), void *arg,
                                uint64_t deadline_ns);

/* Makes all waiters look at their conditions again. Any context. */
void waitq_wake_all(struct waitq *q);

/* Wakes those that are interested in events: all that are not exclusive, and
 * the first exclusive one that takes notice. Any context. */
void waitq_wake(struct waitq *q, unsigned events);

/* Does anybody wait? For who holds the lock under which waiters look at their
 * condition. */
static inline bool waitq_has_waiters(const struct waitq *q)
{
    return __atomic_load_n(&q->count, __ATOMIC_RELAXED) != 0;
}

/* The same for who has made the condition true without such a lock: that comes
 * before this look. */
static inline bool waitq_is_watched(struct waitq *q)
{
    return __atomic_fetch_add(&q->count, 0, __ATOMIC_SEQ_CST) != 0;
}

/* --- waiters of one's own ------------------------------------------------- */

/* A waiter that hangs nowhere, not exclusive. */
void waiter_init(struct waiter *waiter, unsigned interest, waiter_fn *wake,
                 void *arg);

/* Hangs it in q, whose wakes it gets from now on; a seq_cst read-modify-write.
 * Any context. */
void waitq_add(struct waitq *q, struct waiter *waiter);

/* Takes it out of its queue, if it is in one; when this returns, wake is not
 * running and will not be called. Not from wake. Any other context. */
void waitq_remove(struct waiter *waiter);

/* For a waiter's wake, after what it does: has relay woken once the wake that
 * it is called for is over. */
void wake_later(struct wake *wake, struct wait_relay *relay);

void wait_relay_init(struct wait_relay *relay, unsigned events);

/* --- waiting in many places ----------------------------------------------- */

/* The running thread, and whether one of its waiters was woken. On its stack.
 */
struct wait_set {
    struct thread *thread;
    bool is_told; /* atomic */
};

void wait_set_init(struct wait_set *set);

/* Makes waiter one of set's, to be hung where the caller wants. */
void wait_set_waiter(struct wait_set *set, struct waiter *waiter,
                     unsigned interest);

/* Forgets the wakes so far: what they told of is looked at next. */
static inline void wait_set_reset(struct wait_set *set)
{
    (void)__atomic_exchange_n(&set->is_told, false, __ATOMIC_SEQ_CST);
}

/* Sleeps until there was a wake since wait_set_reset(): 0; or -ETIMEDOUT,
 * -EINTR as waitq_wait_interruptible(). Not atomic. */
MUST_USE int wait_set_sleep(struct wait_set *set, uint64_t deadline_ns);

C_DECLS_END

#endif /* CORE_SCHED_WAITQ_H */
