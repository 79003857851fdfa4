/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/bus.h - windows on devices.
 *
 * Two kinds of device: virtio over MMIO (virtio 1.2, 4.2) and PCI functions
 * through ECAM (PCI Express base specification, 7.2.2). A window is opened by
 * number and is accessed by offset and size only, so the same driver runs on a
 * mapped register block and on a simulated one.
 */
#ifndef HAL_BUS_H
#define HAL_BUS_H

#include "hal/types.h"

struct hal_window; /* opaque: a register block, mapped or simulated */

enum hal_bus_kind { HAL_BUS_VIRTIO_MMIO, HAL_BUS_PCI };

/* One device found at boot. */
struct hal_device {
    enum hal_bus_kind kind;
    paddr_t start;       /* MMIO block, or the function's ECAM page */
    uint64_t size;       /* bytes */
    unsigned line;       /* hal/irq.h, of a virtio-mmio device */
    uint16_t pci_number; /* bus, device, function as in ECAM */
};

HAL_DECLS_BEGIN

/* The index-th device, in the machine's order. Returns false past the last. */
bool hal_bus_device(size_t index, struct hal_device *out);

/* Opens a window of size bytes at start, uncached. Returns 0, -ENOMEM, or
 * -EINVAL where no device answers. May sleep. */
HAL_MUST_USE int hal_bus_open(paddr_t start, uint64_t size,
                              struct hal_window **out);
void hal_bus_close(struct hal_window *window);

/* One access of 1, 2, 4 or 8 bytes at an offset that is a multiple of it. */
uint64_t hal_bus_read(struct hal_window *window, uint64_t offset,
                      unsigned size);
void hal_bus_write(struct hal_window *window, uint64_t offset, unsigned size,
                   uint64_t value);

/* Orders memory before with device accesses and DMA after. */
void hal_bus_barrier(void);

HAL_DECLS_END

#endif /* HAL_BUS_H */
