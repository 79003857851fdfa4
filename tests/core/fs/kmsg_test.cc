// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/kmsg_test.cc - core/fs/kmsg.h. Run with one CPU and with four.

#include <memory>

#include "core/base/log.h"
#include "core/fs/poll.h"
#include "hal/irq.h"
#include "tests/core/fs/devices.h"
#include "tests/core/sched/kthread.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

using devices::Opened;
using files::Get;
using files::Write;
using kthread::kMs;
using kthread::Kthread;

constexpr unsigned kOut = LX_POLLOUT | LX_POLLWRNORM;
constexpr unsigned kIn = LX_POLLIN | LX_POLLRDNORM;

void Log(const std::string &text, unsigned priority = LOG_DEBUG)
{
    log_put(priority, text.data(), text.size());
}

// An open file that reads from the next line on.
class Kmsg : public Opened {
public:
    explicit Kmsg(unsigned flags = LX_O_RDWR) : Opened(1, 11, flags)
    {
        EXPECT_LE(0, Seek(0, LX_SEEK_END));
    }
    std::string Next() { return Get(get(), 4096); }
    // Without priority, number and time.
    std::string Text()
    {
        std::string record = Next();
        size_t at = record.find(';');

        return at == std::string::npos ? record : record.substr(at + 1);
    }
    // Waits for a record.
    std::string Wait()
    {
        std::string bytes(4096, '\0');
        user_cursor to = files::Cursor(bytes.data(), bytes.size());
        ssize_t got = file_read(get(), &to, nullptr);

        bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
        return got < 0 ? "!" + std::to_string(-got)
                       : bytes.substr(bytes.find(';') + 1);
    }
};

class KmsgTest : public testing::Test {
protected:
    void SetUp() override { devices::Install(); }
};

TEST_F(KmsgTest, EachReadIsARecord)
{
    Kmsg f;
    uint64_t number = log_next();
    unsigned priority;
    unsigned long sequence, us;
    int end = 0;

    EXPECT_EQ("!11", f.Next());
    Log("first", 3 << 3 | LOG_DEBUG);
    Log("second");
    std::string record = f.Next();
    ASSERT_EQ(3, sscanf(record.c_str(), "%u,%lu,%lu,-;%n", &priority, &sequence,
                        &us, &end));
    EXPECT_EQ(3u << 3 | LOG_DEBUG, priority);
    EXPECT_EQ(number, sequence);
    EXPECT_GE(hal_clock_now() / 1000, us);
    EXPECT_EQ("first\n", record.substr(static_cast<size_t>(end)));
    EXPECT_EQ("second\n", f.Text());
    EXPECT_EQ("!11", f.Next());
}

TEST_F(KmsgTest, BytesThatAreNoTextAreEscaped)
{
    Kmsg f;

    Log("a\nb\\c\x7f\xc3\x01~ ");
    EXPECT_EQ("a\\x0ab\\x5cc\\x7f\\xc3\\x01~ \n", f.Text());
    Log(std::string(LOG_LINE_MAX, '\xff'));
    EXPECT_EQ(0u, f.Text().find("\\xff\\xff"));
}

TEST_F(KmsgTest, ARecordThatDoesNotFitStays)
{
    Kmsg f;

    Log("text");
    EXPECT_EQ("!22", Get(f.get(), 5));
    EXPECT_EQ("text\n", f.Text());
}

TEST_F(KmsgTest, LostRecordsAreTold)
{
    Kmsg f;

    Log("lost");
    for (int i = 0; i < LOG_RECORDS; i++)
        Log("line " + std::to_string(i));
    EXPECT_EQ(kOut | kIn | LX_POLLERR | LX_POLLPRI, file_poll(f.get()));
    EXPECT_EQ("!32", f.Next());
    EXPECT_EQ(kOut | kIn, file_poll(f.get()));
    EXPECT_EQ("line 0\n", f.Text());
}

