/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sync/rcu_count.h - what one CPU tells of its quiescent states.
 *
 * A count that is odd while the CPU may be reading under RCU, even while it is
 * quiescent (user mode, idle, not started), and moves on by two when a busy
 * CPU passes a moment without readers. Who waits takes a snapshot after it has
 * unlinked something: no reader of it is left on that CPU when the snapshot is
 * even, or the count has moved.
 *
 * Every change and the snapshot are read-modify-writes of the one word: if the
 * CPU's change comes later, the CPU sees what was unlinked before the snapshot;
 * if earlier, the snapshot sees the CPU reading. A locked instruction orders
 * all accesses around it, whatever its order is called. The CPU's own side is
 * called a release, so that TSan takes no two threads that take turns on a CPU
 * for ordered by it.
 */
#ifndef CORE_SYNC_RCU_COUNT_H
#define CORE_SYNC_RCU_COUNT_H

#include "core/base/defs.h"

struct rcu_count {
    uint64_t value; /* atomic; changed by its CPU only */
};

static inline bool rcu_count_is_quiet(const struct rcu_count *count)
{
    return (__atomic_load_n(&count->value, __ATOMIC_RELAXED) & 1) == 0;
}

static inline uint64_t rcu_count_add(struct rcu_count *count, uint64_t n)
{
    uint64_t old;

    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    old = __atomic_fetch_add(&count->value, n, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return old;
}

/* Becomes quiescent, or ends being so. */
static inline void rcu_count_enter_quiet(struct rcu_count *count)
{
    uint64_t old = rcu_count_add(count, 1);

    ASSERT((old & 1) == 1);
}

static inline void rcu_count_leave_quiet(struct rcu_count *count)
{
    uint64_t old = rcu_count_add(count, 1);

    ASSERT((old & 1) == 0);
}

/* A moment without readers. */
static inline void rcu_count_pass(struct rcu_count *count)
{
    uint64_t old = rcu_count_add(count, 2);

    ASSERT((old & 1) == 1);
}

/* For who waits, from any CPU. */
static inline uint64_t rcu_count_snapshot(struct rcu_count *count)
{
    return __atomic_fetch_add(&count->value, 0, __ATOMIC_SEQ_CST);
}

static inline bool rcu_count_has_passed(const struct rcu_count *count,
                                        uint64_t snapshot)
{
    return (snapshot & 1) == 0 ||
           __atomic_load_n(&count->value, __ATOMIC_ACQUIRE) != snapshot;
}

#endif /* CORE_SYNC_RCU_COUNT_H */
