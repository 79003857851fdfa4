/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/bus.c - hal/bus.h: the devices of host_bus.c.
 */
#include "hal/bus.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "hal/hosted/host.h"
#include "hal/hosted/seed.h"

enum { WINDOWS_MAX = 32 };

struct hal_window {
    uint64_t start, size; /* of one that is open */
    bool is_open;         /* atomic */
};

static struct hal_window windows[WINDOWS_MAX];
static unsigned ordered; /* atomic */

bool hal_bus_device(size_t index, struct hal_device *out)
{
    *out = (struct hal_device){.kind = HAL_BUS_VIRTIO_MMIO};
    return host_bus_device(index, &out->start, &out->size, &out->line);
}

int hal_bus_open(paddr_t start, uint64_t size, struct hal_window **out)
{
    if (!host_bus_answers(start, size))
        return -EINVAL;
    for (size_t i = 0; i < WINDOWS_MAX; i++) {
        struct hal_window *window = &windows[i];

        if (__atomic_exchange_n(&window->is_open, true, __ATOMIC_ACQ_REL))
            continue;
        window->start = start;
        window->size = size;
        *out = window;
        return 0;
    }
    return -ENOMEM;
}

void hal_bus_close(struct hal_window *window)
{
    bool was_open =
        __atomic_exchange_n(&window->is_open, false, __ATOMIC_ACQ_REL);

    ASSERT(was_open);
}

static void check_access(const struct hal_window *window, uint64_t offset,
                         unsigned size)
{
    ASSERT(size == 1 || size == 2 || size == 4 || size == 8);
    ASSERT(offset % size == 0 && offset < window->size &&
           size <= window->size - offset);
}

uint64_t hal_bus_read(struct hal_window *window, uint64_t offset, unsigned size)
{
    check_access(window, offset, size);
    hosted_seed_charge();
    return host_bus_read(window->start + offset, size);
}

void hal_bus_write(struct hal_window *window, uint64_t offset, unsigned size,
                   uint64_t value)
{
    check_access(window, offset, size);
    hosted_seed_charge();
    host_bus_write(window->start + offset, size, value);
}

/* A read-modify-write orders all, where TSan knows no fence. */
void hal_bus_barrier(void)
{
    (void)__atomic_fetch_add(&ordered, 1, __ATOMIC_SEQ_CST);
}
