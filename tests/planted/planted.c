/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/planted/planted.c - a kernel with a bug that a sanitizer must report.
 *
 * The bug is chosen by bug=NAME on the kernel command line; without one the
 * same kernel ends with status 0.
 */
#include "core/base/defs.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/sync/spinlock.h"
#include "hal/context.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/platform.h"
#include "hal/upcall.h"

enum { RACERS = 2, ROUNDS = 1000, ROUNDS_PER_PAUSE = 10 };

static const struct lock_class counter_class = {"counter", LOCK_RANK_WAITQ};

static volatile int sink;
static volatile int largest = INT32_MAX;
static int race_counter;
static struct hal_context *racer;
static struct spinlock counter_lock;
static unsigned arrived, finished; /* relaxed: they order nothing */

/* Reads a frame that was given back: ASan, Valgrind. */
static void plant_frame(void)
{
    paddr_t frame = core_frames_alloc(0);
    volatile char *memory = hal_phys(frame);

    memory[0] = 1;
    core_frames_free(frame, 0);
    sink = memory[0];
}

/* Decides by memory that nobody wrote: Valgrind. */
static void plant_undefined(void)
{
    paddr_t frame = core_frames_alloc(0);
    volatile char *memory = hal_phys(frame);

    if (memory[100] != 0)
        sink = 1;
    core_frames_free(frame, 0);
}

/* One past the end of a variable on the stack: ASan. */
static void plant_stack(void)
{
    volatile char buffer[8] = {0};
    volatile unsigned at = sizeof(buffer);
    volatile char *volatile edge = buffer; /* or UBSan sees it first */

    sink = edge[at];
}

/* Signed overflow: UBSan. */
static void plant_overflow(void)
{
    sink = largest + 1;
}

static void race(void *arg)
{
    (void)arg;
    race_counter++;
    hal_context_switch(racer, hal_context_boot());
    hal_power_off(1);
}

/* Two contexts count without a lock; the switch orders nothing: TSan. */
static void plant_race(void)
{
    if (hal_context_create(race, NULL, &racer) != 0)
        hal_power_off(1);
    race_counter++;
    hal_context_switch(hal_context_boot(), racer);
    sink = race_counter;
}

static void count_one(bool is_locked) NO_TSA
{
    if (is_locked)
        spin_lock(&counter_lock);
    race_counter++;
    if (is_locked)
        spin_unlock(&counter_lock);
}

/* Counts beside the other one; arg is not NULL with a lock. */
static void race_on_cpu(void *arg)
{
    (void)__atomic_add_fetch(&arrived, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&arrived, __ATOMIC_RELAXED) < RACERS)
        hal_cpu_relax();
    for (int i = 0; i < ROUNDS; i++) {
        count_one(arg != NULL);
        if (i % ROUNDS_PER_PAUSE == 0)
            hal_cpu_relax();
    }
    if (__atomic_add_fetch(&finished, 1, __ATOMIC_RELAXED) == RACERS)
        hal_power_off(0);
}

static void start_racer(unsigned cpu, void *arg)
{
    struct thread *thread;

    if (thread_create("racer", race_on_cpu, arg, &thread) != 0 ||
        thread_set_affinity(thread, UINT64_C(1) << cpu) != 0)
        hal_power_off(1);
    thread_start(thread);
    thread_put(thread);
}

/* A thread on each of two CPUs. */
static void run_racers(void *arg)
{
    spin_init(&counter_lock, &counter_class);
    sched_init();
    hal_irq_enable();
    if (hal_cpu_start(1) != 0)
        hal_power_off(1);
    while ((sched_online() & 2) == 0)
        hal_cpu_relax();
    for (unsigned cpu = 0; cpu < RACERS; cpu++)
        start_racer(cpu, arg);
    sched_run();
}

/* Two CPUs count without a lock: TSan. */
static void plant_cpu_race(void)
{
    run_racers(NULL);
}

/* With one, there is nothing to report. */
static void count_in_turn(void)
{
    run_racers(&counter_lock);
}

static const struct {
    const char *word;
    void (*plant)(void);
} bugs[] = {{"bug=frame", plant_frame}, {"bug=undefined", plant_undefined},
            {"bug=stack", plant_stack}, {"bug=overflow", plant_overflow},
            {"bug=race", plant_race},   {"bug=cpu_race", plant_cpu_race},
            {"bug=none", count_in_turn}};

void core_main(void)
{
    const char *line = hal_boot_facts()->command_line;

    cpu_init_local(0);
    if (page_init() != 0)
        hal_power_off(1);
    cache_init_all();
    for (size_t i = 0; i < COUNT_OF(bugs); i++) {
        if (str_equal(line, bugs[i].word))
            bugs[i].plant();
    }
    hal_power_off(0);
}
