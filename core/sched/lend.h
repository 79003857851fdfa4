/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/lend.h - lending priority: who waits for a thread lends it his
 * real-time priority, and what others lend him, until he waits no more
 * (priority inheritance, futex(2)). Fair threads lend nothing.
 *
 * Lifetime: a struct lend is on the stack of the thread that waits, who ends it
 * before he goes on. The thread it leads to may end: its lenders are orphans
 * then, and woken. Locking: one spinlock for all (rank LOCK_RANK_LEND); only
 * contended locks come here.
 */
#ifndef CORE_SCHED_LEND_H
#define CORE_SCHED_LEND_H

#include "core/base/list.h"

struct thread;

struct lend {
    struct list link;      /* to->lenders; all: the lend lock */
    struct thread *lender; /* const while it lends */
    struct thread *to;     /* NULL: to nobody */
    bool is_orphan;        /* atomic; `to` ended */
};

C_DECLS_BEGIN

/* Nobody's yet. */
void lend_init(struct lend *lend);

/*
 * lender, who lends to nobody, waits for `to` from now on. 0; -EDEADLK: that
 * one waits for him; -ESRCH: that one ended (lend_close()). Any context but
 * interrupts.
 */
MUST_USE int lend_begin(struct lend *lend, struct thread *lender,
                        struct thread *to);

/* He waits for another instead; without one he is an orphan. A lend to nobody
 * stays one. */
void lend_pass(struct lend *lend, struct thread *to);

/* He waits no more, if he did. */
void lend_end(struct lend *lend);

static inline bool lend_is_orphan(const struct lend *lend)
{
    return __atomic_load_n(&lend->is_orphan, __ATOMIC_ACQUIRE);
}

/* thread, the caller, will never give back what others wait for: makes them
 * orphans. lend_open() lets others lend to it again. */
void lend_close(struct thread *thread);
void lend_open(struct thread *thread);

/* The lender's own priority changed. */
void lend_changed(struct thread *lender);

C_DECLS_END

#endif /* CORE_SCHED_LEND_H */
