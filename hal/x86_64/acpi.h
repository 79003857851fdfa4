/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/acpi.h - finding ACPI tables (ACPI specification 6.4, 5.2); there
 * is no interpreter here.
 *
 * All of it runs on the early tables, so what lies at or above 4 GiB is not
 * found. Every table is checked by its sum.
 */
#ifndef HAL_X86_64_ACPI_H
#define HAL_X86_64_ACPI_H

#include "hal/types.h"
#include "hal/x86_64/bootinfo.h"

HAL_DECLS_BEGIN

/*
 * The table with that signature of four letters, by the root pointer that the
 * loader gave, or else by the one that the firmware left in low memory. NULL:
 * there is none. *size is its length.
 */
const void *acpi_find(const struct bootinfo *info, const char *signature,
                      size_t *size);

/* The same from a root pointer of at most size bytes. */
const void *acpi_find_from(const void *root_pointer, size_t size,
                           const char *signature, size_t *table_size);

/* The table at addr, when it is whole and has that signature; NULL: not so. */
const void *acpi_table(uint64_t addr, const char *signature, size_t *size);

/* A root pointer whose sum is right in [start, end), at a multiple of 16; NULL:
 * none. */
const void *acpi_search(uint64_t start, uint64_t end);

HAL_DECLS_END

#endif /* HAL_X86_64_ACPI_H */
