/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/apic.h - this CPU's local APIC (SDM volume 3, chapter 10).
 *
 * Every CPU sees its own at the same address. What sends is called with
 * interrupts off.
 */
#ifndef HAL_X86_64_APIC_H
#define HAL_X86_64_APIC_H

#include "hal/types.h"

struct madt;

HAL_DECLS_BEGIN

/* Maps it; address 0: where this CPU has it. Returns 0 or -ENOMEM. Boot only,
 * first. */
HAL_MUST_USE int apic_setup(uint64_t address);

/* Enables this CPU's, whose number in madt is cpu; nothing but a spurious
 * interrupt and NMI can come yet. */
void apic_enable(const struct madt *madt, unsigned cpu);

/* Ends the interrupt being handled. */
void apic_end(void);

/* Raises vector on this CPU. */
void apic_kick_self(unsigned vector);

/* Raises vector, or NMI, on the CPU with that APIC. */
void apic_send(uint32_t apic_id, unsigned vector);
void apic_send_nmi(uint32_t apic_id);

/* The two messages that start a CPU: it waits for the second, and begins in
 * real mode at page, below 1 MiB (SDM volume 3, 8.4.4.1). */
void apic_send_init(uint32_t apic_id);
void apic_send_startup(uint32_t apic_id, paddr_t page);

/* This CPU's number on the interrupt bus. */
uint32_t apic_id(void);

/* Starts the timer: VECTOR_TIMER after ticks, once; 0 stops it. */
void apic_timer_start(uint32_t ticks);

/* Ticks that are left. */
uint32_t apic_timer_left(void);

HAL_DECLS_END

#endif /* HAL_X86_64_APIC_H */
