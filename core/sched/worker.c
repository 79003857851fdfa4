/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/worker.c - contract in worker.h.
 */
#include "core/sched/worker.h"

#include "core/base/log.h"
#include "core/sched/sched_impl.h"
#include "core/sched/waitq.h"
#include "core/sync/percpu.h"
#include "core/sync/spinlock.h"
#include "hal/platform.h"

enum { STATUS_NO_RESOURCES = 125 }; /* docs/TESTING.md */

static const struct lock_class worker_class = {"worker", LOCK_RANK_WORKER};

struct worker {
    struct spinlock lock;
    struct list queue GUARDED_BY(lock);
    uint64_t queued;       /* ever; atomic, written under lock */
    uint64_t done;         /* of them; atomic, written by its thread */
    unsigned flushing;     /* who waits in worker_flush(); atomic */
    struct waitq arrivals; /* the thread */
    struct waitq ends;     /* those who flush */
    struct thread *thread; /* atomic; NULL: CPU 0's does it */
};

static struct worker workers[HAL_CPUS_MAX];

void work_init(struct work *work, void (*run)(struct work *work))
{
    list_init(&work->link);
    work->run = run;
    work->is_queued = false;
}

static struct worker *worker_of(unsigned cpu)
{
    ASSERT(cpu < HAL_CPUS_MAX);
    if (__atomic_load_n(&workers[cpu].thread, __ATOMIC_ACQUIRE) != NULL)
        return &workers[cpu];
    return &workers[0];
}

bool worker_queue(unsigned cpu, struct work *work)
{
    struct worker *w = worker_of(cpu);
    unsigned saved;

    if (__atomic_exchange_n(&work->is_queued, true, __ATOMIC_ACQ_REL))
        return false;
    saved = spin_lock_irq(&w->lock);
    list_push_back(&w->queue, &work->link);
    __atomic_store_n(&w->queued, w->queued + 1, __ATOMIC_RELEASE);
    spin_unlock_irq(&w->lock, saved);
    waitq_wake_all(&w->arrivals);
    return true;
}

static bool is_behind(void *arg)
{
    struct worker *w = arg;

    return __atomic_load_n(&w->queued, __ATOMIC_SEQ_CST) !=
           __atomic_load_n(&w->done, __ATOMIC_RELAXED);
}

static struct work *take_work(struct worker *w)
{
    unsigned saved = spin_lock_irq(&w->lock);
    struct list *first = list_pop_front(&w->queue);

    spin_unlock_irq(&w->lock, saved);
    return first != NULL ? list_entry(first, struct work, link) : NULL;
}

static void do_work(struct worker *w, struct work *work)
{
    /* From here on it may be queued again, and its run() may free it. */
    (void)__atomic_exchange_n(&work->is_queued, false, __ATOMIC_ACQ_REL);
    work->run(work);
    if (CHECKED)
        lockdep_check_none(&thread_current()->held, "at the end of its work");
    __atomic_add_fetch(&w->done, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&w->flushing, __ATOMIC_SEQ_CST) != 0)
        waitq_wake_all(&w->ends);
}

static void run_worker(void *arg)
{
    struct worker *w = arg;

    for (;;) {
        int error = waitq_wait(&w->arrivals, is_behind, w, WAIT_FOREVER);
        struct work *work;

        ASSERT(error == 0);
        while ((work = take_work(w)) != NULL)
            do_work(w, work);
    }
}

struct flush {
    struct worker *worker;
    uint64_t target;
};

static bool has_flushed(void *arg)
{
    struct flush *flush = arg;

    return __atomic_load_n(&flush->worker->done, __ATOMIC_SEQ_CST) >=
           flush->target;
}

void worker_flush(unsigned cpu)
{
    struct worker *w = worker_of(cpu);
    struct flush flush = {.worker = w};
    int error;

    ASSERT(!worker_is_current());
    __atomic_fetch_add(&w->flushing, 1, __ATOMIC_SEQ_CST);
    flush.target = __atomic_load_n(&w->queued, __ATOMIC_SEQ_CST);
    error = waitq_wait(&w->ends, has_flushed, &flush, WAIT_FOREVER);
    ASSERT(error == 0);
    __atomic_fetch_sub(&w->flushing, 1, __ATOMIC_RELAXED);
}

bool worker_is_current(void)
{
    return thread_current()->entry == run_worker;
}

static void make_thread(struct worker *w, unsigned cpu)
{
    struct thread *thread;

    if (thread_create("worker", run_worker, w, &thread) != 0) {
        log_error("no memory for the worker of CPU %u", cpu);
        if (cpu == 0)
            hal_power_off(STATUS_NO_RESOURCES);
        return;
    }
    thread->sched.affinity = UINT64_C(1) << cpu;
    thread->sched.params.policy = THREAD_FIFO;
    thread->sched.params.priority = 1;
    __atomic_store_n(&w->thread, thread, __ATOMIC_RELEASE);
}

void worker_init_cpu(unsigned cpu)
{
    struct worker *w = &workers[cpu];

    spin_init(&w->lock, &worker_class);
    list_init(&w->queue);
    waitq_init(&w->arrivals);
    waitq_init(&w->ends);
    make_thread(w, cpu);
}

void worker_start(void)
{
    struct worker *w = &workers[hal_cpu_self()];

    if (w->thread != NULL)
        thread_start(w->thread);
}
