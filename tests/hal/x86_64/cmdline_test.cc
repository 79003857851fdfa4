// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/x86_64/cmdline_test.cc - hal/x86_64/cmdline.h.
#include <gtest/gtest.h>

#include "hal/x86_64/cmdline.h"

TEST(Cmdline, NumberTakesTheLastWordAndItsUnit)
{
    const struct {
        const char *line;
        uint64_t expected;
    } cases[] = {
        {"", 0},
        {"quiet", 0},
        {"mem=", 0},
        {"mem=x", 0},
        {"mem=12", 12},
        {"a mem=12 b", 12},
        {"xmem=12", 0},
        {"  mem=2K", 2048},
        {"mem=3m", 3 << 20},
        {"mem=1G", 1 << 30},
        {"mem=1 mem=2", 2},
        {"mem=1 -- mem=2", 1},
        {"--mem=2", 0},
        {"mem=5G", UINT64_C(4) << 30},
        {"mem=99999999999999999999999", UINT64_C(4) << 30},
        {"mem=99999999999999999999999G", UINT64_C(4) << 30},
    };

    for (const auto &c : cases)
        EXPECT_EQ(c.expected, cmdline_number(c.line, "mem=", UINT64_C(4) << 30))
            << c.line;
}

TEST(Cmdline, HasWantsTheWholeValue)
{
    EXPECT_TRUE(cmdline_has("a in=framed", "in=", "framed"));
    EXPECT_TRUE(cmdline_has("in=framed a", "in=", "framed"));
    EXPECT_FALSE(cmdline_has("in=frame", "in=", "framed"));
    EXPECT_FALSE(cmdline_has("in=framed2", "in=", "framed"));
    EXPECT_FALSE(cmdline_has("in=framed in=tty", "in=", "framed"));
    EXPECT_FALSE(cmdline_has("-- in=framed", "in=", "framed"));
    EXPECT_FALSE(cmdline_has("", "in=", "framed"));
}
