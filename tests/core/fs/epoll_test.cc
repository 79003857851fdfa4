// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/epoll_test.cc - instances of epoll(7): core/fs/epoll.h; and
// eventfds: core/fs/eventfd.h.

#include <map>
#include <set>
#include <vector>

#include "core/abi/eventfd.h"
#include "core/fs/epoll.h"
#include "core/fs/eventfd.h"
#include "core/fs/pipe.h"
#include "core/fs/poll.h"
#include "core/id/user.h"
#include "core/sync/rcu.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/sched/kthread.h"

namespace {

using files::Identity;

file *Event(uint64_t count = 0, unsigned flags = 0)
{
    file *f = nullptr;

    EXPECT_EQ(0, eventfd_create(count, flags, &f));
    return f;
}

ssize_t Put(file *f, uint64_t value)
{
    user_cursor from = files::Cursor(&value, sizeof(value), LX_RWF_NOWAIT);

    return file_write(f, &from, nullptr);
}

int64_t Take(file *f)
{
    uint64_t value = 0;
    ssize_t got = files::Read(f, &value, sizeof(value));

    return got < 0 ? got : static_cast<int64_t>(value);
}

struct Epoll {
    Epoll() { EXPECT_EQ(0, epoll_make_file(id.user(), &f)); }
    ~Epoll()
    {
        Close();
        rcu_barrier();
    }
    void Close()
    {
        if (f != nullptr)
            file_put(f);
        f = nullptr;
    }
    int Control(unsigned op, file *target, int fd, uint32_t events)
    {
        lx_epoll_event event = {events, static_cast<uint64_t>(fd)};

        return epoll_control(epoll_of(f), op, target, fd, &event);
    }
    int Add(file *target, int fd, uint32_t events = LX_POLLIN)
    {
        return Control(LX_EPOLL_CTL_ADD, target, fd, events);
    }
    Identity id;
    file *f = nullptr;
};

TEST(Eventfd, Counts)
{
    file *f = Event(3);

    EXPECT_EQ(LX_POLLIN | LX_POLLOUT, file_poll(f));
    EXPECT_EQ(3, Take(f));
    EXPECT_EQ(-EAGAIN, Take(f));
    EXPECT_EQ(LX_POLLOUT, file_poll(f));
    EXPECT_EQ(8, Put(f, UINT64_MAX - 1));
    EXPECT_EQ(LX_POLLIN, file_poll(f));
    EXPECT_EQ(-EAGAIN, Put(f, 1));
    EXPECT_EQ(-EINVAL, Put(f, UINT64_MAX));
    EXPECT_EQ(-EINVAL, files::Write(f, "short"));
    EXPECT_EQ("!22", files::Get(f, 7));
    EXPECT_EQ(8u, files::Get(f, 16).size());
    file_put(f);
}

TEST(Eventfd, Semaphore)
{
    file *f = Event(2, LX_EFD_SEMAPHORE);

    EXPECT_EQ(1, Take(f));
    EXPECT_EQ(1, Take(f));
    EXPECT_EQ(-EAGAIN, Take(f));
    file_put(f);
}

TEST(Eventfd, NoMemory)
{
    harness::sweep_allocations([] {
        file *f;
        int error = eventfd_create(1, 0, &f);

        if (error == 0)
            file_put(f);
        return error;
    });
}

TEST(Epoll, Control)
{
    Epoll ep;
    file *f = Event(), *plain = nullptr;
    static const file_ops no_ops = {};

    EXPECT_EQ(nullptr, epoll_of(f));
    EXPECT_EQ(0, file_create(&no_ops, 0, nullptr, &plain));
    EXPECT_EQ(-EPERM, ep.Add(plain, 3));
    EXPECT_EQ(-EINVAL, ep.Add(ep.f, 3));
    EXPECT_EQ(-EINVAL, ep.Control(9, f, 3, LX_POLLIN));
    EXPECT_EQ(-ENOENT, ep.Control(LX_EPOLL_CTL_MOD, f, 3, LX_POLLIN));
    EXPECT_EQ(-ENOENT, ep.Control(LX_EPOLL_CTL_DEL, f, 3, 0));
    EXPECT_EQ(0, ep.Add(f, 3));
    EXPECT_EQ(-EEXIST, ep.Add(f, 3));
    EXPECT_EQ(0, ep.Add(f, 4)); // a duplicate
    EXPECT_EQ(2u, ep.id.user()->watches);
    EXPECT_EQ(0, ep.Control(LX_EPOLL_CTL_DEL, f, 3, 0));
    EXPECT_EQ(-EINVAL,
              ep.Add(f, 5, LX_POLLIN | LX_EPOLLEXCLUSIVE | LX_EPOLLONESHOT));
    EXPECT_EQ(0, ep.Add(f, 5, LX_POLLIN | LX_EPOLLEXCLUSIVE));
    EXPECT_EQ(-EINVAL, ep.Control(LX_EPOLL_CTL_MOD, f, 5, LX_POLLIN));
    ep.id.user()->watches += EPOLL_WATCHES_MAX;
    EXPECT_EQ(-ENOSPC, ep.Add(f, 6));
    ep.id.user()->watches -= EPOLL_WATCHES_MAX;
    file_put(plain);
    file_put(f);
    EXPECT_EQ(0u, ep.id.user()->watches); // the last put took them out
}

TEST(Epoll, PollSeesWhatIsThere)
{
    Epoll ep;
    file *f = Event();

    EXPECT_EQ(0, ep.Add(f, 3));
    EXPECT_EQ(0u, file_poll(ep.f));
    EXPECT_EQ(8, Put(f, 1));
    EXPECT_EQ(LX_POLLIN | LX_POLLRDNORM, file_poll(ep.f));
    EXPECT_EQ(1, Take(f));
    EXPECT_EQ(0u, file_poll(ep.f));
    EXPECT_EQ(8, Put(f, 1));
    EXPECT_EQ(0, ep.Control(LX_EPOLL_CTL_MOD, f, 3, LX_POLLPRI));
    EXPECT_EQ(0u, file_poll(ep.f));
    EXPECT_EQ(0, ep.Control(LX_EPOLL_CTL_MOD, f, 3, LX_POLLIN));
    EXPECT_EQ(LX_POLLIN | LX_POLLRDNORM, file_poll(ep.f));
    file_put(f);
    EXPECT_EQ(0u, file_poll(ep.f));
}

TEST(Epoll, EitherSideMayGoFirst)
{
    Epoll ep;
    file *f = Event(1), *g = Event(1);

    EXPECT_EQ(0, ep.Add(f, 3));
    EXPECT_EQ(0, ep.Add(g, 4));
    file_put(f);
    ep.Close();
    EXPECT_EQ(8, Put(g, 1));
    file_put(g);
}

TEST(Epoll, NestsUpToADepthWithoutCycles)
{
    Epoll row[7];

    for (int i = 1; i < 5; i++)
        EXPECT_EQ(0, row[i - 1].Add(row[i].f, i));
    EXPECT_EQ(-ELOOP, row[4].Add(row[5].f, 5));
    EXPECT_EQ(-ELOOP, row[5].Add(row[0].f, 5));
    EXPECT_EQ(-ELOOP, row[4].Add(row[0].f, 5));
    EXPECT_EQ(-ELOOP, row[1].Add(row[0].f, 5));
    EXPECT_EQ(0, row[5].Add(row[1].f, 5));

    file *f = Event(1);
    EXPECT_EQ(0, row[4].Add(f, 9));
    EXPECT_EQ(LX_POLLIN | LX_POLLRDNORM, file_poll(row[0].f));
    EXPECT_EQ(1, Take(f));
    EXPECT_EQ(0u, file_poll(row[0].f));
    row[2].Close();
    EXPECT_EQ(8, Put(f, 1));
    EXPECT_EQ(0u, file_poll(row[0].f));
    file_put(f);
}

// A wake goes through all instances to a thread that waits for the last.
TEST(Epoll, WakesThroughARow)
{
    Epoll row[3];
    file *f = Event();
    unsigned events = 0;

    EXPECT_EQ(0, row[0].Add(f, 1));
    EXPECT_EQ(0, row[1].Add(row[0].f, 1));
    EXPECT_EQ(0, row[2].Add(row[1].f, 1));
    {
        kthread::Kthread waiter([&] {
            poll_watches watches;

            poll_watches_init(&watches);
            EXPECT_EQ(0, poll_add(&watches, row[2].f, LX_POLLIN));
            do {
                wait_set_reset(&watches.set);
                events = file_poll(row[2].f);
            } while (events == 0 &&
                     wait_set_sleep(&watches.set,
                                    hal_clock_now() + 5000 * kthread::kMs) ==
                         0);
            poll_watches_fini(&watches);
        });
        kthread::Sleep(2 * kthread::kMs);
        EXPECT_EQ(8, Put(f, 1));
    }
    EXPECT_NE(0u, events);
    file_put(f);
}

TEST(Epoll, NoMemory)
{
    Identity id;
    file *f = Event(1);

    harness::sweep_allocations([&] {
        lx_epoll_event event = {LX_POLLIN, 0};
        file *ep;
        int error = epoll_make_file(id.user(), &ep);

        if (error != 0)
            return error;
        error = epoll_control(epoll_of(ep), LX_EPOLL_CTL_ADD, f, 3, &event);
        file_put(ep);
        rcu_barrier();
        return error;
    });
    file_put(f);
}

// Against a model of which events have a count and who watches them.
TEST(Epoll, Walk)
{
    constexpr unsigned kFiles = 6;
    harness::Random random(5);
    Epoll ep;
    std::map<int, file *> live;
    std::set<int> watched, counted;

    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        int n = static_cast<int>(random.below(kFiles));
        bool ready = false;

        switch (random.below(6)) {
        case 0:
            if (live.count(n) == 0) {
                live[n] = Event();
            } else {
                file_put(live[n]);
                live.erase(n);
                watched.erase(n);
                counted.erase(n);
            }
            break;
        case 1:
            if (live.count(n) != 0) {
                EXPECT_EQ(watched.count(n) != 0 ? -EEXIST : 0,
                          ep.Add(live[n], n));
                watched.insert(n);
            }
            break;
        case 2:
            if (live.count(n) != 0) {
                EXPECT_EQ(watched.erase(n) != 0 ? 0 : -ENOENT,
                          ep.Control(LX_EPOLL_CTL_DEL, live[n], n, 0));
            }
            break;
        case 3:
            if (live.count(n) != 0 && Take(live[n]) > 0)
                counted.erase(n);
            break;
        default:
            if (live.count(n) != 0) {
                EXPECT_EQ(8, Put(live[n], 1));
                counted.insert(n);
            }
            break;
        }
        for (int w : watched)
            ready = ready || counted.count(w) != 0;
        ASSERT_EQ(ready, file_poll(ep.f) != 0);
    }
    for (auto &[n, f] : live)
        file_put(f);
}

} // namespace
