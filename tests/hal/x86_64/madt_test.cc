// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/madt_test.cc - hal/x86_64/madt.h.
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include "hal/x86_64/madt.h"
#include "tests/support/harness.h"

namespace {

class Madt : public ::testing::Test {
protected:
    void SetUp() override
    {
        table.assign(44, 0);
        memcpy(table.data(), "APIC", 4);
        put(36, 0xfee00000, 4);
    }

    void put(size_t at, uint64_t n, size_t size)
    {
        for (size_t i = 0; i < size; i++)
            table[at + i] = static_cast<uint8_t>(n >> i * 8);
    }

    // Appends an entry: its type, and its fields as (value, size).
    void entry(uint8_t type,
               const std::vector<std::pair<uint64_t, size_t>> &fields)
    {
        size_t start = table.size();

        table.push_back(type);
        table.push_back(0);
        for (const auto &field : fields) {
            table.resize(table.size() + field.second);
            put(table.size() - field.second, field.first, field.second);
        }
        table[start + 1] = static_cast<uint8_t>(table.size() - start);
    }

    void cpu(uint64_t uid, uint64_t id, uint64_t flags = 1)
    {
        entry(0, {{uid, 1}, {id, 1}, {flags, 4}});
    }

    void io_apic(uint64_t address = 0xfec00000, uint64_t first = 0)
    {
        entry(1, {{0, 1}, {0, 1}, {address, 4}, {first, 4}});
    }

    void override(uint64_t bus, uint64_t source, uint64_t line, uint64_t flags)
    {
        entry(2, {{bus, 1}, {source, 1}, {line, 4}, {flags, 2}});
    }

    bool parse()
    {
        put(4, table.size(), 4);
        // Memory of its own and no more, so that ASan sees a step outside.
        std::vector<uint8_t> exact(table);

        return madt_parse(&madt, exact.data(), exact.size());
    }

