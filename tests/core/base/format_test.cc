// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/format_test.cc - core/base/format.h, against the host's
// snprintf(3) wherever C defines the result.
#include <climits>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "core/base/format.h"
#include "tests/support/harness.h"

#pragma GCC diagnostic ignored "-Wformat-security"

enum { SIZE = 128 };

// The same conversion by both.
template <typename... Args> static void compare(const char *fmt, Args... args)
{
    char ours[SIZE], theirs[SIZE];
    int length = snprintf(theirs, sizeof(theirs), fmt, args...);

    EXPECT_EQ(static_cast<size_t>(length),
              format(ours, sizeof(ours), fmt, args...))
        << fmt;
    EXPECT_STREQ(theirs, ours) << fmt;
}

template <typename... Args> static std::string text(const char *fmt, Args... a)
{
    char ours[SIZE];

    (void)format(ours, sizeof(ours), fmt, a...);
    return ours;
}

TEST(Format, PlainText)
{
    compare("");
    compare("text");
    compare("100%%");
    compare("%%%d%%", 5);
}

TEST(Format, SeveralArguments)
{
    compare("%s=%d, %s=%#lx; %c", "a", 1, "b", 0x123456789abcdefL, 'z');
    compare("[%5lu.%06lu] ", 12UL, 345UL);
    compare("%d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8);
}

TEST(Format, WidthAndPrecisionFromArguments)
{
    for (int width = -8; width <= 8; width++) {
        for (int precision = -2; precision <= 8; precision++) {
            compare("%*.*d", width, precision, -42);
            compare("%*.*s", width, precision, "abcdef");
            compare("%0*d", width, 42);
        }
    }
}

TEST(Format, Lengths)
{
    compare("%hhd", 0x1ff);
    compare("%hhu", 0x1ff);
    compare("%hd", 0x18000);
    compare("%hx", 0x18000);
    compare("%ld", LONG_MIN);
    compare("%lld", LLONG_MAX);
    compare("%lu", ULONG_MAX);
    compare("%llo", ULLONG_MAX);
    compare("%zu", SIZE_MAX);
    compare("%zd", static_cast<ssize_t>(-1));
    compare("%jd", static_cast<intmax_t>(INTMAX_MIN));
    compare("%td", static_cast<ptrdiff_t>(-7));
    compare("%d", INT_MIN);
    compare("%u", UINT_MAX);
}

TEST(Format, Strings)
{
    const char unterminated[] = {'a', 'b', 'c'};

    compare("%s", "");
    compare("%10s|", "abc");
    compare("%-10s|", "abc");
    compare("%.2s|", "abc");
    compare("%.0s|", "abc");
    compare("%.3s|", unterminated);
    compare("%5c|%-5c|", 'x', 'y');
    EXPECT_EQ("(null)", text("%s", static_cast<const char *>(nullptr)));
}

TEST(Format, Pointers)
{
    int i;

    compare("%p", static_cast<void *>(&i));
    compare("%20p|%-20p|", static_cast<void *>(&i), static_cast<void *>(&i));
    EXPECT_EQ("0x0", text("%p", static_cast<void *>(nullptr)));
}

TEST(Format, UnknownConversionsStandAsTheyAre)
{
    const char *rows[] = {"%q", "%-5k!", "%", "%l", "%5"};

    for (const char *row : rows)
        EXPECT_EQ(row, text(row));
}

TEST(Format, CutsAtTheSize)
{
    for (size_t size = 1; size < 12; size++) {
        char ours[16], theirs[16];

        memset(ours, '#', sizeof(ours));
        EXPECT_EQ(9u, format(ours, size, "%s-%05d", "abc", 42));
        snprintf(theirs, size, "%s-%05d", "abc", 42);
        EXPECT_STREQ(theirs, ours);
        EXPECT_EQ('#', ours[size]);
    }
}

TEST(Format, SizeZeroWritesNothing)
{
    char c = '#';

    EXPECT_EQ(5u, format(&c, 0, "%05d", 1));
    EXPECT_EQ('#', c);
    EXPECT_EQ(3u, format(nullptr, 0, "abc"));
}

TEST(Format, EveryIntegerConversionAsTheHost)
{
    const char *flags[] = {"",   "-",  "0",  "+",  " ",  "#",   "-0",
                           "+0", " 0", "+-", "#0", "#-", "+ 0", "0-#"};
    const char *sizes[] = {"",   "1",  "5",   "12",   ".",   ".0",
                           ".1", ".7", "8.3", "12.0", "3.9", "30.25"};
    const char *conversions[] = {"d", "i", "u", "x", "X", "o"};
    const long values[] = {0,   1,       -1,      7,        8,
                           255, INT_MAX, INT_MIN, LONG_MAX, LONG_MIN};

    for (const char *flag : flags) {
        for (const char *size : sizes) {
            for (const char *conversion : conversions) {
                bool is_signed = strchr("di", conversion[0]) != nullptr;
                std::string fmt = std::string("%") + flag + size;

                // C leaves these to the implementation.
                if (strchr(flag, '#') && strchr("diu", conversion[0]))
                    continue;
                if (!is_signed && strpbrk(flag, "+ "))
                    continue;
                for (long value : values) {
                    compare((fmt + "l" + conversion).c_str(), value);
                    compare((fmt + conversion).c_str(),
                            static_cast<int>(value));
                }
            }
        }
    }
}

TEST(Format, SeededWalk)
{
    harness::Random random(0xf0a);

    for (uint64_t i = 0; i < harness::steps(3000); i++) {
        std::string fmt = "%";

        for (char flag : {'-', '0', '#'})
            if (random.below(2) == 0)
                fmt += flag;
        if (random.below(2) == 0)
            fmt += std::to_string(random.below(70) + 1);
        if (random.below(2) == 0)
            fmt += "." + std::to_string(random.below(40));
        fmt += "l";
        fmt += "xXo"[random.below(3)];
        compare(fmt.c_str(), random.next() >> random.below(64));
    }
}
