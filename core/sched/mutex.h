/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/mutex.h - a lock whose waiters sleep.
 */
#ifndef CORE_SCHED_MUTEX_H
#define CORE_SCHED_MUTEX_H

#include "core/sched/waitq.h"

struct thread;

struct CAPABILITY("mutex") mutex {
    const struct lock_class *class_of;
    struct thread *owner; /* atomic; NULL when free */
    unsigned waiting;     /* threads that may sleep for it; atomic */
    struct waitq waiters;
};

C_DECLS_BEGIN

/* Of a class below LOCK_RANK_PROCESS. */
void mutex_init(struct mutex *m, const struct lock_class *class_of);

/* Sleeps until it is free. Not atomic, not recursive (both asserted); checked
 * builds look at ranks (core/sync/lockdep.h). */
void mutex_lock(struct mutex *m) ACQUIRES(*m);

/* The same while locks of its class are held: the caller keeps an order among
 * them that all do. */
void mutex_lock_nested(struct mutex *m) ACQUIRES(*m);

/* Returns 0, or -EINTR, not holding it, when the caller is being killed. */
MUST_USE int mutex_lock_killable(struct mutex *m) TRY_ACQUIRES(*m);

void mutex_unlock(struct mutex *m) RELEASES(*m);

/* Does the running thread hold it? For assertions. */
bool mutex_is_held(const struct mutex *m);

C_DECLS_END

#endif /* CORE_SCHED_MUTEX_H */