TEST_F(KmsgTest, WhatIsWrittenIsLogged)
{
    static const struct {
        const char *written;
        unsigned priority;
        const char *text;
    } cases[] = {
        {"<15>plain", 15, "plain"},
        {"<7>kernel's become users'", 15, "kernel's become users'"},
        {"<31>one newline\n", 31, "one newline"},
        {"<191>large", 191, "large"},
    };
    Kmsg f;

    log_set_console_level(1);
    for (const auto &c : cases) {
        EXPECT_EQ(ssize_t(strlen(c.written)), Write(f.get(), c.written));
        std::string record = f.Next();
        EXPECT_EQ(std::to_string(c.priority) + ",",
                  record.substr(0, record.find(',') + 1));
        EXPECT_EQ(std::string(c.text) + "\n",
                  record.substr(record.find(';') + 1));
    }
    // No prefix: a user's warning.
    for (const char *text : {"bare", "<x>odd", "<>odd", "<12345>odd", "<1"}) {
        EXPECT_EQ(ssize_t(strlen(text)), Write(f.get(), text));
        EXPECT_EQ("12,", f.Next().substr(0, 3)) << text;
    }
    EXPECT_EQ(-EINVAL, Write(f.get(), std::string(LOG_LINE_MAX + 1, 'x')));
    EXPECT_EQ("!11", f.Next());
    log_set_console_level(LOG_CONSOLE_DEFAULT);
}

TEST_F(KmsgTest, Seeks)
{
    Kmsg f;

    for (int i = 0; i < LOG_RECORDS; i++)
        Log("line " + std::to_string(i));
    EXPECT_EQ(0, f.Seek(0, LX_SEEK_SET));
    EXPECT_EQ("line 0\n", f.Text()); // the first that is left
    EXPECT_LE(0, f.Seek(0, LX_SEEK_END));
    EXPECT_EQ("!11", f.Next());
    EXPECT_EQ(-ESPIPE, f.Seek(1, LX_SEEK_SET));
    EXPECT_EQ(-EINVAL, f.Seek(0, LX_SEEK_CUR));
}

TEST_F(KmsgTest, EachFileReadsForItself)
{
    Kmsg a, b;

    Log("both");
    EXPECT_EQ("both\n", a.Text());
    EXPECT_EQ("both\n", b.Text());
}

TEST_F(KmsgTest, PollSaysWhatIsThere)
{
    Kmsg f;

    EXPECT_EQ(kOut, file_poll(f.get()));
    Log("x");
    EXPECT_EQ(kOut | kIn, file_poll(f.get()));
    EXPECT_EQ("x\n", f.Text());
    EXPECT_EQ(kOut, file_poll(f.get()));
}

// Also by a line that comes where nobody can be woken.
TEST_F(KmsgTest, AReaderIsWoken)
{
    kthread::Sleep(150 * kMs); // nobody else's look for lines comes
    for (bool is_atomic : {true, false}) {
        Kmsg f;
        std::string got;

        {
            Kthread reader([&] { got = f.Wait(); });
            struct waitq *queue = f.get()->ops->waitq(f.get());

            while (!waitq_is_watched(queue))
                kthread::Pause();
            kthread::Sleep(2 * kMs);
            EXPECT_FALSE(reader.done());
            unsigned saved = is_atomic ? hal_irq_save() : 0;
            Log("news");
            if (is_atomic)
                hal_irq_restore(saved);
            uint64_t end = hal_clock_now() + 20000 * kMs;
            while (!reader.done() && hal_clock_now() < end)
                kthread::Pause();
            EXPECT_TRUE(reader.done()) << is_atomic;
            Log("lets it end");
        }
        EXPECT_EQ("news\n", got);
    }
}

// Who waits for a record keeps nobody from the file.
TEST_F(KmsgTest, AWaitingReaderHoldsNothing)
{
    Kmsg f;
    std::string got;
    bool wrote = false;
    uint64_t end = hal_clock_now() + 20000 * kMs;

    Kthread reader([&] { got = f.Wait(); });
    while (!waitq_is_watched(f.get()->ops->waitq(f.get())))
        kthread::Pause();
    Kthread writer([&] {
        EXPECT_EQ(10, Write(f.get(), "<15>my own"));
        kthread::Store(wrote, true);
    });
    while (!kthread::Load(wrote) && hal_clock_now() < end)
        kthread::Pause();
    EXPECT_TRUE(kthread::Load(wrote));
    Log("for who still waits");
    reader.Join();
    EXPECT_EQ("my own\n", got);
}

