/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/machine_end.c - the end of init is the machine's; contract in
 * process_impl.h.
 *
 * Checked builds end the other processes too, and then find everything as it
 * was before init: what is missing has leaked.
 */
#include "core/abi/wait.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/panic.h"
#include "core/dev/console.h"
#include "core/dev/console_stream.h"
#include "core/fs/root.h"
#include "core/id/nsset.h"
#include "core/mem/audit.h"
#include "core/proc/process_impl.h"
#include "core/sched/waitq.h"
#include "core/sync/rcu.h"
#include "hal/clock.h"
#include "hal/platform.h"

enum { SIGNAL_STATUS = 128 }; /* added to the number of a deadly signal */

enum {
    NAP_NS = 1000000,
    SETTLE_NS_MAX = 2000000000 /* for threads to leave their stacks */
};

/* What init wrote is waited for, unless nobody takes it. */
#define DRAIN_NS   UINT64_C(5000000000)

/* For processes to end: more than any test leaves behind needs. */
#define END_NS_MAX UINT64_C(60000000000)

/* Takes the zombies that init inherits; is there nobody else? */
static bool reap_all(void *arg)
{
    struct process *init = arg;
    unsigned saved = process_tree_lock();
    bool is_alone;

    list_for_each_safe(node, &init->children)
    {
        struct process *child = list_entry(node, struct process, sibling);

        if (child->state == PROCESS_ZOMBIE)
            process_reap(child);
    }
    is_alone = process_list()->next->next == process_list();
    process_tree_unlock(saved);
    return is_alone;
}

static void kill_others(const struct process *init)
{
    unsigned saved = process_tree_lock();

    list_for_each(node, process_list())
    {
        struct process *process = list_entry(node, struct process, all);

        if (process != init)
            process_kill(process);
    }
    process_tree_unlock(saved);
}

static void report_alive(void)
{
    unsigned saved = process_tree_lock();

    list_for_each(node, process_list())
        log_error("process %d does not end",
                  process_number(list_entry(node, struct process, all)));
    process_tree_unlock(saved);
}

void machine_end_others(struct process *init)
{
    kill_others(init);
    if (waitq_wait(&init->waiters, reap_all, init,
                   hal_clock_now() + END_NS_MAX) == 0)
        return;
    report_alive();
    panic("processes that were killed do not end");
}

static bool is_never(void *arg)
{
    (void)arg;
    return false;
}

static void nap(void)
{
    struct waitq nobody;

    waitq_init(&nobody);
    (void)!waitq_wait(&nobody, is_never, NULL, hal_clock_now() + NAP_NS);
}

/* Threads that ended are still about to free their stacks. */
static void look_for_leaks(void)
{
    uint64_t deadline = hal_clock_now() + SETTLE_NS_MAX;

    root_destroy(nsset_root()->mounts);
    do {
        rcu_barrier();
        if (audit_holds())
            return;
        nap();
    } while (hal_clock_now() < deadline);
    audit_report();
    panic("memory has leaked");
}

NORETURN void machine_end(int status)
{
    int code = (status & 0x7f) != 0 ? SIGNAL_STATUS + (status & 0x7f)
                                    : status >> 8 & 0xff;

    log_debug("init ended with status %d, after %llu planned failures", code,
              (unsigned long long)fault_failed());
    if (CHECKED)
        look_for_leaks();
    console_tty_drain(DRAIN_NS);
    console_stream_drain(DRAIN_NS);
    hal_power_off(code);
}
