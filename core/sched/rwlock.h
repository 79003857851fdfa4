/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/rwlock.h - a lock for many readers or one writer, whose waiters
 * sleep.
 *
 * Once a writer waits, no reader gets in before it, so readers that come and
 * go do not starve writers. A thread that reads must not read again: a writer
 * in between would wait for it, and it for the writer (lockdep: equal rank).
 */
#ifndef CORE_SCHED_RWLOCK_H
#define CORE_SCHED_RWLOCK_H

#include "core/sched/waitq.h"

struct thread;

struct CAPABILITY("rwlock") rwlock {
    const struct lock_class *class_of;
    unsigned readers;      /* atomic; RWLOCK_WRITER: held for writing */
    unsigned writers;      /* that hold it or wait for it; atomic */
    unsigned waiting;      /* threads that may sleep for it; atomic */
    struct thread *writer; /* who holds it for writing; atomic */
    struct waitq waiters;
};

enum { RWLOCK_WRITER = 0x40000000 };

C_DECLS_BEGIN

/* Of a class below LOCK_RANK_PROCESS. */
void rwlock_init(struct rwlock *lock, const struct lock_class *class_of);

/* Sleep until it is to be had. Not atomic, not recursive (asserted where known:
 * by checked builds); checked builds look at ranks (core/sync/lockdep.h). */
void rwlock_read_lock(struct rwlock *lock) ACQUIRES_SHARED(*lock);
void rwlock_write_lock(struct rwlock *lock) ACQUIRES(*lock);

/* The same; return 0, or -EINTR, not holding it, when the caller is being
 * killed. */
MUST_USE int rwlock_read_lock_killable(struct rwlock *lock)
    TRY_ACQUIRES_SHARED(*lock);
MUST_USE int rwlock_write_lock_killable(struct rwlock *lock)
    TRY_ACQUIRES(*lock);

void rwlock_read_unlock(struct rwlock *lock) RELEASES_SHARED(*lock);
void rwlock_write_unlock(struct rwlock *lock) RELEASES(*lock);

/* Is it held: by the running thread for writing; by anyone for reading (by the
 * running thread, in checked builds)? For assertions. */
bool rwlock_is_writing(const struct rwlock *lock);
bool rwlock_is_reading(const struct rwlock *lock);

C_DECLS_END

#endif /* CORE_SCHED_RWLOCK_H */
