/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/pci.c - contract in pci.h.
 */
#include "drivers/pci.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"

enum {
    COMMAND_MEMORY = 2,
    COMMAND_MASTER = 4,
    COMMAND_NO_INTX = 1 << 10,
    STATUS_CAPABILITIES = 1 << 4,
    HEADER_KIND = 0x7f,
    CAPABILITIES_START = 0x40,
    CAPABILITIES_MAX = 48, /* 4 bytes each in what is left of 256 */
    CONFIG_SIZE = 256
};

/* Base address registers. */
enum {
    BAR_PORTS = 1,
    BAR_KIND = 6, /* mask; 64 bits wide: */
    BAR_LONG = 4,
    BAR_FLAGS = 0xf
};

/* The MSI-X capability and its table. */
enum {
    MSIX_CONTROL = 2,
    MSIX_TABLE = 4,
    MSIX_ENABLE = 1 << 15,
    MSIX_MASK = 1 << 14,
    MSIX_COUNT = 0x7ff,
    MSIX_BAR = 7,
    ENTRY_SIZE = 16,
    ENTRY_DATA = 8,
    ENTRY_CONTROL = 12,
    ENTRY_MASKED = 1
};

static uint32_t get(struct hal_window *function, unsigned at, unsigned size)
{
    return (uint32_t)hal_bus_read(function, at, size);
}

unsigned pci_find_capability(struct hal_window *function, uint8_t kind,
                             unsigned after)
{
    bool is_past = after == 0;
    unsigned at;

    if (!(get(function, PCI_STATUS, 2) & STATUS_CAPABILITIES))
        return 0;
    at = get(function, PCI_CAPABILITIES, 1) & ~3u;
    for (unsigned i = 0; i < CAPABILITIES_MAX && at >= CAPABILITIES_START;
         i++) {
        if (is_past && get(function, at, 1) == kind)
            return at;
        if (at == after)
            is_past = true;
        at = get(function, at + 1, 1) & ~3u;
    }
    return 0;
}

void pci_read_bar(struct hal_window *function, unsigned index,
                  struct pci_bar *out)
{
    unsigned at = PCI_BARS + 4 * index;
    uint32_t command = get(function, PCI_COMMAND, 2);
    uint32_t low, high = 0;
    uint64_t mask;

    *out = (struct pci_bar){0};
    low = get(function, at, 4);
    if (index >= PCI_BARS_MAX || (low & BAR_PORTS) ||
        (get(function, PCI_HEADER, 1) & HEADER_KIND) != 0)
        return;
    if ((low & BAR_KIND) == BAR_LONG && index + 1 == PCI_BARS_MAX)
        return;
    /* While the register holds ones, the function must not answer there. */
    hal_bus_write(function, PCI_COMMAND, 2,
                  command & ~(uint32_t)COMMAND_MEMORY);
    hal_bus_write(function, at, 4, UINT32_MAX);
    mask = UINT64_MAX << 32 | get(function, at, 4);
    hal_bus_write(function, at, 4, low);
    if ((low & BAR_KIND) == BAR_LONG) {
        high = get(function, at + 4, 4);
        hal_bus_write(function, at + 4, 4, UINT32_MAX);
        mask = (mask & UINT32_MAX) | (uint64_t)get(function, at + 4, 4) << 32;
        hal_bus_write(function, at + 4, 4, high);
    }
    hal_bus_write(function, PCI_COMMAND, 2, command);
    mask &= ~(uint64_t)BAR_FLAGS;
    out->start = ((uint64_t)high << 32 | low) & ~(uint64_t)BAR_FLAGS;
    if ((uint32_t)mask != 0 || high != 0)
        out->size = ~mask + 1;
}

void pci_enable(struct hal_window *function)
{
    hal_bus_write(function, PCI_COMMAND, 2,
                  get(function, PCI_COMMAND, 2) | COMMAND_MEMORY |
                      COMMAND_MASTER | COMMAND_NO_INTX);
}

int pci_open_part(struct hal_window *function, unsigned index, uint64_t offset,
                  uint64_t size, struct hal_window **out)
{
    struct pci_bar bar;
    int error;

    if (index >= PCI_BARS_MAX)
        return -EIO;
    pci_read_bar(function, index, &bar);
    if (bar.start == 0 || size == 0 || offset > bar.size ||
        size > bar.size - offset)
        return -EIO;
    error = hal_bus_open(bar.start + offset, size, out);
    return error == -EINVAL ? -EIO : error;
}

int pci_open_msix(struct hal_window *function, unsigned at,
                  struct hal_window **table, unsigned *vectors)
{
    uint32_t control, where;
    int error;

    if (at > CONFIG_SIZE - 12)
        return -EIO;
    control = get(function, at + MSIX_CONTROL, 2);
    where = get(function, at + MSIX_TABLE, 4);
    *vectors = (control & MSIX_COUNT) + 1;
    error =
        pci_open_part(function, where & MSIX_BAR, where & ~(uint32_t)MSIX_BAR,
                      (uint64_t)*vectors * ENTRY_SIZE, table);
    if (error != 0)
        return error;
    for (unsigned i = 0; i < *vectors; i++)
        hal_bus_write(*table, i * ENTRY_SIZE + ENTRY_CONTROL, 4, ENTRY_MASKED);
    hal_bus_write(function, at + MSIX_CONTROL, 2,
                  (control | MSIX_ENABLE) & ~(uint32_t)MSIX_MASK);
    return 0;
}

void pci_set_vector(struct hal_window *table, unsigned vector,
                    const struct hal_message *message)
{
    uint64_t at = (uint64_t)vector * ENTRY_SIZE;

    hal_bus_write(table, at, 4, (uint32_t)message->address);
    hal_bus_write(table, at + 4, 4, message->address >> 32);
    hal_bus_write(table, at + ENTRY_DATA, 4, message->data);
    hal_bus_write(table, at + ENTRY_CONTROL, 4, 0);
}

void pci_mask_msix(struct hal_window *function, unsigned at)
{
    hal_bus_write(function, at + MSIX_CONTROL, 2,
                  get(function, at + MSIX_CONTROL, 2) | MSIX_MASK);
}
