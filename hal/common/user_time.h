/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/user_time.h - how long user code of a thread ran, in one word.
 *
 * It is taken at the boundaries of each run, so it costs a few instructions a
 * system call and any CPU may read it. The word is twice the time spent in
 * runs; during one it is that minus twice its start, and odd.
 */
#ifndef HAL_COMMON_USER_TIME_H
#define HAL_COMMON_USER_TIME_H

#include <stdint.h>

/* By the CPU that runs it, right before and after; now in any unit. */
static inline void user_time_enter(uint64_t *word, uint64_t now)
{
    uint64_t sum = __atomic_load_n(word, __ATOMIC_RELAXED);

    __atomic_store_n(word, sum - 2 * now + 1, __ATOMIC_RELAXED);
}

static inline void user_time_leave(uint64_t *word, uint64_t now)
{
    uint64_t sum = __atomic_load_n(word, __ATOMIC_RELAXED);

    __atomic_store_n(word, sum + 2 * now - 1, __ATOMIC_RELAXED);
}

/* The time, of which that of the run in progress up to now. Any CPU. */
static inline uint64_t user_time_read(const uint64_t *word, uint64_t now)
{
    uint64_t sum = __atomic_load_n(word, __ATOMIC_RELAXED);

    return (sum % 2 != 0 ? sum - 1 + 2 * now : sum) / 2;
}

#endif /* HAL_COMMON_USER_TIME_H */
