// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/char_file_test.cc - core/fs/char_file.h.

#include <algorithm>
#include <deque>

#include "core/sched/waitq.h"
#include "tests/core/fs/devices.h"
#include "tests/core/sched/kthread.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

using devices::Opened;
using files::Get;
using files::Read;
using files::Write;

constexpr uint32_t kMajor = 200;

// A device that does as it is told, and writes down what it was asked.
struct Model {
    std::deque<ssize_t> answers; // of each call; none left: all that is asked
    std::vector<size_t> asked;
    std::string taken;
    bool interrupts = false; // a signal comes in the call
    unsigned events = 0;
    waitq queue;

    ssize_t Answer(size_t size)
    {
        ssize_t answer = static_cast<ssize_t>(size);

        asked.push_back(size);
        if (!answers.empty()) {
            answer = answers.front();
            answers.pop_front();
        }
        if (interrupts)
            thread_set_work(thread_current(), THREAD_WORK_SIGNAL);
        return answer;
    }
    static ssize_t Read(void *data, void *to, size_t size)
    {
        ssize_t answer = static_cast<Model *>(data)->Answer(size);

        if (answer > 0)
            std::fill_n(static_cast<char *>(to), answer, 'r');
        return answer;
    }
    static ssize_t Write(void *data, const void *from, size_t size)
    {
        Model *self = static_cast<Model *>(data);
        ssize_t answer = self->Answer(size);

        if (answer > 0)
            self->taken.append(static_cast<const char *>(from),
                               static_cast<size_t>(answer));
        return answer;
    }
    static unsigned Poll(void *data)
    {
        return __atomic_load_n(&static_cast<Model *>(data)->events,
                               __ATOMIC_ACQUIRE);
    }
    static waitq *Queue(void *data)
    {
        return &static_cast<Model *>(data)->queue;
    }
};

Model model;
uint32_t opened_minor;

int RefuseOpen(chardev *, uint32_t minor, unsigned, file **)
{
    opened_minor = minor;
    return -EBUSY;
}

// Only what is named.
chardev_ops Ops(bool moves, bool polls, bool opens = false)
{
    chardev_ops ops = {};

    if (moves) {
        ops.read = Model::Read;
        ops.write = Model::Write;
    }
    if (polls) {
        ops.poll = Model::Poll;
        ops.waitq = Model::Queue;
    }
    if (opens)
        ops.open = RefuseOpen;
    return ops;
}

const chardev_ops kPlain = Ops(true, false), kPolled = Ops(true, true),
                  kMute = Ops(false, false), kOwn = Ops(false, false, true);

chardev own_devices[] = {
    {nullptr, kMajor, 0, 1, 0, &kPlain, &model, {}},
    {nullptr, kMajor, 1, 1, 0, &kPolled, &model, {}},
    {nullptr, kMajor, 2, 1, 0, &kMute, &model, {}},
    {nullptr, kMajor, 10, 5, 0, &kOwn, &model, {}},
};

class CharFile : public testing::Test {
protected:
    void SetUp() override
    {
        devices::Install();
        static const bool ready = [] {
            for (chardev &device : own_devices)
                EXPECT_EQ(0, chardev_register(&device));
            return true;
        }();
        EXPECT_TRUE(ready);
        model.answers.clear();
        model.asked.clear();
        model.taken.clear();
        model.interrupts = false;
        model.events = 0;
        waitq_init(&model.queue);
    }
    void TearDown() override
    {
        __atomic_store_n(&thread_current()->work, 0, __ATOMIC_RELEASE);
    }
};

TEST_F(CharFile, OpensWhatIsRegistered)
{
    file *f;

    EXPECT_EQ(-ENXIO, char_open(chardev_number(kMajor, 9), LX_O_RDWR, &f));
    EXPECT_EQ(-ENXIO, char_open(chardev_number(kMajor + 1, 0), LX_O_RDWR, &f));
    EXPECT_EQ(-EBUSY, char_open(chardev_number(kMajor, 13), LX_O_RDWR, &f));
    EXPECT_EQ(3u, opened_minor);
}

TEST_F(CharFile, MemoryDevices)
{
    Opened null(1, 3, LX_O_RDWR), zero(1, 5, LX_O_RDWR), full(1, 7, LX_O_RDWR);
    Opened random(1, 9, LX_O_RDONLY);
    std::string big(3 * CHAR_CHUNK + 17, 'x');

    EXPECT_EQ("", Get(null.get(), 5));
    EXPECT_EQ(ssize_t(big.size()), Write(null.get(), big));
    EXPECT_EQ(std::string(big.size(), '\0'), Get(zero.get(), big.size()));
    EXPECT_EQ(ssize_t(big.size()), Write(zero.get(), big));
    EXPECT_EQ(std::string(5, '\0'), Get(full.get(), 5));
    EXPECT_EQ(-ENOSPC, Write(full.get(), big));
    EXPECT_EQ(big.size(), Get(random.get(), big.size()).size());
    EXPECT_NE(Get(random.get(), 16), Get(random.get(), 16));
}

TEST_F(CharFile, GoesInChunks)
{
    Opened f(kMajor, 0, LX_O_RDWR);
    std::string big(2 * CHAR_CHUNK + 10, 'w');

    EXPECT_EQ(std::string(big.size(), 'r'), Get(f.get(), big.size()));
    EXPECT_EQ((std::vector<size_t>{CHAR_CHUNK, CHAR_CHUNK, 10}), model.asked);
    model.asked.clear();
    EXPECT_EQ(ssize_t(big.size()), Write(f.get(), big));
    EXPECT_EQ((std::vector<size_t>{CHAR_CHUNK, CHAR_CHUNK, 10}), model.asked);
    EXPECT_EQ(big, model.taken);
}

