// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/random_test.cc - core/base/random.h.
#include <cstring>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.h"

TEST(Random, TheMachineHasEntropy)
{
    EXPECT_TRUE(random_is_seeded()); // main() called random_init()
    EXPECT_TRUE(random_init());
}

TEST(Random, FillsExactlyWhatIsAsked)
{
    for (size_t size : {0, 1, 31, 32, 63, 64, 65, 200, 5000}) {
        std::vector<unsigned char> bytes(size + 1, 0);
        unsigned touched = 0;

        // A byte is left at 0 thirty times by chance once in 2^240.
        for (int i = 0; i < 30; i++) {
            random_bytes(bytes.data(), size);
            ASSERT_EQ(0, bytes[size]);
            touched |= size > 0 ? bytes[size - 1] : 1;
        }
        EXPECT_NE(0u, touched) << size;
    }
}

// Also past the point where the machine's source is mixed in again.
TEST(Random, NoRequestRepeatsAnother)
{
    const size_t size = 64 << 10;
    std::vector<uint64_t> words(size / 8);
    std::set<uint64_t> seen;
    size_t ones = 0, total = 0;

    while (total * 8 <= static_cast<size_t>(RANDOM_RESEED) * 5 / 4) {
        random_bytes(words.data(), size);
        for (uint64_t word : words) {
            ones += static_cast<size_t>(__builtin_popcountll(word));
            ASSERT_TRUE(seen.insert(word).second);
        }
        total += words.size();
    }
    // Within 8 standard deviations of half the bits.
    double expected = 32.0 * static_cast<double>(total);
    double off = static_cast<double>(ones) - expected;

    EXPECT_LT(off * off, 64 * expected / 2);
}
