/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/mutex.c - contract in mutex.h.
 *
 * The owner word is the lock; who finds it taken waits for it to be free and
 * tries again. No hand-over, so a waiter may be overtaken.
 */
#include "core/sched/mutex.h"

#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "hal/check.h"

void mutex_init(struct mutex *m, const struct lock_class *class_of)
{
    m->class_of = class_of;
    m->owner = NULL;
    waitq_init(&m->waiters);
}

static bool try_lock(struct mutex *m)
{
    struct thread *nobody = NULL;

    return __atomic_compare_exchange_n(&m->owner, &nobody, thread_current(),
                                       false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

static bool is_free(void *arg)
{
    struct mutex *m = arg;

    return __atomic_load_n(&m->owner, __ATOMIC_SEQ_CST) == NULL;
}

void mutex_lock(struct mutex *m) NO_TSA
{
    ASSERT(!cpu_is_atomic());
    ASSERT(!mutex_is_held(m));
    hal_check_point();
    while (!try_lock(m)) {
        int error = waitq_wait(&m->waiters, is_free, m, WAIT_FOREVER);

        ASSERT(error == 0);
    }
}

int mutex_lock_killable(struct mutex *m) NO_TSA
{
    ASSERT(!cpu_is_atomic());
    ASSERT(!mutex_is_held(m));
    hal_check_point();
    while (!try_lock(m)) {
        int error = waitq_wait_killable(&m->waiters, is_free, m, WAIT_FOREVER);

        if (error != 0)
            return error;
    }
    return 0;
}

void mutex_unlock(struct mutex *m) NO_TSA
{
    ASSERT(mutex_is_held(m));
    __atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
    waitq_wake_all(&m->waiters);
    hal_check_point();
}

bool mutex_is_held(const struct mutex *m)
{
    return __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == thread_current();
}
