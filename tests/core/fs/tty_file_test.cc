// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/tty_file_test.cc - core/fs/tty_file.h. Run with one CPU and
// with four.

#include <memory>

#include "core/abi/ioctl.h"
#include "core/abi/signal.h"
#include "core/dev/pty.h"
#include "tests/core/fs/devices.h"
#include "tests/core/sched/kthread.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

using devices::Opened;
using files::Get;
using files::Write;
using kthread::kMs;
using kthread::Kthread;
using terminal::Jobs;

file *NewMaster(unsigned flags = LX_O_RDWR)
{
    file *f = nullptr;

    EXPECT_EQ(0, pty_file_open(flags, &f));
    return f;
}

// A master and its slave, unlocked.
class Pair {
public:
    explicit Pair(unsigned flags = LX_O_RDWR | LX_O_NOCTTY)
        : master(NewMaster()), slave(OpenSlave(flags))
    {
    }
    ~Pair()
    {
        slave.Close();
        master.Close();
        if (pty_ != nullptr)
            tty_put(&pty_->tty);
    }
    struct tty *tty() { return &pty_->tty; }
    struct pty *pty() { return pty_; }
    int OpenAgain(unsigned flags, file **out)
    {
        return tty_file_open(tty(), flags, false, out);
    }
    // What a program gets byte by byte.
    void MakeRaw(unsigned min, unsigned time)
    {
        lx_termios2 t;

        tty_get_termios(tty(), &t);
        t.c_lflag &= ~uint32_t(LX_ICANON | LX_ECHO | LX_ISIG);
        t.c_oflag &= ~uint32_t(LX_OPOST);
        t.c_iflag = 0;
        t.c_cc[LX_VMIN] = uint8_t(min);
        t.c_cc[LX_VTIME] = uint8_t(time);
        tty_set_termios(tty(), &t);
    }

    Opened master;

private:
    file *OpenSlave(unsigned flags)
    {
        struct pty_identity identity;
        file *f = nullptr;

        EXPECT_TRUE(pty_next(0, &identity));
        pty_ = pty_find(identity.index);
        EXPECT_EQ(-EIO, tty_file_open(&pty_->tty, flags, false, &f));
        pty_set_locked(pty_, false);
        EXPECT_EQ(0, tty_file_open(&pty_->tty, flags, false, &f));
        return f;
    }
    struct pty *pty_ = nullptr;

public:
    Opened slave;
};

// What a read that may wait gives.
std::string Wait(file *f, size_t size)
{
    std::string bytes(size, '\0');
    user_cursor to = files::Cursor(bytes.data(), bytes.size());
    ssize_t got = file_read(f, &to, nullptr);

    bytes.resize(got > 0 ? size_t(got) : 0);
    return got < 0 ? "!" + std::to_string(-got) : bytes;
}

class TtyFile : public testing::Test {
protected:
    void SetUp() override { devices::Install(); }
    // Runs a read in a thread; then, once it waits, the action.
    template <class Action>
    static std::string WaitUntil(file *f, size_t size, Action action)
    {
        std::string got;

        {
            Kthread reader([&] { got = Wait(f, size); });

            while (!waitq_is_watched(f->ops->waitq(f)) && !reader.done())
                kthread::Pause();
            kthread::Sleep(2 * kMs);
            EXPECT_FALSE(reader.done()) << got;
            action();
        }
        return got;
    }
};

TEST_F(TtyFile, LinesAreReadOneByOne)
{
    Pair p;

    EXPECT_EQ("!11", Get(p.slave.get(), 10));
    EXPECT_EQ(7, Write(p.master.get(), "one\ntwo"));
    EXPECT_EQ("on", Get(p.slave.get(), 2));
    EXPECT_EQ("e\n", Get(p.slave.get(), 10));
    EXPECT_EQ("!11", Get(p.slave.get(), 10));
    EXPECT_EQ(1, Write(p.master.get(), "\x04")); // what there is of a line
    EXPECT_EQ("two", Get(p.slave.get(), 10));
    EXPECT_EQ(1, Write(p.master.get(), "\x04"));
    EXPECT_EQ("", Get(p.slave.get(), 10));
    EXPECT_EQ("!11", Get(p.slave.get(), 10));
    EXPECT_EQ("one\r\ntwo", Get(p.master.get(), 100)); // the echo
}

TEST_F(TtyFile, LongLinesGoInPieces)
{
    Pair p;
    std::string line(2000, 'x');

    line += '\n';
    EXPECT_EQ(2001, Write(p.master.get(), line));
    EXPECT_EQ(line.substr(0, 1500), Get(p.slave.get(), 1500));
    EXPECT_EQ(line.substr(1500), Get(p.slave.get(), 1500));
}

