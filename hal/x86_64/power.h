/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/power.h - turning the machine off and over by ACPI (specification
 * 6.4, 4.8.3.6, 4.8.3.7 and 16.1).
 */
#ifndef HAL_X86_64_POWER_H
#define HAL_X86_64_POWER_H

#include "hal/x86_64/bootinfo.h"

HAL_DECLS_BEGIN

/* Learns from the ACPI tables how; on the early tables. */
void power_find(const struct bootinfo *info);

/* Maps what registers lie in memory; turns ACPI on where the firmware has it
 * off. Boot only. */
void power_setup(void);

/* Enters the state S5; returns where the machine cannot. */
void power_off(void);

/* By the reset register, else the keyboard controller, else the chip set's;
 * returns when nothing of that helped. */
void power_reset(void);

HAL_DECLS_END

#endif /* HAL_X86_64_POWER_H */
