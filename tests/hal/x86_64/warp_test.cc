// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/warp_test.cc - hal/x86_64/warp.h.
#include <gtest/gtest.h>

#include "hal/x86_64/warp.h"
#include "tests/support/harness.h"

namespace {

class Warp : public ::testing::Test {
protected:
    void SetUp() override { warp_init(&w); }

    // A round by a counter that is `off` from ours, which takes `there` ticks
    // to reach and `back` to answer.
    void round(int64_t off, uint64_t there, uint64_t back)
    {
        now += 1000;
        warp_note(&w, now, now + there + static_cast<uint64_t>(off),
                  now + there + back);
    }

    uint64_t now = 1000000;
    warp w;
};

TEST_F(Warp, CountersThatAgreeAreLeftAlone)
{
    for (uint64_t i = 1; i < 100; i++)
        round(0, i % 7, i % 13);
    EXPECT_EQ(0, warp_offset(&w));
}

TEST_F(Warp, NobodyCorrectsWhatNobodyCanSee)
{
    round(50, 100, 100);
    round(50, 60, 300);
    EXPECT_EQ(0, warp_offset(&w));
}

TEST_F(Warp, FindsADifferenceEitherWay)
{
    for (int64_t off : {INT64_C(5000), INT64_C(-5000), INT64_C(1) << 60,
                        -(INT64_C(1) << 60)}) {
        warp_init(&w);
        round(off, 100, 200);
        round(off, 300, 90);
        EXPECT_LE(-off - 95, warp_offset(&w)) << off;
        EXPECT_GE(-off + 95, warp_offset(&w)) << off;
        EXPECT_EQ(190u, warp_width(&w));
    }
}

TEST_F(Warp, WithoutRoundsNothingIsKnown)
{
    EXPECT_EQ(UINT64_MAX, warp_width(&w));
    EXPECT_EQ(0, warp_offset(&w));
}

TEST_F(Warp, RoundsThatContradictEachOtherEndInTheMiddle)
{
    round(1000, 0, 0);
    round(2000, 0, 0);
    EXPECT_EQ(0u, warp_width(&w));
    EXPECT_EQ(-1500, warp_offset(&w));
}

} // namespace
