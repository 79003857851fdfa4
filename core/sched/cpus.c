/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/cpus.c - contract in cpus.h.
 */
#include "core/sched/cpus.h"

#include "core/base/log.h"
#include "core/sched/thread.h"
#include "hal/cpu.h"

static bool is_online(unsigned cpu)
{
    return (sched_online() & UINT64_C(1) << cpu) != 0;
}

void cpus_start(void)
{
    struct thread *self = thread_current();
    uint64_t affinity = thread_affinity(self);
    int error;

    /* CPU 0 starts the others (hal/cpu.h), and would lose this thread to the
     * first of them. */
    error = thread_set_affinity(self, 1);
    ASSERT(error == 0);
    for (unsigned cpu = 1; cpu < hal_cpu_count(); cpu++) {
        error = hal_cpu_start(cpu);
        if (error != 0) {
            log_error("CPU %u does not start: error %d", cpu, -error);
            continue;
        }
        while (!is_online(cpu))
            hal_cpu_relax();
    }
    error = thread_set_affinity(self, affinity);
    ASSERT(error == 0);
}
