// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/timerfd_test.cc - core/proc/timerfd.h.

#include "core/abi/time.h"
#include "core/proc/clock.h"
#include "core/proc/timerfd.h"
#include "core/sync/rcu.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/sched/kthread.h"

namespace {

using kthread::kMs;

struct Timer {
    explicit Timer(int32_t clock = LX_CLOCK_MONOTONIC)
    {
        EXPECT_EQ(0, timerfd_make_file(clock, 0, &f));
    }
    ~Timer()
    {
        file_put(f);
        rcu_barrier();
    }
    void Set(uint64_t value, uint64_t interval, bool is_absolute = false,
             bool cancels = false)
    {
        timer_setting fresh = {value, interval, is_absolute};

        timerfd_change(f, &fresh, cancels, nullptr);
    }
    timer_setting Left()
    {
        timer_setting old;

        timerfd_change(f, nullptr, false, &old);
        return old;
    }
    int64_t Ticks()
    {
        uint64_t ticks = 0;
        ssize_t got = files::Read(f, &ticks, sizeof(ticks));

        return got < 0 ? got : static_cast<int64_t>(ticks);
    }
    // Until it has something to tell.
    void Await()
    {
        kthread::Await([this] { return file_poll(f) != 0; });
    }
    file *f = nullptr;
};

TEST(Timerfd, Clocks)
{
    file *f;

    EXPECT_EQ(-EINVAL, timerfd_make_file(77, 0, &f));
    EXPECT_EQ(-EINVAL, timerfd_make_file(LX_CLOCK_PROCESS_CPUTIME_ID, 0, &f));
    EXPECT_TRUE(timerfd_is_alarm(LX_CLOCK_BOOTTIME_ALARM));
    EXPECT_FALSE(timerfd_is_alarm(LX_CLOCK_BOOTTIME));
    for (int32_t clock : {LX_CLOCK_REALTIME, LX_CLOCK_MONOTONIC,
                          LX_CLOCK_BOOTTIME, LX_CLOCK_REALTIME_ALARM}) {
        Timer t(clock);

        EXPECT_TRUE(timerfd_is_timer(t.f));
        t.Set(2 * kMs, 0);
        t.Await();
        EXPECT_EQ(1, t.Ticks());
        EXPECT_EQ(-EAGAIN, t.Ticks());
    }
}

TEST(Timerfd, CountsIntervalsWhenRead)
{
    Timer t;

    EXPECT_EQ(-EAGAIN, t.Ticks());
    EXPECT_EQ(0u, t.Left().value_ns);
    t.Set(kMs, kMs);
    EXPECT_LE(t.Left().value_ns, kMs);
    kthread::Sleep(5 * kMs);
    t.Await();
    EXPECT_EQ(LX_POLLIN, file_poll(t.f));
    EXPECT_GT(t.Left().value_ns, 0u);
    EXPECT_GE(t.Ticks(), 4);
    t.Await();
    EXPECT_GE(t.Ticks(), 1);
    t.Set(0, kMs);
    EXPECT_EQ(0u, t.Left().value_ns);
    EXPECT_EQ(0u, file_poll(t.f));
    EXPECT_EQ("!22", files::Get(t.f, 7));
}

TEST(Timerfd, FollowsTheWallClock)
{
    Timer plain(LX_CLOCK_REALTIME), cancelled(LX_CLOCK_REALTIME);
    Timer relative(LX_CLOCK_REALTIME);
    uint64_t hour = UINT64_C(3600) * NS_PER_SECOND, now = clock_wall_ns();

    plain.Set(now + hour, 0, true);
    cancelled.Set(now + hour, 0, true, true);
    relative.Set(hour, 0);
    clock_set_wall(now + 2 * hour);
    plain.Await();
    EXPECT_EQ(1, plain.Ticks());
    EXPECT_EQ(-ECANCELED, cancelled.Ticks());
    EXPECT_EQ(0u, file_poll(relative.f));
    clock_set_wall(clock_wall_ns() - 2 * hour);
}

TEST(Timerfd, NoMemory)
{
    harness::sweep_allocations([] {
        file *f;
        int error = timerfd_make_file(LX_CLOCK_REALTIME, 0, &f);

        if (error == 0)
            file_put(f);
        rcu_barrier();
        return error;
    });
}

} // namespace
