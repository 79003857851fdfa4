/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio.c - contract in virtio.h: what all transports share.
 */
#include "drivers/virtio.h"

#include "core/abi/errno.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "hal/clock.h"
#include "hal/cpu.h"

enum {
    CONFIG_TRIES = 16,
    IDLE_INTERRUPTS_MAX = 10000 /* in IDLE_SPAN_NS */
};

/* A reset is a matter of milliseconds (no bound is given in 2.4). */
#define RESET_NS     UINT64_C(1000000000)
#define IDLE_SPAN_NS UINT64_C(1000000000)

static const struct lock_class device_class = {"virtio device",
                                               LOCK_RANK_DRIVER};

void virtio_break(struct virtio_device *device, const char *why)
{
    if (__atomic_exchange_n(&device->is_broken, true, __ATOMIC_ACQ_REL))
        return;
    log_error("%s%u: broken: %s", device->driver->name, device->number, why);
    device->transport->set_status(device, VIRTIO_FAILED);
    device->transport->interrupts_off(device);
    if (device->driver->broke != NULL)
        device->driver->broke(device);
}

static int fail(struct virtio_device *device, const char *why)
{
    virtio_break(device, why);
    return -EIO;
}

/* The device lets go of everything; false: it does not within RESET_NS. */
static bool reset(struct virtio_device *device)
{
    uint64_t end = hal_clock_now() + RESET_NS;

    device->transport->set_status(device, 0);
    while (device->transport->get_status(device) != 0) {
        if (hal_clock_now() > end)
            return false;
        hal_cpu_relax();
    }
    return true;
}

/* 3.1.1, steps 1 to 6. */
static int negotiate(struct virtio_device *device)
{
    const struct virtio_transport *transport = device->transport;
    uint64_t wanted =
        device->driver->features | VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX;
    uint32_t status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;

    if (!reset(device))
        return fail(device, "it does not reset");
    transport->set_status(device, VIRTIO_ACKNOWLEDGE);
    transport->set_status(device, status);
    device->features = transport->get_features(device) & wanted;
    if (!(device->features & VIRTIO_F_VERSION_1))
        return fail(device, "it is older than virtio 1.0");
    transport->set_features(device, device->features);
    status |= VIRTIO_FEATURES_OK;
    transport->set_status(device, status);
    if (transport->get_status(device) != status)
        return fail(device, "it does not take its own features");
    return 0;
}

static int make_queues(struct virtio_device *device)
{
    bool has_event = (device->features & VIRTIO_F_EVENT_IDX) != 0;

    for (unsigned i = 0; i < device->driver->queues; i++) {
        unsigned max = device->transport->queue_max(device, i);
        int error;

        if (max == 0 || max > VIRTQ_SIZE_MAX)
            return fail(device, "a queue has no size");
        error = virtqueue_init(&device->queues[i], max, has_event);
        if (error == 0)
            error = device->transport->queue_start(device, i);
        if (error == -EIO)
            return fail(device, "it does not take a queue");
        if (error != 0)
            return error;
    }
    return 0;
}

static int open_transport(struct virtio_device *device,
                          const struct hal_device *where)
{
    switch (where->kind) {
    case HAL_BUS_VIRTIO_MMIO:
        return virtio_mmio_open(device, where);
    case HAL_BUS_PCI:
        return virtio_pci_open(device, where);
    default:
        return -ENODEV;
    }
}

int virtio_open(struct virtio_device *device, const struct hal_device *where,
                const struct virtio_driver *driver, unsigned number)
{
    int error;

    ASSERT(driver->queues <= VIRTIO_QUEUES_MAX);
    mem_set(device, 0, sizeof(*device));
    device->driver = driver;
    device->number = number;
    spin_init(&device->lock, &device_class);
    error = open_transport(device, where);
    if (error != 0)
        return error;
    error = negotiate(device);
    if (error == 0)
        error = make_queues(device);
    if (error == 0)
        error = device->transport->interrupts_on(device);
    if (error != 0)
        (void)virtio_close(device);
    return error;
}

void virtio_start(struct virtio_device *device)
{
    if (!virtio_is_broken(device))
        device->transport->set_status(
            device, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK |
                        VIRTIO_DRIVER_OK);
}

bool virtio_close(struct virtio_device *device)
{
    bool is_free = reset(device);

    device->transport->interrupts_off(device);
    device->transport->close(device);
    for (unsigned i = 0; i < device->driver->queues && is_free; i++)
        virtqueue_fini(&device->queues[i]);
    return is_free;
}

bool virtio_take(struct virtio_device *device, unsigned queue, void **token,
                 uint32_t *written)
{
    int got = 0;

    if (!virtio_is_broken(device))
        got = virtqueue_take(&device->queues[queue], token, written);
    if (got < 0)
        virtio_break(device, "it used what it was not given");
    return got > 0;
}

void virtio_kick(struct virtio_device *device, unsigned queue)
{
    if (virtqueue_must_notify(&device->queues[queue]) &&
        !virtio_is_broken(device))
        device->transport->notify(device, queue);
}

int virtio_read_config(struct virtio_device *device, unsigned offset, void *to,
                       unsigned size)
{
    uint8_t *bytes = to;

    for (unsigned i = 0; i < CONFIG_TRIES && !virtio_is_broken(device); i++) {
        uint32_t before = device->transport->generation(device);

        for (unsigned n = 0; n < size; n++)
            bytes[n] = device->transport->config_byte(device, offset + n);
        if (device->transport->generation(device) == before)
            return 0;
    }
    return fail(device, "its configuration does not hold still");
}

/* Nobody else may count, or tell, what an interrupt found. */
static uint32_t progress_of(struct virtio_device *device)
{
    unsigned saved = spin_lock_irq(&device->lock);
    uint32_t sum = 0;

    for (unsigned i = 0; i < device->driver->queues; i++)
        sum += device->queues[i].taken;
    spin_unlock_irq(&device->lock, saved);
    return sum;
}

/* An interrupt that brought nothing; more of them than make sense? */
static void count_idle(struct virtio_device *device)
{
    uint64_t now = hal_clock_now();

    if (now - device->idle_since_ns > IDLE_SPAN_NS) {
        device->idle_since_ns = now;
        device->idle_interrupts = 0;
    }
    if (++device->idle_interrupts > IDLE_INTERRUPTS_MAX)
        virtio_break(device, "it interrupts without cause");
}

void virtio_interrupt(struct virtio_device *device, bool queues, bool config)
{
    uint32_t before;

    if (virtio_is_broken(device))
        return;
    before = progress_of(device);
    if (config) {
        if (device->transport->get_status(device) & VIRTIO_NEEDS_RESET)
            virtio_break(device, "it says so");
        else if (device->driver->config_changed != NULL)
            device->driver->config_changed(device);
    }
    if (queues && !virtio_is_broken(device))
        device->driver->used(device);
    if (progress_of(device) == before)
        count_idle(device);
}
