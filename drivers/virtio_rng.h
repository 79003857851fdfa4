/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio_rng.h - the entropy device (virtio 1.2, 5.4): feeds
 * core/base/random.h at the start, and again whenever that asks.
 */
#ifndef DRIVERS_VIRTIO_RNG_H
#define DRIVERS_VIRTIO_RNG_H

#include "core/base/defs.h"
#include "hal/bus.h"

struct virtio_rng;

C_DECLS_BEGIN

/* Opens the device and asks it for entropy: 0, or an error of virtio_open(),
 * -ENODEV for what is no such device. May sleep. */
MUST_USE int virtio_rng_open(const struct hal_device *where, unsigned number,
                             struct virtio_rng **out);

bool virtio_rng_is_broken(const struct virtio_rng *rng);

/* How many bytes it has given so far. */
uint64_t virtio_rng_given(const struct virtio_rng *rng);

/* Asks the device for more, unless it was asked and has not answered yet. Any
 * context that may take a lock of LOCK_RANK_TIMER. */
void virtio_rng_ask(struct virtio_rng *rng);

/* As virtio_console_close(). */
void virtio_rng_close(struct virtio_rng *rng);

C_DECLS_END

#endif /* DRIVERS_VIRTIO_RNG_H */
