// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/pipe_test.cc - pipes and FIFOs: core/fs/pipe.h.

#include <deque>

#include "core/fs/pipe.h"
#include "core/fs/poll.h"
#include "core/id/user.h"
#include "core/mem/page.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/sched/kthread.h"

namespace {

using files::Get;
using files::Identity;
using files::Write;

struct Pipe {
    explicit Pipe(unsigned flags = 0, bool is_poor = false) : id(is_poor)
    {
        EXPECT_EQ(0, pipe_create(id.cred(), flags, ends));
    }
    ~Pipe()
    {
        CloseReader();
        CloseWriter();
    }
    void CloseReader() { Close(ends[0]); }
    void CloseWriter() { Close(ends[1]); }
    static void Close(file *&f)
    {
        if (f != nullptr)
            file_put(f);
        f = nullptr;
    }
    file *reader() { return ends[0]; }
    file *writer() { return ends[1]; }
    Identity id;
    file *ends[2] = {};
};

TEST(Pipe, BytesInOrder)
{
    Pipe p;

    EXPECT_EQ("!11", Get(p.reader(), 5));
    EXPECT_EQ(5, Write(p.writer(), "hello"));
    EXPECT_EQ(6, Write(p.writer(), " world"));
    EXPECT_EQ("hel", Get(p.reader(), 3));
    EXPECT_EQ("lo world", Get(p.reader(), 100));
    EXPECT_EQ(-EBADF, Write(p.reader(), "x"));
    EXPECT_EQ("!9", Get(p.writer(), 1));
}

TEST(Pipe, EndOfFileAndBrokenPipe)
{
    Pipe p;

    EXPECT_EQ(1, Write(p.writer(), "x"));
    p.CloseWriter();
    EXPECT_EQ("x", Get(p.reader(), 9));
    EXPECT_EQ("", Get(p.reader(), 9));

    Pipe q;
    user_cursor from = files::Cursor("abc", 3);

    q.CloseReader();
    EXPECT_EQ(-EPIPE, file_write(q.writer(), &from, nullptr));
    EXPECT_TRUE(from.is_broken);
}

TEST(Pipe, WritesOfAPageOrLessAreWhole)
{
    Pipe p;
    std::string part(1000, 'a');
    int count = 0;

    while (Write(p.writer(), part) == 1000)
        count++;
    EXPECT_EQ(64, count); // four to a page
    EXPECT_EQ(-EAGAIN, Write(p.writer(), part));
    EXPECT_EQ(96, Write(p.writer(), std::string(96, 'b'))); // fills the last
    EXPECT_EQ(-EAGAIN, Write(p.writer(), "c"));
}

TEST(Pipe, LongWritesGoInPieces)
{
    Pipe p;
    std::string all(100000, 'x');

    EXPECT_EQ(65536, Write(p.writer(), all));
    EXPECT_EQ(-EAGAIN, Write(p.writer(), all));
    EXPECT_EQ(65536u, Get(p.reader(), 100000).size());
}

TEST(Pipe, Packets)
{
    Pipe p(LX_O_DIRECT);

    EXPECT_EQ(3, Write(p.writer(), "one"));
    EXPECT_EQ(3, Write(p.writer(), "two"));
    EXPECT_EQ("one", Get(p.reader(), 100));
    EXPECT_EQ("t", Get(p.reader(), 1)); // and the rest is lost
    EXPECT_EQ("!11", Get(p.reader(), 1));
    EXPECT_EQ(5000, Write(p.writer(), std::string(5000, 'p')));
    EXPECT_EQ(4096u, Get(p.reader(), 9000).size());
    EXPECT_EQ(904u, Get(p.reader(), 9000).size());
}

TEST(Pipe, Poll)
{
    Pipe p;
    const unsigned in = LX_POLLIN | LX_POLLRDNORM;
    const unsigned out = LX_POLLOUT | LX_POLLWRNORM;

    EXPECT_EQ(0u, file_poll(p.reader()));
    EXPECT_EQ(out, file_poll(p.writer()));
    EXPECT_EQ(65536, Write(p.writer(), std::string(65536, 'x')));
    EXPECT_EQ(in, file_poll(p.reader()));
    EXPECT_EQ(0u, file_poll(p.writer()));
    p.CloseWriter();
    EXPECT_EQ(in | LX_POLLHUP, file_poll(p.reader()));

    Pipe q;
    q.CloseReader();
    EXPECT_EQ(out | LX_POLLERR, file_poll(q.writer()));
}

TEST(Pipe, Size)
{
    Pipe p;

    EXPECT_TRUE(pipe_is_end(p.reader()));
    EXPECT_EQ(65536, pipe_size(p.reader()));
    EXPECT_EQ(4096, pipe_set_size(p.reader(), p.id.cred(), 0));
    EXPECT_EQ(8192, pipe_set_size(p.reader(), p.id.cred(), 4097));
    EXPECT_EQ(8192, Write(p.writer(), std::string(9000, 'y')));
    EXPECT_EQ(-EBUSY, pipe_set_size(p.reader(), p.id.cred(), 4096));
    EXPECT_EQ(1 << 20, pipe_set_size(p.reader(), p.id.cred(), 1 << 20));
    EXPECT_EQ(10000, Write(p.writer(), std::string(10000, 'z')));
    EXPECT_EQ(std::string(8192, 'y') + std::string(10000, 'z'),
              Get(p.reader(), 20000));
    EXPECT_EQ(-EINVAL, pipe_set_size(p.reader(), p.id.cred(), UINT64_MAX));
    EXPECT_EQ(-ENOMEM, pipe_set_size(p.reader(), p.id.cred(), 1u << 31));
}

TEST(Pipe, UserLimits)
{
    Pipe p(0, true);
    unsigned *slots = &p.id.user()->pipe_slots;

    EXPECT_EQ(16u, *slots);
    EXPECT_EQ(-EPERM, pipe_set_size(p.reader(), p.id.cred(), 2 << 20));
    *slots += PIPE_USER_SLOTS_SOFT - 20;
    EXPECT_EQ(-EPERM, pipe_set_size(p.reader(), p.id.cred(), 1 << 18));
    {
        file *ends[2];

        EXPECT_EQ(0, pipe_create(p.id.cred(), 0, ends));
        EXPECT_EQ(PIPE_SLOTS_POOR * 4096, pipe_size(ends[0]));
        file_put(ends[0]);
        file_put(ends[1]);
    }
    EXPECT_EQ(16u + PIPE_USER_SLOTS_SOFT - 20, *slots);
    *slots -= PIPE_USER_SLOTS_SOFT - 20;
    p.CloseReader();
    p.CloseWriter();
    EXPECT_EQ(0u, *slots);
}

TEST(Pipe, NoMemory)
{
    Identity id;

    harness::sweep_allocations([&] {
        file *ends[2];
        int error = pipe_create(id.cred(), 0, ends);

        if (error != 0)
            return error;
        ssize_t done = Write(ends[1], std::string(9000, 'm'));
        if (done == 9000 || (done > 0 && done < 9000))
            error = pipe_set_size(ends[0], id.cred(), 1 << 19);
        else
            error = static_cast<int>(done);
        file_put(ends[0]);
        file_put(ends[1]);
        return error > 0 ? (done == 9000 ? 0 : -ENOMEM) : error;
    });
}

TEST(Pipe, BlockedReaderAndWriter)
{
    Pipe p;
    std::string text(200000, 'b');
    ssize_t wrote = 0;
    size_t got = 0;
    {
        kthread::Kthread writer([&] {
            user_cursor from = files::Cursor(text.data(), text.size());

            wrote = file_write(p.writer(), &from, nullptr);
            p.CloseWriter();
        });
        kthread::Kthread reader([&] {
            std::string part(3001, 0);
            ssize_t n;

            do {
                user_cursor to = files::Cursor(part.data(), part.size());

                n = file_read(p.reader(), &to, nullptr);
                got += n > 0 ? static_cast<size_t>(n) : 0;
            } while (n > 0);
        });
    }
    EXPECT_EQ(200000, wrote);
    EXPECT_EQ(200000u, got);
}

// Against a model: a queue of bytes, with room counted in pages.
TEST(Pipe, Walk)
{
    Pipe p;
    harness::Random random(11);
    std::deque<char> model;
    char next = 0;

    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        size_t size = 1 + random.below(random.below(4) == 0 ? 20000 : 700);

        if (random.below(2) == 0) {
            std::string bytes(size, 0);

            for (char &c : bytes)
                c = next++;
            ssize_t done = Write(p.writer(), bytes);
            ASSERT_TRUE(done == -EAGAIN || done > 0);
            if (size <= 4096) {
                ASSERT_TRUE(done < 0 || done == static_cast<ssize_t>(size));
            }
            for (ssize_t i = 0; i < done; i++)
                model.push_back(bytes[static_cast<size_t>(i)]);
            if (done < static_cast<ssize_t>(size))
                next = static_cast<char>(bytes[0] + (done > 0 ? done : 0));
        } else {
            std::string got = Get(p.reader(), size);

            if (model.empty()) {
                ASSERT_EQ("!11", got);
                continue;
            }
            ASSERT_EQ(std::min(size, model.size()), got.size());
            for (char c : got) {
                ASSERT_EQ(model.front(), c);
                model.pop_front();
            }
        }
    }
}

