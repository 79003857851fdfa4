/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/clock.h - the time-stamp counter and the APIC timer as clocks.
 */
#ifndef HAL_X86_64_CLOCK_H
#define HAL_X86_64_CLOCK_H

#include "hal/types.h"

struct cpu_block;

/* Frequencies in Hz. */
struct clock_rates {
    uint64_t tsc;
    uint64_t apic;
};

HAL_DECLS_BEGIN

/* Learns the rates, starts time at 0 and reads the wall clock. The APIC is
 * enabled. Boot only. */
void clock_setup(const char *command_line);

/* Nanoseconds in that many ticks of the time-stamp counter. */
uint64_t clock_ns(uint64_t ticks);

/*
 * Compares the time-stamp counter of a CPU that is being started with this
 * one's, while it is in clock_answer(), and has its clock corrected where they
 * differ.
 */
void clock_compare(struct cpu_block *other);
void clock_answer(struct cpu_block *self);

/* VECTOR_TIMER came: calls core_timer() when the deadline has passed. */
void clock_interrupt(void);

/*
 * The rates: tsc_early_khz= of the command line, CPUID leaf 15h, the
 * hypervisor's leaf 40000010h, else measured against HPET or PIT for at most
 * 3 ms. calibrate.c.
 */
struct clock_rates calibrate(const char *command_line);

/* Seconds since 1970 by the CMOS clock; 0 where there is none. rtc.c. */
uint64_t rtc_read(void);

HAL_DECLS_END

#endif /* HAL_X86_64_CLOCK_H */
