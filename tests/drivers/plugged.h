// SPDX-License-Identifier: Apache-2.0
//
// tests/drivers/plugged.h - a model of a device on the bus of the test's
// machine, which works when the test says so.
#ifndef TESTS_DRIVERS_PLUGGED_H
#define TESTS_DRIVERS_PLUGGED_H

#include <cstring>
#include <deque>
#include <string>

#include "hal/bus.h"
#include "hal/hosted/host_bus.h"
#include "hal/irq.h"

namespace plugged {

// The other side of the consoles and entropy devices below; tests run one at
// a time.
struct Outside {
    std::deque<char> input;
    std::string output;
    size_t room = SIZE_MAX; // bytes that are taken before it is busy
    bool has_ended = false;
    unsigned char next_random = 1;
};
inline Outside outside;

inline int read_input(void *data, size_t size)
{
    size_t n = 0;

    for (; n < size && !outside.input.empty(); n++) {
        static_cast<char *>(data)[n] = outside.input.front();
        outside.input.pop_front();
    }
    return n == 0 && outside.has_ended ? -1 : static_cast<int>(n);
}

inline int write_output(int, const void *data, size_t size)
{
    size = size < outside.room ? size : outside.room;
    outside.room -= size;
    outside.output.append(static_cast<const char *>(data), size);
    return static_cast<int>(size);
}

inline bool fill_random(void *data, size_t size)
{
    std::memset(data, outside.next_random++, size);
    return true;
}

class Device {
public:
    Device(const sim_virtio_kind *kind, void *state)
    {
        host_bus_place place = {};

        outside = Outside();
        sim_virtio_init(&model, kind, state);
        is_plugged = host_bus_plug(&model, &place);
        where.kind = HAL_BUS_VIRTIO_MMIO;
        where.start = place.start;
        where.size = place.size;
        where.line = place.line;
    }
    ~Device() { host_bus_unplug(&model); }

    // The device works, then this CPU takes the interrupts.
    void work()
    {
        sim_virtio_work(&model);
        hal_irq_disable();
        hal_irq_enable();
    }

    sim_virtio model;
    hal_device where = {};
    bool is_plugged = false;
};

struct Console : Device {
    Console() : Device(&sim_virtio_console, &state) {}
    sim_console state = {read_input, write_output, 1, false, false, 0};
};

struct Rng : Device {
    Rng() : Device(&sim_virtio_rng, &state) {}
    sim_rng state = {fill_random};
};

} // namespace plugged

#endif // TESTS_DRIVERS_PLUGGED_H
