/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/drivers.c - contract in drivers.h.
 */
#include "drivers/drivers.h"

#include "core/abi/errno.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "drivers/virtio_console.h"
#include "drivers/virtio_rng.h"

enum { CONSOLES_MAX = 4 };

static struct virtio_rng *rng; /* const once drivers_start() returned */

static void feed_random(void)
{
    virtio_rng_ask(rng);
}

/* Each returns whether the device was one of its kind. */
static bool try_console(const struct hal_device *device)
{
    static unsigned count;
    struct virtio_console *console;
    int error = -ENODEV;

    if (count < CONSOLES_MAX)
        error = virtio_console_open(device, count, &console);
    if (error == 0) {
        log_debug("hvc%u: virtio console", count);
        console_backend_register(virtio_console_backend(console));
        count++;
    } else if (error == -ENOMEM) {
        log_error("hvc%u: no memory", count);
    }
    return error != -ENODEV;
}

static bool try_rng(const struct hal_device *device)
{
    int error = -ENODEV;

    if (rng == NULL)
        error = virtio_rng_open(device, 0, &rng);
    if (error == 0) {
        log_debug("rng0: virtio entropy device");
        random_set_feeder(feed_random);
    } else if (error == -ENOMEM) {
        log_error("rng0: no memory");
    }
    return error != -ENODEV;
}

void drivers_start(void)
{
    struct hal_device device;

    for (size_t i = 0; hal_bus_device(i, &device); i++)
        if (!try_console(&device))
            (void)try_rng(&device);
}
