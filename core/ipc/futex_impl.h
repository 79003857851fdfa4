/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex_impl.h - keys, buckets and waiters, for the files futex*.c.
 */
#ifndef CORE_IPC_FUTEX_IMPL_H
#define CORE_IPC_FUTEX_IMPL_H

#include "core/base/list.h"
#include "core/ipc/futex.h"
#include "core/sched/lend.h"
#include "core/sync/spinlock.h"

struct thread;
struct vm_object;

/* Which word. Those of no object are told apart by how they were named, as on
 * Linux: a private wait is not seen by a shared wake. */
struct futex_key {
    struct aspace *as;        /* NULL: of an object */
    struct vm_object *object; /* a reference of the key's holder; or NULL */
    uint64_t page;            /* of the address space or the object */
    uint32_t offset;          /* in the page */
    bool is_private;
};

struct futex_bucket {
    struct spinlock lock;
    struct list waiters GUARDED_BY(lock);
};

/* One thread waiting for one word; on its stack, or in its array. */
struct futex_waiter {
    struct list link;            /* bucket->waiters; its lock */
    struct futex_bucket *bucket; /* atomic; written under its lock, and the
                                    new one's */
    struct futex_key key;        /* bucket's lock */
    struct thread *thread;       /* const */
    uint32_t bits;               /* const */
    uint32_t tid;                /* const; waits to own the word; 0: not PI */
    uint32_t dead;               /* the owner that ended while it waited; own */
    const struct futex_key *target; /* where it is to be moved; NULL: nowhere.
                                       Lock */
    struct lend lend;               /* PI: to the owner */
    bool is_moved;                  /* key has a reference of its own; lock */
    bool is_woken;                  /* atomic */
};

C_DECLS_BEGIN

/* 0, -EINVAL (unaligned), -EFAULT. The caller gives it to key_put(). */
MUST_USE int futex_key_get(const struct futex_word *word, unsigned access,
                           struct futex_key *out);
void futex_key_put(struct futex_key *key);
bool futex_key_equal(const struct futex_key *a, const struct futex_key *b);
struct futex_bucket *futex_bucket_of(const struct futex_key *key);

/* Both locks, in order; they may be one. */
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
    ACQUIRES(a->lock, b->lock);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
    RELEASES(a->lock, b->lock);

/* Reads or swaps the word with faults off; -EFAULT: bring it in. */
MUST_USE int futex_bring_in(const struct futex_word *word, unsigned access);

/* Puts a waiter for key on its bucket, whose lock is held. */
void futex_enqueue(struct futex_waiter *waiter, struct futex_bucket *bucket,
                   const struct futex_key *key);

/* Takes a waiter off, whose bucket's lock is held, and wakes it. */
void futex_release(struct futex_waiter *waiter);

/* Takes the caller's own waiter off, wherever it is now; true: it had been
 * woken. */
bool futex_dequeue(struct futex_waiter *waiter);

/* Sleeps until waiter was woken, or the owner it lends to has ended: 0,
 * -ETIMEDOUT, -EINTR. */
MUST_USE int futex_sleep(struct futex_waiter *waiter, uint64_t deadline_ns);

/* Enters waiter while the word holds value: 0, -EAGAIN, -EFAULT. */
MUST_USE int futex_enqueue_word(struct futex_waiter *waiter,
                                const struct futex_word *word,
                                const struct futex_key *key, uint32_t value);

/* Gives the PI word that tid owns to the next, with bits added: 0, -EPERM (it
 * is another's), -EFAULT, -EINVAL. */
MUST_USE int futex_hand_over(const struct futex_word *word, uint32_t tid,
                             uint32_t bits);

/* FUTEX_WAKE of a key: how many, or -EINVAL. */
MUST_USE int futex_wake_key(const struct futex_key *key, uint32_t count,
                            uint32_t bits);

C_DECLS_END

#endif /* CORE_IPC_FUTEX_IMPL_H */
