// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/string_test.cc - core/base/string.h.
#include <cerrno>
#include <cstring>

#include <gtest/gtest.h>

#include "core/base/string.h"

TEST(String, LengthStopsAtNulOrMax)
{
    EXPECT_EQ(0u, str_length("", 10));
    EXPECT_EQ(3u, str_length("abc", 10));
    EXPECT_EQ(2u, str_length("abc", 2));
    EXPECT_EQ(0u, str_length("abc", 0));
}

TEST(String, LengthReadsNothingPastMax)
{
    const char unterminated[] = {'a', 'b'};

    EXPECT_EQ(2u, str_length(unterminated, sizeof(unterminated)));
}

TEST(String, EqualAndStarts)
{
    const struct {
        const char *a, *b;
        bool equal, starts;
    } rows[] = {
        {"", "", true, true},         {"a", "", false, true},
        {"", "a", false, false},      {"abc", "abc", true, true},
        {"abc", "ab", false, true},   {"ab", "abc", false, false},
        {"abc", "abd", false, false}, {"\xff", "\x7f", false, false},
    };

    for (const auto &row : rows) {
        EXPECT_EQ(row.equal, str_equal(row.a, row.b)) << row.a << row.b;
        EXPECT_EQ(row.starts, str_starts(row.a, row.b)) << row.a << row.b;
    }
}

TEST(String, CopyCutsAndReturnsTheWholeLength)
{
    const char *words[] = {"", "a", "abc", "abcdefgh"};

    for (const char *word : words) {
        for (size_t size = 1; size < 12; size++) {
            char to[16], expected[16];

            memset(to, '#', sizeof(to));
            snprintf(expected, size, "%s", word);
            EXPECT_EQ(strlen(word), str_copy(to, word, size));
            EXPECT_STREQ(expected, to);
            EXPECT_EQ('#', to[size]);
        }
    }
}

TEST(String, Bytes)
{
    char buffer[] = "abcdef", other[] = "abcdef";

    mem_move(buffer + 1, buffer, 4);
    EXPECT_STREQ("aabcdf", buffer);
    EXPECT_FALSE(mem_equal(buffer, other, 3));
    EXPECT_TRUE(mem_equal(buffer, other, 1));
    EXPECT_TRUE(mem_equal(buffer, other, 0));
    mem_copy(buffer, other, sizeof(other));
    EXPECT_STREQ("abcdef", buffer);
    mem_set(buffer, 'x', 3);
    EXPECT_STREQ("xxxdef", buffer);
}

TEST(String, Digits)
{
    static const char digits[] = "0123456789abcdef";

    for (unsigned value = 0; value < 16; value++)
        EXPECT_EQ(value, str_digit(digits[value]));
    for (unsigned value = 10; value < 16; value++)
        EXPECT_EQ(value, str_digit("ABCDEF"[value - 10]));
    for (char c : {'/', ':', '@', 'G', '`', 'g', ' ', '\0', '\xb5'})
        EXPECT_EQ(16u, str_digit(c)) << c;
}

TEST(String, ToU64)
{
    const uint64_t top = UINT64_MAX;
    const struct {
        const char *text;
        uint64_t max;
        int error;
        uint64_t value;
    } rows[] = {
        {"0", top, 0, 0},
        {"1", top, 0, 1},
        {"18446744073709551615", top, 0, top},
        {"0xffffffffffffffff", top, 0, top},
        {"0XaBc", top, 0, 0xabc},
        {"01777777777777777777777", top, 0, top},
        {"010", top, 0, 8},
        {"00", top, 0, 0},
        {"100", 100, 0, 100},
        {"101", 100, -ERANGE, 0},
        {"18446744073709551616", top, -ERANGE, 0},
        {"0x10000000000000000", top, -ERANGE, 0},
        {"02000000000000000000000", top, -ERANGE, 0},
        {"99999999999999999999999999", top, -ERANGE, 0},
        {"", top, -EINVAL, 0},
        {"0x", top, -EINVAL, 0},
        {"08", top, -EINVAL, 0},
        {"12a", top, -EINVAL, 0},
        {"0xg", top, -EINVAL, 0},
        {"-1", top, -EINVAL, 0},
        {"+1", top, -EINVAL, 0},
        {" 1", top, -EINVAL, 0},
        {"1 ", top, -EINVAL, 0},
        {"99999999999999999999999999x", top, -EINVAL, 0},
    };

    for (const auto &row : rows) {
        uint64_t value = 0x5a5a;

        EXPECT_EQ(row.error, str_to_u64(row.text, row.max, &value)) << row.text;
        EXPECT_EQ(row.error == 0 ? row.value : 0x5a5a, value) << row.text;
    }
}
