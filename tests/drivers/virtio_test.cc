// SPDX-License-Identifier: Apache-2.0
//
// tests/drivers/virtio_test.cc - transport, console and entropy device against
// honest models.
#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/base/random.h"
#include "drivers/virtio_console.h"
#include "drivers/virtio_rng.h"
#include "tests/drivers/plugged.h"
#include "tests/support/harness.h"

using plugged::outside;

namespace {

unsigned told;

void count_ready(void *)
{
    told++;
}

std::string read_all(console_backend *backend)
{
    std::string all;
    char bytes[300];
    int got;

    while ((got = backend->read(backend, bytes, sizeof(bytes))) > 0)
        all.append(bytes, static_cast<size_t>(got));
    return all;
}

TEST(VirtioConsole, WritesInOrderAndSaysBusy)
{
    plugged::Console device;
    virtio_console *console = nullptr;
    std::string sent(100000, ' ');
    size_t done = 0;

    for (size_t i = 0; i < sent.size(); i++)
        sent[i] = static_cast<char>(i * 31 >> 3);
    ASSERT_EQ(0, virtio_console_open(&device.where, 0, &console));
    console_backend *backend = virtio_console_backend(console);
    EXPECT_STREQ("hvc0", backend->name);
    told = 0;
    backend->attach(backend, count_ready, nullptr);
    while (done < sent.size()) {
        int taken =
            backend->write(backend, sent.data() + done, sent.size() - done);

        ASSERT_GE(taken, 0);
        done += static_cast<size_t>(taken);
        if (taken == 0) {
            unsigned before = told;

            EXPECT_FALSE(backend->is_drained(backend));
            device.work();
            EXPECT_GT(told, before) << "nobody was told of room";
        }
    }
    device.work();
    EXPECT_TRUE(backend->is_drained(backend));
    EXPECT_EQ(sent, outside.output);
    virtio_console_close(console);
}

TEST(VirtioConsole, WaitsForOneWhoDoesNotRead)
{
    plugged::Console device;
    virtio_console *console = nullptr;

    ASSERT_EQ(0, virtio_console_open(&device.where, 0, &console));
    console_backend *backend = virtio_console_backend(console);
    outside.room = 3;
    EXPECT_EQ(5, backend->write(backend, "hello", 5));
    device.work();
    EXPECT_EQ("hel", outside.output);
    EXPECT_FALSE(backend->is_drained(backend));
    outside.room = 100;
    device.work();
    EXPECT_EQ("hello", outside.output);
    EXPECT_TRUE(backend->is_drained(backend));
    virtio_console_close(console);
}

TEST(VirtioConsole, ReadsWhatCame)
{
    plugged::Console device;
    virtio_console *console = nullptr;
    std::string sent;

    ASSERT_EQ(0, virtio_console_open(&device.where, 0, &console));
    console_backend *backend = virtio_console_backend(console);
    backend->attach(backend, count_ready, nullptr);
    std::string got;
    for (int i = 0; i < 200000; i++)
        outside.input.push_back(static_cast<char>(i * 7 >> 2));
    sent.assign(outside.input.begin(), outside.input.end());
    for (int i = 0; i < 1000 && got.size() < sent.size(); i++) {
        device.work();
        got += read_all(backend);
    }
    EXPECT_EQ(sent, got);
    virtio_console_close(console);
}

TEST(VirtioConsole, FollowsItsSize)
{
    plugged::Console device;
    virtio_console *console = nullptr;
    uint16_t size[] = {132, 43};
    lx_winsize window = {};

    sim_virtio_set_config(&device.model, 0, size, sizeof(size));
    ASSERT_EQ(0, virtio_console_open(&device.where, 0, &console));
    console_backend *backend = virtio_console_backend(console);
    told = 0;
    backend->attach(backend, count_ready, nullptr);
    ASSERT_TRUE(backend->window(backend, &window));
    EXPECT_EQ(132, window.ws_col);
    EXPECT_EQ(43, window.ws_row);
    size[0] = 80;
    sim_virtio_set_config(&device.model, 0, size, sizeof(size));
    device.work();
    EXPECT_EQ(1u, told);
    ASSERT_TRUE(backend->window(backend, &window));
    EXPECT_EQ(80, window.ws_col);
    virtio_console_close(console);
}

TEST(VirtioConsole, OpensOnlyConsoles)
{
    plugged::Rng device;
    virtio_console *console = nullptr;
    hal_device elsewhere = device.where;

    EXPECT_EQ(-ENODEV, virtio_console_open(&device.where, 0, &console));
    elsewhere.start += 1 << 20;
    EXPECT_EQ(-ENODEV, virtio_console_open(&elsewhere, 0, &console));
    elsewhere = device.where;
    elsewhere.size = 0x80;
    EXPECT_EQ(-ENODEV, virtio_console_open(&elsewhere, 0, &console));
}

TEST(VirtioConsole, SurvivesFailingAllocations)
{
    plugged::Console device;

    EXPECT_GT(harness::sweep_allocations([&] {
                  virtio_console *console = nullptr;
                  int error = virtio_console_open(&device.where, 0, &console);

                  if (error == 0)
                      virtio_console_close(console);
                  return error;
              }),
              2u);
}

TEST(VirtioRng, FeedsThePool)
{
    plugged::Rng device;
    virtio_rng *rng = nullptr;

    ASSERT_EQ(0, virtio_rng_open(&device.where, 0, &rng));
    EXPECT_EQ(0u, virtio_rng_given(rng));
    for (uint64_t n = 1; n < 100; n++) {
        hal_irq_disable();
        hal_irq_enable(); // the timer makes the request
        for (int i = 0; i < 1000000 && virtio_rng_given(rng) < 64 * n; i++)
            device.work();
        ASSERT_EQ(64 * n, virtio_rng_given(rng));
        virtio_rng_ask(rng);
    }
    EXPECT_FALSE(virtio_rng_is_broken(rng));
    EXPECT_TRUE(random_is_seeded());
    virtio_rng_close(rng);
}

} // namespace