TEST_F(TtyFile, OutputIsProcessed)
{
    Pair p;

    EXPECT_EQ(4, Write(p.slave.get(), "a\nb\n"));
    EXPECT_EQ("a\r\n", Get(p.master.get(), 3));
    EXPECT_EQ("b\r\n", Get(p.master.get(), 100));
    EXPECT_EQ("!11", Get(p.master.get(), 100));
}

// None is lost where there is no room.
TEST_F(TtyFile, AFullQueue)
{
    Pair p;
    std::string all, part(777, 'a');
    ssize_t done;

    p.MakeRaw(1, 0);
    for (char c = 'a'; (done = Write(p.slave.get(), part)) > 0; c++) {
        all += part.substr(0, size_t(done));
        part.assign(part.size(), char(c + 1));
    }
    EXPECT_EQ(-EAGAIN, done);
    EXPECT_LE(2000u, all.size());
    EXPECT_TRUE(all == Get(p.master.get(), all.size() + 1));
    EXPECT_LT(0, Write(p.slave.get(), part));
}

TEST_F(TtyFile, MinAndTime)
{
    static const struct {
        unsigned min, time;
        const char *there, *result;
    } cases[] = {
        {1, 0, "", "!11"},      {1, 0, "ab", "ab"}, {3, 0, "abc", "abc"},
        {3, 0, "", "!11"},      {0, 0, "", ""},     {0, 0, "a", "a"},
        {2, 1, "abcd", "abcd"},
    };

    for (const auto &c : cases) {
        Pair p;

        p.MakeRaw(c.min, c.time);
        if (*c.there != '\0') {
            EXPECT_EQ(ssize_t(strlen(c.there)), Write(p.master.get(), c.there));
        }
        EXPECT_EQ(c.result, Get(p.slave.get(), 100))
            << c.min << " " << c.time << " " << c.there;
    }
}

// preadv2(2) with RWF_NOWAIT: what is there, or nothing, whatever MIN says.
TEST_F(TtyFile, AReadThatMayNotWaitDoesNot)
{
    Pair p;

    p.MakeRaw(4, 0);
    bool stop = false;
    Kthread late([&] {
        uint64_t end = hal_clock_now() + 20000 * kMs;

        while (!kthread::Load(stop) && hal_clock_now() < end)
            kthread::Sleep(kMs);
        (void)!Write(p.master.get(), "late");
    });
    EXPECT_EQ("!11", Get(p.slave.get(), 100));
    EXPECT_FALSE(late.done());
    EXPECT_EQ(2, Write(p.master.get(), "ab"));
    EXPECT_EQ("ab", Get(p.slave.get(), 100));
    EXPECT_FALSE(late.done());
    p.MakeRaw(0, 50);
    EXPECT_EQ("!11", Get(p.slave.get(), 100));
    EXPECT_FALSE(late.done());
    kthread::Store(stop, true);
}

TEST_F(TtyFile, MinIsWaitedFor)
{
    Pair p;

    p.MakeRaw(3, 0);
    EXPECT_EQ("abc", WaitUntil(p.slave.get(), 100, [&] {
                  EXPECT_EQ(2, Write(p.master.get(), "ab"));
                  kthread::Sleep(2 * kMs);
                  EXPECT_EQ(1, Write(p.master.get(), "c"));
              }));
    // No more than is asked for.
    EXPECT_EQ("de", WaitUntil(p.slave.get(), 2, [&] {
                  EXPECT_EQ(2, Write(p.master.get(), "de"));
              }));
}

TEST_F(TtyFile, TimeEndsAWait)
{
    Pair p;
    uint64_t start = hal_clock_now();

    p.MakeRaw(0, 1);
    EXPECT_EQ("", Wait(p.slave.get(), 100));
    EXPECT_LE(100 * kMs, hal_clock_now() - start);
    EXPECT_GT(5000 * kMs, hal_clock_now() - start);
    // Between bytes only, once there is one.
    p.MakeRaw(10, 1);
    EXPECT_EQ("ab", WaitUntil(p.slave.get(), 100, [&] {
                  kthread::Sleep(120 * kMs);
                  EXPECT_EQ(2, Write(p.master.get(), "ab"));
              }));
}

TEST_F(TtyFile, WhatTheMastersEndMeans)
{
    Pair p;
    file *f;

    EXPECT_EQ(4, Write(p.master.get(), "left"));
    EXPECT_EQ("", WaitUntil(p.slave.get(), 100, [&] { p.master.Close(); }));
    EXPECT_EQ("", Get(p.slave.get(), 100));
    EXPECT_EQ(-EIO, Write(p.slave.get(), "x"));
    EXPECT_EQ(LX_POLLIN | LX_POLLRDNORM | LX_POLLOUT | LX_POLLWRNORM |
                  LX_POLLERR | LX_POLLHUP,
              int(file_poll(p.slave.get())));
    EXPECT_EQ(-EIO, p.slave.get()->ops->ioctl(p.slave.get(), nullptr, LX_TCFLSH,
                                              LX_TCIFLUSH));
    EXPECT_EQ(-EIO, p.OpenAgain(LX_O_RDWR, &f));
}

