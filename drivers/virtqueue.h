/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtqueue.h - split virtqueues of virtio 1.2, 2.7, with event indices
 * where the device has them.
 *
 * The device is not trusted: the driver keeps its own books of which
 * descriptors are out and how many bytes the device may have written, reads
 * what the device wrote once, and believes it only where the books agree.
 * Memory that the device can write holds nothing that the driver relies on.
 *
 * Locking: the owner's; one call at a time for each queue.
 */
#ifndef DRIVERS_VIRTQUEUE_H
#define DRIVERS_VIRTQUEUE_H

#include "core/base/defs.h"
#include "core/base/virtio.h"
#include "hal/types.h"

enum { VIRTQUEUE_SIZE_MAX = 64, VIRTQUEUE_PARTS_MAX = 8 };

/* A piece of memory that lies in one run of frames. */
struct virtio_part {
    paddr_t start;
    uint32_t size;
};

/* What the driver knows of one descriptor. */
struct virtqueue_slot {
    void *token;    /* of a chain's head that is out, else NULL */
    uint32_t room;  /* of a head: bytes the device may write */
    uint16_t next;  /* in its chain, or among the free */
    uint16_t count; /* of a head: descriptors of its chain */
};

struct virtqueue {
    uint16_t size; /* a power of two, at most VIRTQUEUE_SIZE_MAX */
    bool has_event;
    uint16_t free_head, free_count;
    uint16_t added;  /* chains ever made available */
    uint16_t kicked; /* what `added` was at the last kick */
    uint16_t taken;  /* chains ever taken back */
    uint16_t out;    /* chains that are out */
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    struct virtq_used *used;
    struct virtqueue_slot slots[VIRTQUEUE_SIZE_MAX];
};

C_DECLS_BEGIN

/* A queue of at most max descriptors (at least 1), rounded down to a power of
 * two, with rings of its own. 0 or -ENOMEM. May sleep. */
MUST_USE int virtqueue_init(struct virtqueue *q, unsigned max, bool has_event);

/* Frees the rings, which the device uses no more. */
void virtqueue_fini(struct virtqueue *q);

/* Where the device finds the three areas. */
paddr_t virtqueue_desc(const struct virtqueue *q);
paddr_t virtqueue_avail(const struct virtqueue *q);
paddr_t virtqueue_used(const struct virtqueue *q);

/*
 * Makes a chain available: readable parts, then writable ones, together 1 to
 * VIRTQUEUE_PARTS_MAX. token, not NULL, comes back with it. 0, or -ENOSPC when
 * too few descriptors are free.
 */
MUST_USE int virtqueue_add(struct virtqueue *q, const struct virtio_part *parts,
                           unsigned readable, unsigned writable, void *token);

/* Does the device want to be told of what was added since the last call? */
MUST_USE bool virtqueue_must_notify(struct virtqueue *q);

/*
 * Takes a chain back that the device has used: 1, its token, and how many bytes
 * the device wrote; 0: there is none; -EIO: what the device says cannot be, and
 * the queue is of no more use.
 */
MUST_USE int virtqueue_take(struct virtqueue *q, void **token,
                            uint32_t *written);

/* Asks for an interrupt with the next chain used, or for none. The first
 * returns true when one was used meanwhile, and none may come for it. */
bool virtqueue_enable_interrupt(struct virtqueue *q);
void virtqueue_disable_interrupt(struct virtqueue *q);

C_DECLS_END

#endif /* DRIVERS_VIRTQUEUE_H */
