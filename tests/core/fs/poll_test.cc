// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/poll_test.cc - core/fs/poll.h, and waiting for eventfds
// (core/fs/eventfd.h). Run with one CPU and with four.

#include <memory>
#include <vector>

#include "core/abi/eventfd.h"
#include "core/fs/eventfd.h"
#include "core/fs/poll.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/sched/kthread.h"

namespace {

using kthread::kMs;
using kthread::Kthread;

file *Event(uint64_t count = 0, unsigned flags = 0)
{
    file *f = nullptr;

    EXPECT_EQ(0, eventfd_create(count, flags, &f));
    return f;
}

ssize_t Put(file *f, uint64_t value)
{
    user_cursor from = files::Cursor(&value, sizeof(value));

    return file_write(f, &from, nullptr);
}

// Waiting: the count, or -errno.
int64_t Take(file *f)
{
    uint64_t value = 0;
    user_cursor to = files::Cursor(&value, sizeof(value));
    ssize_t got = file_read(f, &to, nullptr);

    return got < 0 ? got : int64_t(value);
}

unsigned References(file *f)
{
    return unsigned(__atomic_load_n(&f->refs.count, __ATOMIC_ACQUIRE));
}

// Of this thread.
struct Watches {
    Watches() { poll_watches_init(&all); }
    ~Watches() { poll_watches_fini(&all); }
    int Add(file *f, unsigned events = LX_POLLIN)
    {
        return poll_add(&all, f, events);
    }
    // Was it woken since it was asked last?
    bool Woken(uint64_t patience_ns = 0)
    {
        int error = wait_set_sleep(&all.set, hal_clock_now() + patience_ns);

        EXPECT_TRUE(error == 0 || error == -ETIMEDOUT) << error;
        wait_set_reset(&all.set);
        return error == 0;
    }
    poll_watches all;
};

TEST(PollWatches, Interest)
{
    constexpr unsigned kEver = LX_POLLERR | LX_POLLHUP;

    EXPECT_EQ(kEver, poll_interest(0));
    EXPECT_EQ(kEver | LX_POLLIN, poll_interest(LX_POLLIN));
    EXPECT_EQ(kEver | LX_POLLIN | LX_POLLRDNORM, poll_interest(LX_POLLRDNORM));
    EXPECT_EQ(kEver | LX_POLLOUT | LX_POLLWRNORM, poll_interest(LX_POLLWRNORM));
    EXPECT_EQ(kEver | LX_POLLPRI, poll_interest(LX_POLLPRI));
}

TEST(PollWatches, HearOfTheirEvents)
{
    file *in = Event(), *out = Event(UINT64_MAX - 1);
    Watches w;

    EXPECT_EQ(0, w.Add(in, LX_POLLIN));
    EXPECT_EQ(0, w.Add(out, LX_POLLOUT));
    EXPECT_FALSE(w.Woken());
    EXPECT_EQ(8, Put(in, 1));
    EXPECT_TRUE(w.Woken());
    EXPECT_FALSE(w.Woken());
    EXPECT_EQ(1, Take(in)); // room in it, which nobody asked for
    EXPECT_FALSE(w.Woken());
    EXPECT_EQ(int64_t(UINT64_MAX - 1), Take(out));
    EXPECT_TRUE(w.Woken());
    waitq_wake(in->ops->waitq(in), LX_POLLHUP); // whoever asks for what
    EXPECT_TRUE(w.Woken());
    file_put(in);
    file_put(out);
}

TEST(PollWatches, ManyFiles)
{
    std::vector<file *> files;

    for (int i = 0; i < 200; i++)
        files.push_back(Event());
    {
        Watches w;

        for (file *f : files)
            ASSERT_EQ(0, w.Add(f));
        for (size_t i : {0, 7, 8, 67, 68, 69, 127, 128, 199}) {
            EXPECT_EQ(2u, References(files[i]));
            EXPECT_FALSE(w.Woken());
            EXPECT_EQ(8, Put(files[i], 1));
            EXPECT_TRUE(w.Woken()) << i;
        }
    }
    for (file *f : files) {
        EXPECT_EQ(1u, References(f));
        EXPECT_FALSE(waitq_is_watched(f->ops->waitq(f)));
        file_put(f);
    }
}

// One that was closed by all others is still there.
TEST(PollWatches, KeepTheirFiles)
{
    file *f = Event();
    Watches w;

    EXPECT_EQ(0, w.Add(f));
    EXPECT_EQ(0, w.Add(f)); // twice is two
    file_put(f);
    EXPECT_EQ(2u, References(f));
    EXPECT_EQ(8, Put(f, 1));
    EXPECT_TRUE(w.Woken());
}

TEST(PollWatches, WhatIsAlwaysReadyIsNotKept)
{
    static const file_ops ops = {};
    file always;
    Watches w;

    file_init(&always, &ops, LX_O_RDWR, nullptr);
    EXPECT_EQ(0, w.Add(&always));
    EXPECT_EQ(1u, References(&always));
    EXPECT_EQ(0u, w.all.count);
}

TEST(PollWatches, NoMemory)
{
    file *f = Event();

    EXPECT_LE(2u, harness::sweep_allocations([f] {
                  Watches w;
                  int error = 0;

                  for (int i = 0; i < 100 && error == 0; i++)
                      error = w.Add(f);
                  return error;
              }));
    EXPECT_EQ(1u, References(f));
    file_put(f);
}

// The few take no memory at all.
TEST(PollWatches, AFewNeedNone)
{
    file *f = Event();

    EXPECT_EQ(0u, harness::sweep_allocations([f] {
                  Watches w;

                  for (int i = 0; i < POLL_FEW; i++)
                      EXPECT_EQ(0, w.Add(f));
                  return 0;
              }));
    file_put(f);
}

// Threads wait for the same files, which others make ready: no wake is lost.
TEST(PollWatches, StormFromAllCpus)
{
    constexpr unsigned kFiles = 12, kWaiters = 3;
    uint64_t rounds = harness::steps(200);
    std::vector<file *> files;
    uint64_t taken = 0, total = 2 * rounds;

    for (unsigned i = 0; i < kFiles; i++)
        files.push_back(Event(0, LX_EFD_SEMAPHORE));
    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < kWaiters; n++)
            threads.push_back(std::make_unique<Kthread>([&] {
                uint64_t end = hal_clock_now() + 20000 * kMs;

                while (__atomic_load_n(&taken, __ATOMIC_ACQUIRE) < total &&
                       hal_clock_now() < end) {
                    Watches w;
                    uint64_t value;
                    bool found = false;

                    for (file *f : files)
                        EXPECT_EQ(0, w.Add(f));
                    for (file *f : files)
                        while (files::Read(f, &value, sizeof(value)) == 8) {
                            found = true;
                            __atomic_fetch_add(&taken, 1, __ATOMIC_ACQ_REL);
                        }
                    // The end is nobody's event.
                    if (!found)
                        (void)w.Woken(5 * kMs);
                }
            }));
        for (unsigned n = 0; n < 2; n++)
            threads.push_back(std::make_unique<Kthread>([&, n] {
                harness::Random random(n);

                for (uint64_t i = 0; i < rounds; i++) {
                    EXPECT_EQ(8, Put(files[random.below(kFiles)], 1));
                    if (i % 8 == 0)
                        kthread::Pause();
                }
            }));
    }
    EXPECT_EQ(total, taken);
    for (file *f : files) {
        EXPECT_EQ(1u, References(f));
        file_put(f);
    }
}

