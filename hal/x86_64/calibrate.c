/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/calibrate.c - how fast the time-stamp counter and the APIC timer
 * run.
 *
 * Both are read beside a counter of known rate, twice, some time apart. A
 * reading is worth as much as it is short: the shortest of some tries is
 * taken, and the time apart grows until reading errors are small against it,
 * up to 3 ms.
 */
#include "core/base/defs.h"
#include "core/base/log.h"
#include "hal/x86_64/apic.h"
#include "hal/x86_64/clock.h"
#include "hal/x86_64/cmdline.h"
#include "hal/x86_64/cpu.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"

#define NS_PER_S     UINT64_C(1000000000)
#define WINDOW_MIN   UINT64_C(400000) /* ns */
#define WINDOW_MAX   UINT64_C(3000000)
#define READING_RATE 1000 /* window against the error of a reading */
#define RATE_MIN     UINT64_C(1000000)
#define RATE_MAX     (UINT64_MAX >> 32)
#define RATE_UNKNOWN NS_PER_S

enum { TRIES = 4, EDGE_READS_MAX = 100000 };

/* A counter of known rate that counts up modulo 2^bits. */
struct reference {
    uint32_t (*read)(void);
    uint32_t mask;
    uint64_t period_fs; /* femtoseconds */
};

/* --- HPET: IA-PC HPET specification 1.0a, 2.3 ------------------------------
 */

#define HPET_BASE          UINT64_C(0xfed00000) /* the ACPI table may differ */
#define HPET_PERIOD_MAX_FS 100000000u

enum { HPET_ID = 0x00, HPET_PERIOD = 0x04, HPET_CONFIG = 0x10 };
enum { HPET_COUNTER = 0xf0, HPET_ENABLE = 1 };

static volatile char *hpet;

static uint32_t read_hpet(void)
{
    return mmio_read32(hpet + HPET_COUNTER);
}

static bool find_hpet(struct reference *out)
{
    uint32_t period;

    hpet = kmap_device(HPET_BASE);
    if (hpet == NULL)
        return false;
    period = mmio_read32(hpet + HPET_PERIOD);
    if (period == 0 || period > HPET_PERIOD_MAX_FS ||
        (mmio_read32(hpet + HPET_ID) & 0xff) == 0)
        return false;
    mmio_write32(hpet + HPET_CONFIG,
                 mmio_read32(hpet + HPET_CONFIG) | HPET_ENABLE);
    out->read = read_hpet;
    out->mask = UINT32_MAX;
    out->period_fs = period;
    return true;
}

/* --- PIT: 8254 data sheet --------------------------------------------------
 */

enum {
    PIT_COUNTER = 0x40,
    PIT_COMMAND = 0x43,
    PIT_LATCH = 0x00,
    PIT_RATE_MODE = 0x34 /* counter 0, low then high byte, mode 2 */
};

#define PIT_PERIOD_FS UINT64_C(838095345) /* 1193182 Hz */

static uint32_t read_pit(void)
{
    uint32_t low;

    out8(PIT_COMMAND, PIT_LATCH);
    low = in8(PIT_COUNTER);
    return (0x10000u - (low | (uint32_t)in8(PIT_COUNTER) << 8)) & 0xffff;
}

static void find_pit(struct reference *out)
{
    out8(PIT_COMMAND, PIT_RATE_MODE);
    out8(PIT_COUNTER, 0);
    out8(PIT_COUNTER, 0);
    out->read = read_pit;
    out->mask = 0xffff;
    out->period_fs = PIT_PERIOD_FS;
}

/* --- measuring -------------------------------------------------------------
 */

struct reading {
    uint64_t tsc;
    uint32_t apic; /* counts down */
    uint32_t count;
    uint64_t error; /* TSC ticks that it took */
};

/* One reading right after the reference moved; false: it does not move. */
static bool read_edge(const struct reference *ref, struct reading *out)
{
    uint32_t before = ref->read();

    for (unsigned i = 0; i < EDGE_READS_MAX; i++) {
        uint64_t start = read_tsc();

        out->count = ref->read();
        if (out->count == before)
            continue;
        out->tsc = read_tsc();
        out->apic = apic_timer_left();
        out->error = read_tsc() - start;
        return true;
    }
    return false;
}

