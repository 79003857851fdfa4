/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/ipc/futex.h - sleeping on a word of user memory (futex(2)).
 *
 * A key tells which word: a private one by address space and address, a shared
 * one by object and offset, wherever it is mapped. Who waits is on the hash
 * bucket of its key before the word is compared, and who wakes looks there
 * after he changed it, so no wake-up is lost. The word is read under the
 * bucket's lock with faults off; where that fails the page is brought in
 * without the lock and all begins again.
 *
 * Locking: one spinlock per bucket (rank LOCK_RANK_FUTEX); two are taken in the
 * order of the table.
 */
#ifndef CORE_IPC_FUTEX_H
#define CORE_IPC_FUTEX_H

#include "core/abi/futex.h"
#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct thread;

/* A word, and how it is named. */
struct futex_word {
    struct aspace *as; /* active on this CPU */
    uaddr_t addr;
    bool is_private;
};

/* A second word, and what happens to the waiters of both. */
struct futex_move {
    struct futex_word from, to;
    uint32_t wake;          /* of from, at most */
    uint32_t move;          /* to `to`, at most; WAKE_OP: wake of to */
    const uint32_t *expect; /* what from must hold; NULL: anything */
};

C_DECLS_BEGIN

/* Once. */
void futex_init_all(void);

/*
 * Sleeps while the word holds value, until a wake whose bits meet those of
 * bits. 0; -EAGAIN (it holds something else), -ETIMEDOUT, -EINTR, -EFAULT,
 * -EINVAL (unaligned address, bits 0). May sleep, as all here.
 */
MUST_USE int futex_wait(const struct futex_word *word, uint32_t value,
                        uint32_t bits, uint64_t deadline_ns);

/* Wakes at most count waiters whose bits meet; how many, or -EFAULT, -EINVAL
 * (bits 0; a waiter for a PI futex: so do the next two). */
MUST_USE int futex_wake(const struct futex_word *word, uint32_t count,
                        uint32_t bits);

/* FUTEX_REQUEUE and FUTEX_CMP_REQUEUE: how many were woken and moved; -EAGAIN
 * (the word holds something else), -EFAULT, -EINVAL. */
MUST_USE int futex_requeue(const struct futex_move *move);

/* FUTEX_WAKE_OP: op is its val3. How many were woken; -EFAULT, -EINVAL,
 * -ENOSYS (no such comparison or operation). */
MUST_USE int futex_wake_op(const struct futex_move *move, uint32_t op);

/* futex_waitv(2): sleeps on all of count words, 1..LX_FUTEX_WAITV_MAX, while
 * each holds its value. The index of one that was woken, or as futex_wait(). */
MUST_USE int futex_wait_many(const struct futex_word *words,
                             const uint32_t *values, unsigned count,
                             uint64_t deadline_ns);

/* The caller as user space knows it, and the thread, with a reference, that it
 * knows as tid (NULL: none). */
struct futex_self {
    uint32_t tid;
    struct thread *(*find)(uint32_t tid);
};

/*
 * FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI and FUTEX_UNLOCK_PI. While a thread waits, it
 * lends its priority to the owner (core/sched/lend.h), who hands over to the
 * waiter of the highest, the longest among equals. Where the owner ends
 * without, a waiter takes the word with LX_FUTEX_OWNER_DIED. lock: 0, -EDEADLK
 * (the caller has it, or who has it waits for the caller), -EAGAIN (try:
 * another has it), -ESRCH (nobody is called what the word says), -ETIMEDOUT,
 * -EINTR, -EFAULT, -EINVAL. unlock: 0, -EPERM, -EFAULT, -EINVAL.
 */
MUST_USE int futex_lock_pi(const struct futex_word *word,
                           const struct futex_self *self, bool is_try,
                           uint64_t deadline_ns);
MUST_USE int futex_unlock_pi(const struct futex_word *word, uint32_t tid);

/*
 * FUTEX_WAIT_REQUEUE_PI: waits on word while it holds value, is moved to the PI
 * futex `to` by the next call, and returns 0 when it owns that. -EAGAIN (word
 * holds something else, or a signal came after the move), -EINTR (before it),
 * -ETIMEDOUT, -EDEADLK, -ESRCH, -EFAULT, -EINVAL.
 */
MUST_USE int futex_wait_requeue_pi(const struct futex_word *word,
                                   uint32_t value, const struct futex_word *to,
                                   const struct futex_self *self,
                                   uint64_t deadline_ns);

/*
 * FUTEX_CMP_REQUEUE_PI: the best waiter of move->from gets move->to if that is
 * free; it, where not, and move->move others will wait for it. How many went
 * on or were moved; -EAGAIN, -EFAULT; -EINVAL: a waiter that does not expect
 * this; -EDEADLK: it owns the word; -ESRCH.
 */
MUST_USE int futex_requeue_pi(const struct futex_move *move,
                              const struct futex_self *self);

/* A thread tid ends: marks the futexes of its robust list
 * (set_robust_list(2)) as ownerless and wakes a waiter of each. */
void futex_exit_robust(struct aspace *as, uaddr_t head, uint32_t tid);

/* And of its clear_child_tid (set_tid_address(2)): the word becomes 0. */
void futex_exit_clear(struct aspace *as, uaddr_t addr);

C_DECLS_END

#endif /* CORE_IPC_FUTEX_H */
