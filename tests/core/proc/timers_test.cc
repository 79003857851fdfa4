// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/timers_test.cc - core/proc/timers.h and clock.h.
#include "core/abi/time.h"
#include "core/base/fault.h"
#include "core/id/limits.h"
#include "core/proc/clock.h"
#include "core/proc/timers.h"
#include "core/sync/percpu.h"
#include "tests/core/proc/process_fixture.h"

namespace {

constexpr signal_set kAll = ~signal_set{0};

class TimersTest : public ProcessTest {
protected:
    void SetUp() override
    {
        ProcessTest::SetUp();
        child_ = std::make_unique<Member>(init());
        child_->Do([] { signal_set_mask(task_current(), kAll); });
    }
    void TearDown() override
    {
        child_.reset();
        ProcessTest::TearDown();
    }
    struct process *process() { return child_->process(); }
    struct task *task() { return child_->task(); }
    // The child waits for a signal of set: its number.
    int Take(signal_set set, struct lx_siginfo *out, uint64_t ns = 20000 * kMs)
    {
        int result = 0;

        child_->Do([&] {
            result =
                signal_wait(task_current(), set, hal_clock_now() + ns, out);
        });
        return result;
    }
    int32_t Create(int32_t clock, int notify = LX_SIGEV_SIGNAL, int number = 40,
                   int tid = 0)
    {
        struct lx_sigevent event = {};
        int32_t id = -1;

        event.sigev_value = 77;
        event.sigev_signo = number;
        event.sigev_notify = notify;
        event.sigev_tid = tid;
        int error = timers_create(task(), clock, &event, &id);

        return error != 0 ? error : id;
    }
    int Set(int32_t id, uint64_t value, uint64_t interval = 0,
            bool is_absolute = false)
    {
        struct timer_setting setting = {value, interval, is_absolute};

        return timers_set(process(), id, &setting, nullptr);
    }

