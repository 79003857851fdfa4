/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/clock.c - hal/clock.h.
 *
 * Time is the time-stamp counter scaled by a 32.32 fixed-point factor; the
 * deadline is the APIC timer, which counts 32 bits, so a far one is reached in
 * several steps. Rounding may fire it early by the clock's own measure: then
 * it is armed again for the rest.
 *
 * The counters of all CPUs should show the same. Where one does not, each CPU
 * adds what is its own; reading the two must then not be torn apart, so user
 * code cannot, and asks.
 */
#include "hal/x86_64/clock.h"

#include "core/base/defs.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/common/vdso.h"
#include "hal/irq.h"
#include "hal/upcall.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/lock.h"
#include "hal/x86_64/warp.h"

#define NS_PER_S UINT64_C(1000000000)

/* Constant after clock_setup(), but for is_warped. */
static struct {
    uint64_t tsc_start;
    uint64_t ns_per_tick;   /* 32.32 */
    uint64_t ticks_per_ns;  /* 32.32, of the APIC timer */
    uint64_t wall_start_ns; /* hal_clock_wall() at time 0; atomic */
    bool is_warped;         /* counters differ: set before a CPU runs that
                               shows it; atomic */
} scale;

/* What user code knows of the above. */
static struct {
    struct lock lock; /* of changes */
    struct vdso_data *data;
} shared;

extern const unsigned char blob_vdso[], blob_vdso_end[];

static uint64_t multiply(uint64_t n, uint64_t factor)
{
    return vdso_multiply(n, factor);
}

void clock_setup(const char *command_line)
{
    struct clock_rates rates = calibrate(command_line);

    scale.ns_per_tick = (NS_PER_S << 32) / rates.tsc;
    scale.ticks_per_ns = (rates.apic << 32) / NS_PER_S;
    scale.tsc_start = read_tsc();
    scale.wall_start_ns = rtc_read() * NS_PER_S;
}

uint64_t clock_ns(uint64_t ticks)
{
    return multiply(ticks, scale.ns_per_tick);
}

static uint64_t read_corrected(void)
{
    unsigned saved = hal_irq_save();
    uint64_t tsc = read_tsc() + (uint64_t)cpu_block()->tsc_offset;

    hal_irq_restore(saved);
    return tsc;
}

uint64_t hal_clock_now(void)
{
    bool is_warped = __atomic_load_n(&scale.is_warped, __ATOMIC_RELAXED);
    uint64_t tsc = is_warped ? read_corrected() : read_tsc();

    return multiply(tsc - scale.tsc_start, scale.ns_per_tick);
}

uint64_t hal_clock_wall(void)
{
    return __atomic_load_n(&scale.wall_start_ns, __ATOMIC_RELAXED) +
           hal_clock_now();
}

/* --- user code's clock ---------------------------------------------------- */

static void put64(uint64_t *to, uint64_t value)
{
    __atomic_store_n(to, value, __ATOMIC_RELAXED);
}

/* Tells user code; shared.lock is held. */
static void publish(void)
{
    struct vdso_data *data = shared.data;
    uint32_t flags = cpu_features.rdtscp ? VDSO_HAS_CPU : 0;

    if (data == NULL)
        return;
    if (!__atomic_load_n(&scale.is_warped, __ATOMIC_RELAXED))
        flags |= VDSO_HAS_TIME;
    vdso_change(data);
    __atomic_store_n(&data->flags, flags, __ATOMIC_RELAXED);
    put64(&data->base_tsc, scale.tsc_start);
    put64(&data->base_ns, 0);
    put64(&data->ns_per_tick, scale.ns_per_tick);
    put64(&data->wall_ns,
          __atomic_load_n(&scale.wall_start_ns, __ATOMIC_RELAXED));
    vdso_change(data);
}

void hal_clock_set_wall(uint64_t ns)
{
    unsigned saved = lock_take(&shared.lock);

    put64(&scale.wall_start_ns, ns - hal_clock_now());
    publish();
    lock_drop(&shared.lock, saved);
}

const void *hal_clock_vdso(void *page, size_t *size)
{
    unsigned saved = lock_take(&shared.lock);

    mem_set(page, 0, PAGE_SIZE);
    shared.data = page;
    publish();
    lock_drop(&shared.lock, saved);
    *size = (size_t)(blob_vdso_end - blob_vdso);
    return blob_vdso;
}

static void note_warp(void)
{
    unsigned saved = lock_take(&shared.lock);

    __atomic_store_n(&scale.is_warped, true, __ATOMIC_RELEASE);
    publish();
    lock_drop(&shared.lock, saved);
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

/* --- comparing CPUs ------------------------------------------------------- */

#define TURN_OVER UINT32_MAX

enum { ROUNDS_MIN = 3, ROUNDS_MAX = 16, NARROW_NS = 10000 };

static uint64_t read_here(void)
{
    return read_tsc() + (uint64_t)cpu_block()->tsc_offset;
}

static void compare_once(struct cpu_block *other, unsigned turn, struct warp *w)
{
    uint64_t before = read_here();
    uint64_t there;

    __atomic_store_n(&other->compare.turn, turn, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&other->compare.turn, __ATOMIC_ACQUIRE) == turn)
        pause_cpu();
    there = __atomic_load_n(&other->compare.tsc, __ATOMIC_RELAXED);
    warp_note(w, before, there, read_here());
}

void clock_compare(struct cpu_block *other)
{
    uint64_t narrow = NARROW_NS * (UINT64_C(1) << 32) / scale.ns_per_tick;
    unsigned saved = hal_irq_save();
    struct warp w;

    warp_init(&w);
    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        compare_once(other, 2 * i + 1, &w);
        if (i + 1 >= ROUNDS_MIN && warp_width(&w) < narrow)
            break;
    }
    other->tsc_offset = warp_offset(&w);
    if (other->tsc_offset != 0 || cpu_block()->tsc_offset != 0)
        note_warp();
    __atomic_store_n(&other->compare.turn, TURN_OVER, __ATOMIC_RELEASE);
    hal_irq_restore(saved);
    if (other->tsc_offset != 0)
        log_warning("clock: CPU %u is off by %ld ticks of the time-stamp "
                    "counter; corrected",
                    other->number, -other->tsc_offset);
}

void clock_answer(struct cpu_block *self)
{
    unsigned turn;

    while ((turn = __atomic_load_n(&self->compare.turn, __ATOMIC_ACQUIRE)) !=
           TURN_OVER) {
        if (turn % 2 == 0) {
            pause_cpu();
            continue;
        }
        __atomic_store_n(&self->compare.tsc, read_tsc(), __ATOMIC_RELAXED);
        __atomic_store_n(&self->compare.turn, turn + 1, __ATOMIC_RELEASE);
    }
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
