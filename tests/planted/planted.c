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
#include "core/sync/percpu.h"
#include "hal/context.h"
#include "hal/phys.h"
#include "hal/platform.h"
#include "hal/upcall.h"

static volatile int sink;
static volatile int largest = INT32_MAX;
static int race_counter;
static struct hal_context *racer;

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

static const struct {
    const char *word;
    void (*plant)(void);
} bugs[] = {{"bug=frame", plant_frame},
            {"bug=undefined", plant_undefined},
            {"bug=stack", plant_stack},
            {"bug=overflow", plant_overflow},
            {"bug=race", plant_race}};

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
