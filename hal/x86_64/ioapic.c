/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/ioapic.c - the contract is in ioapic.h.
 *
 * 82093AA data sheet, 3. The MADT tells how ISA interrupts come in; all other
 * lines are edge-triggered, active high, as those of virtio-mmio are.
 */
#include "hal/x86_64/ioapic.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/log.h"
#include "hal/x86_64/instr.h"
#include "hal/x86_64/kmap.h"
#include "hal/x86_64/layout.h"
#include "hal/x86_64/madt.h"

enum {
    REG_SELECT = 0x00,
    REG_WINDOW = 0x10,
    REG_VERSION = 0x01,
    REG_TABLE = 0x10 /* two registers per line */
};

enum {
    REDIRECT_LOW = 0x2000,
    REDIRECT_LEVEL = 0x8000,
    REDIRECT_MASKED = 0x10000
};

/* Constant after ioapic_setup(). */
static struct ioapic {
    volatile char *registers;
    unsigned first, count; /* lines */
} ioapics[MADT_IO_APICS_MAX];
static const struct madt *table;

static void put(const struct ioapic *io, unsigned reg, uint32_t value)
{
    mmio_write32(io->registers + REG_SELECT, reg);
    mmio_write32(io->registers + REG_WINDOW, value);
}

static uint32_t get(const struct ioapic *io, unsigned reg)
{
    mmio_write32(io->registers + REG_SELECT, reg);
    return mmio_read32(io->registers + REG_WINDOW);
}

static const struct ioapic *find(unsigned line)
{
    for (unsigned i = 0; i < COUNT_OF(ioapics); i++)
        if (line >= ioapics[i].first &&
            line - ioapics[i].first < ioapics[i].count)
            return &ioapics[i];
    return NULL;
}

/* How the line is driven. */
static struct madt_input input_of(unsigned line)
{
    for (unsigned i = 0; i < MADT_ISA_LINES; i++)
        if (table->isa[i].line == line)
            return table->isa[i].input;
    return (struct madt_input){0};
}

static void redirect(unsigned line, uint32_t low)
{
    const struct ioapic *io = find(line);
    struct madt_input input = input_of(line);
    unsigned reg = REG_TABLE + 2 * (line - io->first);

    low |= (input.low ? REDIRECT_LOW : 0) | (input.level ? REDIRECT_LEVEL : 0);
    put(io, reg + 1, table->cpus[0].apic_id << 24);
    put(io, reg, low);
}

int ioapic_setup(const struct madt *madt)
{
    table = madt;
    for (unsigned i = 0; i < madt->io_apic_count; i++) {
        struct ioapic *io = &ioapics[i];

        io->registers = kmap_device(madt->io_apics[i].address);
        if (io->registers == NULL)
            return -ENOMEM;
        io->first = madt->io_apics[i].first;
        io->count = (get(io, REG_VERSION) >> 16 & 0xff) + 1;
        log_debug("x86_64: I/O APIC at %#lx, lines %u to %u",
                  madt->io_apics[i].address, io->first,
                  io->first + io->count - 1);
        for (unsigned line = 0; line < io->count; line++)
            redirect(io->first + line, REDIRECT_MASKED);
    }
    return 0;
}

bool ioapic_has(unsigned line)
{
    return find(line) != NULL;
}

bool ioapic_is_level(unsigned line)
{
    return input_of(line).level;
}

void ioapic_open(unsigned line, unsigned vector)
{
    redirect(line, vector);
}

void ioapic_mask(unsigned line)
{
    redirect(line, REDIRECT_MASKED);
}
