// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/load_test.cc - core/sched/load.h and core/sched/usage.h. Run
// with one CPU and with four.
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/sched/load.h"
#include "core/sched/usage.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

namespace {

using kthread::kMs;
using kthread::Kthread;
using kthread::Load;
using kthread::Pause;
using kthread::Store;

constexpr uint64_t kForever = 1 << 20;

double Shown(const load_averages &averages, unsigned which)
{
    return static_cast<double>(load_shown(&averages, which)) /
           (1 << LOAD_SHIFT);
}

// Whatever the host does meanwhile.
template <class Condition> void Await(Condition condition)
{
    uint64_t end = hal_clock_now() + 20000 * kMs;
    bool holds = condition(); // it may for a moment only

    while (!holds && hal_clock_now() < end) {
        Pause();
        holds = condition();
    }
    EXPECT_TRUE(holds);
}

cpu_usage Usage(unsigned cpu)
{
    cpu_usage usage;

    cpu_usage_get(cpu, &usage);
    return usage;
}

TEST(LoadAverages, AreExponential)
{
    static const double minutes[] = {1, 5, 15};
    load_averages averages = {};

    for (unsigned samples = 1; samples <= 360; samples++) {
        load_advance(&averages, 3, 1);
        for (unsigned i = 0; i < LOAD_COUNT; i++) {
            double want = 3 * (1 - std::exp(-5.0 / 60 * samples / minutes[i]));
            EXPECT_NEAR(want, Shown(averages, i), 0.001) << samples;
        }
    }
}

TEST(LoadAverages, ComeToWhatIsThereAndBack)
{
    load_averages averages = {};

    load_advance(&averages, 1000, kForever);
    for (unsigned i = 0; i < LOAD_COUNT; i++)
        EXPECT_NEAR(1000, Shown(averages, i), 0.001);
    load_advance(&averages, 0, kForever);
    for (unsigned i = 0; i < LOAD_COUNT; i++)
        EXPECT_EQ(0u, load_shown(&averages, i));
}

// What is made up for is what would have been sampled.
TEST(LoadAverages, ManyAtOnceAreManyOneByOne)
{
    load_averages at_once = {}, one_by_one = {};

    load_advance(&at_once, 7, 20);
    load_advance(&at_once, 2, 6000);
    load_advance(&one_by_one, 7, 20);
    for (int i = 0; i < 6000; i++)
        load_advance(&one_by_one, 2, 1);
    for (unsigned i = 0; i < LOAD_COUNT; i++)
        EXPECT_EQ(one_by_one.value[i], at_once.value[i]);
}

TEST(LoadAverages, TheLargestMachineFits)
{
    load_averages averages = {};

    load_advance(&averages, 32768, kForever);
    for (unsigned i = 0; i < LOAD_COUNT; i++)
        EXPECT_NEAR(32768, Shown(averages, i), 0.001);
}

TEST(LoadRunning, CountsWhoWantsToRun)
{
    bool ends = false;

    EXPECT_GE(load_running(), 1u);
    {
        Kthread a([&] {
            while (!Load(ends))
                thread_yield();
        });
        Kthread b([&] {
            while (!Load(ends))
                thread_yield();
        });

        Await([] { return load_running() >= 3; });
        Store(ends, true);
    }
}

TEST(UsageOfCpus, SwitchesAndTimeGrow)
{
    cpu_usage before = Usage(0), after;

    Await([&] { return Usage(0).switches >= before.switches + 10; });
    Await([&] { return Usage(0).idle_ns > before.idle_ns; });
    Await([&] {
        uint64_t end = hal_clock_now() + kMs / 10;

        while (hal_clock_now() < end)
            ;
        return Usage(0).system_ns > before.system_ns + kMs;
    });
    after = Usage(0);
    EXPECT_EQ(before.user_ns, after.user_ns); // nobody had user code
    EXPECT_EQ(before.nice_ns, after.nice_ns);
    EXPECT_GT(cpu_timer_count(0), 0u);
}

TEST(UsageOfCpus, NoCpuNoUsage)
{
    cpu_usage none = Usage(HAL_CPUS_MAX - 1);

    EXPECT_EQ(0u, none.idle_ns + none.system_ns + none.switches);
}

TEST(UsageOfThreads, WhatTheyDo)
{
    bool ends = false;
    Kthread thread([&] {
        while (!Load(ends))
            kthread::Sleep(50 * kMs);
    });

    EXPECT_EQ(THREAD_RUNS, thread_activity(thread_current()));
    // A kernel thread that waits for work is no load.
    Await([&] { return thread_activity(thread.thread()) == THREAD_SLEEPS; });
    Store(ends, true);
}

// All is read while all of it changes; nothing ever falls.
TEST(UsageSmp, ReadWhileItChanges)
{
    uint64_t steps = harness::steps(300);
    std::vector<std::unique_ptr<Kthread>> threads;

    for (unsigned i = 0; i < 4; i++)
        threads.push_back(std::make_unique<Kthread>(
            [steps, i] {
                for (uint64_t n = 0; n < steps; n++) {
                    uint64_t averages[LOAD_COUNT];
                    unsigned cpu = static_cast<unsigned>(n + i) % 4;
                    cpu_usage before = Usage(cpu);

                    if (n % 2 == 0)
                        Pause();
                    load_get(averages);
                    (void)load_running();
                    cpu_usage after = Usage(cpu);
                    EXPECT_GE(after.switches, before.switches);
                    EXPECT_GE(after.system_ns, before.system_ns);
                    EXPECT_GE(after.idle_ns, before.idle_ns);
                }
            },
            UINT64_MAX));
}

} // namespace
