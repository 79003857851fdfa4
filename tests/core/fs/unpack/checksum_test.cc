// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/checksum_test.cc - core/fs/unpack/crc32.h, xxhash64.h.

#include <random>

#include "tests/core/fs/unpack/packing.h"

#include "core/fs/unpack/crc32.h"
#include "core/fs/unpack/xxhash64.h"

namespace {

uint32_t Crc(const Bytes &bytes, size_t cut)
{
    static crc32_tables tables;
    uint32_t crc;

    crc32_tables_init(&tables);
    cut = std::min(cut, bytes.size());
    crc = crc32_update(&tables, 0, bytes.data(), cut);
    return crc32_update(&tables, crc, bytes.data() + cut, bytes.size() - cut);
}

uint64_t Xxh(const Bytes &bytes, size_t cut)
{
    xxhash64 hash;

    cut = std::min(cut, bytes.size());
    xxhash64_init(&hash);
    xxhash64_update(&hash, bytes.data(), cut);
    xxhash64_update(&hash, bytes.data() + cut, bytes.size() - cut);
    return xxhash64_value(&hash);
}

struct Known {
    const char *text;
    uint32_t crc;
    uint64_t xxh;
};

const Known kKnown[] = {
    {"", 0, 0xef46db3751d8e999},
    {"a", 0xe8b7be43, 0xd24ec4f1a98c6e5b},
    {"abc", 0x352441c2, 0x44bc2cf5ad770999},
    {"123456789", 0xcbf43926, 0x8cb841db40e6ae83},
    {"message digest", 0x20159d7f, 0x066ed728fceeb3be},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     0x1fc2e6d2, 0xaaa46907d3047814},
};

TEST(Crc32, IsTheOneOfGzip)
{
    for (const Known &known : kKnown)
        EXPECT_EQ(known.crc, Crc(Text(known.text), 0)) << known.text;
}

TEST(Xxhash64, IsTheOneOfZstd)
{
    for (const Known &known : kKnown)
        EXPECT_EQ(known.xxh, Xxh(Text(known.text), 0)) << known.text;
}

TEST(Checksums, DoNotDependOnHowTheBytesCome)
{
    std::mt19937 random(8);
    Bytes bytes(150);

    for (uint8_t &byte : bytes)
        byte = static_cast<uint8_t>(random());
    for (size_t cut = 0; cut <= bytes.size(); cut++) {
        EXPECT_EQ(Crc(bytes, 0), Crc(bytes, cut));
        EXPECT_EQ(Xxh(bytes, 0), Xxh(bytes, cut));
    }
}

} // namespace
