// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/limit_watch_test.cc - core/proc/limit_watch.h. Run with one
// CPU and with four.
#include <algorithm>

#include "core/proc/clock.h"
#include "core/proc/limit_watch.h"
#include "core/sched/usage.h"
#include "core/sync/percpu.h"
#include "tests/core/proc/process_fixture.h"

namespace {

constexpr uint64_t kUs = 1000;
constexpr signal_set kAll = ~signal_set{0};

class LimitWatchTest : public ProcessTest {
protected:
    static void Limit(struct process *process, unsigned resource, uint64_t soft,
                      uint64_t hard = LX_RLIM_INFINITY)
    {
        struct lx_rlimit64 limit = {soft, hard};

        EXPECT_EQ(0, limits_change(&process->limits, resource, &limit, true,
                                   nullptr));
        limit_watch_start(process);
    }
    static uint64_t Soft(Member &member, unsigned resource)
    {
        return limits_current(&member.process()->limits, resource);
    }
    // Soft limits go up by a second at each signal, which is no earlier than
    // used has got there; us is the first, in us.
    static void ExpectRaised(uint64_t us, uint64_t soft, uint64_t used_ns)
    {
        EXPECT_LE(us + 1000000, soft);
        EXPECT_EQ(us % 1000000, soft % 1000000);
        EXPECT_GE(used_ns / kUs + 1000000, soft);
    }
    // Uses its CPU until a signal has come or so much was used; how much was.
    static uint64_t Burn(uint64_t most_ns)
    {
        struct thread *self = thread_current();
        uint64_t begun = thread_run_ns(self), used = 0;

        signal_set_mask(task_current(), kAll);
        while (used < most_ns && signal_pending_set(task_current()) == 0 &&
               !signal_is_pending(task_current())) {
            cpu_pin();
            hal_cpu_relax();
            cpu_unpin();
            used = thread_run_ns(self) - begun;
        }
        return used;
    }
    static void BecomeRealTime()
    {
        struct thread_params params = {THREAD_FIFO, 0, 10};

        EXPECT_EQ(0, thread_set_params(thread_current(), &params));
    }
};

TEST_F(LimitWatchTest, WithoutLimitsNothingHappens)
{
    Member child(init());

    limit_watch_start(child.process());
    child.Do([] {
        BecomeRealTime();
        EXPECT_LE(20 * kMs, Burn(20 * kMs));
    });
    EXPECT_EQ(0u, signal_pending_set(child.task()));
}

TEST_F(LimitWatchTest, RealTimeWithoutARest)
{
    Member child(init());
    uint64_t used = 0, burst = 0, soft = 0;

    child.Do([&] {
        BecomeRealTime();
        Limit(task_current()->process, LX_RLIMIT_RTTIME, 5000);
        used = Burn(20000 * kMs);
        soft = Soft(child, LX_RLIMIT_RTTIME);
        burst = thread_burst_ns(thread_current()); // with what it ran before
    });
    EXPECT_EQ(signal_bit(LX_SIGXCPU), signal_pending_set(child.task()));
    EXPECT_LE(5000 * kUs, burst);
    EXPECT_GT(20000 * kMs, used);
    ExpectRaised(5000, soft, burst);
}

// More than the limit in all, but never without a rest. Where the host kept the
// CPU so long that it was, an attempt shows nothing, and the next has more
// time.
TEST_F(LimitWatchTest, WhoRestsInBetweenIsLeftAlone)
{
    bool was_left_alone = false;

    for (uint64_t limit = 20 * kMs; limit <= 2560 * kMs && !was_left_alone;
         limit *= 2) {
        Member child(init());
        uint64_t longest = 0;
        signal_set pending = 0;

        child.Do([&] {
            struct thread *self = thread_current();
            uint64_t at = thread_run_ns(self), last = 0, total = 0;

            kthread::Sleep(kMs);
            BecomeRealTime();
            Limit(task_current()->process, LX_RLIMIT_RTTIME, limit / kUs);
            while (total <= limit && pending == 0) {
                total += Burn(4 * kMs);
                kthread::Sleep(kMs);
                pending = signal_pending_set(task_current());
                // It began after the rest before last.
                uint64_t now = thread_run_ns(self);
                longest = std::max(longest, last + now - at);
                last = now - at;
                at = now;
            }
        });
        if (longest >= limit)
            continue;
        was_left_alone = true;
        EXPECT_EQ(0u, pending);
    }
    EXPECT_TRUE(was_left_alone);
}

TEST_F(LimitWatchTest, FairThreadsHaveNoSuchLimit)
{
    Member child(init());

    Limit(child.process(), LX_RLIMIT_RTTIME, 1000, 2000);
    child.Do([] { EXPECT_LE(30 * kMs, Burn(30 * kMs)); });
    EXPECT_EQ(0u, signal_pending_set(child.task()));
}

TEST_F(LimitWatchTest, TheHardLimitKills)
{
    struct wait_result result;
    Member child(init(), false, LX_SIGCHLD, [] {
        Limit(task_current()->process, LX_RLIMIT_RTTIME, 5000, 5000);
        BecomeRealTime();
        (void)Burn(10000 * kMs);
        signal_deliver(task_current());
        return task_exit_status(task_current());
    });

    EXPECT_EQ(1, Wait(&result));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), result.word);
}

// Of all threads together; a limit of 0 is one second.
TEST_F(LimitWatchTest, CpuTimeOfAllThreads)
{
    Member child(init()), thread(child.task(), true);
    uint64_t used, soft;

    thread.Do([] { signal_set_mask(task_current(), kAll); });
    child.Do([] { signal_set_mask(task_current(), kAll); });
    Limit(child.process(), LX_RLIMIT_CPU, 0);
    kthread::Kthread other([&] { thread.Do([] { (void)Burn(20000 * kMs); }); });
    child.Do([] { (void)Burn(20000 * kMs); });
    other.Join();
    soft = Soft(child, LX_RLIMIT_CPU);
    used = clock_process_ns(child.process());
    EXPECT_EQ(signal_bit(LX_SIGXCPU), signal_pending_set(child.task()));
    EXPECT_LE(1000 * kMs, used);
    EXPECT_GT(20000 * kMs, used);
    ExpectRaised(1000000, soft * 1000000, used);
}

// Set and lifted from all sides while it runs; then it still works.
TEST_F(LimitWatchTest, StormOfLimits)
{
    Member child(init());
    uint64_t rounds = harness::steps(200);

    {
        std::vector<std::unique_ptr<kthread::Kthread>> setters;

        for (unsigned n = 0; n < 3; n++)
            setters.push_back(std::make_unique<kthread::Kthread>([&, n] {
                harness::Random random(n);

                for (uint64_t i = 0; i < rounds; i++) {
                    Limit(child.process(), LX_RLIMIT_RTTIME,
                          random.below(2) == 0 ? LX_RLIM_INFINITY : 3600000000);
                    if (random.below(4) == 0)
                        kthread::Sleep(kMs);
                }
            }));
    }
    EXPECT_EQ(0u, signal_pending_set(child.task()));
    child.Do([&] {
        BecomeRealTime();
        Limit(task_current()->process, LX_RLIMIT_RTTIME, 3000);
        (void)Burn(5000 * kMs);
    });
    EXPECT_EQ(signal_bit(LX_SIGXCPU), signal_pending_set(child.task()));
}

} // namespace
