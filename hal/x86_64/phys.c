/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/phys.c - hal/phys.h: RAM is mapped at DIRECT_BASE.
 */
#include "hal/phys.h"

#include "hal/x86_64/layout.h"

void *hal_phys(paddr_t addr)
{
    return (void *)(DIRECT_BASE + addr);
}

paddr_t hal_phys_of(const void *pointer)
{
    return (paddr_t)pointer - DIRECT_BASE;
}
