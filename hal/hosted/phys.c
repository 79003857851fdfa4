/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/phys.c - guest RAM lies in one piece in the host process.
 */
#include "hal/phys.h"

#include "core/base/defs.h"
#include "hal/hosted/host.h"

/* One past the last byte of RAM. */
static uint64_t ram_end(void)
{
    const struct host_facts *facts = host_facts();
    const struct host_range *last = &facts->ram[facts->ram_count - 1];

    return last->start + last->size;
}

void *hal_phys(paddr_t addr)
{
    ASSERT(addr >= HOST_RAM_START && addr < ram_end());
    return (char *)host_ram() + addr;
}

paddr_t hal_phys_of(const void *pointer)
{
    uint64_t addr = (uint64_t)((const char *)pointer - (char *)host_ram());

    ASSERT(addr >= HOST_RAM_START && addr < ram_end());
    return addr;
}
