// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/waitq_test.cc - core/sched/waitq.h among threads of several
// CPUs. Run with one CPU and with four.
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/sched/timer.h"
#include "core/sched/waitq.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;
using kthread::Kthread;

namespace {

// A word that goes up, and who waits until it is high enough.
struct Counter {
    struct waitq q;
    uint64_t value = 0; // atomic

    Counter() { waitq_init(&q); }
    void Add()
    {
        __atomic_fetch_add(&value, 1, __ATOMIC_RELEASE);
        waitq_wake_all(&q);
    }
};

struct Goal {
    Counter *counter;
    uint64_t value;

    static bool IsReached(void *arg)
    {
        auto *self = static_cast<Goal *>(arg);

        return __atomic_load_n(&self->counter->value, __ATOMIC_ACQUIRE) >=
               self->value;
    }
};

int Wait(Counter &counter, uint64_t value, uint64_t deadline = WAIT_FOREVER)
{
    Goal goal = {&counter, value};

    return waitq_wait(&counter.q, Goal::IsReached, &goal, deadline);
}

uint64_t Cpu(unsigned n)
{
    return UINT64_C(1) << n % hal_cpu_count();
}

} // namespace

// Pairs throw a ball across CPUs; a wake-up that is lost ends the game.
TEST(WaitqSmp, NoWakeUpIsLost)
{
    constexpr unsigned kPairs = 4;
    uint64_t rounds = harness::steps(1000);
    Counter there[kPairs], back[kPairs];
    std::vector<std::unique_ptr<Kthread>> threads;

    for (unsigned pair = 0; pair < kPairs; pair++) {
        threads.push_back(std::make_unique<Kthread>(
            [&, pair] {
                for (uint64_t i = 1; i <= rounds; i++) {
                    there[pair].Add();
                    EXPECT_EQ(0, Wait(back[pair], i));
                }
            },
            Cpu(pair)));
        threads.push_back(std::make_unique<Kthread>(
            [&, pair] {
                for (uint64_t i = 1; i <= rounds; i++) {
                    EXPECT_EQ(0, Wait(there[pair], i));
                    back[pair].Add();
                }
            },
            Cpu(pair + 1)));
    }
}

// Deadlines and wakes race; a wait says which it was.
TEST(WaitqSmp, DeadlinesAndWakesRace)
{
    uint64_t rounds = harness::steps(800);
    Counter counter;
    std::vector<std::unique_ptr<Kthread>> threads;
    uint64_t late = 0, reached = 0;

    for (unsigned n = 0; n < 4; n++)
        threads.push_back(std::make_unique<Kthread>(
            [&, n] {
                harness::Random random(n);

                for (uint64_t i = 1; i <= rounds; i++) {
                    uint64_t deadline = hal_clock_now() + random.below(kMs / 5);
                    uint64_t now =
                        __atomic_load_n(&counter.value, __ATOMIC_ACQUIRE);
                    int result = Wait(counter, now + 1, deadline);

                    if (result == 0) {
                        EXPECT_GT(
                            __atomic_load_n(&counter.value, __ATOMIC_ACQUIRE),
                            now);
                        __atomic_fetch_add(&reached, 1, __ATOMIC_RELAXED);
                    } else {
                        EXPECT_EQ(-ETIMEDOUT, result);
                        EXPECT_GE(hal_clock_now(), deadline);
                        __atomic_fetch_add(&late, 1, __ATOMIC_RELAXED);
                    }
                    if (random.below(3) == 0)
                        counter.Add();
                }
            },
            Cpu(n)));
    threads.clear();
    EXPECT_EQ(4 * rounds, late + reached);
    EXPECT_GT(late, 0u);
    EXPECT_GT(reached, 0u);
}

// From interrupts of all CPUs.
TEST(WaitqSmp, WokenByInterrupts)
{
    uint64_t rounds = harness::steps(200);
    std::vector<std::unique_ptr<Kthread>> threads;

    for (unsigned n = 0; n < 4; n++)
        threads.push_back(std::make_unique<Kthread>(
            [&] {
                Counter counter;
                struct timer timer;

                timer_init(
                    &timer,
                    [](void *arg) { static_cast<Counter *>(arg)->Add(); },
                    &counter);
                for (uint64_t i = 1; i <= rounds; i++) {
                    timer_arm(&timer, hal_clock_now() + kMs / 20);
                    EXPECT_EQ(0, Wait(counter, i));
                }
                (void)timer_cancel(&timer);
            },
            Cpu(n)));
}

// Work that a wait heeds ends it wherever the thread sleeps.
TEST(WaitqSmp, WorkEndsTheWaitsThatHeedIt)
{
    Counter counter;
    Goal never = {&counter, UINT64_MAX};
    static const struct {
        int (*wait)(struct waitq *q, bool (*condition)(void *arg), void *arg,
                    uint64_t deadline_ns);
        unsigned work;
        int result;
    } cases[] = {
        {waitq_wait_killable, THREAD_WORK_EXIT, -EINTR},
        {waitq_wait_killable, THREAD_WORK_SIGNAL, -ETIMEDOUT},
        {waitq_wait_interruptible, THREAD_WORK_EXIT, -EINTR},
        {waitq_wait_interruptible, THREAD_WORK_SIGNAL, -EINTR},
        {waitq_wait, THREAD_WORK_EXIT, -ETIMEDOUT},
        {waitq_wait, THREAD_WORK_SIGNAL, -ETIMEDOUT},
    };

    for (const auto &c : cases)
        for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++) {
            int result = 1;
            uint64_t deadline =
                hal_clock_now() + (c.result == -EINTR ? 20000 : 10) * kMs;
            Kthread thread(
                [&] {
                    result =
                        c.wait(&counter.q, Goal::IsReached, &never, deadline);
                },
                Cpu(cpu));

            kthread::Sleep(kMs);
            thread_set_work(thread.thread(), c.work);
            thread.Join();
            EXPECT_EQ(c.result, result);
        }
}