// --- FIFOs -------------------------------------------------------------------

TEST(Fifo, OpenWithoutBlocking)
{
    fifo *f = fifo_create();
    file *reader = nullptr, *writer = nullptr;

    ASSERT_NE(nullptr, f);
    EXPECT_EQ(-ENXIO, fifo_open(f, LX_O_WRONLY | LX_O_NONBLOCK, &writer));
    ASSERT_EQ(0, fifo_open(f, LX_O_RDONLY | LX_O_NONBLOCK, &reader));
    EXPECT_EQ(0u, file_poll(reader)); // nobody has been there to hang up
    EXPECT_EQ("", Get(reader, 5));
    ASSERT_EQ(0, fifo_open(f, LX_O_WRONLY | LX_O_NONBLOCK, &writer));
    EXPECT_EQ("!11", Get(reader, 5));
    EXPECT_EQ(3, Write(writer, "abc"));
    file_put(writer);
    EXPECT_EQ("abc", Get(reader, 5));
    EXPECT_EQ(LX_POLLHUP, file_poll(reader));
    file_put(reader);
    ASSERT_EQ(0, fifo_open(f, LX_O_RDWR, &reader)); // never blocks
    EXPECT_EQ(3, Write(reader, "own"));
    EXPECT_EQ("own", Get(reader, 5));
    file_put(reader);
    fifo_put(f);
}

