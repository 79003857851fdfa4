// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/realtime_test.cc - core/sched/balance.c: on all CPUs
// together the real-time threads of the highest priorities run (sched(7)). On
// four CPUs, of which the test itself has the first.
#include <memory>
#include <vector>

#include "tests/core/sched/hog.h"

using kthread::Await;
using kthread::bit;
using kthread::Hog;
using kthread::kMs;
using kthread::SetClass;
using kthread::Sleep;

namespace {

constexpr uint64_t kAll = 0xe; // CPUs of the hogs

class RealtimeSmp : public testing::Test {
protected:
    void SetUp() override
    {
        if (hal_cpu_count() < 4)
            GTEST_SKIP() << "on four CPUs";
    }
    void TearDown() override
    {
        for (auto &hog : hogs_)
            hog->Stop();
        hogs_.clear();
    }
    // A hog that begins with its class.
    Hog &Start(uint64_t affinity, unsigned priority,
               enum thread_policy policy = THREAD_FIFO)
    {
        hogs_.push_back(std::make_unique<Hog>(affinity));
        if (priority > 0) {
            EXPECT_EQ(0, SetClass(hogs_.back()->thread(), policy, priority));
        }
        return *hogs_.back();
    }
    static void AwaitRunning(Hog &hog)
    {
        uint64_t before = hog.turns();

        Await([&] { return hog.turns() > before; });
    }
    static void AwaitOn(Hog &hog, unsigned cpu)
    {
        AwaitRunning(hog);
        Await([&] { return hog.cpu() == cpu; });
    }
    // Does it do nothing? Until it is so: another CPU may have to hear of it.
    static void AwaitStanding(Hog &hog)
    {
        Await([&] {
            uint64_t before = hog.turns();

            Sleep(3 * kMs);
            return hog.turns() == before;
        });
    }

    std::vector<std::unique_ptr<Hog>> hogs_;
};

// It waits behind its equal while others have nothing, or only fair threads,
// to run: but only its affinity kept it there.
TEST_F(RealtimeSmp, WhoWaitsGoesWhereItMay)
{
    Hog &hog = Start(bit(3), 10), &waiter = Start(bit(3), 10);

    AwaitOn(hog, 3);
    AwaitStanding(waiter);
    ASSERT_EQ(0, thread_set_affinity(waiter.thread(), bit(2) | bit(3)));
    AwaitOn(waiter, 2);
    ASSERT_EQ(0, thread_set_affinity(waiter.thread(), bit(3)));
    AwaitStanding(waiter);
    Hog &fair = Start(bit(1), 0);
    AwaitOn(fair, 1);
    ASSERT_EQ(0, thread_set_affinity(waiter.thread(), bit(1) | bit(3)));
    AwaitOn(waiter, 1);
    AwaitStanding(fair);
}

TEST_F(RealtimeSmp, WhoIsPreemptedGoesElsewhere)
{
    Hog &low = Start(bit(3), 10), &fair = Start(bit(2), 0);

    AwaitOn(low, 3);
    AwaitOn(fair, 2);
    ASSERT_EQ(0, thread_set_affinity(low.thread(), bit(2) | bit(3)));
    Hog &high = Start(bit(3), 20);
    AwaitOn(high, 3);
    AwaitOn(low, 2);
    AwaitStanding(fair);
}

// As many as there are CPUs, of all that may run.
TEST_F(RealtimeSmp, TheHighestRun)
{
    std::vector<Hog *> hogs;

    for (unsigned priority = 1; priority <= 6; priority++)
        hogs.push_back(&Start(kAll, priority,
                              priority % 2 == 0 ? THREAD_FIFO : THREAD_RR));
    for (unsigned i = 3; i < 6; i++)
        AwaitRunning(*hogs[i]);
    for (unsigned i = 0; i < 3; i++)
        AwaitStanding(*hogs[i]);
    // The lowest becomes the highest, and back.
    ASSERT_EQ(0, SetClass(hogs[0]->thread(), THREAD_FIFO, 50));
    AwaitRunning(*hogs[0]);
    AwaitStanding(*hogs[3]);
    ASSERT_EQ(0, SetClass(hogs[0]->thread(), THREAD_FIFO, 1));
    AwaitRunning(*hogs[3]);
    AwaitStanding(*hogs[0]);
}

// A CPU that runs less than before takes who waits elsewhere.
TEST_F(RealtimeSmp, WhoeverGivesWay)
{
    Hog &one = Start(bit(1), 20), &other = Start(bit(2), 20);
    Hog &last = Start(bit(3), 20);

    AwaitRunning(one);
    AwaitRunning(other);
    AwaitRunning(last);
    Hog &waiter = Start(kAll, 10);
    AwaitStanding(waiter);
    ASSERT_EQ(0, SetClass(other.thread(), THREAD_NORMAL, 0)); // is fair now
    AwaitOn(waiter, 2);
    AwaitStanding(other);
    ASSERT_EQ(0, SetClass(other.thread(), THREAD_FIFO, 20));
    AwaitStanding(waiter);
    hogs_.erase(hogs_.begin()); // its CPU has nothing to do
    AwaitOn(waiter, 1);
    AwaitRunning(other);
    AwaitRunning(last);
}

// Each that wakes finds a CPU while there is one that runs less.
TEST_F(RealtimeSmp, WhoWakesGoesToTheLowest)
{
    for (unsigned cpu = 1; cpu <= 3; cpu++)
        AwaitRunning(Start(bit(cpu), 0));
    Hog *realtime[3];
    for (auto &one : realtime)
        one = &Start(kAll, 10);
    for (auto *one : realtime)
        AwaitRunning(*one);
    for (unsigned i = 0; i < 3; i++)
        AwaitStanding(*hogs_[i]);
    Hog &fourth = Start(kAll, 10);
    AwaitStanding(fourth); // FIFO: behind its equals
}

} // namespace
