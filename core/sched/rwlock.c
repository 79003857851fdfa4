/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/rwlock.c - contract in rwlock.h.
 *
 * As in mutex.c, who waits counts itself before it tries again, and who
 * unlocks frees before it looks at the count.
 */
#include "core/sched/rwlock.h"

#include "core/sched/thread.h"
#include "core/sync/lockdep.h"
#include "core/sync/percpu.h"
#include "hal/check.h"

void rwlock_init(struct rwlock *lock, const struct lock_class *class_of)
{
    lockdep_check_class(class_of);
    lock->class_of = class_of;
    lock->readers = 0;
    lock->writers = 0;
    lock->waiting = 0;
    lock->writer = NULL;
    waitq_init(&lock->waiters);
}

static bool try_read(void *arg)
{
    struct rwlock *lock = arg;
    unsigned readers = __atomic_load_n(&lock->readers, __ATOMIC_SEQ_CST);

    do {
        if (readers >= RWLOCK_WRITER ||
            __atomic_load_n(&lock->writers, __ATOMIC_SEQ_CST) > 0)
            return false;
        ASSERT(readers + 1 < RWLOCK_WRITER);
    } while (!__atomic_compare_exchange_n(&lock->readers, &readers, readers + 1,
                                          true, __ATOMIC_SEQ_CST,
                                          __ATOMIC_SEQ_CST));
    return true;
}

static bool try_write(void *arg)
{
    struct rwlock *lock = arg;
    unsigned none = 0;

    return __atomic_compare_exchange_n(&lock->readers, &none, RWLOCK_WRITER,
                                       false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

static void wake_waiters(struct rwlock *lock)
{
    if (__atomic_load_n(&lock->waiting, __ATOMIC_SEQ_CST) != 0)
        waitq_wake_all(&lock->waiters);
}

static void check_take(const struct rwlock *lock)
{
    ASSERT(!rwlock_is_writing(lock));
    if (CHECKED) {
        lockdep_check_take(&thread_current()->held, lock->class_of, false);
        hal_check_point();
    }
    ASSERT(!cpu_is_atomic());
}

static void note_take(struct rwlock *lock, const void *site)
{
    if (CHECKED)
        lockdep_note_take(&thread_current()->held, lock, lock->class_of, site);
}

static void note_give(struct rwlock *lock)
{
    if (CHECKED)
        lockdep_note_give(&thread_current()->held, lock);
}

static int wait_until(struct rwlock *lock, bool (*try_it)(void *arg),
                      bool killable)
{
    int error;

    __atomic_fetch_add(&lock->waiting, 1, __ATOMIC_SEQ_CST);
    error = killable ? waitq_wait_killable(&lock->waiters, try_it, lock,
                                           WAIT_FOREVER)
                     : waitq_wait(&lock->waiters, try_it, lock, WAIT_FOREVER);
    __atomic_fetch_sub(&lock->waiting, 1, __ATOMIC_RELAXED);
    return error;
}

static int lock_reading(struct rwlock *lock, bool killable, const void *site)
{
    check_take(lock);
    if (!try_read(lock)) {
        int error = wait_until(lock, try_read, killable);

        if (error != 0)
            return error;
    }
    note_take(lock, site);
    return 0;
}

static int lock_writing(struct rwlock *lock, bool killable, const void *site)
{
    check_take(lock);
    __atomic_fetch_add(&lock->writers, 1, __ATOMIC_SEQ_CST);
    if (!try_write(lock)) {
        int error = wait_until(lock, try_write, killable);

        if (error != 0) {
            /* Readers may have waited for this writer alone. */
            __atomic_fetch_sub(&lock->writers, 1, __ATOMIC_SEQ_CST);
            wake_waiters(lock);
            return error;
        }
    }
    __atomic_store_n(&lock->writer, thread_current(), __ATOMIC_RELAXED);
    note_take(lock, site);
    return 0;
}

void rwlock_read_lock(struct rwlock *lock) NO_TSA
{
    int error = lock_reading(lock, false, __builtin_return_address(0));

    ASSERT(error == 0);
}

int rwlock_read_lock_killable(struct rwlock *lock) NO_TSA
{
    return lock_reading(lock, true, __builtin_return_address(0));
}

void rwlock_write_lock(struct rwlock *lock) NO_TSA
{
    int error = lock_writing(lock, false, __builtin_return_address(0));

    ASSERT(error == 0);
}

int rwlock_write_lock_killable(struct rwlock *lock) NO_TSA
{
    return lock_writing(lock, true, __builtin_return_address(0));
}

void rwlock_read_unlock(struct rwlock *lock) NO_TSA
{
    unsigned before;

    ASSERT(rwlock_is_reading(lock));
    note_give(lock);
    before = __atomic_fetch_sub(&lock->readers, 1, __ATOMIC_SEQ_CST);
    ASSERT(before > 0 && before < RWLOCK_WRITER);
    if (before == 1)
        wake_waiters(lock);
    if (CHECKED)
        hal_check_point();
}

void rwlock_write_unlock(struct rwlock *lock) NO_TSA
{
    ASSERT(rwlock_is_writing(lock));
    note_give(lock);
    __atomic_store_n(&lock->writer, NULL, __ATOMIC_RELAXED);
    __atomic_fetch_sub(&lock->writers, 1, __ATOMIC_SEQ_CST);
    (void)__atomic_exchange_n(&lock->readers, 0, __ATOMIC_SEQ_CST);
    wake_waiters(lock);
    if (CHECKED)
        hal_check_point();
}

bool rwlock_is_writing(const struct rwlock *lock)
{
    return __atomic_load_n(&lock->writer, __ATOMIC_RELAXED) == thread_current();
}

bool rwlock_is_reading(const struct rwlock *lock)
{
    unsigned readers = __atomic_load_n(&lock->readers, __ATOMIC_RELAXED);

    if (readers == 0 || readers >= RWLOCK_WRITER)
        return false;
    return !CHECKED || lockdep_holds(&thread_current()->held, lock);
}