TEST(Fifo, EachSideWaitsForTheOther)
{
    fifo *f = fifo_create();
    file *reader = nullptr, *writer = nullptr;
    {
        kthread::Kthread opens(
            [&] { EXPECT_EQ(0, fifo_open(f, LX_O_RDONLY, &reader)); });
        kthread::Sleep(2 * kthread::kMs);
        EXPECT_FALSE(opens.done());
        EXPECT_EQ(0, fifo_open(f, LX_O_WRONLY, &writer));
    }
    file_put(reader);
    file_put(writer);
    {
        kthread::Kthread opens(
            [&] { EXPECT_EQ(0, fifo_open(f, LX_O_WRONLY, &writer)); });
        kthread::Sleep(2 * kthread::kMs);
        EXPECT_FALSE(opens.done());
        EXPECT_EQ(0, fifo_open(f, LX_O_RDONLY, &reader));
        file_put(reader); // gone again: it has been there
    }
    EXPECT_EQ(-EPIPE, Write(writer, "x"));
    file_put(writer);
    fifo_put(f);
}

TEST(Fifo, NoMemory)
{
    harness::sweep_allocations([] {
        fifo *f = fifo_create();
        file *both;
        int error;

        if (f == nullptr)
            return -ENOMEM;
        error = fifo_open(f, LX_O_RDWR, &both);
        if (error == 0)
            file_put(both);
        fifo_put(f);
        return error;
    });
}

} // namespace
