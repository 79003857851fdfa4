/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_lock.c - contract in host_parts.h.
 *
 * The word is 0 when free, 1 when taken, 2 when someone may wait for it.
 */
#include "hal/hosted/host_parts.h"

enum { FREE, TAKEN, WAITED_FOR };

bool host_lock_try(struct host_lock *lock)
{
    uint32_t seen = FREE;

    return __atomic_compare_exchange_n(&lock->word, &seen, TAKEN, false,
                                       __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

void host_lock_take(struct host_lock *lock)
{
    if (host_lock_try(lock))
        return;
    while (__atomic_exchange_n(&lock->word, WAITED_FOR, __ATOMIC_ACQUIRE) !=
           FREE)
        host_futex_wait(&lock->word, WAITED_FOR, HOST_NEVER);
}

void host_lock_give(struct host_lock *lock)
{
    if (__atomic_exchange_n(&lock->word, FREE, __ATOMIC_RELEASE) == WAITED_FOR)
        host_futex_wake(&lock->word);
}
