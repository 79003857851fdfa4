// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/tables_test.cc - hal/x86_64/tables.h.
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "hal/x86_64/tables.h"
#include "tests/support/harness.h"

namespace {

using Bytes = std::vector<uint8_t>;

void put(Bytes &to, size_t at, uint64_t n, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to.at(at + i) = static_cast<uint8_t>(n >> i * 8);
}

Bytes fadt()
{
    Bytes table(276, 0);

    put(table, 40, 0x1000, 4);
    put(table, 48, 0xb2, 4);
    put(table, 52, 0x02, 1);
    put(table, 64, 0x604, 4);
    put(table, 112, 1 << 10, 4);
    put(table, 116, 1, 1); // a port
    put(table, 120, 0xcf9, 8);
    put(table, 128, 0x0f, 1);
    put(table, 140, 0x7fe0000, 8);
    return table;
}

TEST(Tables, FadtTellsOfPower)
{
    Bytes table = fadt();
    tables_fadt out;

    ASSERT_TRUE(tables_read_fadt(&out, table.data(), table.size()));
    EXPECT_EQ(0x7fe0000u, out.dsdt);
    EXPECT_EQ(0x604u, out.pm1a.address);
    EXPECT_EQ(TABLES_PORT, out.pm1a.space);
    EXPECT_EQ(0u, out.pm1b.address);
    EXPECT_EQ(0xb2, out.smi_port);
    EXPECT_EQ(2, out.smi_enable);
    EXPECT_EQ(0xcf9u, out.reset.address);
    EXPECT_EQ(0x0f, out.reset_value);
    EXPECT_EQ(0u, out.sleep.address);
}

TEST(Tables, FadtOfAReducedMachine)
{
    Bytes table = fadt();
    tables_fadt out;

    put(table, 112, 1 << 10 | 1 << 20, 4);
    put(table, 116, 0, 1);
    put(table, 244, 0, 1); // in memory
    put(table, 248, 0xfea00000, 8);
    ASSERT_TRUE(tables_read_fadt(&out, table.data(), table.size()));
    EXPECT_EQ(0u, out.pm1a.address);
    EXPECT_EQ(0xfea00000u, out.sleep.address);
    EXPECT_EQ(TABLES_MEMORY, out.reset.space);
    put(table, 116, 2, 1); // in PCI configuration space: not here
    ASSERT_TRUE(tables_read_fadt(&out, table.data(), table.size()));
    EXPECT_EQ(0u, out.reset.address);
}

TEST(Tables, FadtMayBeShort)
{
    Bytes table = fadt();
    tables_fadt out;

    for (size_t size = 0; size <= table.size(); size++) {
        Bytes part(table.begin(), table.begin() + static_cast<long>(size));

        part.shrink_to_fit();
        EXPECT_EQ(size >= 116, tables_read_fadt(&out, part.data(), size));
        EXPECT_EQ(size > 128 ? 0xcf9u : 0u, out.reset.address) << size;
    }
}

TEST(Tables, McfgHasSegmentZero)
{
    Bytes table(44 + 32, 0);
    tables_mcfg out;

    put(table, 44, 0x10000000, 8);
    put(table, 44 + 8, 1, 2); // another segment
    put(table, 60, 0xb0000000, 8);
    put(table, 60 + 11, 0xff, 1);
    ASSERT_TRUE(tables_read_mcfg(&out, table.data(), table.size()));
    EXPECT_EQ(0xb0000000u, out.base);
    EXPECT_EQ(0, out.first_bus);
    EXPECT_EQ(255, out.last_bus);
    EXPECT_FALSE(tables_read_mcfg(&out, table.data(), 75));
    EXPECT_FALSE(tables_read_mcfg(&out, table.data(), 43));
    put(table, 60, 0xb0001000, 8);
    EXPECT_FALSE(tables_read_mcfg(&out, table.data(), table.size()));
    put(table, 60, 0xb0000000, 8);
    put(table, 60 + 10, 9, 1);
    put(table, 60 + 11, 8, 1);
    EXPECT_FALSE(tables_read_mcfg(&out, table.data(), table.size()));
}

Bytes code(const std::string &text)
{
    return Bytes(text.begin(), text.end());
}

TEST(Tables, S5IsFoundByItsPattern)
{
    static const struct {
        std::string text;
        bool found;
        uint8_t a, b;
    } cases[] = {
        {std::string("xx\x08_S5_\x12\x06\x04\x0a\x05\x0a\x07\x00\x00", 16),
         true, 5, 7},
        {std::string("x\x08\\_S5_\x12\x06\x04\x00\x01\x00\x00", 14), true, 0,
         1},
        // A length of two bytes.
        {std::string("xx\x08_S5_\x12\x46\x00\x04\x0a\x05\x01", 14), true, 5, 1},
        // No name object, no package, no constants, or cut off.
        {std::string("xxx_S5_\x12\x06\x04\x0a\x05\x0a\x07", 14), false, 0, 0},
        {std::string("xx\x08_S5_\x13\x06\x04\x0a\x05\x0a\x07", 14), false, 0,
         0},
        {std::string("xx\x08_S5_\x12\x06\x04\x0b\x05\x0a\x07", 14), false, 0,
         0},
        {std::string("xx\x08_S5_\x12\x06\x04\x0a\x05\x0a", 13), false, 0, 0},
        {std::string("xx\x08_S5_\x12\xc6", 9), false, 0, 0},
        {std::string("xx\x08_S5_", 7), false, 0, 0},
        {"", false, 0, 0},
    };

    for (const auto &c : cases) {
        Bytes bytes = code(c.text);
        uint8_t types[2] = {0, 0};

        bytes.shrink_to_fit();
        EXPECT_EQ(c.found, tables_find_s5(bytes.data(), bytes.size(), types));
        if (c.found) {
            EXPECT_EQ(c.a, types[0]);
            EXPECT_EQ(c.b, types[1]);
        }
    }
}

std::string device(const std::string &start, const std::string &line)
{
    return std::string("LNRO0005\0junk", 13) +
           std::string("\x86\x09\x00\x01", 4) + start +
           std::string("\x00\x02\x00\x00", 4) +
           std::string("\x89\x06\x00\x01\x01", 5) + line + "y\0";
}

TEST(Tables, VirtioDevicesByTheirResources)
{
    Bytes bytes = code("head" + device("\x01\x02\x03\x04", "\x11\x12\x13\x14") +
                       "LNRO0005 is a text" +
                       device("\x05\x06\x07\x08", "\x21\x22\x23\x24"));
    tables_virtio out;
    size_t at = 0;

    bytes.shrink_to_fit();
    ASSERT_TRUE(tables_next_virtio(bytes.data(), bytes.size(), &at, &out));
    EXPECT_EQ(0x04030201u, out.start);
    EXPECT_EQ(0x200u, out.size);
    EXPECT_EQ(0x14131211u, out.line);
    ASSERT_TRUE(tables_next_virtio(bytes.data(), bytes.size(), &at, &out));
    EXPECT_EQ(0x08070605u, out.start);
    EXPECT_FALSE(tables_next_virtio(bytes.data(), bytes.size(), &at, &out));
    for (size_t size = 0; size < bytes.size(); size++) {
        Bytes part(bytes.begin(), bytes.begin() + static_cast<long>(size));

        part.shrink_to_fit();
        at = 0;
        while (tables_next_virtio(part.data(), size, &at, &out))
            ;
    }
}

TEST(Tables, WordsOfTheCommandLine)
{
    tables_virtio out;

    ASSERT_TRUE(tables_read_word("512@0xfeb00e00:12 quiet", &out));
    EXPECT_EQ(512u, out.size);
    EXPECT_EQ(0xfeb00e00u, out.start);
    EXPECT_EQ(12u, out.line);
    ASSERT_TRUE(tables_read_word("4K@0xd0000000:5:1", &out));
    EXPECT_EQ(4096u, out.size);
    for (const char *bad :
         {"", "512", "512@", "@0x1000:5", "512@0x1000", "512@0x1000:",
          "512@0xg:5", "0@0x1000:5", "512@0x1000:5x", "64G@0x1000:5",
          "512@0x1000:99999999999", "512@0x11112222333344445:5"})
        EXPECT_FALSE(tables_read_word(bad, &out)) << bad;
}

// Bytes at random: nothing outside of them is touched (ASan).
TEST(Tables, SurviveNonsense)
{
    harness::Random random(3);

    for (uint64_t i = 0; i < harness::steps(20000); i++) {
        Bytes bytes(random.below(400));
        tables_fadt f;
        tables_mcfg m;
        tables_virtio v;
        uint8_t types[2];
        size_t at = 0;

        for (uint8_t &byte : bytes)
            byte = static_cast<uint8_t>("_S5_\x08\x12\x0a"[random.below(8)]);
        bytes.shrink_to_fit();
        (void)tables_read_fadt(&f, bytes.data(), bytes.size());
        (void)tables_read_mcfg(&m, bytes.data(), bytes.size());
        (void)tables_find_s5(bytes.data(), bytes.size(), types);
        while (tables_next_virtio(bytes.data(), bytes.size(), &at, &v))
            ;
    }
}

} // namespace