    std::vector<uint8_t> table;
    struct madt madt;
};

TEST_F(Madt, TakesEnabledCpusInOrder)
{
    cpu(0, 4);
    cpu(1, 5, 0); // could be plugged in
    cpu(2, 6, 2); // the same, newer
    cpu(3, 7, 3);
    entry(9, {{0, 2}, {9, 4}, {1, 4}, {4, 4}});
    entry(9, {{0, 2}, {7, 4}, {1, 4}, {3, 4}}); // named twice
    io_apic();
    ASSERT_TRUE(parse());
    ASSERT_EQ(3u, madt.cpu_count);
    EXPECT_EQ(4u, madt.cpus[0].apic_id);
    EXPECT_EQ(7u, madt.cpus[1].apic_id);
    EXPECT_EQ(3u, madt.cpus[1].uid);
    EXPECT_EQ(9u, madt.cpus[2].apic_id);
    EXPECT_EQ(0u, madt.cpus_left_out);
    EXPECT_EQ(0xfee00000u, madt.apic);
}

TEST_F(Madt, CountsTheCpusItLeavesOut)
{
    for (unsigned i = 0; i < HAL_CPUS_MAX + 3; i++)
        cpu(i, i);
    entry(9, {{0, 2}, {255, 4}, {1, 4}, {400, 4}}); // needs x2APIC
    io_apic();
    ASSERT_TRUE(parse());
    EXPECT_EQ(unsigned{HAL_CPUS_MAX}, madt.cpu_count);
    EXPECT_EQ(4u, madt.cpus_left_out);
}

TEST_F(Madt, TakesIoApicsAndTheirFirstLines)
{
    cpu(0, 0);
    for (unsigned i = 0; i < MADT_IO_APICS_MAX + 1; i++)
        io_apic(0xfec00000 + i * 0x10000, i * 24);
    ASSERT_TRUE(parse());
    ASSERT_EQ(unsigned{MADT_IO_APICS_MAX}, madt.io_apic_count);
    EXPECT_EQ(0xfec10000u, madt.io_apics[1].address);
    EXPECT_EQ(24u, madt.io_apics[1].first);
}

TEST_F(Madt, OverridesMoveIsaInterrupts)
{
    cpu(0, 0);
    io_apic();
    override(0, 0, 2, 0);
    override(0, 9, 9, 0xd);   // active high, level
    override(0, 10, 21, 0xf); // active low, level
    override(0, 11, 22, 0x5); // active high, edge
    override(1, 12, 40, 0xf); // another bus
    override(0, 16, 41, 0xf); // no ISA interrupt
    ASSERT_TRUE(parse());
    EXPECT_EQ(2u, madt.isa[0].line);
    EXPECT_EQ(1u, madt.isa[1].line);
    EXPECT_FALSE(madt.isa[1].input.level || madt.isa[1].input.low);
    EXPECT_TRUE(madt.isa[9].input.level);
    EXPECT_FALSE(madt.isa[9].input.low);
    EXPECT_EQ(21u, madt.isa[10].line);
    EXPECT_TRUE(madt.isa[10].input.level && madt.isa[10].input.low);
    EXPECT_EQ(22u, madt.isa[11].line);
    EXPECT_FALSE(madt.isa[11].input.level || madt.isa[11].input.low);
    EXPECT_EQ(12u, madt.isa[12].line);
}

TEST_F(Madt, NmiPinsAreOfOneCpuOrOfAll)
{
    cpu(0, 0);
    cpu(1, 1);
    io_apic();
    entry(4, {{1, 1}, {3, 2}, {0, 1}});
    entry(4, {{0xff, 1}, {0, 2}, {1, 1}});
    entry(4, {{0, 1}, {0, 2}, {2, 1}}); // no such pin
    entry(10, {{0, 2}, {7, 4}, {0, 1}, {0, 3}});
    ASSERT_TRUE(parse());
    EXPECT_EQ(nullptr, madt_find_nmi(&madt, 0, 0));
    ASSERT_NE(nullptr, madt_find_nmi(&madt, 1, 0));
    EXPECT_TRUE(madt_find_nmi(&madt, 1, 0)->low);
    EXPECT_NE(nullptr, madt_find_nmi(&madt, 0, 1));
    EXPECT_NE(nullptr, madt_find_nmi(&madt, 7, 0));
    EXPECT_EQ(nullptr, madt_find_nmi(&madt, 0, 2));
}

TEST_F(Madt, TheAddressOfTheLocalApicsCanBeOverridden)
{
    cpu(0, 0);
    io_apic();
    entry(5, {{0, 2}, {0x1fee00000, 8}});
    entry(77, {{0, 5}}); // unknown: skipped
    ASSERT_TRUE(parse());
    EXPECT_EQ(0x1fee00000u, madt.apic);
}

TEST_F(Madt, RefusesWhatContradictsItself)
{
    EXPECT_FALSE(madt_parse(&madt, table.data(), 43));
    EXPECT_FALSE(parse()); // no CPU, no I/O APIC
    cpu(0, 0);
    EXPECT_FALSE(parse());
    io_apic();
    EXPECT_TRUE(parse());
    put(4, table.size() + 1, 4); // longer than what there is
    EXPECT_FALSE(madt_parse(&madt, table.data(), table.size()));
    put(4, 43, 4);
    EXPECT_FALSE(madt_parse(&madt, table.data(), table.size()));
    table[0] = 'F';
    EXPECT_FALSE(parse());
}

TEST_F(Madt, RefusesEntriesThatEndTooSoonOrTooLate)
{
    static const uint8_t types[] = {0, 1, 2, 4, 5, 9, 10};

    for (uint8_t type : types) {
        SetUp();
        cpu(0, 0);
        io_apic();
        entry(type, {{0, 2}});
        EXPECT_FALSE(parse()) << int{type};
    }
    for (uint8_t size : {0, 1, 9}) {
        SetUp();
        cpu(0, 0);
        io_apic();
        entry(0, {{0, 6}});
        table[table.size() - 7] = size;
        EXPECT_FALSE(parse()) << int{size};
    }
    SetUp();
    cpu(0, 0);
    io_apic();
    table.push_back(0); // half a head
    EXPECT_FALSE(parse());
}

TEST_F(Madt, TheCpuThatRunsComesFirst)
{
    for (unsigned i = 0; i < 4; i++)
        cpu(i, 10 + i);
    io_apic();
    ASSERT_TRUE(parse());
    madt_put_first(&madt, 12);
    ASSERT_EQ(4u, madt.cpu_count);
    EXPECT_EQ(12u, madt.cpus[0].apic_id);
    EXPECT_EQ(2u, madt.cpus[0].uid);
    EXPECT_EQ(10u, madt.cpus[1].apic_id);
    EXPECT_EQ(11u, madt.cpus[2].apic_id);
    EXPECT_EQ(13u, madt.cpus[3].apic_id);
    madt_put_first(&madt, 50);
    ASSERT_EQ(5u, madt.cpu_count);
    EXPECT_EQ(50u, madt.cpus[0].apic_id);
}

TEST_F(Madt, TheCpuThatRunsTakesThePlaceOfTheLast)
{
    for (unsigned i = 0; i < HAL_CPUS_MAX; i++)
        cpu(i, i);
    io_apic();
    ASSERT_TRUE(parse());
    madt_put_first(&madt, 100);
    ASSERT_EQ(unsigned{HAL_CPUS_MAX}, madt.cpu_count);
    EXPECT_EQ(100u, madt.cpus[0].apic_id);
    EXPECT_EQ(62u, madt.cpus[HAL_CPUS_MAX - 1].apic_id);
}

TEST_F(Madt, WithoutATableThereIsAPc)
{
    madt_default(&madt);
    EXPECT_EQ(0u, madt.cpu_count);
    ASSERT_EQ(1u, madt.io_apic_count);
    EXPECT_EQ(0xfec00000u, madt.io_apics[0].address);
    EXPECT_EQ(4u, madt.isa[4].line);
    EXPECT_NE(nullptr, madt_find_nmi(&madt, 3, 1));
    madt_put_first(&madt, 1);
    EXPECT_EQ(1u, madt.cpu_count);
    EXPECT_EQ(1u, madt.cpus[0].apic_id);
}

} // namespace
