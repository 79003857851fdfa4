/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/lock.h - a spinlock for the HAL's own few tables.
 *
 * The kernel's locks are core's and lie above the HAL. These are leaves, held
 * for some dozen instructions with interrupts off.
 */
#ifndef HAL_X86_64_LOCK_H
#define HAL_X86_64_LOCK_H

#include "hal/irq.h"
#include "hal/x86_64/instr.h"

struct lock {
    unsigned held; /* atomic */
};

/* Returns what lock_drop() needs. */
static inline unsigned lock_take(struct lock *lock)
{
    unsigned saved = hal_irq_save();

    while (__atomic_exchange_n(&lock->held, 1u, __ATOMIC_ACQUIRE) != 0)
        pause_cpu();
    return saved;
}

static inline void lock_drop(struct lock *lock, unsigned saved)
{
    __atomic_store_n(&lock->held, 0u, __ATOMIC_RELEASE);
    hal_irq_restore(saved);
}

#endif /* HAL_X86_64_LOCK_H */
