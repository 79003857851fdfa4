/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/worker.h - work for later, in a thread of each CPU.
 *
 * For what cannot be done where it is found: in an interrupt, under a
 * spinlock, on a stack that is to be freed. Each CPU has one worker thread,
 * real-time at the lowest priority, which does its work in the order it came.
 * Work is short: it may sleep for memory or a mutex, but holds up what is
 * behind it.
 */
#ifndef CORE_SCHED_WORKER_H
#define CORE_SCHED_WORKER_H

#include "core/base/list.h"

struct work {
    struct list link;               /* the queue's lock */
    void (*run)(struct work *work); /* const */
    bool is_queued;                 /* atomic */
};

C_DECLS_BEGIN

void work_init(struct work *work, void (*run)(struct work *work));

/*
 * Has work->run(work) called by the worker of that CPU (one that schedules),
 * which sees all that the caller did before. Returns false, and does nothing,
 * when the work is queued already and not begun; once begun it may be queued
 * again, or freed. Any context that holds no lock of LOCK_RANK_WORKER or above.
 */
bool worker_queue(unsigned cpu, struct work *work);

/* Returns when all that was queued for that CPU before is done. Not atomic; not
 * from a worker. */
void worker_flush(unsigned cpu);

/* Is the running thread a worker? */
bool worker_is_current(void);

/* For sched_init() and sched_run() of that CPU: sets its queue up and makes its
 * thread; starts it. A CPU without memory for one has its work done by CPU 0's;
 * when that is lacking, the machine does not start. */
void worker_init_cpu(unsigned cpu);
void worker_start(void);

C_DECLS_END

#endif /* CORE_SCHED_WORKER_H */
