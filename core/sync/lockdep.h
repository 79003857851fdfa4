/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/lockdep.h - finding misuse of locks that sleep, in checked builds.
 *
 * Each thread keeps the sleeping locks it holds. One may be taken only while
 * all of those have lower ranks, never where the caller is pinned, in an
 * interrupt or has interrupts off, and none is held in user mode or at the end
 * of a thread. What is wrong panics, whether or not it would have deadlocked.
 * Spinlocks are checked in core/sync/spinlock.c; they pin.
 *
 * A thread's list is touched by that thread alone. Calls are guarded by
 * `if (CHECKED)` at the caller's.
 */
#ifndef CORE_SYNC_LOCKDEP_H
#define CORE_SYNC_LOCKDEP_H

#include "core/sync/spinlock.h"

enum { LOCKDEP_HELD_MAX = CHECKED ? 8 : 1 };

struct lockdep_entry {
    const void *lock;
    const struct lock_class *class_of;
    const void *site; /* where it was taken */
};

/* The sleeping locks that a thread holds; zero is none. */
struct lockdep_held {
    unsigned count;
    struct lockdep_entry at[LOCKDEP_HELD_MAX];
};

C_DECLS_BEGIN

/* Asserts that class_of is one of a sleeping lock. In all builds. */
void lockdep_check_class(const struct lock_class *class_of);

/* The caller is about to take a lock of this class, and may have to sleep; with
 * is_nested also while others of the class are held. */
void lockdep_check_take(const struct lockdep_held *held,
                        const struct lock_class *class_of, bool is_nested);

/* It has it now, taken at site; or gives it back. */
void lockdep_note_take(struct lockdep_held *held, const void *lock,
                       const struct lock_class *class_of, const void *site);
void lockdep_note_give(struct lockdep_held *held, const void *lock);

bool lockdep_holds(const struct lockdep_held *held, const void *lock);

/* Panics when a lock is held; where says at which point that is wrong. */
void lockdep_check_none(const struct lockdep_held *held, const char *where);

C_DECLS_END

#endif /* CORE_SYNC_LOCKDEP_H */
