/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/limit_watch.c - contract in limit_watch.h.
 */
#include "core/proc/limit_watch.h"

#include "core/abi/resource.h"
#include "core/abi/signal.h"
#include "core/base/string.h"
#include "core/proc/clock.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "hal/clock.h"
#include "hal/cpu.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_US     UINT64_C(1000)

enum { LOOK_LEAST_NS = 1000000, LOOK_MOST_NS = 100000000 };

/* A limit of time: in units of the resource, a second and one of it. */
struct kind {
    unsigned resource;
    uint64_t unit_ns, second; /* the soft limit moves on by this */
    uint64_t least;           /* what a limit of 0 means */
};

static const struct kind cpu_kind = {LX_RLIMIT_CPU, NS_PER_SECOND, 1, 1};
static const struct kind rt_kind = {LX_RLIMIT_RTTIME, NS_PER_US, 1000000, 0};

static uint64_t to_ns(const struct kind *kind, uint64_t value)
{
    if (value < kind->least)
        value = kind->least;
    return value > UINT64_MAX / kind->unit_ns ? UINT64_MAX
                                              : value * kind->unit_ns;
}

/* Acts on what was used of one limit; how much is left until it must again. */
static uint64_t look_at(struct process *process, const struct kind *kind,
                        uint64_t used_ns)
{
    struct lx_rlimit64 limit;
    uint64_t soft;

    limits_get(&process->limits, kind->resource, &limit);
    if (used_ns >= to_ns(kind, limit.rlim_max)) {
        signal_send_kernel(process, LX_SIGKILL);
        return UINT64_MAX;
    }
    soft = to_ns(kind, limit.rlim_cur);
    if (used_ns < soft)
        return soft - used_ns;
    signal_send_kernel(process, LX_SIGXCPU);
    limits_move_soft(&process->limits, kind->resource, limit.rlim_cur,
                     (soft / kind->unit_ns) + kind->second);
    return kind->second * kind->unit_ns;
}

static bool is_limited(struct process *process)
{
    return limits_current(&process->limits, LX_RLIMIT_CPU) !=
               LX_RLIM_INFINITY ||
           limits_current(&process->limits, LX_RLIMIT_RTTIME) !=
               LX_RLIM_INFINITY;
}

/* What the thread that has run longest without waiting has, among the real-time
 * ones; 0: it has ended, or there are none. */
static uint64_t longest_burst(struct process *process, bool *has_threads)
{
    unsigned saved = process_tree_lock();
    uint64_t most = 0;

    *has_threads = !list_is_empty(&process->threads);
    list_for_each(node, &process->threads) most = max_u64(
        most,
        thread_burst_ns(list_entry(node, struct task, of_process)->thread));
    process_tree_unlock(saved);
    return most;
}

static void arm(struct process *process, uint64_t left_ns)
{
    uint64_t wait = left_ns / hal_cpu_count();

    wait = min_u64(max_u64(wait, LOOK_LEAST_NS), LOOK_MOST_NS);
    timer_arm(&process->limit_watch.timer, hal_clock_now() + wait);
}

static bool switch_on(struct process *process)
{
    return !__atomic_exchange_n(&process->limit_watch.is_on, true,
                                __ATOMIC_SEQ_CST);
}

/* Interrupt context. */
static void look(void *arg)
{
    struct process *process = arg;
    bool has_threads;
    uint64_t burst = longest_burst(process, &has_threads), left;

    if (!has_threads)
        return; /* a zombie: it stays on, so nobody arms it again */
    if (!is_limited(process)) {
        __atomic_store_n(&process->limit_watch.is_on, false, __ATOMIC_SEQ_CST);
        if (!is_limited(process) || !switch_on(process))
            return;
    }
    left = look_at(process, &cpu_kind, clock_process_ns(process));
    if (burst > 0)
        left = min_u64(left, look_at(process, &rt_kind, burst));
    arm(process, left);
}

void limit_watch_init(struct process *process)
{
    process->limit_watch.is_on = false;
    timer_init(&process->limit_watch.timer, look, process);
}

/* Under the lock that look() takes no more once it switched the watch off: so
 * arming, which waits for a look elsewhere, does not wait for this lock. */
void limit_watch_start(struct process *process)
{
    unsigned saved;

    if (!is_limited(process))
        return;
    saved = process_tree_lock();
    if (!list_is_empty(&process->threads) && switch_on(process))
        arm(process, 0);
    process_tree_unlock(saved);
}

void limit_watch_end(struct process *process)
{
    (void)timer_cancel(&process->limit_watch.timer);
}

static struct aspace_limits memory_limits(struct process *process)
{
    static const unsigned resources[] = {LX_RLIMIT_AS, LX_RLIMIT_DATA,
                                         LX_RLIMIT_STACK, LX_RLIMIT_MEMLOCK};
    struct lx_rlimit64 limits[COUNT_OF(resources)];

    for (size_t i = 0; i < COUNT_OF(resources); i++)
        limits_get(&process->limits, resources[i], &limits[i]);
    return (struct aspace_limits){
        .size = limits[0].rlim_cur,
        .data = limits[1].rlim_cur,
        .stack = limits[2].rlim_cur,
        .locked = limits[3].rlim_cur,
    };
}

void limits_tell_memory(struct process *process)
{
    struct aspace *as = process_get_aspace(process);
    struct aspace_limits told, limits = memory_limits(process);
    unsigned saved = process_tree_lock();
    bool is_own = as != NULL && as == process->as && !process->borrows_as;

    process_tree_unlock(saved);
    /* Who tells later but read earlier than another sees it afterwards. */
    while (is_own) {
        aspace_set_limits(as, &limits);
        told = limits;
        limits = memory_limits(process);
        is_own = !mem_equal(&told, &limits, sizeof(told));
    }
    if (as != NULL)
        aspace_put(as);
}
