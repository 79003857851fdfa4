// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/acpi_test.cc - hal/x86_64/acpi.h.
//
// Tables are reached by addresses below 4 GiB as they are, so they are put
// into memory there.
#include <cstring>
#include <sys/mman.h>
#include <vector>

#include <gtest/gtest.h>

#include "hal/x86_64/acpi.h"
#include "tests/support/harness.h"

namespace {

constexpr size_t kSize = 65536;

class Acpi : public ::testing::Test {
protected:
    void SetUp() override
    {
        void *at = mmap(nullptr, kSize, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

        ASSERT_NE(MAP_FAILED, at);
        memory = static_cast<uint8_t *>(at);
    }

    void TearDown() override { munmap(memory, kSize); }

    uint64_t addr(size_t offset)
    {
        return reinterpret_cast<uintptr_t>(memory + offset);
    }

    void put(size_t at, uint64_t n, size_t size)
    {
        memcpy(memory + at, &n, size);
    }

    void seal(size_t start, size_t size, size_t at)
    {
        uint8_t sum = 0;

        memory[at] = 0;
        for (size_t i = 0; i < size; i++)
            sum = static_cast<uint8_t>(sum + memory[start + i]);
        memory[at] = static_cast<uint8_t>(-sum);
    }

    // A table whose body are words; returns its address.
    uint64_t table(size_t at, const char *name,
                   const std::vector<uint64_t> &words, size_t word)
    {
        size_t size = 36 + words.size() * word;

        memcpy(memory + at, name, 4);
        put(at + 4, size, 4);
        for (size_t i = 0; i < words.size(); i++)
            put(at + 36 + i * word, words[i], word);
        seal(at, size, at + 9);
        return addr(at);
    }

    // A root pointer of revision 0 or 2.
    void root(size_t at, unsigned revision, uint64_t rsdt, uint64_t xsdt)
    {
        memcpy(memory + at, "RSD PTR ", 8);
        memory[at + 15] = static_cast<uint8_t>(revision);
        put(at + 16, rsdt, 4);
        put(at + 20, 36, 4);
        put(at + 24, xsdt, 8);
        seal(at, 20, at + 8);
        seal(at, 36, at + 32);
    }

    const void *find(size_t at, size_t size = 36)
    {
        return acpi_find_from(memory + at, size, "APIC", &found_size);
    }

    uint8_t *memory;
    size_t found_size = 0;
};

TEST_F(Acpi, FindsATableThroughEitherRoot)
{
    uint64_t other = table(0x1000, "FACP", {1, 2, 3}, 8);
    uint64_t wanted = table(0x2000, "APIC", {4}, 8);
    uint64_t rsdt = table(0x3000, "RSDT", {other, wanted}, 4);
    uint64_t xsdt = table(0x4001, "XSDT", {0, other, wanted}, 8);

    root(0, 0, rsdt, 0);
    EXPECT_EQ(memory + 0x2000, find(0, 20));
    EXPECT_EQ(44u, found_size);
    root(0, 2, 0, xsdt);
    EXPECT_EQ(memory + 0x2000, find(0));
    root(0, 2, rsdt, UINT64_C(1) << 40); // out of reach: the old one serves
    EXPECT_EQ(memory + 0x2000, find(0));
    root(0, 0, 0, xsdt); // revision 0 has no XSDT
    EXPECT_EQ(nullptr, find(0));
}

TEST_F(Acpi, WhatDoesNotSumUpIsNotThere)
{
    uint64_t wanted = table(0x2000, "APIC", {4}, 8);
    uint64_t xsdt = table(0x4000, "XSDT", {wanted}, 8);

    root(0, 2, 0, xsdt);
    ASSERT_NE(nullptr, find(0));
    memory[0x2000 + 40]++;
    EXPECT_EQ(nullptr, find(0));
    memory[0x2000 + 40]--;
    memory[0x4000 + 20]++;
    EXPECT_EQ(nullptr, find(0));
    memory[0x4000 + 20]--;
    memory[33]++; // the long sum
    EXPECT_EQ(nullptr, find(0));
    memory[33]--;
    memory[10]++; // the short one
    EXPECT_EQ(nullptr, find(0));
    memory[10]--;
    EXPECT_NE(nullptr, find(0));
    EXPECT_EQ(nullptr, find(0, 19));
}

TEST_F(Acpi, SizesThatAreNoneAreRefused)
{
    uint64_t wanted = table(0x2000, "APIC", {4}, 8);
    uint64_t xsdt = table(0x4000, "XSDT", {wanted}, 8);

    root(0, 2, 0, xsdt);
    for (uint64_t size : {UINT64_C(0), UINT64_C(35), UINT64_C(0xffffffff)}) {
        put(0x2004, size, 4);
        EXPECT_EQ(nullptr, find(0)) << size;
    }
    table(0x2000, "APIC", {4}, 8);
    root(0, 2, 0, UINT64_C(0xfffffff0)); // no room for a head
    EXPECT_EQ(nullptr, find(0));
    root(0, 2, 0, xsdt);
    EXPECT_NE(nullptr, find(0));
}

TEST_F(Acpi, TheRootsMustBearTheirNames)
{
    uint64_t wanted = table(0x2000, "APIC", {4}, 8);
    uint64_t rsdt = table(0x3000, "RSDT", {wanted}, 4);
    uint64_t xsdt = table(0x4000, "XSDT", {wanted}, 8);

    root(0, 2, xsdt, rsdt); // each in the other's place
    EXPECT_EQ(nullptr, find(0));
}

TEST_F(Acpi, TheSearchSeesMultiplesOf16)
{
    root(0x108, 0, 1, 0);
    EXPECT_EQ(nullptr, acpi_search(addr(0), addr(0x1000)));
    memset(memory, 0, 0x1000);
    root(0x120, 0, 1, 0);
    EXPECT_EQ(memory + 0x120, acpi_search(addr(1), addr(0x1000)));
    EXPECT_EQ(memory + 0x120, acpi_search(addr(0), addr(0x134)));
    EXPECT_EQ(nullptr, acpi_search(addr(0), addr(0x133)));
    EXPECT_EQ(nullptr, acpi_search(addr(0x130), addr(0x1000)));
    memory[0x12a]++; // does not sum up
    EXPECT_EQ(nullptr, acpi_search(addr(0), addr(0x1000)));
}

TEST_F(Acpi, TheLoadersRootComesFirst)
{
    uint64_t wanted = table(0x2000, "APIC", {4}, 8);
    bootinfo info = {};

    root(0, 2, 0, table(0x4000, "XSDT", {wanted}, 8));
    info.rsdp = addr(0);
    EXPECT_EQ(memory + 0x2000, acpi_find(&info, "APIC", &found_size));
    EXPECT_EQ(nullptr, acpi_find(&info, "MCFG", &found_size));
    info.rsdp = addr(0x5000);
    EXPECT_EQ(nullptr, acpi_find(&info, "APIC", &found_size));
    memcpy(info.rsdp_copy, memory, 36); // multiboot2 hands over a copy
    info.rsdp_size = 36;
    EXPECT_EQ(memory + 0x2000, acpi_find(&info, "APIC", &found_size));
}

} // namespace
