/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio_pci.c - virtio over PCI, modern devices with MSI-X alone
 * (virtio 1.2, 4.1).
 */
#include "core/abi/errno.h"
#include "core/base/log.h"
#include "drivers/pci.h"
#include "drivers/virtio.h"

enum { VENDOR = 0x1af4, DEVICE_MODERN = 0x1040, DEVICE_OLD = 0x1000 };

/* Transitional devices have numbers of their own: 4.1.2.1. */
enum { OLD_CONSOLE = 0x1003, OLD_RNG = 0x1005 };

/* The vendor's capabilities: 4.1.4. */
enum {
    CAP_SIZE = 2,
    CAP_KIND = 3,
    CAP_BAR = 4,
    CAP_OFFSET = 8,
    CAP_LENGTH = 12,
    CAP_SIZE_MIN = 16,
    CAP_UNIT = 16, /* of a notify capability */
    CAP_NOTIFY_SIZE = 20,
    KIND_COMMON = 1,
    KIND_NOTIFY = 2,
    KIND_CONFIG = 4,
    CONFIG_SPACE = 256,
    CAPS_MAX = 16
};

/* The common configuration: 4.1.4.3. */
enum {
    COMMON_DEVICE_SEL = 0,
    COMMON_DEVICE_FEATURES = 4,
    COMMON_DRIVER_SEL = 8,
    COMMON_DRIVER_FEATURES = 12,
    COMMON_CONFIG_VECTOR = 16,
    COMMON_STATUS = 20,
    COMMON_GENERATION = 21,
    COMMON_QUEUE_SEL = 22,
    COMMON_QUEUE_SIZE = 24,
    COMMON_QUEUE_VECTOR = 26,
    COMMON_QUEUE_ENABLE = 28,
    COMMON_QUEUE_NOTIFY = 30,
    COMMON_QUEUE_DESC = 32,
    COMMON_QUEUE_DRIVER = 40,
    COMMON_QUEUE_DEVICE = 48,
    COMMON_END = 56
};

enum { VECTOR_CONFIG, VECTOR_QUEUES, VECTORS };

static uint64_t get(struct virtio_device *device, unsigned at, unsigned size)
{
    return hal_bus_read(device->pci.common, at, size);
}

static void put(struct virtio_device *device, unsigned at, unsigned size,
                uint64_t value)
{
    hal_bus_write(device->pci.common, at, size, value);
}

static uint32_t get_status(struct virtio_device *device)
{
    return (uint32_t)get(device, COMMON_STATUS, 1);
}

static void set_status(struct virtio_device *device, uint32_t status)
{
    put(device, COMMON_STATUS, 1, status);
}

static uint64_t get_features(struct virtio_device *device)
{
    uint64_t features;

    put(device, COMMON_DEVICE_SEL, 4, 1);
    features = get(device, COMMON_DEVICE_FEATURES, 4) << 32;
    put(device, COMMON_DEVICE_SEL, 4, 0);
    return features | get(device, COMMON_DEVICE_FEATURES, 4);
}

static void set_features(struct virtio_device *device, uint64_t features)
{
    put(device, COMMON_DRIVER_SEL, 4, 1);
    put(device, COMMON_DRIVER_FEATURES, 4, features >> 32);
    put(device, COMMON_DRIVER_SEL, 4, 0);
    put(device, COMMON_DRIVER_FEATURES, 4, (uint32_t)features);
}

static unsigned queue_max(struct virtio_device *device, unsigned index)
{
    put(device, COMMON_QUEUE_SEL, 2, index);
    return get(device, COMMON_QUEUE_ENABLE, 2) != 0
               ? 0
               : (unsigned)get(device, COMMON_QUEUE_SIZE, 2);
}

static void put_area(struct virtio_device *device, unsigned at, paddr_t area)
{
    put(device, at, 4, (uint32_t)area);
    put(device, at + 4, 4, area >> 32);
}

