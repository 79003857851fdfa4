// SPDX-License-Identifier: Apache-2.0
//
// tests/sim/choice_test.cc - sim/choice.h.
#include <gtest/gtest.h>

#include <set>

#include "sim/choice.h"

// "Starts the stream of that number under a seed."
TEST(Choice, SeedAndStreamDecideAll)
{
    sim_choice a, b;

    sim_choice_init(&a, 7, 3);
    sim_choice_init(&b, 7, 3);
    for (int i = 0; i < 1000; i++)
        ASSERT_EQ(sim_choice_next(&a), sim_choice_next(&b));
}

TEST(Choice, OtherSeedsAndStreamsDiffer)
{
    std::set<uint64_t> first;

    for (uint64_t seed = 0; seed < 100; seed++)
        for (uint64_t stream = 0; stream < 8; stream++) {
            sim_choice c;

            sim_choice_init(&c, seed, stream);
            first.insert(sim_choice_next(&c));
        }
    EXPECT_EQ(800u, first.size());
}

// "Evenly below bound > 0."
TEST(Choice, BelowIsEven)
{
    sim_choice c;
    unsigned count[10] = {};

    sim_choice_init(&c, 1, 0);
    for (int i = 0; i < 100000; i++) {
        uint64_t n = sim_choice_below(&c, 10);

        ASSERT_LT(n, 10u);
        count[n]++;
    }
    // 10000 each; ten standard deviations are 950.
    for (unsigned n : count)
        EXPECT_NEAR(10000, n, 950);
}

TEST(Choice, BelowTakesTheOddBounds)
{
    sim_choice c;
    bool high = false;

    sim_choice_init(&c, 2, 0);
    for (int i = 0; i < 100; i++) {
        EXPECT_EQ(0u, sim_choice_below(&c, 1));
        high |= sim_choice_below(&c, UINT64_MAX) > UINT64_MAX / 2;
    }
    EXPECT_TRUE(high);
}
