/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/machine/cpus_end.c - several CPUs end together, whatever they do: the
 * last but one spins with interrupts off on a lock that it never gets, any
 * other idles, and the last ends the machine.
 *
 * Command line: end=off (status 7), end=panic (status 120), end=never: all
 * CPUs spin or idle until a signal ends them.
 */
#include "core/base/defs.h"
#include "core/base/panic.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/cpus.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/sync/spinlock.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "hal/upcall.h"

enum { STATUS_OFF = 7, STATUS_WRONG = 1 };

static const struct lock_class lock_class = {"never free", LOCK_RANK_WAITQ};

static struct spinlock lock;
static bool is_locked, is_spinning; /* atomic */

static void spin(void *arg)
{
    unsigned saved = hal_irq_save();

    (void)arg;
    while (!__atomic_load_n(&is_locked, __ATOMIC_ACQUIRE))
        hal_cpu_relax();
    __atomic_store_n(&is_spinning, true, __ATOMIC_RELEASE);
    spin_lock(&lock);
    spin_unlock(&lock);
    hal_irq_restore(saved);
    hal_power_off(STATUS_WRONG);
}

static void end(void *arg) NO_TSA
{
    const char *how = hal_boot_facts()->command_line;

    (void)arg;
    hal_irq_disable();
    spin_lock(&lock);
    __atomic_store_n(&is_locked, true, __ATOMIC_RELEASE);
    while (hal_cpu_count() > 1 &&
           !__atomic_load_n(&is_spinning, __ATOMIC_ACQUIRE))
        hal_cpu_relax();
    if (str_equal(how, "end=off"))
        hal_power_off(STATUS_OFF);
    if (str_equal(how, "end=panic"))
        panic("as asked for");
    hal_log_write("ready\n", 6);
    for (;;)
        hal_cpu_relax();
}

static void start_on(unsigned cpu, void (*entry)(void *arg))
{
    struct thread *thread;

    if (thread_create("end", entry, NULL, &thread) != 0 ||
        thread_set_affinity(thread, UINT64_C(1) << cpu) != 0)
        hal_power_off(STATUS_WRONG);
    thread_start(thread);
    thread_put(thread);
}

static void start_all(void *arg)
{
    unsigned last = hal_cpu_count() - 1;

    (void)arg;
    cpus_start();
    start_on(last, end);
    if (last > 0)
        start_on(last - 1, spin);
}

void core_main(void)
{
    struct thread *thread;

    cpu_init_local(0);
    if (page_init() != 0)
        hal_power_off(STATUS_WRONG);
    cache_init_all();
    spin_init(&lock, &lock_class);
    sched_init();
    hal_irq_enable();
    if (thread_create("start", start_all, NULL, &thread) != 0)
        hal_power_off(STATUS_WRONG);
    thread_start(thread);
    thread_put(thread);
    sched_run();
}
