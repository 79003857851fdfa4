/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/lend.c - contract in lend.h.
 */
#include "core/sched/lend.h"

#include "core/abi/errno.h"
#include "core/sched/sched_impl.h"

enum { CHAIN_MAX = 1024 }; /* threads that wait for each other */

static const struct lock_class lend_class = {"lend", LOCK_RANK_LEND};

static struct spinlock lend_lock;

void lend_init_all(void)
{
    spin_init(&lend_lock, &lend_class);
}

void lend_init(struct lend *lend)
{
    *lend = (struct lend){0};
    list_init(&lend->link);
}

static unsigned best_of(const struct thread *thread) REQUIRES(lend_lock)
{
    unsigned best = 0;

    list_for_each(node, &thread->lenders)
    {
        struct lend *lend = list_entry(node, struct lend, link);
        unsigned level = thread_level(lend->lender);

        if (level > best)
            best = level;
    }
    return best;
}

/* Gives thread what its lenders have, and so on along the chain. */
static void lend_along(struct thread *thread) REQUIRES(lend_lock)
{
    for (unsigned i = 0; thread != NULL && i < CHAIN_MAX; i++) {
        if (!sched_set_lent(thread, best_of(thread)))
            return;
        thread = thread->waits != NULL ? thread->waits->to : NULL;
    }
}

/* Does `thread`, through those it waits for, wait for lender? */
static bool waits_for(const struct thread *thread, const struct thread *lender)
    REQUIRES(lend_lock)
{
    for (unsigned i = 0; thread != NULL; i++) {
        if (thread == lender || i == CHAIN_MAX)
            return true;
        thread = thread->waits != NULL ? thread->waits->to : NULL;
    }
    return false;
}

static void set_waits(struct thread *lender, struct lend *lend)
    REQUIRES(lend_lock)
{
    __atomic_store_n(&lender->waits, lend, __ATOMIC_RELAXED);
}

/* Enters lend with its goal; false: that has ended. */
static bool enter(struct lend *lend, struct thread *to) REQUIRES(lend_lock)
{
    __atomic_fetch_add(&to->lender_count, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&to->is_closed, __ATOMIC_SEQ_CST)) {
        __atomic_fetch_sub(&to->lender_count, 1, __ATOMIC_RELAXED);
        return false;
    }
    lend->to = to;
    list_push_back(&to->lenders, &lend->link);
    set_waits(lend->lender, lend);
    return true;
}

/* Takes lend off its goal, which is counted until it has what is left to it:
 * once it is counted no more it may end (lend_close()), and is not touched. */
static void leave(struct lend *lend) REQUIRES(lend_lock)
{
    struct thread *to = lend->to;

    lend->to = NULL;
    list_remove(&lend->link);
    set_waits(lend->lender, NULL);
    lend_along(to);
    __atomic_fetch_sub(&to->lender_count, 1, __ATOMIC_SEQ_CST);
}

static void make_orphan(struct lend *lend) REQUIRES(lend_lock)
{
    __atomic_store_n(&lend->is_orphan, true, __ATOMIC_RELEASE);
    (void)thread_wake(lend->lender);
}

int lend_begin(struct lend *lend, struct thread *lender, struct thread *to)
{
    int error = 0;

    spin_lock(&lend_lock);
    ASSERT(lend->to == NULL);
    lend->lender = lender;
    __atomic_store_n(&lend->is_orphan, false, __ATOMIC_RELAXED);
    if (waits_for(to, lender))
        error = -EDEADLK;
    else if (!enter(lend, to))
        error = -ESRCH;
    else
        lend_along(to);
    spin_unlock(&lend_lock);
    return error;
}

void lend_end(struct lend *lend)
{
    spin_lock(&lend_lock);
    if (lend->to != NULL)
        leave(lend);
    spin_unlock(&lend_lock);
}

void lend_pass(struct lend *lend, struct thread *to)
{
    spin_lock(&lend_lock);
    if (lend->to != NULL && lend->to != to) {
        leave(lend);
        if (enter(lend, to))
            lend_along(to);
        else
            make_orphan(lend);
    }
    spin_unlock(&lend_lock);
}

void lend_close(struct thread *thread)
{
    (void)__atomic_exchange_n(&thread->is_closed, true, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&thread->lender_count, __ATOMIC_SEQ_CST) == 0)
        return;
    spin_lock(&lend_lock);
    while (!list_is_empty(&thread->lenders)) {
        struct lend *lend = list_entry(thread->lenders.next, struct lend, link);

        leave(lend);
        make_orphan(lend);
    }
    spin_unlock(&lend_lock);
}

void lend_open(struct thread *thread)
{
    __atomic_store_n(&thread->is_closed, false, __ATOMIC_SEQ_CST);
}

void lend_changed(struct thread *lender)
{
    spin_lock(&lend_lock);
    if (lender->waits != NULL)
        lend_along(lender->waits->to);
    spin_unlock(&lend_lock);
}
