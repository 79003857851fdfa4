/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/apic.h - this CPU's local APIC (SDM volume 3, chapter 10).
 */
#ifndef HAL_X86_64_APIC_H
#define HAL_X86_64_APIC_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Maps and enables it; nothing but a spurious interrupt can come yet. Returns
 * 0 or -ENOMEM. Boot only. */
HAL_MUST_USE int apic_setup(void);

/* Ends the interrupt being handled. */
void apic_end(void);

/* Raises vector on this CPU. */
void apic_kick_self(unsigned vector);

/* This CPU's number on the interrupt bus. */
unsigned apic_id(void);

/* Starts the timer: VECTOR_TIMER after ticks, once; 0 stops it. */
void apic_timer_start(uint32_t ticks);

/* Ticks that are left. */
uint32_t apic_timer_left(void);

HAL_DECLS_END

#endif /* HAL_X86_64_APIC_H */
