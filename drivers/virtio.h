/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio.h - a virtio device, whatever it is attached by (virtio 1.2,
 * 2 and 3.1).
 *
 * A device that lies, or does not answer where it must, is declared broken: one
 * line in the log, status FAILED, its interrupts off for good. From then on
 * every call on it returns at once. What it may still write to is not freed
 * before the device has been reset.
 *
 * Lifetime: a device's driver embeds the struct; between virtio_open() and
 * virtio_close() it is the driver's. Locking: `lock`, irq-safe, keeps the
 * queues; the transport's calls take no lock, and are serialised by it where
 * they touch a queue's registers, which is before virtio_start() only.
 */
#ifndef DRIVERS_VIRTIO_H
#define DRIVERS_VIRTIO_H

#include "core/dev/interrupt.h"
#include "core/sync/spinlock.h"
#include "drivers/virtqueue.h"
#include "hal/bus.h"

enum { VIRTIO_QUEUES_MAX = 2 };

struct virtio_device;

/* How a transport reaches the device. None of it waits. */
struct virtio_transport {
    uint32_t (*get_status)(struct virtio_device *device);
    void (*set_status)(struct virtio_device *device, uint32_t status);
    uint64_t (*get_features)(struct virtio_device *device);
    void (*set_features)(struct virtio_device *device, uint64_t features);
    /* The most descriptors of a queue; 0: there is no such queue. */
    unsigned (*queue_max)(struct virtio_device *device, unsigned index);
    /* 0, or -EIO when the device does not take it. */
    int (*queue_start)(struct virtio_device *device, unsigned index);
    void (*notify)(struct virtio_device *device, unsigned index);
    uint32_t (*generation)(struct virtio_device *device);
    uint8_t (*config_byte)(struct virtio_device *device, unsigned offset);
    /* 0, -EBUSY, -ENOSPC, -EIO. */
    int (*interrupts_on)(struct virtio_device *device);
    void (*interrupts_off)(struct virtio_device *device);
    void (*close)(struct virtio_device *device);
};

/* What a driver has its device call, in interrupt context, without the lock. */
struct virtio_driver {
    const char *name; /* static; also of its interrupts */
    uint32_t device_id;
    uint64_t features; /* that it can use, beside those of the rings */
    unsigned queues;
    void (*used)(struct virtio_device *device);           /* some chain was */
    void (*config_changed)(struct virtio_device *device); /* or NULL */
    /* It was declared broken; in any context, perhaps under the lock. Or NULL.
     */
    void (*broke)(struct virtio_device *device);
};

/* virtio over MMIO */
struct virtio_mmio {
    struct hal_window *window;
    unsigned line;
    struct interrupt interrupt;
};

/* virtio over PCI: 4.1 */
struct virtio_pci {
    struct hal_window *function; /* its configuration space */
    struct hal_window *common, *notify, *config, *table;
    uint32_t notify_unit; /* bytes */
    uint64_t notify_size; /* of the window */
    uint64_t config_size; /* the same */
    unsigned msix;        /* offset of the capability */
    unsigned vectors;     /* of its table */
    uint64_t notify_at[VIRTIO_QUEUES_MAX];
    struct interrupt config_interrupt, queue_interrupt;
};

struct virtio_device {
    const struct virtio_driver *driver;
    const struct virtio_transport *transport;
    unsigned number; /* among the driver's, for the log */
    uint64_t features;
    bool is_broken; /* atomic */
    struct spinlock lock;
    struct virtqueue queues[VIRTIO_QUEUES_MAX] GUARDED_BY(lock);
    /* Interrupts that brought nothing; those of the CPU that takes them. */
    uint64_t idle_since_ns;
    unsigned idle_interrupts;
    union {
        struct virtio_mmio mmio;
        struct virtio_pci pci;
    };
};

C_DECLS_BEGIN

/*
 * Opens a device of the bus for driver, if it is one of its kind, resets it,
 * agrees on features, and makes its queues; the device does nothing yet. 0;
 * -ENODEV: another kind, or none; -ENOMEM; -EIO: it does not answer as it must,
 * which the log says. May sleep.
 */
MUST_USE int virtio_open(struct virtio_device *device,
                         const struct hal_device *where,
                         const struct virtio_driver *driver, unsigned number);

/* Lets it run. */
void virtio_start(struct virtio_device *device);

/* Resets it, takes its interrupts away, frees its queues. A device that does
 * not let go keeps the memory that it may write to: false, and so must all
 * that was made available to it. May sleep. */
bool virtio_close(struct virtio_device *device);

static inline bool virtio_is_broken(const struct virtio_device *device)
{
    return __atomic_load_n(&device->is_broken, __ATOMIC_ACQUIRE);
}

/* Declares it broken; why completes "NAME: broken: ". Any context that may take
 * no lock of LOCK_RANK_LOG or above. */
void virtio_break(struct virtio_device *device, const char *why);

/* virtqueue_take() of a queue; 0 also of a broken device, which one that lies
 * becomes. Under the lock. */
bool virtio_take(struct virtio_device *device, unsigned queue, void **token,
                 uint32_t *written) REQUIRES(device->lock);

/* Tells the device of what was added to a queue, if it wants to know. Under the
 * lock. */
void virtio_kick(struct virtio_device *device, unsigned queue)
    REQUIRES(device->lock);

/* Copies size bytes of the device's configuration, all of one moment (2.5.1).
 * 0, or -EIO: it is broken, or did not hold still. Any context. */
MUST_USE int virtio_read_config(struct virtio_device *device, unsigned offset,
                                void *to, unsigned size);

/* For the transports: an interrupt came, for queues or for the configuration.
 * Interrupt context. */
void virtio_interrupt(struct virtio_device *device, bool queues, bool config);

/* Tries to open where; -ENODEV: it is nothing for this transport. */
MUST_USE int virtio_mmio_open(struct virtio_device *device,
                              const struct hal_device *where);
MUST_USE int virtio_pci_open(struct virtio_device *device,
                             const struct hal_device *where);

C_DECLS_END

#endif /* DRIVERS_VIRTIO_H */