static int queue_start(struct virtio_device *device, unsigned index)
{
    const struct virtqueue *q = &device->queues[index];
    uint64_t at;

    put(device, COMMON_QUEUE_SEL, 2, index);
    put(device, COMMON_QUEUE_SIZE, 2, q->size);
    put_area(device, COMMON_QUEUE_DESC, virtqueue_desc(q));
    put_area(device, COMMON_QUEUE_DRIVER, virtqueue_avail(q));
    put_area(device, COMMON_QUEUE_DEVICE, virtqueue_used(q));
    put(device, COMMON_QUEUE_VECTOR, 2, VECTOR_QUEUES);
    at = get(device, COMMON_QUEUE_NOTIFY, 2) * device->pci.notify_unit;
    if (get(device, COMMON_QUEUE_VECTOR, 2) != VECTOR_QUEUES || at % 2 != 0 ||
        at > device->pci.notify_size - sizeof(uint16_t))
        return -EIO;
    device->pci.notify_at[index] = at;
    put(device, COMMON_QUEUE_ENABLE, 2, 1);
    return 0;
}

static void notify(struct virtio_device *device, unsigned index)
{
    hal_bus_write(device->pci.notify, device->pci.notify_at[index], 2, index);
}

static uint32_t generation(struct virtio_device *device)
{
    return (uint32_t)get(device, COMMON_GENERATION, 1);
}

static uint8_t config_byte(struct virtio_device *device, unsigned offset)
{
    if (offset >= device->pci.config_size)
        return 0;
    return (uint8_t)hal_bus_read(device->pci.config, offset, 1);
}

static void on_config(void *arg)
{
    virtio_interrupt((struct virtio_device *)arg, false, true);
}

static void on_queues(void *arg)
{
    virtio_interrupt((struct virtio_device *)arg, true, false);
}

/* One message per vector, to CPU 0. */
static int interrupts_on(struct virtio_device *device)
{
    struct virtio_pci *pci = &device->pci;
    struct hal_message message;
    int error =
        interrupt_attach_message(&pci->config_interrupt, device->driver->name,
                                 on_config, device, &message);

    if (error != 0)
        return error;
    pci_set_vector(pci->table, VECTOR_CONFIG, &message);
    error =
        interrupt_attach_message(&pci->queue_interrupt, device->driver->name,
                                 on_queues, device, &message);
    if (error != 0)
        return error;
    pci_set_vector(pci->table, VECTOR_QUEUES, &message);
    put(device, COMMON_CONFIG_VECTOR, 2, VECTOR_CONFIG);
    return get(device, COMMON_CONFIG_VECTOR, 2) == VECTOR_CONFIG ? 0 : -EIO;
}

static void interrupts_off(struct virtio_device *device)
{
    pci_mask_msix(device->pci.function, device->pci.msix);
}

static void close_windows(struct virtio_pci *pci)
{
    struct hal_window *windows[] = {pci->common, pci->notify, pci->config,
                                    pci->table, pci->function};

    for (unsigned i = 0; i < COUNT_OF(windows); i++)
        if (windows[i] != NULL)
            hal_bus_close(windows[i]);
}

static void leave(struct virtio_device *device)
{
    struct virtio_pci *pci = &device->pci;

    if (pci->config_interrupt.handler != NULL)
        interrupt_detach(&pci->config_interrupt);
    if (pci->queue_interrupt.handler != NULL)
        interrupt_detach(&pci->queue_interrupt);
    close_windows(pci);
}

