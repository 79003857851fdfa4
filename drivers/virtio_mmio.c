/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio_mmio.c - virtio over MMIO, version 2 (virtio 1.2, 4.2).
 */
#include "core/abi/errno.h"
#include "core/base/log.h"
#include "drivers/virtio.h"

enum { ROUNDS_MAX = 16, STATUS_BITS = 0xff };

static uint32_t get(struct virtio_device *device, unsigned at)
{
    return (uint32_t)hal_bus_read(device->mmio.window, at, sizeof(uint32_t));
}

static void put(struct virtio_device *device, unsigned at, uint32_t value)
{
    hal_bus_write(device->mmio.window, at, sizeof(uint32_t), value);
}

static uint32_t get_status(struct virtio_device *device)
{
    return get(device, VIRTIO_MMIO_STATUS);
}

static void set_status(struct virtio_device *device, uint32_t status)
{
    put(device, VIRTIO_MMIO_STATUS, status & STATUS_BITS);
}

static uint64_t get_features(struct virtio_device *device)
{
    uint64_t features;

    put(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    features = (uint64_t)get(device, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
    put(device, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    return features | get(device, VIRTIO_MMIO_DEVICE_FEATURES);
}

static void set_features(struct virtio_device *device, uint64_t features)
{
    put(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    put(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
    put(device, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    put(device, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
}

static unsigned queue_max(struct virtio_device *device, unsigned index)
{
    put(device, VIRTIO_MMIO_QUEUE_SEL, index);
    return get(device, VIRTIO_MMIO_QUEUE_READY) != 0
               ? 0
               : get(device, VIRTIO_MMIO_QUEUE_MAX);
}

static void put_area(struct virtio_device *device, unsigned at, paddr_t area)
{
    put(device, at, (uint32_t)area);
    put(device, at + sizeof(uint32_t), (uint32_t)(area >> 32));
}

static int queue_start(struct virtio_device *device, unsigned index)
{
    const struct virtqueue *q = &device->queues[index];

    put(device, VIRTIO_MMIO_QUEUE_SEL, index);
    put(device, VIRTIO_MMIO_QUEUE_SIZE, q->size);
    put_area(device, VIRTIO_MMIO_QUEUE_DESC, virtqueue_desc(q));
    put_area(device, VIRTIO_MMIO_QUEUE_DRIVER, virtqueue_avail(q));
    put_area(device, VIRTIO_MMIO_QUEUE_DEVICE, virtqueue_used(q));
    put(device, VIRTIO_MMIO_QUEUE_READY, 1);
    return get(device, VIRTIO_MMIO_QUEUE_READY) == 1 ? 0 : -EIO;
}

static void notify(struct virtio_device *device, unsigned index)
{
    put(device, VIRTIO_MMIO_NOTIFY, index);
}

static uint32_t generation(struct virtio_device *device)
{
    return get(device, VIRTIO_MMIO_GENERATION);
}

static uint8_t config_byte(struct virtio_device *device, unsigned offset)
{
    return (uint8_t)hal_bus_read(device->mmio.window,
                                 VIRTIO_MMIO_CONFIG + offset, 1);
}

/* The line is an edge where the machine has it so: the status must have been
 * zero before this leaves, or no other comes. */
static void on_interrupt(void *arg)
{
    struct virtio_device *device = arg;

    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        uint32_t status = get(device, VIRTIO_MMIO_ISR);

        if (status == 0)
            return;
        put(device, VIRTIO_MMIO_ISR_ACK, status);
        virtio_interrupt(device, (status & VIRTIO_ISR_QUEUE) != 0,
                         (status & VIRTIO_ISR_CONFIG) != 0);
        if (virtio_is_broken(device))
            return;
    }
    virtio_break(device, "its interrupt does not end");
}

static int interrupts_on(struct virtio_device *device)
{
    return interrupt_attach(&device->mmio.interrupt, device->mmio.line,
                            device->driver->name, on_interrupt, device);
}

/* Masked only: the handler itself may be the caller. */
static void interrupts_off(struct virtio_device *device)
{
    if (device->mmio.interrupt.handler != NULL)
        hal_irq_mask(device->mmio.line);
}

static void leave(struct virtio_device *device)
{
    if (device->mmio.interrupt.handler != NULL)
        interrupt_detach(&device->mmio.interrupt);
    hal_bus_close(device->mmio.window);
}

static const struct virtio_transport mmio_transport = {
    .get_status = get_status,
    .set_status = set_status,
    .get_features = get_features,
    .set_features = set_features,
    .queue_max = queue_max,
    .queue_start = queue_start,
    .notify = notify,
    .generation = generation,
    .config_byte = config_byte,
    .interrupts_on = interrupts_on,
    .interrupts_off = interrupts_off,
    .close = leave,
};

int virtio_mmio_open(struct virtio_device *device,
                     const struct hal_device *where)
{
    int error = -ENODEV;

    if (where->size < VIRTIO_MMIO_SIZE)
        return -ENODEV;
    error = hal_bus_open(where->start, where->size, &device->mmio.window);
    if (error != 0)
        return error == -EINVAL ? -ENODEV : error;
    device->mmio.line = where->line;
    device->transport = &mmio_transport;
    if (get(device, VIRTIO_MMIO_MAGIC) == VIRTIO_MAGIC &&
        get(device, VIRTIO_MMIO_DEVICE_ID) == device->driver->device_id) {
        if (get(device, VIRTIO_MMIO_VERSION) == VIRTIO_MMIO_VERSION_2)
            return 0;
        log_warning("%s: a device that is older than virtio 1.0 is not used",
                    device->driver->name);
    }
    hal_bus_close(device->mmio.window);
    return -ENODEV;
}