TEST_F(KmsgTest, NoMemory)
{
    EXPECT_LE(3u, harness::sweep_allocations([] {
                  char bytes[2048] = {};
                  ssize_t got = 0;
                  file *f;
                  int error = char_open(chardev_number(1, 11), LX_O_RDWR, &f);

                  if (error != 0)
                      return error;
                  got = files::Read(f, bytes, sizeof(bytes));
                  file_put(f);
                  return static_cast<int>(got < 0 ? got : 0);
              }));
}

// Two read the same file, so each line comes to one of them; one has a file of
// his own, and gets all. All CPUs log.
TEST_F(KmsgTest, StormFromAllCpus)
{
    constexpr unsigned kEach = 100; // fewer than the ring holds, in all
    unsigned writers = std::min(hal_cpu_count(), 2u), total = writers * kEach;
    unsigned shared = 0, own = 0;
    bool is_over = false;
    Kmsg both, one;

    auto read = [&](Kmsg *f, unsigned *count) {
        while (true) {
            bool is_last = kthread::Load(is_over);
            std::string text = f->Text();

            if (text.find("storm ") == 0)
                __atomic_fetch_add(count, 1, __ATOMIC_ACQ_REL);
            else if (text == "!11" && is_last)
                return;
            else if (text == "!11")
                kthread::Pause();
            else
                ADD_FAILURE() << text;
        }
    };
    {
        Kthread first([&] { read(&both, &shared); });
        Kthread second([&] { read(&both, &shared); });
        Kthread third([&] { read(&one, &own); });
        {
            std::vector<std::unique_ptr<Kthread>> threads;

            for (unsigned n = 0; n < writers; n++)
                threads.push_back(std::make_unique<Kthread>([&] {
                    for (unsigned i = 0; i < kEach; i++) {
                        Log("storm " + std::to_string(i));
                        if (i % 8 == 0)
                            kthread::Pause();
                    }
                }));
        }
        kthread::Store(is_over, true);
    }
    EXPECT_EQ(total, own);
    EXPECT_EQ(total, shared);
}

// --- syslog(2) --------------------------------------------------------------

enum Action {
    kClose,
    kOpen,
    kRead,
    kReadAll,
    kReadClear,
    kClear,
    kOff,
    kOn,
    kLevel,
    kUnread,
    kSize
};

class SyslogTest : public VmTest {
protected:
    static constexpr uaddr_t kAt = 0x20000000;

    void SetUp() override
    {
        VmTest::SetUp();
        devices::Install();
        MapAt(kAt, 32 * kPage, kRW);
        // Whatever others logged is read.
        while (Call(kUnread, 0) > 0)
            (void)Lines(kRead, 32 * kPage);
        EXPECT_EQ(0, Call(kClear, 0));
    }
    void TearDown() override
    {
        UnmapAll();
        VmTest::TearDown();
    }
    ssize_t Call(int action, int size, uaddr_t at = kAt)
    {
        return kmsg_syslog(as_, action, at, size);
    }
    std::string Lines(int action, size_t size)
    {
        ssize_t got = Call(action, static_cast<int>(size));
        std::string text(got > 0 ? static_cast<size_t>(got) : 0, '\0');

        if (got < 0)
            return "!" + std::to_string(-got);
        EXPECT_EQ(0, copy_in(as_, text.data(), kAt, text.size()));
        return text;
    }
    // "<7>[    1.234567] text\n" of each line, without the times.
    static std::string Bare(std::string lines)
    {
        size_t from, to;

        while ((from = lines.find('[')) != std::string::npos &&
               (to = lines.find("] ", from)) != std::string::npos)
            lines.erase(from, to + 2 - from);
        return lines;
    }
};

TEST_F(SyslogTest, Actions)
{
    EXPECT_EQ(-EINVAL, Call(-1, 0));
    EXPECT_EQ(-EINVAL, Call(11, 0));
    EXPECT_EQ(0, Call(kOpen, 0));
    EXPECT_EQ(0, Call(kClose, 0));
    EXPECT_LT(0, Call(kSize, 0));
    for (int action : {kRead, kReadAll, kReadClear}) {
        EXPECT_EQ(-EINVAL, Call(action, -1));
        EXPECT_EQ(-EINVAL, Call(action, 10, 0));
        EXPECT_EQ(0, Call(action, 0));
    }
    for (int action = kClose; action <= kSize; action++)
        EXPECT_EQ(action != kReadAll && action != kSize,
                  kmsg_is_privileged(action));
}

