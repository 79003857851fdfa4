// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/splice_test.cc - core/fs/splice.h.

#include "core/fs/pipe.h"
#include "core/fs/splice.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/fs/vfs.h"

namespace {

using files::Get;
using files::Write;

// splice_move() that does not wait.
ssize_t Move(const splice_end &from, const splice_end &to, uint64_t size)
{
    splice_order order = {};

    order.size = size;
    return splice_move(&from, &to, &order);
}

ssize_t Send(const splice_end &from, file *to, uint64_t size)
{
    splice_order order = {};

    order.size = size;
    return splice_send(&from, to, &order);
}

struct Two {
    explicit Two(files::Identity &id)
    {
        (void)!pipe_create(id.cred(), 0, a);
        (void)!pipe_create(id.cred(), 0, b);
    }
    ~Two()
    {
        for (file *f : {a[0], a[1], b[0], b[1]})
            if (f != nullptr)
                file_put(f);
    }
    ssize_t Move(uint64_t size)
    {
        splice_end from = {a[0], nullptr}, to = {b[1], nullptr};

        return ::Move(from, to, size);
    }
    file *a[2] = {}, *b[2] = {};
};

// A file with positions, over a string.
struct Text {
    explicit Text(const std::string &t) : text(t)
    {
        EXPECT_EQ(0, file_create(&ops, LX_O_RDWR, this, &f));
    }
    ~Text() { file_put(f); }
    static ssize_t DoRead(file *f, user_cursor *to, uint64_t *position)
    {
        auto *self = static_cast<Text *>(f->data);
        size_t at = std::min<size_t>(*position, self->text.size());
        size_t n =
            cursor_copy_out(to, self->text.data() + at, self->text.size() - at);

        *position += n;
        return static_cast<ssize_t>(n);
    }
    static ssize_t DoWrite(file *f, user_cursor *from, uint64_t *position)
    {
        auto *self = static_cast<Text *>(f->data);
        std::string part(std::min<uint64_t>(from->left, 1000), 0);

        cursor_copy_in(from, part.data(), part.size());
        if (self->text.size() < *position + part.size())
            self->text.resize(*position + part.size());
        self->text.replace(*position, part.size(), part);
        *position += part.size();
        return static_cast<ssize_t>(part.size());
    }
    static const file_ops ops;
    std::string text;
    file *f = nullptr;
};

file_ops TextOps()
{
    file_ops ops = {};

    ops.read = Text::DoRead;
    ops.write = Text::DoWrite;
    return ops;
}
const file_ops Text::ops = TextOps();

TEST(Splice, BetweenPipes)
{
    files::Identity id;
    Two p(id);

    EXPECT_EQ(-EAGAIN, p.Move(5));
    EXPECT_EQ(10, Write(p.a[1], "0123456789"));
    EXPECT_EQ(4, p.Move(4));
    EXPECT_EQ(6, p.Move(100));
    EXPECT_EQ(3, Write(p.b[1], "new"));
    EXPECT_EQ("0123456789new", Get(p.b[0], 100));
    EXPECT_EQ(1, Write(p.a[1], "x"));
    file_put(p.b[0]);
    p.b[0] = nullptr;
    EXPECT_EQ(-EPIPE, p.Move(1));
}

TEST(Splice, TeeKeepsTheBytes)
{
    files::Identity id;
    Two p(id);

    EXPECT_EQ(5, Write(p.a[1], "first"));
    EXPECT_EQ(5, splice_tee(p.a[0], p.b[1], 100, false));
    EXPECT_EQ("first", Get(p.a[0], 5));
    EXPECT_EQ(6, Write(p.a[1], "second")); // on a page of its own
    EXPECT_EQ("first", Get(p.b[0], 100));
    EXPECT_EQ("second", Get(p.a[0], 100));
    EXPECT_EQ(-EINVAL, splice_tee(p.a[0], p.a[1], 1, false));
}

TEST(Splice, FilesWithPositions)
{
    files::Identity id;
    Two p(id);
    Text text("some text in a file");
    uint64_t at = 5;
    splice_end file_end = {text.f, &at}, in = {p.a[1], nullptr};
    splice_end out = {p.a[0], nullptr}, own = {text.f, nullptr};

    EXPECT_EQ(4, Move(file_end, in, 4));
    EXPECT_EQ(9u, at);
    EXPECT_EQ("text", Get(p.a[0], 100));
    EXPECT_EQ(19, Move(own, in, 100));
    EXPECT_EQ(0, Move(own, in, 100)); // its end
    at = 0;
    EXPECT_EQ(19, Move(out, file_end, 100));
    EXPECT_EQ(4, Write(p.a[1], "more"));
    EXPECT_EQ(4, Move(out, own, 100)); // at its own position
    EXPECT_EQ("some text in a filemore", text.text);
    EXPECT_EQ(-EINVAL, Move(own, file_end, 1));
}

TEST(Splice, NotBeyondALimit)
{
    files::Identity id;
    Two p(id);
    Vfs vfs;
    file *to;
    uint64_t at = 95;
    splice_order order = {};

    order.size = 20;
    order.is_limited = true;
    order.size_max = 100;
    ASSERT_EQ(0, vfs.Open("f", LX_O_CREAT | LX_O_RDWR, 0644, &to));
    splice_end out = {p.a[0], nullptr}, file_end = {to, &at};
    EXPECT_EQ(20, Write(p.a[1], std::string(20, 'x')));
    EXPECT_EQ(5, splice_move(&out, &file_end, &order));
    EXPECT_TRUE(order.is_beyond);
    EXPECT_EQ(-EFBIG, splice_move(&out, &file_end, &order));
    Text text(std::string(200, 's'));
    splice_end from = {text.f, nullptr};
    order.size = 200;
    order.is_beyond = false;
    EXPECT_EQ(100, splice_send(&from, to, &order));
    EXPECT_TRUE(order.is_beyond);
    order.size = 200; // a pipe has no such limit
    order.is_beyond = false;
    EXPECT_EQ(100, splice_send(&from, p.a[1], &order));
    EXPECT_FALSE(order.is_beyond);
    file_put(to);
}

TEST(Splice, Send)
{
    files::Identity id;
    Two p(id);
    Text text(std::string(10000, 's')), other("");
    uint64_t at = 100;
    splice_end from = {text.f, &at}, pipe_end = {p.a[0], nullptr};

    EXPECT_EQ(9900, Send(from, other.f, 20000));
    EXPECT_EQ(9900u, other.text.size());
    EXPECT_EQ(10000u, at);
    at = 0;
    EXPECT_EQ(5000, Send(from, p.a[1], 5000));
    EXPECT_EQ(5000u, Get(p.a[0], 10000).size());
    EXPECT_EQ(-EINVAL, Send(pipe_end, other.f, 1));
}

TEST(Splice, NoMemory)
{
    files::Identity id;
    Text text(std::string(9000, 'n')), other(std::string(9000, 'o'));

    harness::sweep_allocations([&] {
        Two p(id);
        if (p.a[0] == nullptr || p.b[0] == nullptr)
            return -ENOMEM;
        uint64_t at = 0;
        splice_end from = {text.f, &at}, in = {p.a[1], nullptr};
        ssize_t done = Move(from, in, 9000);
        ssize_t sent;

        while (Get(p.a[0], 10000)[0] != '!')
            ;
        if (done < 9000)
            return -ENOMEM;
        at = 0;
        sent = Send(from, other.f, 9000);
        return sent == 9000 ? 0 : -ENOMEM;
    });
}

} // namespace
