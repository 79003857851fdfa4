// SPDX-License-Identifier: Apache-2.0
//
// tests/core/dev/pty_test.cc - core/dev/pty.h, and core/dev/tty.h's jobs.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/abi/signal.h"
#include "core/dev/pty.h"
#include "tests/core/dev/terminal.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

namespace {

using kthread::Kthread;
using terminal::Group;
using terminal::Jobs;
using terminal::Terminal;

constexpr unsigned kReadable = LX_POLLIN | LX_POLLRDNORM;
constexpr unsigned kWritable = LX_POLLOUT | LX_POLLWRNORM;

unsigned Status(Terminal *term)
{
    struct pty_output output;
    uint8_t byte;

    pty_peek(term->pty(), &byte, 1, &output);
    pty_take(term->pty(), &output, 0);
    return output.status;
}

TEST(Pty, NumbersAreTheLowestFree)
{
    struct pty *ptys[3], *found;

    Jobs::Install();
    for (unsigned i = 0; i < 3; i++) {
        ASSERT_EQ(0, pty_create(0, 0, &ptys[i]));
        EXPECT_EQ(i, ptys[i]->index);
        EXPECT_EQ(unsigned(PTY_MAJOR), ptys[i]->tty.major);
        EXPECT_EQ(i, ptys[i]->tty.minor);
    }
    pty_close(ptys[1]);
    EXPECT_EQ(nullptr, pty_find(1));
    EXPECT_EQ(nullptr, pty_find(PTY_MAX));
    found = pty_find(2);
    EXPECT_EQ(ptys[2], found);
    tty_put(&found->tty);
    ASSERT_EQ(0, pty_create(0, 0, &ptys[1]));
    EXPECT_EQ(1u, ptys[1]->index);
    for (struct pty *pty : ptys)
        pty_close(pty);
}

TEST(Pty, ThereAreSoMany)
{
    std::vector<struct pty *> ptys(PTY_MAX);
    struct pty *extra;

    Jobs::Install();
    for (struct pty *&pty : ptys)
        ASSERT_EQ(0, pty_create(0, 0, &pty));
    EXPECT_EQ(-ENOSPC, pty_create(0, 0, &extra));
    for (struct pty *pty : ptys)
        pty_close(pty);
}

TEST(Pty, FailsWithoutMemory)
{
    Jobs::Install();
    EXPECT_LE(1u, harness::sweep_allocations([] {
                  struct pty *pty;
                  int error = pty_create(0, 0, &pty);

                  if (error == 0)
                      pty_close(pty);
                  return error;
              }));
}

TEST(Pty, SlaveIsLockedAtFirst)
{
    struct pty *pty;

    Jobs::Install();
    ASSERT_EQ(0, pty_create(0, 0, &pty));
    EXPECT_TRUE(pty_is_locked(pty));
    EXPECT_EQ(-EIO, pty_check_open(pty));
    pty_set_locked(pty, false);
    EXPECT_EQ(0, pty_check_open(pty));
    tty_get(&pty->tty);
    pty_close(pty);
    EXPECT_EQ(-EIO, pty_check_open(pty));
    tty_put(&pty->tty);
}

TEST(Pty, ExclusiveUse)
{
    Terminal term;
    unsigned hangups;

    tty_set_exclusive(term.tty(), true);
    EXPECT_TRUE(tty_is_exclusive(term.tty()));
    EXPECT_EQ(-EBUSY, tty_open(term.tty(), &hangups));
    Jobs::Get().capable = true;
    EXPECT_EQ(0, tty_open(term.tty(), &hangups));
    tty_close(term.tty());
    Jobs::Get().capable = false;
    tty_set_exclusive(term.tty(), false);
    EXPECT_EQ(0, tty_open(term.tty(), &hangups));
    tty_close(term.tty());
}

TEST(Pty, PollSaysWhatHolds)
{
    Terminal term;
    std::string line;

    EXPECT_EQ(kWritable, pty_poll(term.pty()));
    EXPECT_EQ(kWritable, tty_poll(term.tty(), term.hangups()));
    term.Type("a");
    EXPECT_EQ(kWritable, tty_poll(term.tty(), term.hangups()));
    EXPECT_EQ(kWritable | kReadable, pty_poll(term.pty()));
    term.Type("\n");
    EXPECT_EQ(kWritable | kReadable, tty_poll(term.tty(), term.hangups()));
    term.Set("-ICANON VMIN=4");
    EXPECT_EQ(kWritable, tty_poll(term.tty(), term.hangups()));
    term.Set("VTIME=1");
    EXPECT_EQ(kWritable | kReadable, tty_poll(term.tty(), term.hangups()));
}

// pty(7): the master reads what is left, then EIO, once the slave is closed.
TEST(Pty, SlaveThatWasClosed)
{
    Terminal term;
    struct pty_output output;
    uint8_t bytes[16];
    unsigned hangups;

    term.Write("bye");
    tty_close(term.tty());
    EXPECT_EQ(0, Jobs::Get().detached);
    EXPECT_EQ(kReadable | kWritable | LX_POLLHUP, pty_poll(term.pty()));
    pty_peek(term.pty(), bytes, sizeof(bytes), &output);
    EXPECT_FALSE(output.is_left);
    EXPECT_EQ("bye", term.Output());
    pty_peek(term.pty(), bytes, sizeof(bytes), &output);
    EXPECT_TRUE(output.is_left);
    ASSERT_EQ(0, tty_open(term.tty(), &hangups));
    pty_peek(term.pty(), bytes, sizeof(bytes), &output);
    EXPECT_FALSE(output.is_left);
}

TEST(Pty, MasterThatWasClosed)
{
    Terminal term;
    Group session, group;

    tty_set_session(term.tty(), session.Get(), group.Get());
    term.Type("line\n");
    EXPECT_FALSE(tty_is_gone(term.tty(), term.hangups()));
    term.Close();
    EXPECT_TRUE(tty_is_gone(term.tty(), term.hangups()));
    EXPECT_EQ(1, Jobs::Get().detached);
    EXPECT_EQ(kReadable | kWritable | LX_POLLERR | LX_POLLHUP,
              tty_poll(term.tty(), term.hangups()));
    EXPECT_EQ(0u, tty_count_in(term.tty()));
}

TEST(Pty, KeysSendSignals)
{
    static const struct {
        const char *key;
        unsigned signal;
    } cases[] = {
        {"\x03", LX_SIGINT}, {"\x1c", LX_SIGQUIT}, {"\x1a", LX_SIGTSTP}};
    Terminal term;
    Group session, group;

    term.Type("\x03"); // to nobody
    EXPECT_TRUE(Jobs::Get().sent.empty());
    tty_set_session(term.tty(), session.Get(), group.Get());
    for (const auto &c : cases) {
        term.Type(c.key);
        ASSERT_EQ(1u, Jobs::Get().sent.size());
        EXPECT_EQ(c.signal, Jobs::Get().sent[0].signal);
        EXPECT_EQ(group.pid(), Jobs::Get().sent[0].group);
        Jobs::Get().sent.clear();
    }
    term.Set("-ISIG");
    term.Type("\x03\x1c\x1a");
    EXPECT_TRUE(Jobs::Get().sent.empty());
    term.Set("+ISIG");
    EXPECT_EQ(5u, term.Type("a\x03\x1a"
                            "b\x03"));
    EXPECT_EQ(3u, Jobs::Get().sent.size());
}

TEST(Pty, WindowIsTold)
{
    Terminal term;
    Group session, group;
    lx_winsize window = {24, 80, 0, 0}, got;

    tty_set_window(term.tty(), &window);
    tty_get_window(term.tty(), &got);
    EXPECT_EQ(80, got.ws_col);
    tty_set_session(term.tty(), session.Get(), group.Get());
    tty_set_window(term.tty(), &window); // the same
    EXPECT_TRUE(Jobs::Get().sent.empty());
    window.ws_row = 25;
    tty_set_window(term.tty(), &window);
    ASSERT_EQ(1u, Jobs::Get().sent.size());
    EXPECT_EQ(unsigned(LX_SIGWINCH), Jobs::Get().sent[0].signal);
}

// ioctl_tty(2), TIOCPKT.
TEST(Pty, PacketModeTellsOfEvents)
{
    Terminal term;

    EXPECT_EQ(0, tty_flush(term.tty(), LX_TCIFLUSH));
    EXPECT_EQ(0u, Status(&term));
    pty_set_packet(term.pty(), true);
    EXPECT_TRUE(pty_is_packet(term.pty()));
    EXPECT_EQ(0u, Status(&term));
    EXPECT_EQ(0, tty_flush(term.tty(), LX_TCIFLUSH));
    EXPECT_EQ(kReadable | kWritable | LX_POLLPRI, pty_poll(term.pty()));
    EXPECT_EQ(LX_TIOCPKT_FLUSHREAD, Status(&term));
    EXPECT_EQ(0u, Status(&term));
    EXPECT_EQ(0, tty_flush(term.tty(), LX_TCIOFLUSH));
    EXPECT_EQ(LX_TIOCPKT_FLUSHREAD | LX_TIOCPKT_FLUSHWRITE, Status(&term));
    EXPECT_EQ(0, tty_flow(term.tty(), LX_TCOOFF));
    EXPECT_EQ(0, tty_flow(term.tty(), LX_TCOON));
    EXPECT_EQ(LX_TIOCPKT_START, Status(&term));
    term.Type("\x13");
    EXPECT_EQ(LX_TIOCPKT_STOP, Status(&term));
    term.Type("\x11");
    EXPECT_EQ(LX_TIOCPKT_START, Status(&term));
    term.Set("VSTOP=1");
    EXPECT_EQ(LX_TIOCPKT_NOSTOP, Status(&term));
    term.Set("VSTOP=^S");
    EXPECT_EQ(LX_TIOCPKT_DOSTOP, Status(&term));
    term.Set("-IXON");
    term.Set("+IXON");
    EXPECT_EQ(LX_TIOCPKT_DOSTOP, Status(&term));
    EXPECT_EQ(-EINVAL, tty_flush(term.tty(), 3));
    EXPECT_EQ(-EINVAL, tty_flow(term.tty(), 4));
}

// Settings that the pair does not have stay away.
TEST(Pty, HasNoParity)
{
    Terminal term;
    lx_termios2 termios = term.Settings();

    termios.c_cflag = LX_CS5 | LX_PARENB;
    term.Set(termios);
    EXPECT_EQ(LX_CS8 | LX_CREAD, term.Settings().c_cflag);
}

// What was flushed in between is not taken twice.
TEST(Pty, TakingAfterAFlushTakesNothing)
{
    Terminal term;
    struct pty_output output;
    struct ldisc_view view;
    uint8_t bytes[16];

    term.Write("old");
    pty_peek(term.pty(), bytes, sizeof(bytes), &output);
    EXPECT_EQ(0, tty_flush(term.tty(), LX_TCOFLUSH));
    term.Write("new");
    pty_take(term.pty(), &output, output.size);
    EXPECT_EQ("new", term.Output());
    term.Type("old\n");
    ASSERT_TRUE(tty_peek(term.tty(), bytes, sizeof(bytes), &view));
    EXPECT_EQ(0, tty_flush(term.tty(), LX_TCIFLUSH));
    term.Type("new\n");
    tty_take(term.tty(), &view, view.spent);
    EXPECT_EQ(4u, tty_count_in(term.tty()));
}

struct Storm {
    Terminal term;
    bool ended = false;
    uint64_t typed = 0, read = 0, written = 0, shown = 0;
};

// Both ends at once, from several threads, with settings that change: every
// byte arrives once.
TEST(Pty, Storm)
{
    constexpr uint64_t kBytes = 200000;
    auto storm = std::make_unique<Storm>();
    const uint64_t limit = harness::steps(kBytes);

    storm->term.Set("-ICANON -ECHO -ISIG -IXON -ICRNL -OPOST");
    {
        Kthread typist([&] {
            while (storm->typed < limit) {
                storm->typed += storm->term.Type(std::string(100, 'x'));
                thread_yield();
            }
        });
        Kthread reader([&] {
            std::string got;

            while (storm->read < limit) {
                if (storm->term.Read(77, &got))
                    storm->read += got.size();
                thread_yield();
            }
        });
        Kthread writer([&] {
            while (storm->written < limit) {
                storm->written += storm->term.Write(std::string(100, 'y'));
                thread_yield();
            }
        });
        Kthread viewer([&] {
            while (storm->shown < limit) {
                storm->shown += storm->term.Output(55).size();
                thread_yield();
            }
        });
        Kthread meddler([&] {
            lx_winsize window = {};

            while (!kthread::Load(storm->ended)) {
                window.ws_row++;
                tty_set_window(storm->term.tty(), &window);
                storm->term.Set("VTIME=3");
                (void)tty_poll(storm->term.tty(), 0);
                (void)pty_poll(storm->term.pty());
                thread_yield();
            }
        });
        typist.Join();
        reader.Join();
        writer.Join();
        viewer.Join();
        kthread::Store(storm->ended, true);
    }
    std::string rest;
    while (storm->term.Read(4096, &rest))
        storm->read += rest.size();
    storm->shown += storm->term.Output().size();
    EXPECT_EQ(storm->typed, storm->read);
    EXPECT_EQ(storm->written, storm->shown);
}

} // namespace
