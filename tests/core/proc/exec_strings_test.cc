// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/exec_strings_test.cc - core/proc/exec_strings.h; what comes
// from user memory is tests/guest/exec.c's.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/abi/errno.h"
#include "core/proc/exec_strings.h"
#include "tests/support/harness.h"

namespace {

constexpr uint64_t kLimit = 1 << 20;

struct Strings {
    explicit Strings(uint64_t limit = kLimit)
    {
        EXPECT_EQ(0, exec_strings_init(&s, limit));
    }
    ~Strings() { exec_strings_fini(&s); }
    int Add(const std::string &text)
    {
        int error = exec_strings_add(&s, text.c_str(), text.size() + 1);
        if (error == 0)
            s.argc++;
        return error;
    }
    int Push(const std::string &text)
    {
        return exec_strings_push(&s, text.c_str(), text.size());
    }
    // The lengths of all, without NULs.
    std::vector<size_t> Lengths()
    {
        std::vector<size_t> lengths;
        for (size_t at = 0; at < exec_strings_size(&s);) {
            lengths.push_back(exec_strings_length(&s, at) - 1);
            at += lengths.back() + 1;
        }
        return lengths;
    }
    exec_strings s;
};

using Sizes = std::vector<size_t>;

TEST(ExecStrings, InOrder)
{
    Strings s;

    EXPECT_EQ(Sizes(), s.Lengths());
    EXPECT_EQ(0, s.Add("one"));
    EXPECT_EQ(0, s.Add(""));
    EXPECT_EQ(0, s.Add(std::string(5000, 'x')));
    EXPECT_EQ(0, s.Add("four"));
    EXPECT_EQ((Sizes{3, 0, 5000, 4}), s.Lengths());
    EXPECT_EQ(3u + 5000 + 4 + 4, exec_strings_size(&s.s));
}

TEST(ExecStrings, AtTheEdgeOfAPage)
{
    for (size_t size = 4090; size < 4100; size++) {
        Strings s;

        EXPECT_EQ(0, s.Add(std::string(size, 'x')));
        EXPECT_EQ(0, s.Add("end"));
        EXPECT_EQ((Sizes{size, 3}), s.Lengths());
    }
}

// As a script does: its name and interpreter in place of the first.
TEST(ExecStrings, FirstIsReplaced)
{
    Strings s;

    EXPECT_EQ(0, s.Add("first"));
    EXPECT_EQ(0, s.Add("second"));
    exec_strings_drop_first(&s.s);
    EXPECT_EQ(0, s.Push("/script"));
    EXPECT_EQ(0, s.Push("-x"));
    EXPECT_EQ(0, s.Push("/interpreter"));
    EXPECT_EQ((Sizes{12, 2, 7, 6}), s.Lengths());
    EXPECT_EQ(4u, s.s.argc);
    exec_strings_drop_first(&s.s);
    EXPECT_EQ((Sizes{2, 7, 6}), s.Lengths());
    EXPECT_EQ(0, s.Push(""));
    EXPECT_EQ((Sizes{0, 2, 7, 6}), s.Lengths());
}

TEST(ExecStrings, NoneToDrop)
{
    Strings s;

    exec_strings_drop_first(&s.s);
    EXPECT_EQ(0u, s.s.argc);
    EXPECT_EQ(0, s.Push("only"));
    EXPECT_EQ((Sizes{4}), s.Lengths());
}

TEST(ExecStrings, Limits)
{
    Strings s(100);

    EXPECT_EQ(0, s.Add(std::string(79, 'x')));
    EXPECT_EQ(-E2BIG, s.Add(std::string(12, 'y'))) << "the pointer counts";
    EXPECT_EQ(0, s.Add(std::string(3, 'y')));
    EXPECT_EQ(-E2BIG, s.Push("12345678"));
    Strings large(UINT64_MAX);
    size_t added = 0;
    while (large.Add(std::string(99999, 'z')) == 0)
        added += 100000;
    EXPECT_GT(added, 6000000u);
    EXPECT_LE(added, size_t{EXEC_PAGES_MAX} * 4096);
    Strings pushed;
    int error = 0;
    for (int i = 0; i < 100 && error == 0; i++)
        error = pushed.Push(std::string(255, 'p'));
    EXPECT_EQ(-E2BIG, error) << "the prefix is bounded";
}

TEST(ExecStrings, NoMemory)
{
    harness::sweep_allocations([] {
        exec_strings s;
        std::string text(10000, 'x');
        int error = exec_strings_init(&s, kLimit);

        if (error == 0)
            error = exec_strings_add(&s, text.c_str(), text.size() + 1);
        if (error == 0)
            error = exec_strings_push(&s, "x", 1);
        exec_strings_fini(&s);
        return error;
    });
}

} // namespace
