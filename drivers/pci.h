/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/pci.h - configuration space of a PCI function (PCI Local Bus
 * specification 3.0, 6; MSI-X: 6.8.2).
 *
 * What a function says of itself is checked: capabilities that chase their own
 * tail end, and what would lie outside of a base address is not opened.
 *
 * Locking: the driver's; none of it waits but hal_bus_open().
 */
#ifndef DRIVERS_PCI_H
#define DRIVERS_PCI_H

#include "hal/bus.h"
#include "hal/irq.h"

enum {
    PCI_VENDOR = 0x00,
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_HEADER = 0x0e,
    PCI_BARS = 0x10,
    PCI_CAPABILITIES = 0x34,
    PCI_CAP_VENDOR = 0x09, /* capability numbers */
    PCI_CAP_MSIX = 0x11
};

enum { PCI_BARS_MAX = 6 };

/* Memory behind a base address register. */
struct pci_bar {
    paddr_t start;
    uint64_t size; /* 0: there is none, or it is of ports */
};

HAL_DECLS_BEGIN

/* The first capability of that kind behind the one at `after` (0: any); its
 * offset, or 0. */
unsigned pci_find_capability(struct hal_window *function, uint8_t kind,
                             unsigned after);

/* What lies behind register index; finds its size by writing ones (6.2.5.1), so
 * the function must not be in use. */
void pci_read_bar(struct hal_window *function, unsigned index,
                  struct pci_bar *out);

/* Lets it answer in memory and act as a bus master; INTx off. */
void pci_enable(struct hal_window *function);

/* Opens size bytes at offset behind register index: 0, -ENOMEM, or -EIO when
 * they do not lie there. */
HAL_MUST_USE int pci_open_part(struct hal_window *function, unsigned index,
                               uint64_t offset, uint64_t size,
                               struct hal_window **out);

/* Opens the table of the MSI-X capability at `at`: its vectors, all masked, and
 * turns the capability on. 0, -ENOMEM, -EIO. */
HAL_MUST_USE int pci_open_msix(struct hal_window *function, unsigned at,
                               struct hal_window **table, unsigned *vectors);

/* Has a vector raise message, and unmasks it. */
void pci_set_vector(struct hal_window *table, unsigned vector,
                    const struct hal_message *message);

/* Masks the whole function's vectors. */
void pci_mask_msix(struct hal_window *function, unsigned at);

HAL_DECLS_END

#endif /* DRIVERS_PCI_H */
