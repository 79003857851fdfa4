// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/log_test.cc - core/base/log.h. What is logged is read from a
// child's stderr.
#include <regex>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/log.h"
#include "core/sync/spinlock.h"
#include "hal/irq.h"
#include "tests/support/harness.h"

static std::vector<std::string> lines_of(const std::string &log)
{
    std::istringstream in(log);
    std::vector<std::string> lines;

    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

CHILD(LogLines)
{
    std::string big(1000, 'x');

    log_info("number %d", 42);
    log_info("%s", big.c_str());
    log_info("%s", "");
}

TEST(Log, ALineHasTheTimeAndIsCut)
{
    harness::Ending ending = harness::run_child("LogLines");
    std::vector<std::string> lines = lines_of(ending.log);
    std::regex form("\\[ *[0-9]+\\.[0-9]{6}\\] (.*)");
    std::smatch match;

    ASSERT_EQ(0, ending.status);
    ASSERT_EQ(3u, lines.size()) << ending.log;
    ASSERT_TRUE(std::regex_match(lines[0], match, form)) << lines[0];
    EXPECT_EQ("number 42", match[1]);
    EXPECT_EQ(static_cast<size_t>(LOG_LINE_MAX) - 1, lines[1].size());
    ASSERT_TRUE(std::regex_match(lines[1], match, form)) << lines[1];
    EXPECT_EQ(std::string::npos, match[1].str().find_first_not_of('x'));
    ASSERT_TRUE(std::regex_match(lines[2], match, form)) << lines[2];
    EXPECT_EQ("", match[1]);
}

CHILD(LogLevels)
{
    const int levels[] = {LOG_CONSOLE_DEFAULT, LOG_CONSOLE_QUIET, 0, 100};

    for (int level : levels) {
        log_set_console_level(level);
        log_print(LOG_EMERG, "%d emerg", level);
        log_error("%d error", level);
        log_warning("%d warning", level);
        log_info("%d info", level);
        log_debug("%d debug", level);
    }
}

TEST(Log, LevelsBelowTheConsolesAreShown)
{
    harness::Ending ending = harness::run_child("LogLevels");
    const struct {
        const char *text;
        bool shown;
    } rows[] = {
        {"7 emerg", true},  {"7 error", true},    {"7 warning", true},
        {"7 info", true},   {"7 debug", false},   {"4 emerg", true},
        {"4 error", true},  {"4 warning", false}, {"4 info", false},
        {" 0 emerg", true}, {" 0 error", false}, // 1 is the least
        {"100 info", true}, {"100 debug", true},
    };

    ASSERT_EQ(0, ending.status);
    for (const auto &row : rows)
        EXPECT_EQ(row.shown, ending.log.find(row.text) != std::string::npos)
            << row.text;
}

CHILD(LogAnywhere)
{
    static const struct lock_class inner = {"inner", LOCK_RANK_LOG};
    struct spinlock lock;
    unsigned saved;

    spin_init(&lock, &inner);
    saved = spin_lock_irq(&lock);
    log_info("inside");
    spin_unlock_irq(&lock, saved);
}

TEST(Log, AnyContext)
{
    harness::Ending ending = harness::run_child("LogAnywhere");

    EXPECT_EQ(0, ending.status);
    EXPECT_NE(std::string::npos, ending.log.find("inside")) << ending.log;
}
