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
#include "hal/x86_64/madt.h"

enum {
    APIC_ID = 0x20,
    APIC_TASK_PRIORITY = 0x80,
    APIC_EOI = 0xb0,
    APIC_SPURIOUS = 0xf0,
    APIC_COMMAND_LOW = 0x300,
    APIC_COMMAND_HIGH = 0x310,
    APIC_LVT_TIMER = 0x320,
    APIC_LVT_LINT0 = 0x350, /* LINT1's follows */
    APIC_LVT_ERROR = 0x370,
    APIC_TIMER_START = 0x380,
    APIC_TIMER_NOW = 0x390,
    APIC_TIMER_DIVIDE = 0x3e0,
    APIC_STRIDE = 0x10
};

#define BASE_ENABLE     (UINT64_C(1) << 11)
#define BASE_ADDRESS    UINT64_C(0x000ffffffffff000)
#define LVT_MASKED      0x10000u
#define LVT_NMI         0x400u
#define LVT_LOW         0x2000u /* active low; NMI is always by edge */
#define SPURIOUS_ON     0x100u
#define DIVIDE_BY_ONE   0xbu

/* The interrupt command register: SDM volume 3, figure 10-12. */
#define COMMAND_BUSY    0x1000u
#define COMMAND_SELF    0x44000u /* to itself, edge, assert */
#define COMMAND_ONE     0x4000u  /* to the APIC in the high half */
#define COMMAND_NMI     0x4400u
#define COMMAND_INIT    0x4500u
#define COMMAND_STARTUP 0x4600u

enum { BUSY_POLLS_MAX = 100000 };

static volatile char *apic;

static uint32_t get(unsigned reg)
{
    return mmio_read32(apic + reg);
}

static void put(unsigned reg, uint32_t value)
{
    mmio_write32(apic + reg, value);
}

int apic_setup(uint64_t address)
{
    if (address == 0)
        address = read_msr(MSR_APIC_BASE) & BASE_ADDRESS;
    apic = kmap_device(address);
    return apic != NULL ? 0 : -ENOMEM;
}

static uint32_t pin_word(const struct madt_input *nmi)
{
    if (nmi == NULL)
        return LVT_MASKED;
    return LVT_NMI | (nmi->low ? LVT_LOW : 0);
}

void apic_enable(const struct madt *madt, unsigned cpu)
{
    uint32_t uid = madt->cpus[cpu].uid;

    write_msr(MSR_APIC_BASE, read_msr(MSR_APIC_BASE) | BASE_ENABLE);
    put(APIC_TASK_PRIORITY, 0);
    put(APIC_SPURIOUS, SPURIOUS_ON | VECTOR_SPURIOUS);
    for (unsigned pin = 0; pin < MADT_PINS; pin++)
        put(APIC_LVT_LINT0 + pin * APIC_STRIDE,
            pin_word(madt_find_nmi(madt, uid, pin)));
    put(APIC_LVT_ERROR, LVT_MASKED);
    put(APIC_TIMER_DIVIDE, DIVIDE_BY_ONE);
    put(APIC_LVT_TIMER, VECTOR_TIMER);
}

void apic_end(void)
{
    put(APIC_EOI, 0);
}

/* The last message must have left before the register takes another. */
static void send(uint32_t apic_id, uint32_t command)
{
    for (unsigned i = 0; i < BUSY_POLLS_MAX; i++) {
        if (!(get(APIC_COMMAND_LOW) & COMMAND_BUSY))
            break;
        pause_cpu();
    }
    put(APIC_COMMAND_HIGH, apic_id << 24);
    put(APIC_COMMAND_LOW, command);
}

void apic_kick_self(unsigned vector)
{
    put(APIC_COMMAND_LOW, COMMAND_SELF | vector);
}

void apic_send(uint32_t apic_id, unsigned vector)
{
    send(apic_id, COMMAND_ONE | vector);
}

void apic_send_nmi(uint32_t apic_id)
{
    send(apic_id, COMMAND_NMI);
}

void apic_send_init(uint32_t apic_id)
{
    send(apic_id, COMMAND_INIT);
}

void apic_send_startup(uint32_t apic_id, paddr_t page)
{
    send(apic_id, COMMAND_STARTUP | (uint32_t)(page >> PAGE_SHIFT));
}

uint32_t apic_id(void)
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
