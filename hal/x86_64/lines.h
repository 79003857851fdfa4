/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/lines.h - device interrupts: the I/O APIC's lines and messages.
 */
#ifndef HAL_X86_64_LINES_H
#define HAL_X86_64_LINES_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Masks the legacy controllers and every line of the I/O APIC. Returns 0 or
 * -ENOMEM. Boot only. */
HAL_MUST_USE int lines_setup(void);

/* A device's vector arrived; calls the handler and ends the interrupt. */
void lines_interrupt(unsigned vector);

HAL_DECLS_END

#endif /* HAL_X86_64_LINES_H */
