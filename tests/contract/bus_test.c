/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/bus_test.c - hal/bus.h. Whatever the machine has is looked at;
 * a machine without devices passes what needs none.
 */
#include "hal/bus.h"

#include "core/abi/errno.h"
#include "core/base/virtio.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "tests/contract/contract.h"

enum { DEVICES_BOUND = 1000, NO_VENDOR = 0xffff, CONFIG_SIZE = 4096 };

static void check_devices(void)
{
    struct hal_device device, other;
    size_t count = 0;

    while (count < DEVICES_BOUND && hal_bus_device(count, &device)) {
        count++;
        CHECK(device.start != 0 && device.size != 0);
        CHECK(device.start + device.size > device.start);
        for (size_t i = 0; i + 1 < count && hal_bus_device(i, &other); i++)
            CHECK(other.start + other.size <= device.start ||
                  device.start + device.size <= other.start);
    }
    CHECK(count < DEVICES_BOUND);
    CHECK(!hal_bus_device(count, &device));
    CHECK(!hal_bus_device(SIZE_MAX, &device));
}

static void check_mmio(const struct hal_device *device)
{
    struct hal_window *window;

    CHECK(device->size >= VIRTIO_MMIO_SIZE);
    if (!CHECK_EQUAL(0, hal_bus_open(device->start, device->size, &window)))
        return;
    CHECK_EQUAL(VIRTIO_MAGIC, hal_bus_read(window, VIRTIO_MMIO_MAGIC, 4));
    /* What is written is there: selects a queue that no device has. */
    hal_bus_write(window, VIRTIO_MMIO_QUEUE_SEL, 4, 1000);
    hal_bus_barrier();
    CHECK_EQUAL(0, hal_bus_read(window, VIRTIO_MMIO_QUEUE_MAX, 4));
    hal_bus_write(window, VIRTIO_MMIO_QUEUE_SEL, 4, 0);
    hal_bus_close(window);
}

static void check_pci(const struct hal_device *device)
{
    struct hal_window *window;
    uint64_t word;

    CHECK_EQUAL(CONFIG_SIZE, device->size);
    if (!CHECK_EQUAL(0, hal_bus_open(device->start, device->size, &window)))
        return;
    word = hal_bus_read(window, 0, 4);
    CHECK((word & NO_VENDOR) != NO_VENDOR);
    CHECK_EQUAL(word & NO_VENDOR, hal_bus_read(window, 0, 2));
    CHECK_EQUAL(word >> 16, hal_bus_read(window, 2, 2));
    CHECK_EQUAL(word & 0xff, hal_bus_read(window, 0, 1));
    /* The interrupt line's register is memory for software (6.2.4). */
    word = hal_bus_read(window, 0x3c, 1);
    hal_bus_write(window, 0x3c, 1, 0x5a);
    CHECK_EQUAL(0x5a, hal_bus_read(window, 0x3c, 1));
    hal_bus_write(window, 0x3c, 1, word);
    hal_bus_close(window);
}

static void check_access(void)
{
    struct hal_device device;

    for (size_t i = 0; hal_bus_device(i, &device); i++) {
        if (device.kind == HAL_BUS_VIRTIO_MMIO)
            check_mmio(&device);
        else
            check_pci(&device);
    }
}

static void check_refusals(void)
{
    const struct hal_span *ram = &hal_boot_facts()->ram[0];
    struct hal_window *window;

    CHECK_EQUAL(-EINVAL, hal_bus_open(ram->start, ram->size, &window));
    CHECK_EQUAL(-EINVAL, hal_bus_open(ram->start, 1, &window));
    CHECK_EQUAL(-EINVAL, hal_bus_open(UINT64_MAX - 1, 4096, &window));
}

/* Two windows on one device are one device; closed ones open again, often. */
static void check_windows(void)
{
    struct hal_window *first, *second;
    struct hal_device device;

    if (!hal_bus_device(0, &device))
        return;
    for (unsigned i = 0; i < 1000; i++) {
        if (!CHECK_EQUAL(0, hal_bus_open(device.start, device.size, &first)))
            return;
        if (CHECK_EQUAL(0, hal_bus_open(device.start, device.size, &second))) {
            CHECK_EQUAL(hal_bus_read(first, 0, 4), hal_bus_read(second, 0, 4));
            hal_bus_close(second);
        }
        hal_bus_close(first);
    }
}

static void ignore(void *arg)
{
    (void)arg;
}

/* A device that is reset raises nothing; its line is a line of hal/irq.h. */
static void check_lines(void)
{
    struct hal_irq_use count;
    struct hal_device device;

    for (size_t i = 0; hal_bus_device(i, &device); i++) {
        if (device.kind != HAL_BUS_VIRTIO_MMIO)
            continue;
        CHECK(!hal_irq_count(device.line, &count));
        if (!CHECK_EQUAL(0, hal_irq_attach(device.line, ignore, NULL)))
            continue;
        hal_irq_unmask(device.line);
        CHECK(hal_irq_count(device.line, &count) && count.count == 0);
        hal_irq_detach(device.line);
        CHECK(!hal_irq_count(device.line, &count));
    }
}

static const struct contract_case cases[] = {
    {"devices are listed, apart from each other, up to the last",
     check_devices},
    {"registers are read and written by size", check_access},
    {"no window on RAM, or past the end", check_refusals},
    {"a window opens again, and twice at a time", check_windows},
    {"a device's line takes a handler, and is counted", check_lines},
};
CONTRACT_SUITE(bus, cases);
