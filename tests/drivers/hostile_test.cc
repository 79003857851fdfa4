// SPDX-License-Identifier: Apache-2.0
//
// tests/drivers/hostile_test.cc - devices that lie, by seed, against the
// drivers: each ends as broken, or did not get to lie; nothing hangs, nothing
// is lost, and no byte is touched that is not the driver's (ASan).
#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "drivers/virtio_console.h"
#include "drivers/virtio_rng.h"
#include "tests/drivers/plugged.h"
#include "tests/support/harness.h"

using plugged::outside;

namespace {

enum { STEPS = 100000, STEPS_EACH = 200, ONE_IN = 12, STORM = 20000 };

void ignore(void *) {}

// What a driver's user and the other side may do next.
void step(harness::Random &random, plugged::Device &device,
          console_backend *backend)
{
    char bytes[3000] = "";

    switch (random.below(5)) {
    case 0:
        (void)backend->write(backend, bytes, random.below(sizeof(bytes)) + 1);
        break;
    case 1:
        (void)backend->read(backend, bytes, random.below(sizeof(bytes)) + 1);
        break;
    case 2:
        for (uint64_t n = random.below(2000); n > 0; n--)
            outside.input.push_back('i');
        break;
    case 3:
        (void)backend->is_drained(backend);
        break;
    default:
        device.work();
    }
}

TEST(Hostile, ConsolesEndBroken)
{
    harness::Random random(1);
    unsigned told = 0, broken = 0, devices = 0;
    uint64_t steps = 0;

    while (steps < harness::steps(STEPS)) {
        plugged::Console device;
        virtio_console *console = nullptr;

        devices++;
        sim_virtio_be_hostile(&device.model, random.next(), ONE_IN);
        ASSERT_EQ(0, virtio_console_open(&device.where, 0, &console));
        console_backend *backend = virtio_console_backend(console);
        backend->attach(backend, ignore, nullptr);
        for (unsigned i = 0; i < STEPS_EACH; i++, steps++) {
            step(random, device, backend);
            if (virtio_console_is_broken(console))
                break;
        }
        // Of a silent device this driver is told by time alone.
        if (device.model.told & ~(1u << SIM_LIE_SILENCE)) {
            for (unsigned i = 0;
                 i < STORM && !virtio_console_is_broken(console); i++)
                step(random, device, backend);
            EXPECT_TRUE(virtio_console_is_broken(console) ||
                        device.model.is_silent)
                << "device " << devices << " told " << device.model.told;
        }
        if (virtio_console_is_broken(console)) {
            char byte;

            broken++;
            EXPECT_TRUE(backend->is_drained(backend));
            EXPECT_EQ(-EIO, backend->write(backend, "x", 1));
            while (backend->read(backend, &byte, 1) > 0)
                ;
            EXPECT_EQ(-EIO, backend->read(backend, &byte, 1));
        }
        told |= device.model.told;
        virtio_console_close(console);
    }
    EXPECT_EQ((1u << SIM_LIES) - 1, told) << "of every kind";
    EXPECT_GT(broken, devices / 2);
}

TEST(Hostile, EntropyDevicesEndBroken)
{
    harness::Random random(2);
    unsigned broken = 0, told = 0;

    for (uint64_t n = 0; n < harness::steps(2000); n++) {
        plugged::Rng device;
        virtio_rng *rng = nullptr;

        sim_virtio_be_hostile(&device.model, random.next(), 4);
        ASSERT_EQ(0, virtio_rng_open(&device.where, 0, &rng));
        for (unsigned i = 0; i < 50 && !virtio_rng_is_broken(rng); i++) {
            device.work();
            virtio_rng_ask(rng);
        }
        broken += virtio_rng_is_broken(rng);
        told |= device.model.told;
        virtio_rng_close(rng);
    }
    EXPECT_EQ((1u << SIM_LIES) - 1, told);
    EXPECT_GT(broken, 0u);
}

// Registers that answer anything: the device is refused, and nothing hangs.
TEST(Hostile, NonsenseIsNotOpened)
{
    static const sim_virtio_kind no_queues = {VIRTIO_ID_CONSOLE, 0, 0,
                                              [](sim_virtio *) {}, nullptr};
    plugged::Device device(&no_queues, nullptr);
    virtio_console *console = nullptr;

    EXPECT_EQ(-EIO, virtio_console_open(&device.where, 0, &console));
}

} // namespace