TEST_F(SyslogTest, ReadsOnce)
{
    EXPECT_EQ(0, Call(kUnread, 0));
    Log("one");
    Log("two");
    ssize_t unread = Call(kUnread, 0);
    EXPECT_EQ("<7>one\n<7>two\n", Bare(Lines(kReadAll, 4096)));
    std::string part = Lines(kRead, 10); // in the midst of a line
    EXPECT_EQ(10u, part.size());
    EXPECT_EQ(unread - 10, Call(kUnread, 0));
    EXPECT_EQ("<7>one\n<7>two\n", Bare(part + Lines(kRead, 4096)));
    EXPECT_EQ(0, Call(kUnread, 0));
    EXPECT_EQ("<7>one\n<7>two\n", Bare(Lines(kReadAll, 4096)));
}

// The last ones, and whole.
TEST_F(SyslogTest, ReadsWhatFits)
{
    Log("one");
    Log("two");
    size_t whole = Lines(kReadAll, 4096).size();
    EXPECT_EQ("<7>two\n", Bare(Lines(kReadAll, whole - 1)));
    EXPECT_EQ("<7>two\n", Bare(Lines(kReadAll, whole / 2)));
    EXPECT_EQ("", Lines(kReadAll, whole / 2 - 1));
    EXPECT_EQ("<7>one\n<7>two\n", Bare(Lines(kReadAll, whole)));
}

TEST_F(SyslogTest, Clears)
{
    Log("one");
    EXPECT_EQ("<7>one\n", Bare(Lines(kReadClear, 4096)));
    EXPECT_EQ("", Lines(kReadAll, 4096));
    Log("two");
    EXPECT_EQ("<7>two\n", Bare(Lines(kReadAll, 4096)));
    EXPECT_EQ(0, Call(kClear, 0));
    EXPECT_EQ("", Lines(kReadAll, 4096));
    // Only for those: a reader has lost nothing.
    EXPECT_EQ("<7>one\n<7>two\n", Bare(Lines(kRead, 4096)));
}

TEST_F(SyslogTest, SeekDataIsWhereItWasCleared)
{
    Kmsg f;

    Log("before");
    EXPECT_EQ(0, Call(kClear, 0));
    Log("after");
    EXPECT_EQ(0, f.Seek(0, LX_SEEK_DATA));
    EXPECT_EQ("after\n", f.Text());
}

TEST_F(SyslogTest, ConsoleLevels)
{
    log_set_console_level(5);
    EXPECT_EQ(0, Call(kOff, 0));
    EXPECT_EQ(1, log_console_level());
    EXPECT_EQ(0, Call(kOff, 0));
    EXPECT_EQ(0, Call(kOn, 0));
    EXPECT_EQ(5, log_console_level());
    EXPECT_EQ(0, Call(kOn, 0));
    EXPECT_EQ(5, log_console_level());
    EXPECT_EQ(-EINVAL, Call(kLevel, 0));
    EXPECT_EQ(-EINVAL, Call(kLevel, 9));
    EXPECT_EQ(0, Call(kLevel, 8));
    EXPECT_EQ(8, log_console_level());
    log_set_console_level(LOG_CONSOLE_DEFAULT);
}

TEST_F(SyslogTest, BadMemoryLosesNothing)
{
    Log("one");
    for (int action : {kReadAll, kRead})
        EXPECT_EQ(-EFAULT, Call(action, 4096, kAt + 32 * kPage));
    EXPECT_EQ(-EFAULT, Call(kReadClear, 4096, kAt + 32 * kPage));
    EXPECT_EQ("<7>one\n", Bare(Lines(kReadAll, 4096)));
    EXPECT_EQ("<7>one\n", Bare(Lines(kRead, 4096)));
}

TEST_F(SyslogTest, AReaderWaits)
{
    ssize_t got = 0;

    {
        Kthread reader([&] {
            Use(as_);
            got = Call(kRead, 4096);
            thread_set_mmu(nullptr);
        });

        kthread::Sleep(3 * kMs);
        EXPECT_FALSE(reader.done());
        Log("news");
    }
    EXPECT_LT(0, got);
    EXPECT_EQ(0, Call(kUnread, 0));
}

TEST_F(SyslogTest, NoMemory)
{
    harness::sweep_allocations([this] {
        return static_cast<int>(std::min<ssize_t>(Call(kReadAll, 4096), 0));
    });
}

} // namespace
