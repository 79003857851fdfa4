/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/clock.c - hal/clock.h.
 *
 * Time is the time-stamp counter scaled by a 32.32 fixed-point factor; the
 * deadline is the APIC timer, which counts 32 bits, so a far one is reached in
 * several steps. Rounding may fire it early by the clock's own measure: then
 * it is armed again for the rest.
 */
#include "hal/x86_64/clock.h"

#include "core/base/defs.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "hal/upcall.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"

#define NS_PER_S UINT64_C(1000000000)

/* Constant after clock_setup(). */
static struct {
    uint64_t tsc_start;
    uint64_t ns_per_tick;   /* 32.32 */
    uint64_t ticks_per_ns;  /* 32.32, of the APIC timer */
    uint64_t wall_start_ns; /* hal_clock_wall() at time 0 */
} scale;

static uint64_t multiply(uint64_t n, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)n * factor >> 32);
}

void clock_setup(const char *command_line)
{
    struct clock_rates rates = calibrate(command_line);

    scale.ns_per_tick = (NS_PER_S << 32) / rates.tsc;
    scale.ticks_per_ns = (rates.apic << 32) / NS_PER_S;
    scale.tsc_start = read_tsc();
    scale.wall_start_ns = rtc_read() * NS_PER_S;
}

uint64_t hal_clock_now(void)
{
    return multiply(read_tsc() - scale.tsc_start, scale.ns_per_tick);
}

uint64_t hal_clock_wall(void)
{
    return scale.wall_start_ns + hal_clock_now();
}

static void start_timer(uint64_t deadline_ns, uint64_t now_ns)
{
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
    uint64_t ticks;

    wait_ns = min_u64(wait_ns, UINT32_MAX); /* keeps the product in range */
    ticks = multiply(wait_ns, scale.ticks_per_ns) + 1;
    apic_timer_start((uint32_t)min_u64(ticks, UINT32_MAX));
}

void hal_clock_arm(uint64_t deadline_ns)
{
    struct cpu_block *cpu = cpu_block();

    ASSERT(hal_irq_are_off());
    cpu->deadline = deadline_ns;
    if (deadline_ns == HAL_CLOCK_NEVER)
        apic_timer_start(0);
    else
        start_timer(deadline_ns, hal_clock_now());
}

void clock_interrupt(void)
{
    struct cpu_block *cpu = cpu_block();
    uint64_t now = hal_clock_now();

    if (cpu->deadline == HAL_CLOCK_NEVER)
        return;
    if (now < cpu->deadline) {
        start_timer(cpu->deadline, now);
        return;
    }
    cpu->deadline = HAL_CLOCK_NEVER;
    core_timer();
}
