/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/lines.h - device interrupts: the I/O APICs' lines and messages.
 */
#ifndef HAL_X86_64_LINES_H
#define HAL_X86_64_LINES_H

#include "hal/types.h"

struct madt;

HAL_DECLS_BEGIN

/* Masks the legacy controllers, both 8259s. Boot only, before the local APIC
 * stops listening to them: what they raised and nobody took, they must be able
 * to take back. */
void lines_silence_pic(void);

/* Masks every line of the I/O APICs. Returns 0 or
 * -ENOMEM. Boot only. */
HAL_MUST_USE int lines_setup(const struct madt *madt);

/* The line at which ISA interrupt 0 to 15 arrives. */
unsigned lines_of_isa(unsigned number);

/* A device's vector arrived; calls the handler and ends the interrupt. */
void lines_interrupt(unsigned vector);

HAL_DECLS_END

#endif /* HAL_X86_64_LINES_H */
