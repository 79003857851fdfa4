/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/load.h - how many threads want to run: proc_loadavg(5),
 * getloadavg(3), sysinfo(2).
 *
 * Every LOAD_PERIOD_NS the threads that run or want to, and the processes'
 * threads that wait deaf to signals, are counted, and three averages go a part
 * of the way there that makes them exponential ones of 1, 5 and 15 minutes.
 * While all CPUs idle no sample is taken: nothing can change, and the next
 * thread that wants to run has those that are missing made up for, so an idle
 * machine is not woken, and virtual time may jump.
 *
 * Locking: a spinlock inside.
 */
#ifndef CORE_SCHED_LOAD_H
#define CORE_SCHED_LOAD_H

#include "core/base/defs.h"

#define LOAD_PERIOD_NS UINT64_C(5000000000)

enum {
    LOAD_SHIFT = 16, /* bits behind the point: SI_LOAD_SHIFT of sysinfo(2) */
    LOAD_COUNT = 3
};

/* Averages of 1, 5 and 15 minutes, with more bits than LOAD_SHIFT. */
struct load_averages {
    uint64_t value[LOAD_COUNT];
};

C_DECLS_BEGIN

/* The averages now. A thread's. */
void load_get(uint64_t out[LOAD_COUNT]);

/* Threads that run or want to, on all CPUs. Any context. */
unsigned load_running(void);

/* What averages are after so many samples that each counted active threads,
 * and what load_get() tells of them. */
void load_advance(struct load_averages *averages, unsigned active,
                  uint64_t samples);
uint64_t load_shown(const struct load_averages *averages, unsigned which);

C_DECLS_END

#endif /* CORE_SCHED_LOAD_H */
