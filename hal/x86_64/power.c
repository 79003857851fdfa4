/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/power.c - the contract is in power.h.
 */
#include "hal/x86_64/power.h"

#include "hal/x86_64/acpi.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/tables.h"

enum { RESET_CONTROL = 0xcf9, RESET_HARD = 0x06 };
enum {
    KEYBOARD_COMMAND = 0x64,
    KEYBOARD_BUSY = 2,
    KEYBOARD_RESET = 0xfe,
    KEYBOARD_POLLS = 1000
};

/* Bits of PM1 control, and of sleep control. */
enum {
    PM1_ENABLED = 1,
    PM1_TYPE_SHIFT = 10,
    PM1_SLEEP = 1 << 13,
    SLEEP_TYPE_SHIFT = 2,
    SLEEP_NOW = 1 << 5,
    ENABLE_POLLS = 100000,
    EFFECT_POLLS = 1000000
};

/* Constant after power_setup(). */
static struct tables_fadt fadt;
static bool has_s5;
static uint8_t sleep_types[2];
static volatile char *sleep_register, *reset_register; /* NULL: no memory */

static void out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static uint16_t in16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

void power_find(const struct bootinfo *info)
{
    size_t size;
    const void *table = acpi_find(info, "FACP", &size);

    if (table == NULL || !tables_read_fadt(&fadt, table, size)) {
        fadt = (struct tables_fadt){0};
        return;
    }
    table = acpi_table(fadt.dsdt, "DSDT", &size);
    has_s5 = table != NULL && tables_find_s5(table, size, sleep_types);
}

static volatile char *map_register(struct tables_register reg)
{
    if (reg.address == 0 || reg.space != TABLES_MEMORY)
        return NULL;
    return kmap_device(reg.address);
}

void power_setup(void)
{
    sleep_register = map_register(fadt.sleep);
    reset_register = map_register(fadt.reset);
    if (fadt.pm1a.address == 0 || fadt.smi_port == 0)
        return;
    if (in16((uint16_t)fadt.pm1a.address) & PM1_ENABLED)
        return;
    out8(fadt.smi_port, fadt.smi_enable);
    for (unsigned i = 0; i < ENABLE_POLLS; i++)
        if (in16((uint16_t)fadt.pm1a.address) & PM1_ENABLED)
            return;
}

/* Type first, then the bit that acts: both at once is what ACPI asks for. */
static void sleep_by_pm1(struct tables_register pm1, uint8_t type)
{
    if (pm1.address != 0)
        out16((uint16_t)pm1.address,
              (uint16_t)(PM1_ENABLED | type << PM1_TYPE_SHIFT | PM1_SLEEP));
}

static void put_register(struct tables_register reg, volatile char *mapped,
                         uint8_t value)
{
    if (reg.address == 0)
        return;
    if (reg.space == TABLES_PORT)
        out8((uint16_t)reg.address, value);
    else if (mapped != NULL)
        *(volatile uint8_t *)mapped = value;
}

static void wait_for_effect(void)
{
    for (unsigned i = 0; i < EFFECT_POLLS; i++)
        pause_cpu();
}

void power_off(void)
{
    if (!has_s5)
        return;
    put_register(fadt.sleep, sleep_register,
                 (uint8_t)(sleep_types[0] << SLEEP_TYPE_SHIFT | SLEEP_NOW));
    sleep_by_pm1(fadt.pm1a, sleep_types[0]);
    sleep_by_pm1(fadt.pm1b, sleep_types[1]);
    wait_for_effect();
}

static void reset_by_keyboard(void)
{
    for (unsigned i = 0; i < KEYBOARD_POLLS; i++)
        if (!(in8(KEYBOARD_COMMAND) & KEYBOARD_BUSY))
            break;
    out8(KEYBOARD_COMMAND, KEYBOARD_RESET);
}

void power_reset(void)
{
    if (fadt.reset.address != 0) {
        put_register(fadt.reset, reset_register, fadt.reset_value);
        wait_for_effect();
    }
    reset_by_keyboard();
    wait_for_effect();
    out8(RESET_CONTROL, RESET_HARD);
    wait_for_effect();
}