TEST_F(TtyFile, WhatTheSlavesEndMeans)
{
    Pair p;

    EXPECT_EQ(3, Write(p.slave.get(), "bye"));
    p.slave.Close();
    EXPECT_EQ("bye", Get(p.master.get(), 100));
    EXPECT_EQ("!5", Get(p.master.get(), 100));
    EXPECT_EQ("!5", Wait(p.master.get(), 100));
}

TEST_F(TtyFile, ExclusiveUse)
{
    Pair p;
    file *f;

    EXPECT_EQ(
        0, p.slave.get()->ops->ioctl(p.slave.get(), nullptr, LX_TIOCEXCL, 0));
    EXPECT_EQ(-EBUSY, p.OpenAgain(LX_O_RDWR | LX_O_NOCTTY, &f));
    EXPECT_EQ(
        0, p.slave.get()->ops->ioctl(p.slave.get(), nullptr, LX_TIOCNXCL, 0));
    ASSERT_EQ(0, p.OpenAgain(LX_O_RDWR | LX_O_NOCTTY, &f));
    file_put(f);
}

TEST_F(TtyFile, JobsAreAsked)
{
    Pair p;
    lx_termios2 t;
    file *f;

    EXPECT_EQ(0, Jobs::Get().opened);
    ASSERT_EQ(0, p.OpenAgain(LX_O_WRONLY, &f));
    file_put(f);
    EXPECT_EQ(1, Jobs::Get().opened);
    EXPECT_EQ(0, Jobs::Get().opened_to_read);
    ASSERT_EQ(0, p.OpenAgain(LX_O_RDWR, &f));
    EXPECT_EQ(0u, file_flags(f) & LX_O_NOCTTY);
    file_put(f);
    EXPECT_EQ(1, Jobs::Get().opened_to_read);
    Jobs::Get().check_result = -EINTR;
    EXPECT_EQ("!4", Get(p.slave.get(), 1));
    EXPECT_EQ(1, Write(p.slave.get(), "x")); // without TOSTOP
    tty_get_termios(p.tty(), &t);
    t.c_lflag |= LX_TOSTOP;
    tty_set_termios(p.tty(), &t);
    EXPECT_EQ(-EINTR, Write(p.slave.get(), "x"));
    EXPECT_EQ(1, Write(p.master.get(), "x")); // a master is nobody's terminal
    Jobs::Get().check_result = 0;
}

TEST_F(TtyFile, DevTtyIsOnesOwn)
{
    Pair p;
    file *f;

    EXPECT_EQ(-ENXIO, char_open(chardev_number(5, 0), LX_O_RDWR, &f));
    Jobs::Get().current = p.tty();
    ASSERT_EQ(0, char_open(chardev_number(5, 0), LX_O_RDWR, &f));
    EXPECT_EQ(2, Write(f, "hi"));
    EXPECT_EQ("hi", Get(p.master.get(), 10));
    EXPECT_EQ(0, Jobs::Get().opened); // it is already
    file_put(f);
    Jobs::Get().current = nullptr;
}

TEST_F(TtyFile, SlavesByTheirNumbers)
{
    Pair p;
    file *f;

    ASSERT_EQ(0, char_open(chardev_number(PTY_MAJOR, p.pty()->index),
                           LX_O_RDWR | LX_O_NOCTTY, &f));
    EXPECT_EQ(2, Write(f, "hi"));
    EXPECT_EQ("hi", Get(p.master.get(), 10));
    file_put(f);
    EXPECT_EQ(-EIO, char_open(chardev_number(PTY_MAJOR, p.pty()->index + 1),
                              LX_O_RDWR, &f));
}

TEST_F(TtyFile, PacketsOfTheMaster)
{
    Pair p;

    pty_set_packet(p.pty(), true);
    EXPECT_EQ(3, Write(p.slave.get(), "abc"));
    EXPECT_EQ(std::string("\0a", 2), Get(p.master.get(), 2));
    EXPECT_EQ(std::string("\0", 1), Get(p.master.get(), 1));
    EXPECT_EQ(std::string("\0bc", 3), Get(p.master.get(), 100));
    EXPECT_EQ(3, Write(p.slave.get(), "abc"));
    EXPECT_EQ(0, tty_flush(p.tty(), LX_TCIFLUSH));
    EXPECT_EQ(std::string(1, char(LX_TIOCPKT_FLUSHREAD)),
              Get(p.master.get(), 100));
    EXPECT_EQ(std::string("\0abc", 4), Get(p.master.get(), 100));
}