// As much comes out as went in.
TEST(EventfdWait, StormFromAllCpus)
{
    uint64_t each = harness::steps(300);

    for (unsigned flags : {0u, LX_EFD_SEMAPHORE}) {
        file *f = Event(0, flags);
        uint64_t sum = 0, want = 0;

        for (unsigned n = 0; n < 2; n++)
            for (uint64_t i = 0; i < each; i++)
                want += 1 + (flags == 0 ? i % 3 : 0);
        {
            std::vector<std::unique_ptr<Kthread>> threads;

            for (unsigned n = 0; n < 2; n++)
                threads.push_back(std::make_unique<Kthread>([&] {
                    for (uint64_t i = 0; i < each; i++)
                        EXPECT_EQ(8, Put(f, 1 + (flags == 0 ? i % 3 : 0)));
                }));
            for (unsigned n = 0; n < 2; n++)
                threads.push_back(std::make_unique<Kthread>([&] {
                    uint64_t value;

                    while (__atomic_load_n(&sum, __ATOMIC_ACQUIRE) < want) {
                        ssize_t got = files::Read(f, &value, sizeof(value));

                        if (got == 8)
                            __atomic_fetch_add(&sum, value, __ATOMIC_ACQ_REL);
                        else
                            kthread::Pause();
                    }
                }));
        }
        EXPECT_EQ(want, sum);
        EXPECT_EQ(0u, file_poll(f) & LX_POLLIN);
        file_put(f);
    }
}

TEST(EventfdWait, EitherSideWaits)
{
    file *f = Event();
    int64_t got = 0;

    {
        Kthread reader([&] { got = Take(f); });

        while (!waitq_is_watched(f->ops->waitq(f)))
            kthread::Pause();
        EXPECT_FALSE(reader.done());
        EXPECT_EQ(8, Put(f, UINT64_MAX - 1));
    }
    EXPECT_EQ(int64_t(UINT64_MAX - 1), got);
    EXPECT_EQ(8, Put(f, UINT64_MAX - 1));
    {
        Kthread writer([&] { EXPECT_EQ(8, Put(f, 5)); });

        while (!waitq_is_watched(f->ops->waitq(f)))
            kthread::Pause();
        EXPECT_FALSE(writer.done());
        EXPECT_EQ(int64_t(UINT64_MAX - 1), Take(f));
    }
    EXPECT_EQ(5, Take(f));
    file_put(f);
}

} // namespace
