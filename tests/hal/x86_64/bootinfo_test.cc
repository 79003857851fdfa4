// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/bootinfo_test.cc - hal/x86_64/bootinfo.h.
//
// The reader takes addresses below 4 GiB as they are, so the words are put
// into memory there.
#include <cstring>
#include <sys/mman.h>
#include <vector>

#include <gtest/gtest.h>

#include "hal/x86_64/bootinfo.h"
#include "hal/x86_64/layout.h"
#include "tests/support/harness.h"

namespace {

constexpr size_t kSize = 65536, kGuard = 4096;

class Bootinfo : public ::testing::Test {
protected:
    void SetUp() override
    {
        void *at = mmap(nullptr, kSize + kGuard, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

        ASSERT_NE(MAP_FAILED, at);
        memory = static_cast<uint8_t *>(at);
        ASSERT_EQ(0, mprotect(memory + kSize, kGuard, PROT_NONE));
    }

    void TearDown() override { munmap(memory, kSize + kGuard); }

    uint32_t addr(size_t offset)
    {
        return static_cast<uint32_t>(
            reinterpret_cast<uintptr_t>(memory + offset));
    }

    template <typename T> void put(size_t offset, T value)
    {
        memcpy(memory + offset, &value, sizeof(value));
    }

    // Appends a multiboot2 tag.
    void tag(uint32_t type, const std::vector<uint8_t> &body)
    {
        put<uint32_t>(end, type);
        put<uint32_t>(end + 4, static_cast<uint32_t>(8 + body.size()));
        if (!body.empty())
            memcpy(memory + end + 8, body.data(), body.size());
        end += (8 + body.size() + 7) / 8 * 8;
        put<uint32_t>(0, static_cast<uint32_t>(end));
    }

    static void append(std::vector<uint8_t> &body, uint64_t n, size_t size)
    {
        for (size_t i = 0; i < size; i++)
            body.push_back(static_cast<uint8_t>(n >> i * 8));
    }

    bool read(uint32_t magic) { return bootinfo_read(&info, magic, addr(0)); }

    uint8_t *memory;
    size_t end = 8;
    bootinfo info = {};
};

TEST_F(Bootinfo, AnotherMagicIsRefused)
{
    EXPECT_FALSE(read(0x2badb002));
    EXPECT_FALSE(read(BOOT_MAGIC_PVH)); // without the structure's own
}

TEST_F(Bootinfo, PvhGivesLineModuleAndMap)
{
    put<uint32_t>(0, 0x336ec578);
    put<uint32_t>(4, 1);
    put<uint32_t>(12, 1);
    put<uint64_t>(16, addr(256));
    put<uint64_t>(24, addr(512));
    put<uint64_t>(32, 0xe0000);
    put<uint64_t>(40, addr(1024));
    put<uint32_t>(48, 2);
    put<uint64_t>(256, 0x7000000);
    put<uint64_t>(264, 12345);
    memcpy(memory + 512, "quiet a=b", 10);
    put<uint64_t>(1024, 0x100000);
    put<uint64_t>(1032, 0x200000);
    put<uint32_t>(1040, 1);
    put<uint64_t>(1048, 0x300000);
    put<uint64_t>(1056, 0x1000);
    put<uint32_t>(1064, 2);
    ASSERT_TRUE(read(BOOT_MAGIC_PVH));
    EXPECT_STREQ("quiet a=b", info.command_line);
    EXPECT_EQ(0x7000000u, info.initrd.start);
    EXPECT_EQ(12345u, info.initrd.size);
    EXPECT_EQ(0xe0000u, info.rsdp);
    ASSERT_EQ(2u, info.region_count);
    EXPECT_EQ(0x200000u, info.regions[0].size);
    EXPECT_TRUE(info.regions[0].ram);
    EXPECT_FALSE(info.regions[1].ram);
}

TEST_F(Bootinfo, PvhOfVersionZeroHasNoMap)
{
    put<uint32_t>(0, 0x336ec578);
    put<uint64_t>(40, addr(1024));
    put<uint32_t>(48, 2);
    ASSERT_TRUE(read(BOOT_MAGIC_PVH));
    EXPECT_EQ(0u, info.region_count);
    EXPECT_EQ(0u, info.initrd.size);
    EXPECT_STREQ("", info.command_line);
}

TEST_F(Bootinfo, Multiboot2GivesItsTags)
{
    std::vector<uint8_t> module, map, screen;

    append(module, 0x500000, 4);
    append(module, 0x500123, 4);
    append(map, 24, 4);
    append(map, 0, 4);
    for (uint64_t type : {1, 3}) {
        append(map, type << 20, 8);
        append(map, 0x100000, 8);
        append(map, type, 8);
    }
    append(screen, 0xfd000000, 8);
    append(screen, 4096, 4);
    append(screen, 1024, 4);
    append(screen, 768, 4);
    append(screen, 32 | 1 << 8, 8);
    tag(1, {'h', 'i', 0});
    tag(3, module);
    tag(3, {0, 0, 1, 0, 0, 0, 2, 0}); // a second module changes nothing
    tag(6, map);
    tag(8, screen);
    tag(14, std::vector<uint8_t>(20, 0x11));
    tag(15, std::vector<uint8_t>(36, 0x22));
    tag(77, {1, 2, 3});
    tag(0, {});
    ASSERT_TRUE(read(BOOT_MAGIC_MULTIBOOT2));
    EXPECT_STREQ("hi", info.command_line);
    EXPECT_EQ(0x500000u, info.initrd.start);
    EXPECT_EQ(0x123u, info.initrd.size);
    ASSERT_EQ(2u, info.region_count);
    EXPECT_TRUE(info.regions[0].ram);
    EXPECT_FALSE(info.regions[1].ram);
    EXPECT_EQ(0x300000u, info.regions[1].start);
    EXPECT_EQ(1024u, info.framebuffer.width);
    EXPECT_EQ(768u, info.framebuffer.height);
    EXPECT_EQ(32u, info.framebuffer.bits_per_pixel);
    EXPECT_EQ(36u, info.rsdp_size);
    EXPECT_EQ(0x22, info.rsdp_copy[35]);
}

TEST_F(Bootinfo, AMapLongerThanTheTableIsCut)
{
    std::vector<uint8_t> map;

    append(map, 24, 4);
    append(map, 0, 4);
    for (uint64_t i = 0; i < BOOTINFO_REGIONS_MAX + 5; i++) {
        append(map, i << 20, 8);
        append(map, 4096, 8);
        append(map, 1, 8);
    }
    tag(6, map);
    tag(0, {});
    ASSERT_TRUE(read(BOOT_MAGIC_MULTIBOOT2));
    EXPECT_EQ(size_t{BOOTINFO_REGIONS_MAX}, info.region_count);
}

// Whatever the bytes are, the reader stays inside the size that it was told:
// behind it lies nothing.
TEST_F(Bootinfo, DamagedTagsAreReadNoFurtherThanTheirEnd)
{
    harness::Random random(0x6d623274);
    std::vector<uint8_t> map;
    size_t place;

    append(map, 24, 4);
    append(map, 0, 4);
    append(map, 0, 48);
    tag(3, std::vector<uint8_t>(8, 7));
    tag(6, map);
    tag(8, std::vector<uint8_t>(24, 1));
    tag(15, std::vector<uint8_t>(36, 1));
    tag(1, {'h', 'i', 'h', 'i', 'h', 'i', 'h', 'i'});
    place = kSize - end;
    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        memcpy(memory + place, memory, end);
        for (int i = 0; i < 3; i++)
            memory[place + 4 + random.below(end - 4)] =
                static_cast<uint8_t>(random.next());
        info = {};
        EXPECT_TRUE(bootinfo_read(&info, BOOT_MAGIC_MULTIBOOT2, addr(place)));
    }
}

} // namespace
