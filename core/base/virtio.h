/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/virtio.h - numbers of virtio 1.2 that a driver and a model of a
 * device share. Sections are those of the OASIS specification.
 */
#ifndef CORE_BASE_VIRTIO_H
#define CORE_BASE_VIRTIO_H

#include <stdint.h>

/* Devices: 5. */
enum { VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4 };

/* Device status: 2.1. */
enum {
    VIRTIO_ACKNOWLEDGE = 1,
    VIRTIO_DRIVER = 2,
    VIRTIO_DRIVER_OK = 4,
    VIRTIO_FEATURES_OK = 8,
    VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128
};

/* Features: 6, and 5.3.3 of the console. */
#define VIRTIO_F_EVENT_IDX    (UINT64_C(1) << 29)
#define VIRTIO_F_VERSION_1    (UINT64_C(1) << 32)
#define VIRTIO_CONSOLE_F_SIZE UINT64_C(1)

/* Interrupt status: 2.1.2 of each transport. */
enum { VIRTIO_ISR_QUEUE = 1, VIRTIO_ISR_CONFIG = 2 };

/* Registers of virtio over MMIO: 4.2.2. */
enum {
    VIRTIO_MMIO_MAGIC = 0x000,
    VIRTIO_MMIO_VERSION = 0x004,
    VIRTIO_MMIO_DEVICE_ID = 0x008,
    VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
    VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
    VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_MMIO_QUEUE_SEL = 0x030,
    VIRTIO_MMIO_QUEUE_MAX = 0x034,
    VIRTIO_MMIO_QUEUE_SIZE = 0x038,
    VIRTIO_MMIO_QUEUE_READY = 0x044,
    VIRTIO_MMIO_NOTIFY = 0x050,
    VIRTIO_MMIO_ISR = 0x060,
    VIRTIO_MMIO_ISR_ACK = 0x064,
    VIRTIO_MMIO_STATUS = 0x070,
    VIRTIO_MMIO_QUEUE_DESC = 0x080, /* each: low half, then high */
    VIRTIO_MMIO_QUEUE_DRIVER = 0x090,
    VIRTIO_MMIO_QUEUE_DEVICE = 0x0a0,
    VIRTIO_MMIO_GENERATION = 0x0fc,
    VIRTIO_MMIO_CONFIG = 0x100,
    VIRTIO_MMIO_SIZE = 0x200
};

#define VIRTIO_MAGIC UINT32_C(0x74726976)

enum { VIRTIO_MMIO_VERSION_2 = 2 };

/* Split virtqueues: 2.7. */
enum {
    VIRTQ_NEXT = 1,  /* flags of a descriptor */
    VIRTQ_WRITE = 2, /* the device writes */
    VIRTQ_NO_INTERRUPT = 1,
    VIRTQ_NO_NOTIFY = 1,
    VIRTQ_SIZE_MAX = 32768
};

struct virtq_desc {
    uint64_t address;
    uint32_t size;
    uint16_t flags, next;
};

/* Followed by the ring and, with event indices, used_event. */
struct virtq_avail {
    uint16_t flags, index;
    uint16_t ring[];
};

struct virtq_used_item {
    uint32_t id, size;
};

/* Followed by the ring and, with event indices, avail_event. */
struct virtq_used {
    uint16_t flags, index;
    struct virtq_used_item ring[];
};

/* Configuration of a console: 5.3.4. */
enum { VIRTIO_CONSOLE_COLUMNS = 0, VIRTIO_CONSOLE_ROWS = 2 };

/* 2.7.10: did an index that moves from old to now pass event? */
static inline int virtq_passes(uint16_t event, uint16_t now, uint16_t old)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

#endif /* CORE_BASE_VIRTIO_H */
