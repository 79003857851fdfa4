/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/clock.c - contract in clock.h.
 */
#include "core/proc/clock.h"

#include "core/abi/errno.h"
#include "core/abi/time.h"
#include "core/id/nsset.h"
#include "core/proc/process.h"
#include "core/proc/timers.h"
#include "core/sched/thread.h"
#include "core/sched/usage.h"
#include "core/sched/waitq.h"
#include "hal/clock.h"

/* The bits of a clock made of a pid (clock_getcpuclockid(3)). */
enum { CPU_CLOCK_THREAD = 4, CPU_CLOCK_KIND = 3, CPU_CLOCK_SHIFT = 3 };

/* Kinds that count all time used, and are the same here. */
enum { CPU_CLOCK_PROF = 0, CPU_CLOCK_SCHED = 2 };

static struct {
    unsigned steps; /* atomic */
    struct waitq stepped;
} wall;

void clock_init_all(void)
{
    waitq_init(&wall.stepped);
}

struct waitq *clock_stepped(void)
{
    return &wall.stepped;
}

uint64_t clock_wall_ns(void)
{
    return hal_clock_wall();
}

void clock_set_wall(uint64_t ns)
{
    hal_clock_set_wall(ns);
    __atomic_add_fetch(&wall.steps, 1, __ATOMIC_SEQ_CST);
    waitq_wake_all(&wall.stepped);
    timers_follow_wall();
}

bool clock_is_cpu(int32_t clock)
{
    return clock < 0 || clock == LX_CLOCK_PROCESS_CPUTIME_ID ||
           clock == LX_CLOCK_THREAD_CPUTIME_ID;
}

bool clock_is_wall(int32_t clock)
{
    return clock == LX_CLOCK_REALTIME || clock == LX_CLOCK_REALTIME_COARSE ||
           clock == LX_CLOCK_REALTIME_ALARM || clock == LX_CLOCK_TAI;
}

uint64_t clock_deadline(int32_t clock, uint64_t ns)
{
    uint64_t wall_now, now;

    if (!clock_is_wall(clock))
        return ns;
    /* In this order: what passes between the two looks makes it late, where the
     * other would end a sleep before its time. */
    wall_now = clock_wall_ns();
    now = hal_clock_now();
    if (ns <= wall_now)
        return now;
    return ns - wall_now < WAIT_FOREVER - now ? now + (ns - wall_now)
                                              : WAIT_FOREVER;
}

static void get_times(struct process *process, struct thread_times *out)
{
    unsigned saved = process_tree_lock();

    out->user_ns = process->usage.user_ns;
    out->run_ns = process->usage.user_ns + process->usage.system_ns;
    list_for_each(node, &process->threads)
    {
        struct task *task = list_entry(node, struct task, of_process);
        struct thread_times times;

        thread_get_times(task->thread, &times);
        out->user_ns += times.user_ns;
        out->run_ns += times.run_ns;
    }
    process_tree_unlock(saved);
}

uint64_t clock_process_ns(struct process *process)
{
    struct thread_times times;

    get_times(process, &times);
    return times.run_ns;
}

uint64_t clock_process_user_ns(struct process *process)
{
    struct thread_times times;

    get_times(process, &times);
    return times.user_ns;
}

static int read_thread(struct task *task, int number, uint64_t *out)
{
    struct task *other;

    if (number == 0) {
        *out = thread_run_ns(task->thread);
        return 0;
    }
    other = task_find(task->ns->pid, number);
    if (other == NULL)
        return -EINVAL;
    *out = thread_run_ns(other->thread);
    number = other->process == task->process ? 0 : -EINVAL;
    task_put(other);
    return number;
}

static int read_process(struct task *task, int number, uint64_t *out)
{
    struct process *other;

    if (number == 0) {
        *out = clock_process_ns(task->process);
        return 0;
    }
    other = process_find(task->ns->pid, number);
    if (other == NULL)
        return -EINVAL;
    *out = clock_process_ns(other);
    process_put(other);
    return 0;
}

static int read_cpu(struct task *task, int32_t clock, uint64_t *out)
{
    int number = ~(clock >> CPU_CLOCK_SHIFT);

    if (clock == LX_CLOCK_PROCESS_CPUTIME_ID)
        return read_process(task, 0, out);
    if (clock == LX_CLOCK_THREAD_CPUTIME_ID)
        return read_thread(task, 0, out);
    if ((clock & CPU_CLOCK_KIND) == CPU_CLOCK_KIND)
        return -EINVAL; /* a clock of a file: none has one */
    return (clock & CPU_CLOCK_THREAD) != 0 ? read_thread(task, number, out)
                                           : read_process(task, number, out);
}

int clock_read(struct task *task, int32_t clock, uint64_t *out)
{
    switch (clock) {
    case LX_CLOCK_MONOTONIC:
    case LX_CLOCK_MONOTONIC_RAW:
    case LX_CLOCK_MONOTONIC_COARSE:
    case LX_CLOCK_BOOTTIME:
    case LX_CLOCK_BOOTTIME_ALARM:
        *out = hal_clock_now();
        return 0;
    case LX_CLOCK_REALTIME:
    case LX_CLOCK_REALTIME_COARSE:
    case LX_CLOCK_REALTIME_ALARM:
    case LX_CLOCK_TAI:
        *out = clock_wall_ns();
        return 0;
    default:
        return clock_is_cpu(clock) ? read_cpu(task, clock, out) : -EINVAL;
    }
}

int32_t clock_own(struct task *task, int32_t clock)
{
    int number = ~(clock >> CPU_CLOCK_SHIFT);
    int kind = clock & CPU_CLOCK_KIND;

    if (clock >= 0 || (kind != CPU_CLOCK_PROF && kind != CPU_CLOCK_SCHED))
        return clock;
    if ((clock & CPU_CLOCK_THREAD) != 0)
        return number == 0 || number == task_number(task)
                   ? LX_CLOCK_THREAD_CPUTIME_ID
                   : clock;
    return number == 0 || number == process_number(task->process)
               ? LX_CLOCK_PROCESS_CPUTIME_ID
               : clock;
}

bool clock_is_of_file(int32_t clock)
{
    return clock < 0 &&
           (clock & (CPU_CLOCK_KIND | CPU_CLOCK_THREAD)) == CPU_CLOCK_KIND;
}

static bool has_stepped(void *arg)
{
    unsigned *steps = arg;

    return __atomic_load_n(&wall.steps, __ATOMIC_SEQ_CST) != *steps;
}

int clock_sleep_until_wall(uint64_t ns)
{
    int error;

    do {
        unsigned steps = __atomic_load_n(&wall.steps, __ATOMIC_SEQ_CST);

        error = waitq_wait_interruptible(&wall.stepped, has_stepped, &steps,
                                         clock_deadline(LX_CLOCK_REALTIME, ns));
    } while (error == 0);
    return error == -ETIMEDOUT ? 0 : error;
}
