/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/barrier.h - a memory barrier on other CPUs (membarrier(2)).
 */
#ifndef CORE_SCHED_BARRIER_H
#define CORE_SCHED_BARRIER_H

#include "core/base/defs.h"

struct hal_mmu;

/* Of which CPUs, and what the threads there do before user mode again. */
struct cpus_barrier {
    const struct hal_mmu
        *mmu;      /* those that run in it; NULL: all user threads */
    uint64_t cpus; /* of these, a bit each */
    unsigned work; /* THREAD_WORK_* for these threads; or 0 */
};

C_DECLS_BEGIN

/*
 * Returns when every CPU that runs a user thread, as the argument has it, has
 * left user mode and passed a full barrier; one that begins to later does that
 * on its way. Bounded by the CPUs' interrupt latency. Not atomic.
 */
void cpus_pass_barrier(const struct cpus_barrier *barrier);

C_DECLS_END

#endif /* CORE_SCHED_BARRIER_H */
