/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/phys.h - a frame of RAM as memory of the kernel.
 *
 * RAM only: nothing else has a kernel address. Frames that follow each other
 * inside one range of hal_boot_facts()->ram follow each other here too.
 */
#ifndef HAL_PHYS_H
#define HAL_PHYS_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* The kernel's address of physical byte addr, which lies in RAM. */
void *hal_phys(paddr_t addr);

/* The inverse, for a pointer that came from hal_phys(). */
paddr_t hal_phys_of(const void *pointer);

HAL_DECLS_END

#endif /* HAL_PHYS_H */
