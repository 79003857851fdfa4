/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/apic.c - the contract is in apic.h.
 */
#include "hal/x86_64/apic.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/layout.h"

enum {
    APIC_ID = 0x20,
    APIC_TASK_PRIORITY = 0x80,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_COMMAND_LOW = 0x300,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350,
    APIC_LVT_LINT1 = 0x360,
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_START = 0x380,
    APIC_TIMER_NOW = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0
};

#define BASE_ENABLE   (UINT64_C(1) << 11)
#define BASE_ADDRESS  UINT64_C(0x000ffffffffff000)
#define LVT_MASKED    0x10000u
#define LVT_NMI       0x400u
#define SPURIOUS_ON   0x100u
#define COMMAND_SELF  0x44000u /* to itself, edge, assert */
#define DIVIDE_BY_ONE 0xbu

static volatile char *apic;

static uint32_t get(unsigned reg)
{
    return mmio_read32(apic + reg);
}

static void put(unsigned reg, uint32_t value)
{
    mmio_write32(apic + reg, value);
}

int apic_setup(void)
{
    uint64_t base = read_msr(MSR_APIC_BASE);

    apic = kmap_device(base & BASE_ADDRESS);
    if (apic == NULL)
        return -ENOMEM;
    write_msr(MSR_APIC_BASE, base | BASE_ENABLE);
    put(APIC_TASK_PRIORITY, 0);
    put(APIC_LVT_LINT0, LVT_MASKED);
    put(APIC_LVT_LINT1, LVT_NMI);
    put(APIC_LVT_ERROR, LVT_MASKED);
    put(APIC_SPURIOUS, SPURIOUS_ON | VECTOR_SPURIOUS);
    put(APIC_TIMER_DIVIDE, DIVIDE_BY_ONE);
    put(APIC_LVT_TIMER, VECTOR_TIMER);
    return 0;
}

void apic_end(void)
{
    put(APIC_EOI, 0);
}

void apic_kick_self(unsigned vector)
{
    put(APIC_COMMAND_LOW, COMMAND_SELF | vector);
}

unsigned apic_id(void)
{
    return get(APIC_ID) >> 24;
}

void apic_timer_start(uint32_t ticks)
{
    put(APIC_TIMER_START, ticks);
}

uint32_t apic_timer_left(void)
{
    return get(APIC_TIMER_NOW);
}
