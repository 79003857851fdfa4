// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/exec_script_test.cc - core/proc/exec_script.h.

#include <gtest/gtest.h>

#include <string>

#include "core/abi/errno.h"
#include "core/proc/exec_script.h"
#include "tests/support/harness.h"

namespace {

struct Row {
    std::string head;
    int error;
    std::string interpreter, argument;
};

TEST(ExecScript, Lines)
{
    const std::string x200(200, 'x'), x300(300, 'x');
    const Row rows[] = {
        {"#!/bin/sh\nrest", 0, "/bin/sh", ""},
        {"#!/bin/sh", 0, "/bin/sh", ""},
        {"#! \t /bin/sh\t \n", 0, "/bin/sh", ""},
        {"#!/bin/sh -e\n", 0, "/bin/sh", "-e"},
        {"#!/bin/sh  one two  \n", 0, "/bin/sh", "one two"},
        {std::string("#!/bin/sh a\0b\n", 14), 0, "/bin/sh", "a"},
        {"#!\n/bin/sh\n", -ENOEXEC, "", ""},
        {"#!", -ENOEXEC, "", ""},
        {"#!  \t", -ENOEXEC, "", ""},
        {"#!/" + x200 + "\n", 0, "/" + x200, ""},
        {"#!/" + x300, -ENOEXEC, "", ""},
        {"#!/a " + x300, 0, "/a", std::string(250, 'x')},
        {"#!/" + std::string(252, 'x') + "\n", 0, "/" + std::string(252, 'x'),
         ""},
        {"#!/" + std::string(253, 'x') + "\n", -ENOEXEC, "", ""},
    };

    for (const Row &row : rows) {
        std::string head = row.head.substr(0, EXEC_HEAD);
        exec_script out = {};

        ASSERT_TRUE(exec_script_is(head.data(), head.size()));
        ASSERT_EQ(row.error, exec_script_parse(head.data(), head.size(), &out))
            << row.head;
        if (row.error != 0)
            continue;
        EXPECT_EQ(row.interpreter,
                  std::string(out.interpreter, out.interpreter_length));
        EXPECT_EQ(row.argument,
                  out.argument == nullptr
                      ? ""
                      : std::string(out.argument, out.argument_length));
    }
}

TEST(ExecScript, WhatIsNone)
{
    EXPECT_FALSE(exec_script_is("", 0));
    EXPECT_FALSE(exec_script_is("#", 1));
    EXPECT_FALSE(exec_script_is("#?", 2));
    EXPECT_FALSE(exec_script_is("!#", 2));
}

// Whatever the bytes, what is found lies in the head.
TEST(ExecScript, Walk)
{
    harness::Random random(4);
    static const char alphabet[] = " \t\n#!/x";

    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        std::string head = "#!";
        size_t size = random.below(EXEC_HEAD - 1);
        exec_script out = {};

        while (head.size() < size)
            head += alphabet[random.below(sizeof(alphabet))];
        if (exec_script_parse(head.data(), head.size(), &out) != 0)
            continue;
        ASSERT_GE(out.interpreter, head.data() + 2);
        ASSERT_LE(out.interpreter + out.interpreter_length,
                  head.data() + head.size());
        ASSERT_GT(out.interpreter_length, 0u);
        if (out.argument != nullptr) {
            ASSERT_LE(out.argument + out.argument_length,
                      head.data() + head.size());
        }
    }
}

} // namespace