// What came before an end or an error is told; it alone where nothing did.
TEST_F(CharFile, ShortReads)
{
    Opened f(kMajor, 0, LX_O_RDWR);

    model.answers = {3, 4, 0};
    EXPECT_EQ(7u, Get(f.get(), 100).size());
    EXPECT_EQ((std::vector<size_t>{100, 97, 93}), model.asked);
    model.answers = {3, -EIO, -EIO, 0};
    EXPECT_EQ(3u, Get(f.get(), 100).size());
    EXPECT_EQ("!5", Get(f.get(), 100));
    EXPECT_EQ("", Get(f.get(), 100));
}

TEST_F(CharFile, ADeviceTakesAsMuchAsItLikes)
{
    Opened f(kMajor, 0, LX_O_RDWR);

    model.answers = {2, 1};
    EXPECT_EQ(6, Write(f.get(), "abcdef"));
    EXPECT_EQ((std::vector<size_t>{6, 4, 3}), model.asked);
    EXPECT_EQ("abcdef", model.taken); // none twice, none lost
    model.taken.clear();
    model.answers = {2, -EIO, -EIO};
    EXPECT_EQ(2, Write(f.get(), "abcdef"));
    EXPECT_EQ("ab", model.taken);
    EXPECT_EQ(-ENOSPC, (model.answers = {-ENOSPC}, Write(f.get(), "x")));
}

TEST_F(CharFile, ASignalEndsALongRead)
{
    Opened f(kMajor, 0, LX_O_RDWR);

    model.interrupts = true;
    EXPECT_EQ(size_t(CHAR_CHUNK), Get(f.get(), 10 * CHAR_CHUNK).size());
    EXPECT_EQ(1u, model.asked.size());
}

TEST_F(CharFile, WhatADeviceDoesNotDo)
{
    Opened f(kMajor, 2, LX_O_RDWR);

    EXPECT_EQ("!22", Get(f.get(), 1));
    EXPECT_EQ(-EINVAL, Write(f.get(), "x"));
}

TEST_F(CharFile, StaysAtTheBeginning)
{
    Opened f(kMajor, 0, LX_O_RDWR);

    EXPECT_EQ(5u, Get(f.get(), 5).size());
    EXPECT_EQ(0, f.Seek(1000, LX_SEEK_SET));
    EXPECT_EQ(0, f.Seek(0, LX_SEEK_CUR));
}

TEST_F(CharFile, Polls)
{
    Opened plain(kMajor, 0, LX_O_RDWR), polled(kMajor, 1, LX_O_RDWR);

    EXPECT_EQ(LX_POLLIN | LX_POLLOUT | LX_POLLRDNORM | LX_POLLWRNORM,
              static_cast<int>(file_poll(plain.get())));
    EXPECT_EQ(0u, file_poll(polled.get()));
    model.events = LX_POLLIN;
    EXPECT_EQ(static_cast<unsigned>(LX_POLLIN), file_poll(polled.get()));
}

TEST_F(CharFile, AReaderWaitsForTheDevice)
{
    Opened f(kMajor, 1, LX_O_RDWR);
    std::string got;
    bool waits = false;

    model.answers = {-EAGAIN, -EAGAIN, 4, 0};
    {
        kthread::Kthread reader([&] {
            char bytes[8] = {};
            user_cursor to = files::Cursor(bytes, sizeof(bytes));

            kthread::Store(waits, true);
            got.assign(bytes,
                       static_cast<size_t>(file_read(f.get(), &to, nullptr)));
        });

        while (!kthread::Load(waits) || !waitq_is_watched(&model.queue))
            kthread::Pause();
        kthread::Sleep(2 * kthread::kMs);
        EXPECT_FALSE(reader.done());
        waitq_wake(&model.queue, LX_POLLIN);
    }
    EXPECT_EQ("rrrr", got);
}

class CharFileFaults : public VmTest {
protected:
    void SetUp() override
    {
        VmTest::SetUp();
        devices::Install();
    }
    static user_cursor At(aspace *as, uaddr_t at, uint64_t size)
    {
        user_cursor cursor = {};

        cursor.as = as;
        cursor.at = at;
        cursor.left = size;
        return cursor;
    }
};

// Where the memory ends in between, what passed it counts.
TEST_F(CharFileFaults, BadMemory)
{
    constexpr uaddr_t kAt = 0x20000000;
    Opened zero(1, 5, LX_O_RDWR), random(1, 9, LX_O_RDWR);

    MapAt(kAt, kPage, kRW);
    for (Opened *f : {&zero, &random}) {
        user_cursor cursor = At(as_, kAt + kPage - 100, 1000);

        EXPECT_EQ(100, file_read(f->get(), &cursor, nullptr));
        cursor = At(as_, kAt + kPage, 1000);
        EXPECT_EQ(-EFAULT, file_read(f->get(), &cursor, nullptr));
    }
    user_cursor cursor = At(as_, kAt + kPage - 100, 1000);
    EXPECT_EQ(100, file_write(random.get(), &cursor, nullptr));
    cursor = At(as_, kAt + kPage, 1000);
    EXPECT_EQ(-EFAULT, file_write(random.get(), &cursor, nullptr));
    UnmapAll();
}

TEST_F(CharFile, NoMemory)
{
    EXPECT_LE(3u, harness::sweep_allocations([] {
                  file *f;
                  int error = char_open(chardev_number(1, 9), LX_O_RDWR, &f);
                  char byte;

                  if (error != 0)
                      return error;
                  error =
                      static_cast<int>(std::min<ssize_t>(Read(f, &byte, 1), 0));
                  if (error == 0)
                      error =
                          static_cast<int>(std::min<ssize_t>(Write(f, "x"), 0));
                  file_put(f);
                  return error;
              }));
}

} // namespace
