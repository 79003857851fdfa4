// SPDX-License-Identifier: Apache-2.0
//
// tests/core/dev/chardev_test.cc - core/dev/chardev.h, and the memory devices.
#include <gtest/gtest.h>

#include <string>

#include "core/abi/errno.h"
#include "core/dev/chardev.h"

namespace {

const struct chardev_ops kOps = {};

struct chardev Device(const char *name, uint32_t major, uint32_t minor,
                      uint32_t count)
{
    struct chardev device = {};

    device.name = name;
    device.major = major;
    device.minor = minor;
    device.minor_count = count;
    device.ops = &kOps;
    return device;
}

class Chardev : public testing::Test {
protected:
    void SetUp() override { chardev_init_all(); }
};

TEST_F(Chardev, IsFoundByItsNumbers)
{
    struct chardev one = Device("one", 7, 3, 1),
                   many = Device("many", 7, 10, 5);

    EXPECT_EQ(nullptr, chardev_find(7, 3));
    EXPECT_EQ(0, chardev_register(&one));
    EXPECT_EQ(0, chardev_register(&many));
    EXPECT_EQ(&one, chardev_find(7, 3));
    EXPECT_EQ(nullptr, chardev_find(7, 4));
    EXPECT_EQ(nullptr, chardev_find(7, 9));
    EXPECT_EQ(&many, chardev_find(7, 10));
    EXPECT_EQ(&many, chardev_find(7, 14));
    EXPECT_EQ(nullptr, chardev_find(7, 15));
    EXPECT_EQ(nullptr, chardev_find(8, 3));
}

TEST_F(Chardev, NumbersAndNamesAreOnesOwn)
{
    struct chardev first = Device("first", 7, 10, 5);
    struct chardev same = Device("same", 7, 14, 1);
    struct chardev below = Device("below", 7, 8, 3);
    struct chardev name = Device("first", 9, 0, 1);
    struct chardev nameless = Device(nullptr, 9, 1, 1);
    struct chardev other = Device(nullptr, 9, 2, 1);

    EXPECT_EQ(0, chardev_register(&first));
    EXPECT_EQ(-EBUSY, chardev_register(&same));
    EXPECT_EQ(-EBUSY, chardev_register(&below));
    EXPECT_EQ(-EBUSY, chardev_register(&name));
    EXPECT_EQ(0, chardev_register(&nameless));
    EXPECT_EQ(0, chardev_register(&other));
}

TEST_F(Chardev, AreListedAsTheyCame)
{
    struct chardev a = Device("a", 7, 1, 1), b = Device("b", 7, 2, 1);

    EXPECT_EQ(nullptr, chardev_next(nullptr));
    EXPECT_EQ(0, chardev_register(&a));
    EXPECT_EQ(0, chardev_register(&b));
    EXPECT_EQ(&a, chardev_next(nullptr));
    EXPECT_EQ(&b, chardev_next(&a));
    EXPECT_EQ(nullptr, chardev_next(&b));
}

// makedev(3)
TEST_F(Chardev, NumbersArePacked)
{
    static const struct {
        uint32_t major, minor;
        uint64_t number;
    } cases[] = {{1, 3, 0x103},
                 {5, 1, 0x501},
                 {136, 300, 0x10882c},
                 {0xfff, 0xfffff, 0xffffffff},
                 {0xfffff, 0xffffffff, 0xff0ffffffffff}};

    for (const auto &c : cases) {
        EXPECT_EQ(c.major, chardev_major(chardev_number(c.major, c.minor)));
        EXPECT_EQ(c.minor, chardev_minor(chardev_number(c.major, c.minor)));
    }
    EXPECT_EQ(0x103u, chardev_number(1, 3));
    EXPECT_EQ(0x501u, chardev_number(5, 1));
    EXPECT_EQ(0x10882cu, chardev_number(136, 300));
}

TEST_F(Chardev, MemoryDevices)
{
    uint8_t bytes[64] = {}, more[64] = {};
    const struct chardev *device;

    ASSERT_EQ(0, chardev_register_memory());
    EXPECT_EQ(-EBUSY, chardev_register_memory());
    device = chardev_find(1, 3);
    EXPECT_STREQ("null", device->name);
    EXPECT_EQ(0, device->ops->read(device->data, bytes, sizeof(bytes)));
    EXPECT_TRUE(device->ops->discards);
    device = chardev_find(1, 5);
    EXPECT_STREQ("zero", device->name);
    EXPECT_TRUE(device->ops->discards && device->ops->maps_anonymous);
    EXPECT_EQ(4096u, device->ops->filler_size);
    device = chardev_find(1, 7);
    EXPECT_STREQ("full", device->name);
    EXPECT_EQ(-ENOSPC, device->ops->write(device->data, bytes, 1));
    for (uint32_t minor : {8u, 9u}) {
        device = chardev_find(1, minor);
        EXPECT_EQ(64, device->ops->read(device->data, bytes, 64));
        EXPECT_EQ(64, device->ops->write(device->data, bytes, 64));
        EXPECT_EQ(64, device->ops->read(device->data, more, 64));
        EXPECT_NE(0, memcmp(bytes, more, 64));
        EXPECT_EQ(0666u, device->mode);
    }
}

} // namespace