    std::unique_ptr<Member> child_;
};

TEST_F(TimersTest, IntervalTimers)
{
    struct timer_setting setting = {5 * kMs, 0, false}, old;
    struct lx_siginfo info;
    uint64_t start = hal_clock_now();

    EXPECT_EQ(-EINVAL, timers_change_interval(process(), -1, nullptr, nullptr));
    EXPECT_EQ(-EINVAL, timers_change_interval(process(), 3, nullptr, nullptr));
    EXPECT_EQ(0,
              timers_change_interval(process(), LX_ITIMER_REAL, nullptr, &old));
    EXPECT_EQ(0u, old.value_ns);
    EXPECT_EQ(0, timers_change_interval(process(), LX_ITIMER_REAL, &setting,
                                        nullptr));
    EXPECT_EQ(LX_SIGALRM, Take(kAll, &info));
    EXPECT_GE(hal_clock_now(), start + 5 * kMs);
    setting = {3600000 * kMs, 7 * kMs, false};
    EXPECT_EQ(
        0, timers_change_interval(process(), LX_ITIMER_REAL, &setting, &old));
    EXPECT_EQ(0u, old.value_ns); // it has gone off
    setting = {0, 0, false};
    EXPECT_EQ(
        0, timers_change_interval(process(), LX_ITIMER_REAL, &setting, &old));
    EXPECT_GT(old.value_ns, 3500000 * kMs);
    EXPECT_LE(old.value_ns, 3600000 * kMs);
    EXPECT_EQ(7 * kMs, old.interval_ns);
    EXPECT_EQ(-EAGAIN, Take(kAll, &info, 10 * kMs));
}

// Their clock stands still while the process sleeps.
// What a kernel thread uses is system time, which one of the two counts.
TEST_F(TimersTest, TimersOfTimeUsed)
{
    static const struct {
        int which, result;
        uint64_t limit_ns;
    } cases[] = {{LX_ITIMER_VIRTUAL, -EAGAIN, 20 * kMs},
                 {LX_ITIMER_PROF, LX_SIGPROF, 20000 * kMs}};
    struct timer_setting setting = {4 * kMs, 0, false};

    for (const auto &c : cases) {
        struct lx_siginfo info;
        int result = 0;
        bool stood = false;

        // A host that takes the CPU from the virtual one adds to the clock: an
        // attempt that went off shows only that so much had been used.
        for (int attempt = 0; attempt < 50 && !stood; attempt++) {
            uint64_t before = clock_process_ns(process());

            EXPECT_EQ(0, timers_change_interval(process(), c.which, &setting,
                                                nullptr));
            stood = Take(kAll, &info, 12 * kMs) == -EAGAIN;
            if (!stood) {
                EXPECT_GE(clock_process_ns(process()), before + 4 * kMs);
            }
        }
        EXPECT_TRUE(stood);
        child_->Do([&] {
            uint64_t end = hal_clock_now() + c.limit_ns;

            while (signal_pending_set(task_current()) == 0 &&
                   hal_clock_now() < end) {
                cpu_pin();
                hal_cpu_relax();
                cpu_unpin();
            }
            result = signal_wait(task_current(), kAll, 0, &info);
        });
        EXPECT_EQ(c.result, result);
    }
}

TEST_F(TimersTest, CreatedOnes)
{
    struct lx_siginfo info;
    int32_t id = Create(LX_CLOCK_MONOTONIC), other, plain = -1;
    struct timer_setting old;

    ASSERT_GE(id, 0);
    EXPECT_EQ(0, timers_set(process(), id, nullptr, &old));
    EXPECT_EQ(0u, old.value_ns);
    EXPECT_EQ(0, Set(id, 2 * kMs));
    EXPECT_EQ(40, Take(kAll, &info));
    EXPECT_EQ(LX_SI_TIMER, info.si_code);
    EXPECT_EQ(id, info.of.timer.id);
    EXPECT_EQ(77u, info.of.timer.value);
    EXPECT_EQ(0, info.of.timer.overrun);
    EXPECT_EQ(0, timers_overrun(process(), id));
    other = Create(LX_CLOCK_REALTIME);
    EXPECT_NE(id, other);
    EXPECT_EQ(0, Set(other, clock_wall_ns() + 2 * kMs, 0, true));
    EXPECT_EQ(40, Take(kAll, &info));
    EXPECT_EQ(other, info.of.timer.id);
    EXPECT_EQ(0, timers_create(task(), LX_CLOCK_BOOTTIME, nullptr, &plain));
    EXPECT_EQ(0, Set(plain, 1));
    EXPECT_EQ(LX_SIGALRM, Take(kAll, &info));
    EXPECT_EQ(static_cast<uint64_t>(plain), info.of.timer.value);
    for (int32_t gone : {id, other, plain}) {
        EXPECT_EQ(0, timers_delete(process(), gone));
        EXPECT_EQ(-EINVAL, timers_delete(process(), gone));
        EXPECT_EQ(-EINVAL, Set(gone, 1));
        EXPECT_EQ(-EINVAL, timers_overrun(process(), gone));
    }
}

// Expiries while the signal is pending are overruns, not more signals.
TEST_F(TimersTest, Overruns)
{
    struct lx_siginfo info;
    int32_t id = Create(LX_CLOCK_MONOTONIC);
    struct timer_setting setting = {0, 0, false};

    EXPECT_EQ(0, Set(id, kMs, kMs));
    kthread::Sleep(30 * kMs);
    ASSERT_EQ(40, Take(kAll, &info));
    EXPECT_GE(info.of.timer.overrun, 10);
    EXPECT_EQ(info.of.timer.overrun, timers_overrun(process(), id));
    ASSERT_EQ(40, Take(kAll, &info)); // and goes on
    EXPECT_EQ(0, timers_set(process(), id, &setting, nullptr));
    EXPECT_EQ(-EAGAIN, Take(kAll, &info, 5 * kMs)); // disarmed: none pending
}

TEST_F(TimersTest, ErrorsAndBounds)
{
    struct lx_rlimit64 limit = {2, LX_RLIM_INFINITY};
    Member stranger(init());

    EXPECT_EQ(-EINVAL, Set(0, 1)); // none was ever made
    EXPECT_EQ(-EINVAL, timers_overrun(process(), 0));
    EXPECT_EQ(-EINVAL, timers_delete(process(), 0));
    EXPECT_EQ(-EINVAL, Create(99));
    EXPECT_EQ(-EINVAL, Create(LX_CLOCK_MONOTONIC, 3));
    EXPECT_EQ(-EINVAL, Create(LX_CLOCK_MONOTONIC, LX_SIGEV_SIGNAL, 0));
    EXPECT_EQ(-EINVAL, Create(LX_CLOCK_MONOTONIC, LX_SIGEV_SIGNAL, 65));
    EXPECT_EQ(-EINVAL,
              Create(LX_CLOCK_MONOTONIC, LX_SIGEV_THREAD_ID, 40, 30000));
    EXPECT_EQ(-EINVAL, Create(LX_CLOCK_MONOTONIC, LX_SIGEV_THREAD_ID, 40,
                              stranger.number()));
    EXPECT_EQ(0, limits_change(&process()->limits, LX_RLIMIT_SIGPENDING, &limit,
                               true, nullptr));
    EXPECT_GE(Create(LX_CLOCK_MONOTONIC), 0);
    EXPECT_GE(Create(LX_CLOCK_MONOTONIC), 0);
    EXPECT_EQ(-EAGAIN, Create(LX_CLOCK_MONOTONIC));
}

TEST_F(TimersTest, ToOneThreadOrToNobody)
{
    struct lx_siginfo info;
    Member other(task(), true);
    int32_t id =
        Create(LX_CLOCK_MONOTONIC, LX_SIGEV_THREAD_ID, 40, other.number());
    int32_t none = Create(LX_CLOCK_MONOTONIC, LX_SIGEV_NONE);
    struct timer_setting left;

    other.Do([] { signal_set_mask(task_current(), kAll); });
    EXPECT_EQ(0, Set(id, kMs));
    Await([&] { return signal_pending_set(other.task()) != 0; });
    EXPECT_EQ(0u, signal_pending_set(task()));
    EXPECT_EQ(0, Set(none, kMs));
    EXPECT_EQ(-EAGAIN, Take(kAll, &info, 5 * kMs));
    EXPECT_EQ(0, timers_set(process(), none, nullptr, &left));
    EXPECT_EQ(0u, left.value_ns);
    EXPECT_EQ(0, Set(id, kMs)); // its thread is gone when it goes off
}

TEST_F(TimersTest, GoneAtExec)
{
    struct timer_setting setting = {3600000 * kMs, 0, false}, old;
    int32_t id = Create(LX_CLOCK_MONOTONIC);

    EXPECT_EQ(0, Set(id, 3600000 * kMs));
    EXPECT_EQ(0, timers_change_interval(process(), LX_ITIMER_REAL, &setting,
                                        nullptr));
    timers_exec(process());
    EXPECT_EQ(-EINVAL, timers_overrun(process(), id));
    EXPECT_EQ(0, timers_change_interval(process(), LX_ITIMER_REAL, nullptr,
                                        &old)); // alarm(2) survives
    EXPECT_GT(old.value_ns, 0u);
}

TEST_F(TimersTest, WithoutMemory)
{
    for (int k = 1; k <= 2; k++) { // none is there yet
        fault_plan_nth(FAULT_ANY, 1);
        int error = k == 1 ? timers_change_interval(process(), LX_ITIMER_REAL,
                                                    nullptr, nullptr)
                           : Create(LX_CLOCK_MONOTONIC);
        fault_plan_nth(FAULT_ANY, 0);
        EXPECT_EQ(-ENOMEM, error);
        EXPECT_EQ(-EINVAL, timers_delete(process(), 0));
    }
    EXPECT_EQ(
        0, timers_change_interval(process(), LX_ITIMER_REAL, nullptr, nullptr));
    EXPECT_GE(harness::sweep_allocations([&] {
                  int32_t id = Create(LX_CLOCK_MONOTONIC);

                  return id < 0 ? id : timers_delete(process(), id);
              }),
              1u);
}

// Armed, read, moved and deleted while they go off, on all CPUs.
TEST_F(TimersTest, Storm)
{
    uint64_t rounds = harness::steps(400);
    std::vector<std::unique_ptr<kthread::Kthread>> threads;

    for (unsigned n = 0; n < 4; n++)
        threads.push_back(std::make_unique<kthread::Kthread>([&, n] {
            harness::Random random(n);

            for (uint64_t i = 0; i < rounds; i++) {
                int32_t id = Create(LX_CLOCK_MONOTONIC);

                EXPECT_GE(id, 0);
                for (unsigned turn = 0; turn < 4; turn++)
                    EXPECT_EQ(0, Set(id, 1 + random.below(kMs / 10),
                                     random.below(2) * kMs / 20));
                if (random.below(4) == 0)
                    kthread::Sleep(kMs / 10);
                EXPECT_EQ(0, timers_delete(process(), id));
            }
        }));
    threads.clear();
}

// --- clocks

class ClockTest : public TimersTest {};

TEST_F(ClockTest, Reads)
{
    static const int32_t monotonic[] = {
        LX_CLOCK_MONOTONIC, LX_CLOCK_MONOTONIC_RAW, LX_CLOCK_MONOTONIC_COARSE,
        LX_CLOCK_BOOTTIME, LX_CLOCK_BOOTTIME_ALARM};
    static const int32_t wall[] = {LX_CLOCK_REALTIME, LX_CLOCK_REALTIME_COARSE,
                                   LX_CLOCK_REALTIME_ALARM, LX_CLOCK_TAI};
    uint64_t before = hal_clock_now(), wall_before = clock_wall_ns(), ns;

    for (int32_t clock : monotonic) {
        EXPECT_EQ(0, clock_read(init(), clock, &ns));
        EXPECT_GE(ns, before);
        EXPECT_LE(ns, hal_clock_now());
        EXPECT_FALSE(clock_is_wall(clock));
        EXPECT_FALSE(clock_is_cpu(clock));
        EXPECT_EQ(ns, clock_deadline(clock, ns));
    }
    for (int32_t clock : wall) {
        EXPECT_EQ(0, clock_read(init(), clock, &ns));
        EXPECT_GE(ns, wall_before);
        EXPECT_TRUE(clock_is_wall(clock));
        EXPECT_FALSE(clock_is_cpu(clock));
    }
    for (int32_t clock : {10, 12, 1000})
        EXPECT_EQ(-EINVAL, clock_read(init(), clock, &ns));
}

// The bits of clock_getcpuclockid(3): ~number << 3, 4 for a thread, 2 for time
// used in all.
TEST_F(ClockTest, OfProcessesAndThreads)
{
    Member thread(task(), true);
    uint64_t own, all, ns;
    auto of_process = [](int number) { return ~number * 8 + 2; };
    auto of_thread = [](int number) { return ~number * 8 + 6; };

    child_->Do([&] {
        struct task *self = task_current();

        EXPECT_EQ(0, clock_read(self, LX_CLOCK_THREAD_CPUTIME_ID, &own));
        EXPECT_EQ(0, clock_read(self, LX_CLOCK_PROCESS_CPUTIME_ID, &all));
        EXPECT_GT(own, 0u);
        EXPECT_GE(all, own);
        EXPECT_EQ(0, clock_read(self, of_thread(thread.number()), &ns));
        EXPECT_EQ(0, clock_read(self, of_process(0), &ns));
        EXPECT_GE(ns, all);
        EXPECT_EQ(-EINVAL, clock_read(self, of_process(30000), &ns));
        EXPECT_EQ(-EINVAL, clock_read(self, of_thread(30000), &ns));
        EXPECT_EQ(-EINVAL, clock_read(self, of_thread(1), &ns)); // not ours
        EXPECT_EQ(-EINVAL, clock_read(self, -8 + 3, &ns));       // a file's
    });
    EXPECT_EQ(0, clock_read(init(), of_process(child_->number()), &ns));
    EXPECT_GE(ns, all);
    EXPECT_TRUE(clock_is_cpu(LX_CLOCK_PROCESS_CPUTIME_ID));
    EXPECT_TRUE(clock_is_cpu(of_thread(1)));
}

TEST_F(ClockTest, DeadlinesOfTheWallClock)
{
    uint64_t now = hal_clock_now(), wall = clock_wall_ns(), at;

    at = clock_deadline(LX_CLOCK_REALTIME, wall + 1000 * kMs);
    EXPECT_GE(at, now + 900 * kMs);
    EXPECT_LE(at, hal_clock_now() + 1000 * kMs);
    at = clock_deadline(LX_CLOCK_REALTIME, 5);
    EXPECT_GE(at, now);
    EXPECT_LE(at, hal_clock_now());
    EXPECT_GT(clock_deadline(LX_CLOCK_REALTIME, UINT64_MAX), UINT64_MAX / 2);
}

// Who sleeps until a time of the wall clock wakes when it is moved there.
TEST_F(ClockTest, SettingTheWallClockWakesSleepers)
{
    uint64_t wall = clock_wall_ns(), start = hal_clock_now();
    uint64_t day = 86400000 * kMs;
    bool slept = false;
    kthread::Kthread sleeper([&] {
        EXPECT_EQ(0, clock_sleep_until_wall(wall + day / 2));
        kthread::Store(slept, true);
    });

    kthread::Sleep(5 * kMs);
    EXPECT_FALSE(kthread::Load(slept));
    clock_set_wall(wall - day); // further away now
    kthread::Sleep(5 * kMs);
    EXPECT_FALSE(kthread::Load(slept));
    clock_set_wall(wall + day);
    sleeper.Join();
    EXPECT_GE(clock_wall_ns(), wall + day);
    clock_set_wall(wall + (hal_clock_now() - start));
    kthread::Kthread interrupted(
        [&] { EXPECT_EQ(-EINTR, clock_sleep_until_wall(wall + day)); });
    thread_set_work(interrupted.thread(), THREAD_WORK_SIGNAL);
}

} // namespace
