// SPDX-License-Identifier: Apache-2.0
//
// tests/sim/trace_test.cc - sim/trace.h.
#include <gtest/gtest.h>

#include <initializer_list>
#include <set>
#include <vector>

#include "sim/trace.h"

using Events = std::vector<std::vector<uint64_t>>;

static uint64_t HashOf(const Events &events)
{
    sim_trace trace;

    sim_trace_init(&trace);
    for (const auto &event : events)
        sim_trace_add(&trace, event.data(), event.size());
    return sim_trace_hash(&trace);
}

// "two runs have the same hash when they had the same events"
TEST(Trace, SameEventsSameHash)
{
    EXPECT_EQ(HashOf({{1, 2, 3}, {4, 5, 6}}), HashOf({{1, 2, 3}, {4, 5, 6}}));
}

TEST(Trace, EveryWordAndTheOrderCount)
{
    std::set<uint64_t> hashes;
    const Events base = {{1, 2, 3, 4}, {5, 6, 7, 8}};
    size_t variants = 0;

    hashes.insert(HashOf(base));
    hashes.insert(HashOf({base[1], base[0]}));
    hashes.insert(HashOf({base[0]}));
    hashes.insert(HashOf({}));
    for (size_t event = 0; event < 2; event++)
        for (size_t word = 0; word < 4; word++)
            for (int bit = 0; bit < 64; bit++) {
                Events changed = base;

                changed[event][word] ^= uint64_t(1) << bit;
                hashes.insert(HashOf(changed));
                variants++;
            }
    EXPECT_EQ(4 + variants, hashes.size());
}

// "The first call notes the event to come as the first in doubt."
TEST(Trace, DoubtKeepsTheFirst)
{
    sim_trace trace;
    const uint64_t word = 1;

    sim_trace_init(&trace);
    EXPECT_EQ(0u, trace.unreproducible_from);
    sim_trace_add(&trace, &word, 1);
    sim_trace_doubt(&trace);
    EXPECT_EQ(2u, trace.unreproducible_from);
    sim_trace_add(&trace, &word, 1);
    sim_trace_doubt(&trace);
    EXPECT_EQ(2u, trace.unreproducible_from);
    EXPECT_EQ(2u, trace.events);
}
