/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio_console.h - the console device, port 0 (virtio 1.2, 5.3).
 *
 * Each device is a backend of core/dev/console_stream.h, hvc0 the first.
 */
#ifndef DRIVERS_VIRTIO_CONSOLE_H
#define DRIVERS_VIRTIO_CONSOLE_H

#include "core/dev/console_stream.h"
#include "hal/bus.h"

struct virtio_console;

C_DECLS_BEGIN

/* Opens the device as hvc<number>: 0, or an error of virtio_open(), -ENODEV for
 * what is no console. May sleep. */
MUST_USE int virtio_console_open(const struct hal_device *where,
                                 unsigned number, struct virtio_console **out);

/* Its backend; not yet registered. */
struct console_backend *virtio_console_backend(struct virtio_console *console);

bool virtio_console_is_broken(const struct virtio_console *console);

/* Resets the device and frees what it had, unless the device does not let go of
 * it. Nobody uses the backend any more. May sleep. */
void virtio_console_close(struct virtio_console *console);

C_DECLS_END

#endif /* DRIVERS_VIRTIO_CONSOLE_H */
