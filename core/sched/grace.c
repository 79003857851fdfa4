/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/sched/grace.c - contract in grace.h.
 */
#include "core/sched/grace.h"

#include "core/sched/timer.h"
#include "core/sched/waitq.h"
#include "core/sched/worker.h"
#include "core/sync/percpu.h"
#include "core/sync/rcu.h"
#include "hal/clock.h"

/* When a CPU's callbacks are looked at, and who does. */
static struct grace {
    struct timer timer; /* armed by its CPU only */
    struct work work;
    unsigned cpu; /* const */
} graces[HAL_CPUS_MAX];

static void run_calls(struct work *work)
{
    rcu_run_calls(container_of(work, struct grace, work)->cpu);
}

/* Interrupt context. */
static void queue_work(void *arg)
{
    struct grace *grace = arg;

    (void)worker_queue(grace->cpu, &grace->work);
}

/* Even what is urgent goes through the timer's interrupt, so that callers may
 * hold locks that worker_queue() may not be called under. */
static void defer(bool is_urgent)
{
    struct grace *grace = &graces[cpu_this()->number];

    timer_arm(&grace->timer, is_urgent ? 0 : hal_clock_now() + RCU_DELAY_NS);
}

static bool is_over(void *arg)
{
    (void)arg;
    return false;
}

static void nap(uint64_t ns)
{
    struct waitq nobody_wakes;

    waitq_init(&nobody_wakes);
    (void)!waitq_wait(&nobody_wakes, is_over, NULL, hal_clock_now() + ns);
}

static const struct rcu_hooks hooks = {defer, nap, worker_is_current};

void grace_init_cpu(unsigned cpu)
{
    struct grace *grace = &graces[cpu];

    grace->cpu = cpu;
    timer_init(&grace->timer, queue_work, grace);
    work_init(&grace->work, run_calls);
    if (cpu == 0)
        rcu_set_hooks(&hooks);
}
