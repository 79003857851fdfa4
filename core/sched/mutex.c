/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/mutex.c - contract in mutex.h.
 *
 * The owner word is the lock; who finds it taken waits for it to be free and
 * tries again. No hand-over, so a waiter may be overtaken. Who waits counts
 * itself before it tries again, and who unlocks frees before it looks at the
 * count: two seq_cst read-modify-writes, so one of them sees the other.
 */
#include "core/sched/mutex.h"

#include "core/sched/thread.h"
#include "core/sync/lockdep.h"
#include "core/sync/percpu.h"
#include "hal/check.h"

void mutex_init(struct mutex *m, const struct lock_class *class_of)
{
    lockdep_check_class(class_of);
    m->class_of = class_of;
    m->owner = NULL;
    m->waiting = 0;
    waitq_init(&m->waiters);
}

static bool try_lock(void *arg)
{
    struct mutex *m = arg;
    struct thread *nobody = NULL;

    return __atomic_compare_exchange_n(&m->owner, &nobody, thread_current(),
                                       false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

static void check_take(const struct mutex *m, bool is_nested)
{
    ASSERT(!mutex_is_held(m));
    if (CHECKED) {
        lockdep_check_take(&thread_current()->held, m->class_of, is_nested);
        hal_check_point();
    }
    ASSERT(!cpu_is_atomic());
}

static int wait_and_lock(struct mutex *m, bool killable)
{
    int error;

    __atomic_fetch_add(&m->waiting, 1, __ATOMIC_SEQ_CST);
    error = killable
                ? waitq_wait_killable(&m->waiters, try_lock, m, WAIT_FOREVER)
                : waitq_wait(&m->waiters, try_lock, m, WAIT_FOREVER);
    __atomic_fetch_sub(&m->waiting, 1, __ATOMIC_RELAXED);
    return error;
}

static void note_take(struct mutex *m, const void *site)
{
    if (CHECKED)
        lockdep_note_take(&thread_current()->held, m, m->class_of, site);
}

void mutex_lock(struct mutex *m) NO_TSA
{
    check_take(m, false);
    if (!try_lock(m)) {
        int error = wait_and_lock(m, false);

        ASSERT(error == 0);
    }
    note_take(m, __builtin_return_address(0));
}

void mutex_lock_nested(struct mutex *m) NO_TSA
{
    check_take(m, true);
    if (!try_lock(m)) {
        int error = wait_and_lock(m, false);

        ASSERT(error == 0);
    }
    note_take(m, __builtin_return_address(0));
}

int mutex_lock_killable(struct mutex *m) NO_TSA
{
    check_take(m, false);
    if (!try_lock(m)) {
        int error = wait_and_lock(m, true);

        if (error != 0)
            return error;
    }
    note_take(m, __builtin_return_address(0));
    return 0;
}

void mutex_unlock(struct mutex *m) NO_TSA
{
    ASSERT(mutex_is_held(m));
    if (CHECKED)
        lockdep_note_give(&thread_current()->held, m);
    (void)__atomic_exchange_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&m->waiting, __ATOMIC_SEQ_CST) != 0)
        waitq_wake_all(&m->waiters);
    if (CHECKED)
        hal_check_point();
}

bool mutex_is_held(const struct mutex *m)
{
    return __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == thread_current();
}