class TtyFaults : public VmTest {
protected:
    void SetUp() override
    {
        VmTest::SetUp();
        devices::Install();
    }
    user_cursor At(uaddr_t at, uint64_t size)
    {
        user_cursor cursor = {};

        cursor.as = as_;
        cursor.at = at;
        cursor.left = size;
        cursor.flags = LX_RWF_NOWAIT;
        return cursor;
    }
};

// What does not reach memory is still there.
TEST_F(TtyFaults, BadMemoryLosesNothing)
{
    constexpr uaddr_t kAt = 0x20000000;
    Pair p;
    user_cursor bad = At(kAt + kPage, 10), half = At(kAt + kPage - 2, 10);

    MapAt(kAt, kPage, kRW);
    EXPECT_EQ(7, files::Write(p.master.get(), "abcdef\n"));
    EXPECT_EQ(-EFAULT, file_read(p.slave.get(), &bad, nullptr));
    EXPECT_EQ(2, file_read(p.slave.get(), &half, nullptr));
    EXPECT_EQ("cdef\n", Get(p.slave.get(), 10));
    EXPECT_EQ("abcdef\r\n", Get(p.master.get(), 100));
    bad = At(kAt + kPage, 10);
    EXPECT_EQ(-EFAULT, file_write(p.slave.get(), &bad, nullptr));
    EXPECT_EQ(-EFAULT, file_write(p.master.get(), &bad, nullptr));
    EXPECT_EQ(3, files::Write(p.slave.get(), "xyz"));
    half = At(kAt + kPage - 2, 10);
    EXPECT_EQ(2, file_read(p.master.get(), &half, nullptr));
    bad = At(kAt + kPage, 10);
    EXPECT_EQ(-EFAULT, file_read(p.master.get(), &bad, nullptr));
    EXPECT_EQ("z", Get(p.master.get(), 10));
    UnmapAll();
}

TEST_F(TtyFile, NoMemory)
{
    Pair p;

    EXPECT_LE(2u, harness::sweep_allocations([] {
                  file *f;
                  int error = pty_file_open(LX_O_RDWR, &f);

                  if (error == 0)
                      file_put(f);
                  return error;
              }));
    EXPECT_LE(2u, harness::sweep_allocations([&] {
                  file *f;
                  int error = p.OpenAgain(LX_O_RDWR, &f);

                  if (error == 0)
                      file_put(f);
                  return error;
              }));
    EXPECT_EQ(2, Write(p.slave.get(), "ok"));
    EXPECT_EQ("ok", Get(p.master.get(), 10));
}

// Both sides write and read at once, each end in a thread of its own: all bytes
// arrive, in their order. Masters and slaves come and go beside it.
TEST_F(TtyFile, StormFromAllCpus)
{
    size_t total = size_t(harness::steps(40000));
    Pair p;
    bool stop = false;

    p.MakeRaw(1, 0);
    auto send = [total](file *f, unsigned salt) {
        std::string chunk;

        for (size_t at = 0; at < total; at += chunk.size()) {
            chunk.clear();
            for (size_t i = at; i < total && chunk.size() < 333; i++)
                chunk += char((i * 7 + salt) % 251);
            user_cursor from = files::Cursor(chunk.data(), chunk.size());
            ASSERT_EQ(ssize_t(chunk.size()), file_write(f, &from, nullptr));
        }
    };
    auto receive = [total](file *f, unsigned salt) {
        size_t wrong = 0, at = 0;

        while (at < total) {
            char bytes[500] = {};
            user_cursor to = files::Cursor(bytes, sizeof(bytes));
            ssize_t got = file_read(f, &to, nullptr);

            ASSERT_LT(0, got);
            for (ssize_t i = 0; i < got; i++)
                wrong += bytes[i] != char((at++ * 7 + salt) % 251);
        }
        EXPECT_EQ(0u, wrong);
    };
    {
        Kthread churn([&] {
            while (!kthread::Load(stop)) {
                file *f = NewMaster(), *slave;

                if (p.OpenAgain(LX_O_RDWR | LX_O_NOCTTY, &slave) == 0)
                    file_put(slave);
                file_put(f);
                kthread::Pause();
            }
        });
        {
            Kthread a([&] { send(p.master.get(), 1); });
            Kthread b([&] { send(p.slave.get(), 2); });
            Kthread c([&] { receive(p.master.get(), 2); });
            Kthread d([&] { receive(p.slave.get(), 1); });
        }
        kthread::Store(stop, true);
    }
}

} // namespace