static bool read_best(const struct reference *ref, struct reading *out)
{
    struct reading now;

    out->error = UINT64_MAX;
    for (unsigned i = 0; i < TRIES; i++) {
        if (!read_edge(ref, &now))
            return false;
        if (now.error < out->error)
            *out = now;
    }
    return true;
}

/* Nanoseconds that the reference says lie between two readings. */
static uint64_t ns_between(const struct reference *ref,
                           const struct reading *from, const struct reading *to)
{
    uint64_t ticks = (to->count - from->count) & ref->mask;

    return ticks * ref->period_fs / 1000000;
}

static bool measure(const struct reference *ref, struct clock_rates *out)
{
    struct reading first, last;
    uint64_t ns;

    apic_timer_start(UINT32_MAX);
    if (!read_best(ref, &first))
        return false;
    do {
        if (!read_edge(ref, &last))
            return false;
        ns = ns_between(ref, &first, &last);
    } while (
        ns < WINDOW_MIN ||
        (ns < WINDOW_MAX &&
         last.tsc - first.tsc < (first.error + last.error) * READING_RATE));
    if (!read_best(ref, &last))
        return false;
    apic_timer_start(0);
    ns = ns_between(ref, &first, &last);
    out->tsc = (last.tsc - first.tsc) * NS_PER_S / ns;
    out->apic = (uint64_t)(first.apic - last.apic) * NS_PER_S / ns;
    return true;
}

/* The APIC's rate beside a time-stamp counter of known rate. */
static uint64_t measure_apic(uint64_t tsc_rate)
{
    uint64_t window = tsc_rate / (NS_PER_S / WINDOW_MIN);
    uint64_t start, now;
    uint32_t left;

    apic_timer_start(UINT32_MAX);
    left = apic_timer_left();
    start = read_tsc();
    do {
        pause_cpu();
        now = read_tsc();
    } while (now - start < window);
    left -= apic_timer_left();
    now = read_tsc();
    apic_timer_start(0);
    return (uint64_t)left * tsc_rate / (now - start);
}

/* --- what the machine says -------------------------------------------------
 */

/* CPUID leaf 15h: the crystal's rate, and the TSC's as a fraction of it. */
static void ask_processor(struct clock_rates *out)
{
    struct cpuid leaf;

    if (read_cpuid(0, 0).eax < 0x15)
        return;
    leaf = read_cpuid(0x15, 0);
    if (leaf.eax == 0 || leaf.ebx == 0 || leaf.ecx == 0)
        return;
    out->tsc = (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
    out->apic = leaf.ecx;
}

/* Leaf 40000010h of several hypervisors: both rates in kHz. */
static void ask_hypervisor(struct clock_rates *out)
{
    struct cpuid leaf;

    if (!cpu_features.hypervisor || read_cpuid(0x40000000, 0).eax < 0x40000010)
        return;
    leaf = read_cpuid(0x40000010, 0);
    out->tsc = (uint64_t)leaf.eax * 1000;
    out->apic = (uint64_t)leaf.ebx * 1000;
}

static bool is_rate(uint64_t rate)
{
    return rate >= RATE_MIN && rate <= RATE_MAX;
}

struct clock_rates calibrate(const char *command_line)
{
    struct clock_rates rates = {0};
    struct reference ref;

    rates.tsc =
        cmdline_number(command_line, "tsc_early_khz=", RATE_MAX / 1000) * 1000;
    if (!is_rate(rates.tsc))
        ask_processor(&rates);
    if (!is_rate(rates.tsc))
        ask_hypervisor(&rates);
    if (!is_rate(rates.tsc) &&
        (!find_hpet(&ref) || !measure(&ref, &rates) || !is_rate(rates.tsc))) {
        find_pit(&ref);
        (void)measure(&ref, &rates);
    }
    if (!is_rate(rates.tsc)) {
        log_warning("clock: no timer to measure by; give tsc_early_khz=");
        rates.tsc = RATE_UNKNOWN;
    }
    if (!is_rate(rates.apic))
        rates.apic = measure_apic(rates.tsc);
    if (!is_rate(rates.apic))
        rates.apic = RATE_UNKNOWN;
    log_debug("clock: tsc %lu kHz, apic timer %lu kHz", rates.tsc / 1000,
              rates.apic / 1000);
    return rates;
}
