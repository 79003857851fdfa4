/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/ioapic.h - the I/O APICs: lines of devices to vectors of CPU 0.
 *
 * A line is ACPI's global system interrupt: the inputs of all I/O APICs, each
 * from the number on that the MADT gives it. Locking: the caller's, but for
 * what is constant.
 */
#ifndef HAL_X86_64_IOAPIC_H
#define HAL_X86_64_IOAPIC_H

#include "hal/types.h"

struct madt;

HAL_DECLS_BEGIN

/* Maps them and masks all their lines. Returns 0 or -ENOMEM. Boot only. */
HAL_MUST_USE int ioapic_setup(const struct madt *madt);

/* Is there such a line? Constant. */
bool ioapic_has(unsigned line);

/* Is it level-triggered? Constant. */
bool ioapic_is_level(unsigned line);

/* Lets the line raise vector on CPU 0. */
void ioapic_open(unsigned line, unsigned vector);

void ioapic_mask(unsigned line);

HAL_DECLS_END

#endif /* HAL_X86_64_IOAPIC_H */
