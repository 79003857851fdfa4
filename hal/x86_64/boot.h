/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/boot.h - between boot.S, boot.c and platform.c.
 */
#ifndef HAL_X86_64_BOOT_H
#define HAL_X86_64_BOOT_H

#include "hal/platform.h"
#include "hal/x86_64/bootinfo.h"

enum { EXIT_REFUSED = 125 }; /* this machine cannot run the kernel */

HAL_DECLS_BEGIN

/* Called by boot.S on the early tables: how we were started (BOOT_MAGIC_*),
 * and the physical address of what the loader said. */
HAL_NORETURN void boot_main(uint64_t magic, uint64_t info);

/* Prints "cyphera: what: why" on the log and powers off with EXIT_REFUSED. */
HAL_NORETURN void boot_refuse(const char *what, const char *why);

/* What the loader said; constant. */
const struct bootinfo *boot_info(void);

HAL_DECLS_END

#endif /* HAL_X86_64_BOOT_H */
