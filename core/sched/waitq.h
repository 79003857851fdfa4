/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/waitq.h - waiting for a condition.
 *
 * Waiting takes its condition, so no wake-up can be lost: the caller is on the
 * queue before the condition is looked at, and who makes it true wakes after.
 * The queue's owner outlives its waiters.
 */
#ifndef CORE_SCHED_WAITQ_H
#define CORE_SCHED_WAITQ_H

#include "core/base/list.h"
#include "core/sync/spinlock.h"

struct waitq {
    struct spinlock lock;
    struct list waiters GUARDED_BY(lock);
};

#define WAIT_FOREVER UINT64_MAX

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

/* Makes all waiters look at their conditions again. Any context. */
void waitq_wake_all(struct waitq *q);

C_DECLS_END

#endif /* CORE_SCHED_WAITQ_H */