static const struct virtio_transport pci_transport = {
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

/* Which device a function is; 0: none of virtio's that is known here. */
static uint32_t device_id_of(struct hal_window *function)
{
    uint32_t id = (uint32_t)hal_bus_read(function, PCI_DEVICE, 2);

    if (hal_bus_read(function, PCI_VENDOR, 2) != VENDOR || id < DEVICE_OLD)
        return 0;
    if (id == OLD_CONSOLE)
        return VIRTIO_ID_CONSOLE;
    if (id == OLD_RNG)
        return VIRTIO_ID_RNG;
    return id > DEVICE_MODERN ? id - DEVICE_MODERN : 0;
}

/* Where the structure of that kind is: 4.1.4. */
struct part {
    unsigned cap; /* offset of its capability; 0: there is none */
    unsigned bar;
    uint32_t offset, size;
};

static struct part find_part(struct hal_window *function, unsigned kind)
{
    struct part part = {0};
    unsigned at = 0;

    /* A chain that bites its tail goes round for ever. */
    for (unsigned i = 0; i < CAPS_MAX; i++) {
        at = pci_find_capability(function, PCI_CAP_VENDOR, at);
        if (at == 0)
            break;
        if (at > CONFIG_SPACE - CAP_NOTIFY_SIZE ||
            hal_bus_read(function, at + CAP_SIZE, 1) < CAP_SIZE_MIN ||
            hal_bus_read(function, at + CAP_KIND, 1) != kind)
            continue;
        part.cap = at;
        part.bar = (unsigned)hal_bus_read(function, at + CAP_BAR, 1);
        part.offset = (uint32_t)hal_bus_read(function, at + CAP_OFFSET, 4);
        part.size = (uint32_t)hal_bus_read(function, at + CAP_LENGTH, 4);
        break;
    }
    return part;
}

/* A structure must hold `least` bytes. 0, -EIO, -ENOMEM. */
static int open_part(struct virtio_pci *pci, unsigned kind, uint32_t least,
                     struct part *part, struct hal_window **out)
{
    *part = find_part(pci->function, kind);
    if (part->cap == 0 || part->size < least || part->offset % 4 != 0)
        return -EIO;
    return pci_open_part(pci->function, part->bar, part->offset, part->size,
                         out);
}

static int open_parts(struct virtio_pci *pci)
{
    struct part part;
    unsigned least = sizeof(uint16_t);
    int error = open_part(pci, KIND_COMMON, COMMON_END, &part, &pci->common);

    if (error != 0)
        return error;
    error = open_part(pci, KIND_NOTIFY, least, &part, &pci->notify);
    if (error != 0)
        return error;
    pci->notify_size = part.size;
    pci->notify_unit =
        (uint32_t)hal_bus_read(pci->function, part.cap + CAP_UNIT, 4);
    /* Not every device has a configuration of its own. */
    if (find_part(pci->function, KIND_CONFIG).cap != 0) {
        error = open_part(pci, KIND_CONFIG, 1, &part, &pci->config);
        pci->config_size = part.size;
    }
    return error;
}

static int open_vectors(struct virtio_pci *pci)
{
    int error;

    pci->msix = pci_find_capability(pci->function, PCI_CAP_MSIX, 0);
    if (pci->msix == 0)
        return -EIO;
    error = pci_open_msix(pci->function, pci->msix, &pci->table, &pci->vectors);
    return error == 0 && pci->vectors < VECTORS ? -EIO : error;
}

int virtio_pci_open(struct virtio_device *device,
                    const struct hal_device *where)
{
    struct virtio_pci *pci = &device->pci;
    int error = hal_bus_open(where->start, where->size, &pci->function);

    if (error != 0)
        return error == -EINVAL ? -ENODEV : error;
    if (device_id_of(pci->function) != device->driver->device_id) {
        hal_bus_close(pci->function);
        return -ENODEV;
    }
    device->transport = &pci_transport;
    error = open_parts(pci);
    pci_enable(pci->function);
    if (error == 0)
        error = open_vectors(pci);
    if (error == 0)
        return 0;
    if (error == -EIO)
        log_warning("%s: PCI function %04x: no modern device with MSI-X",
                    device->driver->name, where->pci_number);
    close_windows(pci);
    return error == -EIO ? -ENODEV : error;
}
