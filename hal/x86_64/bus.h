/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/bus.h - finding the devices of hal/bus.h at boot.
 */
#ifndef HAL_X86_64_BUS_H
#define HAL_X86_64_BUS_H

#include "hal/x86_64/bootinfo.h"

HAL_DECLS_BEGIN

/* Reads of the ACPI tables and of the command line where devices are; on the
 * early tables. */
void bus_find(const struct bootinfo *info);

/* Looks at the PCI functions. Boot only, by CPU 0 alone. */
void bus_setup(void);

HAL_DECLS_END

#endif /* HAL_X86_64_BUS_H */
