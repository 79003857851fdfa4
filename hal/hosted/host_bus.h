/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_bus.h - devices that a test plugs in beside the machine's.
 */
#ifndef HAL_HOSTED_HOST_BUS_H
#define HAL_HOSTED_HOST_BUS_H

#include "sim/virtio.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a device is on the bus (hal/bus.h). */
struct host_bus_place {
    uint64_t start, size;
    unsigned line;
};

/* Plugs a device in; it works only when the caller has it work. False: there is
 * no slot left. Its memory and interrupt are set here. */
bool host_bus_plug(struct sim_virtio *device, struct host_bus_place *out);

/* Takes it out again; nobody has it open. */
void host_bus_unplug(struct sim_virtio *device);

#ifdef __cplusplus
}
#endif

#endif /* HAL_HOSTED_HOST_BUS_H */
