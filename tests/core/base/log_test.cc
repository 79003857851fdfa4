// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/log_test.cc - core/base/log.h. What is logged is read from a
// child's stderr.
#include <memory>
#include <regex>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/log.h"
#include "core/sync/spinlock.h"
#include "hal/irq.h"
#include "tests/core/sched/kthread.h"
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

// Below the console's level: what is kept is read, and nothing is shown.
static void keep(const std::string &text, unsigned priority = LOG_DEBUG)
{
    log_put(priority, text.data(), text.size());
}

static std::string text_of(const struct log_record &record)
{
    return std::string(record.text, record.size);
}

TEST(LogRing, ARecordIsWhatWasLogged)
{
    uint64_t first = log_next(), next = first;
    uint64_t before_us = hal_clock_now() / 1000;
    struct log_record record;

    EXPECT_FALSE(log_read(&next, &record));
    EXPECT_EQ(first, next);
    log_debug("number %d", 42);
    keep(std::string("a\0b\n", 4), 23 << 3 | LOG_DEBUG);
    EXPECT_EQ(first + 2, log_next());
    ASSERT_TRUE(log_read(&next, &record));
    EXPECT_EQ(first, next);
    EXPECT_EQ(first, record.sequence);
    EXPECT_EQ("number 42", text_of(record));
    EXPECT_EQ(static_cast<unsigned>(LOG_DEBUG), record.priority);
    EXPECT_LE(before_us, record.time_us);
    EXPECT_GE(hal_clock_now() / 1000, record.time_us);
    next++;
    ASSERT_TRUE(log_read(&next, &record));
    EXPECT_EQ(std::string("a\0b\n", 4), text_of(record));
    EXPECT_EQ(23u << 3 | LOG_DEBUG, record.priority);
    next++;
    EXPECT_FALSE(log_read(&next, &record));
    EXPECT_EQ(log_next(), next);
}

TEST(LogRing, LongLinesAreCut)
{
    uint64_t next = log_next();
    struct log_record record;
    std::string text(2 * LOG_LINE_MAX, 'x');

    keep(text);
    ASSERT_TRUE(log_read(&next, &record));
    EXPECT_GT(record.size, static_cast<unsigned>(LOG_LINE_MAX) / 2);
    EXPECT_LE(record.size, static_cast<unsigned>(LOG_LINE_MAX));
    EXPECT_EQ(text.substr(0, record.size), text_of(record));
}

TEST(LogRing, TheLastLinesAreKept)
{
    uint64_t first = log_next(), next = first;
    struct log_record record;

    for (int i = 0; i < LOG_RECORDS; i++)
        keep("line " + std::to_string(i));
    ASSERT_TRUE(log_read(&next, &record)); // just not lost
    EXPECT_EQ(first, next);
    EXPECT_EQ("line 0", text_of(record));
    keep("one more");
    ASSERT_TRUE(log_read(&next, &record));
    EXPECT_EQ(first + 1, next);
    EXPECT_EQ("line 1", text_of(record));
    next = 0;
    ASSERT_TRUE(log_read(&next, &record));
    EXPECT_EQ(first + 1, next);
    next = first + LOG_RECORDS;
    ASSERT_TRUE(log_read(&next, &record));
    EXPECT_EQ("one more", text_of(record));
    next = first + LOG_RECORDS + 1;
    EXPECT_FALSE(log_read(&next, &record));
}

static unsigned hooked;

TEST(LogRing, TheHookIsCalledForEachLine)
{
    unsigned saved;

    hooked = 0;
    log_set_hook([] { hooked++; });
    keep("one");
    EXPECT_EQ(1u, hooked);
    saved = hal_irq_save();
    keep("two");
    hal_irq_restore(saved);
    EXPECT_EQ(2u, hooked);
    log_set_hook(nullptr);
    keep("three");
    EXPECT_EQ(2u, hooked);
}

// Follows the log like a reader that keeps up, and looks at every record.
class Follower {
public:
    Follower() : next_(log_next()) {}
    void Look(unsigned writers)
    {
        struct log_record record;
        unsigned writer, i, echo;

        while (log_read(&next_, &record)) {
            std::string text = text_of(record);

            EXPECT_EQ(next_, record.sequence);
            next_++;
            if (sscanf(text.c_str(), "storm %u %u %u", &writer, &i, &echo) != 3)
                continue;
            ASSERT_LT(writer, writers);
            // Whole, and a writer's own lines in their order.
            EXPECT_EQ(i, echo) << text;
            EXPECT_GE(i, from_[writer]) << text;
            from_[writer] = i + 1;
            seen_++;
        }
    }
    uint64_t seen() const { return seen_; }

private:
    uint64_t next_, seen_ = 0;
    unsigned from_[16] = {};
};

TEST(LogRing, StormFromAllCpus)
{
    using kthread::Kthread;

    unsigned writers = 2 * hal_cpu_count();
    uint64_t rounds = harness::steps(2000), first = log_next();
    std::unique_ptr<Follower> follower = std::make_unique<Follower>();
    unsigned done = 0;

    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < writers; n++)
            threads.push_back(std::make_unique<Kthread>([&, n] {
                for (unsigned i = 0; i < rounds; i++) {
                    log_debug("storm %u %u %u", n, i, i);
                    if (i % 16 == 0)
                        kthread::Pause();
                }
                __atomic_fetch_add(&done, 1, __ATOMIC_ACQ_REL);
            }));
        while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < writers) {
            follower->Look(writers);
            kthread::Pause();
        }
        follower->Look(writers);
    }
    EXPECT_EQ(first + writers * rounds, log_next());
    EXPECT_GE(follower->seen(), static_cast<uint64_t>(LOG_RECORDS));
}
