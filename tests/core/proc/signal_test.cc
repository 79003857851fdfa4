// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/signal_test.cc - core/proc/signal.h and signal_kill.h but for
// frames, which need user code. Run with one CPU and with four.
#include <deque>
#include <map>

#include "core/id/cred.h"
#include "core/id/limits.h"
#include "core/proc/group.h"
#include "core/proc/signal_kill.h"
#include "tests/core/proc/process_fixture.h"

namespace {

constexpr uint64_t kHandler = 0x400000; // never called here
constexpr signal_set kAll = ~signal_set{0};

class SignalTest : public ProcessTest {
protected:
    // A process that is no init, with this thread in it: signals reach it as
    // they would any.
    void SetUp() override
    {
        ProcessTest::SetUp();
        child_ = std::make_unique<Member>(init());
    }
    void TearDown() override
    {
        child_.reset();
        ProcessTest::TearDown();
    }
    struct process *process() { return child_->process(); }
    struct task *task() { return child_->task(); }
    // Of the child, by itself.
    void Block(signal_set set)
    {
        child_->Do([=] { signal_set_mask(task_current(), set); });
    }
    signal_set Pending() { return signal_pending_set(task()); }
    int SendInfo(unsigned number, uint64_t value)
    {
        struct lx_siginfo info = Info(number, LX_SI_QUEUE, value);

        return signal_send_process(process(), &info);
    }
    // What the child takes of set, now: its number or an error.
    int Take(signal_set set, struct lx_siginfo *out)
    {
        int result = 0;

        child_->Do([&] { result = signal_wait(task_current(), set, 0, out); });
        return result;
    }
    void LimitPending(uint64_t count)
    {
        struct lx_rlimit64 limit = {count, LX_RLIM_INFINITY};

        EXPECT_EQ(0, limits_change(&process()->limits, LX_RLIMIT_SIGPENDING,
                                   &limit, true, nullptr));
    }
    int Status()
    {
        struct wait_result result;

        EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, child_->number()));
        return result.word;
    }

    std::unique_ptr<Member> child_;
};

TEST_F(SignalTest, BlockedOnesArePending)
{
    struct lx_siginfo info;

    Block(kAll);
    EXPECT_EQ(0u, Pending());
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1)); // once
    EXPECT_EQ(0, Send(process(), LX_SIGTERM));
    EXPECT_EQ(signal_bit(LX_SIGUSR1) | signal_bit(LX_SIGTERM), Pending());
    EXPECT_EQ(LX_SIGUSR1, Take(kAll, &info));
    EXPECT_EQ(LX_SIGUSR1, info.si_signo);
    EXPECT_EQ(-EAGAIN, Take(signal_bit(LX_SIGUSR1), &info));
    EXPECT_EQ(LX_SIGTERM, Take(kAll, &info));
    EXPECT_EQ(-EAGAIN, Take(kAll, &info));
    EXPECT_EQ(0u, Pending());
}

TEST_F(SignalTest, RealTimeOnesAreQueuedInOrder)
{
    struct lx_siginfo info;

    Block(kAll);
    for (uint64_t value = 1; value <= 3; value++) {
        EXPECT_EQ(0, SendInfo(40, value));
        EXPECT_EQ(0, SendInfo(35, 10 * value));
    }
    for (uint64_t value = 1; value <= 3; value++) { // the lowest number first
        EXPECT_EQ(35, Take(kAll, &info));
        EXPECT_EQ(10 * value, info.of.from.value);
    }
    for (uint64_t value = 1; value <= 3; value++) {
        EXPECT_EQ(40, Take(kAll, &info));
        EXPECT_EQ(value, info.of.from.value);
    }
    EXPECT_EQ(-EAGAIN, Take(kAll, &info));
}

TEST_F(SignalTest, TheQueueIsBounded)
{
    struct lx_siginfo info;

    Block(kAll);
    LimitPending(2);
    EXPECT_EQ(0, SendInfo(40, 1));
    EXPECT_EQ(0, SendInfo(40, 2));
    EXPECT_EQ(-EAGAIN, SendInfo(40, 3));
    EXPECT_EQ(-EAGAIN, SendInfo(41, 3));
    EXPECT_EQ(0, Send(process(), 42));     // kill(2) always gets through
    EXPECT_EQ(0, SendInfo(LX_SIGUSR1, 4)); // and the standard ones
    EXPECT_EQ(LX_SIGUSR1, Take(kAll, &info));
    EXPECT_EQ(LX_SI_USER, info.si_code); // what it said is lost
    EXPECT_EQ(40, Take(kAll, &info));
    EXPECT_EQ(1u, info.of.from.value);
    EXPECT_EQ(0, SendInfo(41, 5));
    EXPECT_EQ(40, Take(kAll, &info));
    EXPECT_EQ(41, Take(kAll, &info));
    EXPECT_EQ(42, Take(kAll, &info));
}

TEST_F(SignalTest, WithoutMemory)
{
    Block(kAll);
    EXPECT_GE(harness::sweep_allocations([&] {
                  struct lx_siginfo info;
                  int error = SendInfo(40, 1);

                  if (error == 0) {
                      EXPECT_EQ(40, Take(kAll, &info));
                  }
                  return error == -EAGAIN ? -ENOMEM : error;
              }),
              1u);
    EXPECT_GE(harness::sweep_allocations([&] {
                  struct process_signals copy;
                  int error = signals_clone(&copy, &process()->signals, false);

                  if (error == 0)
                      signals_fini(&copy);
                  return error;
              }),
              1u);
}

TEST_F(SignalTest, IgnoredOnesAreNotSent)
{
    SetAction(process(), LX_SIGUSR1, LX_SIG_IGN);
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    EXPECT_EQ(0, Send(process(), LX_SIGWINCH)); // by default
    EXPECT_EQ(0, Send(process(), 0));           // asks only
    Block(kAll);
    EXPECT_EQ(0u, Pending());
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1)); // blocked: it may change yet
    EXPECT_EQ(signal_bit(LX_SIGUSR1), Pending());
    SetAction(process(), LX_SIGUSR2, kHandler);
    EXPECT_EQ(0, Send(process(), LX_SIGUSR2));
    SetAction(process(), LX_SIGUSR2, LX_SIG_IGN); // drops it
    EXPECT_EQ(signal_bit(LX_SIGUSR1), Pending());
    SetAction(process(), LX_SIGUSR1, LX_SIG_DFL); // does not
    EXPECT_EQ(signal_bit(LX_SIGUSR1), Pending());
    SetAction(process(), LX_SIGUSR1, LX_SIG_IGN);
    EXPECT_EQ(0u, Pending());
}

TEST_F(SignalTest, KillAndStopAreNeverBlocked)
{
    struct wait_result result;
    struct lx_sigaction action = {};

    Block(kAll);
    action.sa_handler = kHandler;
    action.sa_mask = kAll;
    signal_change_action(process(), LX_SIGUSR1, &action, nullptr);
    signal_change_action(process(), LX_SIGUSR1, nullptr, &action);
    EXPECT_EQ(kAll & ~SIGNALS_SACRED, action.sa_mask);
    EXPECT_EQ(0, Send(process(), LX_SIGSTOP));
    ASSERT_EQ(1, Wait(&result, LX_WSTOPPED));
    EXPECT_EQ(0, Send(process(), LX_SIGKILL));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), Status());
    EXPECT_EQ(0, Send(process(), LX_SIGTERM)); // a zombie takes what comes
}

TEST_F(SignalTest, TheDefaultEnds)
{
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGUSR1), Status());
}

// Init takes only what it has a handler for.
TEST_F(SignalTest, InitIsNotEndedBySignals)
{
    signal_set_mask(init(), 0);
    EXPECT_EQ(0, Send(init()->process, LX_SIGTERM));
    signal_set_mask(init(), kAll);
    EXPECT_EQ(0u, signal_pending_set(init()));
}

TEST_F(SignalTest, StopAndContTakeEachOtherBack)
{
    Block(kAll);
    EXPECT_EQ(0, Send(process(), LX_SIGTSTP));
    EXPECT_EQ(0, Send(process(), LX_SIGTTIN));
    EXPECT_EQ(0, Send(process(), LX_SIGCONT));
    EXPECT_EQ(signal_bit(LX_SIGCONT), Pending());
    EXPECT_EQ(0, Send(process(), LX_SIGTTOU));
    EXPECT_EQ(signal_bit(LX_SIGTTOU), Pending());
}

TEST_F(SignalTest, AWillingThreadIsToldOrTheOneThatIsNamed)
{
    Member other(task(), true);
    struct lx_siginfo info = Info(LX_SIGUSR1, LX_SI_TKILL);
    signal_set bit = signal_bit(LX_SIGUSR1);
    int result = 0;

    Block(kAll);
    other.Do([&] { signal_set_mask(task_current(), kAll); });
    EXPECT_EQ(0, signal_send_task(other.task(), &info));
    EXPECT_EQ(0u, Pending());
    EXPECT_EQ(bit, signal_pending_set(other.task()));
    EXPECT_EQ(-EAGAIN, Take(kAll, &info));
    other.Do([&] { result = signal_wait(task_current(), bit, 0, &info); });
    EXPECT_EQ(LX_SIGUSR1, result);
    // To the process: whoever asks first.
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    EXPECT_EQ(bit, signal_pending_set(other.task()));
    EXPECT_EQ(bit, Pending());
    EXPECT_EQ(LX_SIGUSR1, Take(kAll, &info));
    EXPECT_EQ(0u, signal_pending_set(other.task()));
}

// The thread that was told ends without having taken it: another takes it.
TEST_F(SignalTest, WhoLeavesHandsOn)
{
    auto other = std::make_unique<Member>(task(), true);

    Block(kAll);
    other->Do([&] { signal_set_mask(task_current(), kAll); });
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    other.reset();
    Block(0);
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGUSR1), Status());
}

TEST_F(SignalTest, AWaitForSignals)
{
    struct lx_siginfo info;
    int result = 0;
    bool waits = false;
    signal_set set = signal_bit(LX_SIGUSR1) | signal_bit(40);
    Member waiter(init(), false, LX_SIGCHLD, [&] {
        signal_set_mask(task_current(), kAll);
        kthread::Store(waits, true);
        result = signal_wait(task_current(), set, WAIT_FOREVER, &info);
        return LX_W_EXITED(0);
    });

    Await([&] { return kthread::Load(waits); });
    kthread::Sleep(2 * kMs);
    EXPECT_EQ(0, Send(waiter.process(), LX_SIGUSR2)); // not waited for
    kthread::Sleep(2 * kMs);
    EXPECT_FALSE(waiter.has_ended());
    struct lx_siginfo sent = Info(40, LX_SI_QUEUE, 99);
    EXPECT_EQ(0, signal_send_process(waiter.process(), &sent));
    waiter.Join();
    EXPECT_EQ(40, result);
    EXPECT_EQ(99u, info.of.from.value);
    uint64_t deadline = hal_clock_now() + 2 * kMs;

    child_->Do(
        [&] { result = signal_wait(task_current(), set, deadline, &info); });
    EXPECT_EQ(-EAGAIN, result);
    EXPECT_GE(hal_clock_now(), deadline);
}

TEST_F(SignalTest, DispositionsAreCopiedOrShared)
{
    struct signal_actions *room = nullptr;
    struct process_signals copy, twin;
    struct lx_sigaction action = {};

    SetAction(process(), LX_SIGUSR1, kHandler);
    SetAction(process(), LX_SIGUSR2, LX_SIG_IGN);
    ASSERT_EQ(0, signals_clone(&copy, &process()->signals, false));
    ASSERT_EQ(0, signals_clone(&twin, &process()->signals, true));
    SetAction(process(), LX_SIGUSR1, kHandler + 1);
    EXPECT_EQ(kHandler, signal_action_of(&copy, LX_SIGUSR1).sa_handler);
    EXPECT_EQ(kHandler + 1, signal_action_of(&twin, LX_SIGUSR1).sa_handler);
    signals_clear_handlers(&copy);
    EXPECT_EQ(uint64_t{LX_SIG_DFL},
              signal_action_of(&copy, LX_SIGUSR1).sa_handler);
    EXPECT_EQ(uint64_t{LX_SIG_IGN},
              signal_action_of(&copy, LX_SIGUSR2).sa_handler);
    ASSERT_EQ(0, signals_reserve(process(), &room));
    signals_exec(task(), room); // from now on its own
    EXPECT_EQ(kHandler + 1, signal_action_of(&twin, LX_SIGUSR1).sa_handler);
    ASSERT_EQ(0, signals_reserve(process(), &room));
    EXPECT_EQ(nullptr, room);
    signals_exec(task(), room);
    signal_change_action(process(), LX_SIGUSR1, nullptr, &action);
    EXPECT_EQ(uint64_t{LX_SIG_DFL}, action.sa_handler);
    signal_change_action(process(), LX_SIGUSR2, nullptr, &action);
    EXPECT_EQ(uint64_t{LX_SIG_IGN}, action.sa_handler);
    signals_fini(&copy);
    signals_fini(&twin);
}

TEST_F(SignalTest, WhatTheParentWants)
{
    static const struct {
        uint64_t handler, flags;
        bool reaps, stops;
    } cases[] = {
        {LX_SIG_DFL, 0, false, true},
        {LX_SIG_IGN, 0, true, false},
        {kHandler, 0, false, true},
        {kHandler, LX_SA_NOCLDSTOP, false, false},
        {kHandler, LX_SA_NOCLDWAIT, true, true},
    };

    for (const auto &c : cases) {
        SetAction(process(), LX_SIGCHLD, c.handler, c.flags);
        EXPECT_EQ(c.reaps, signals_reaps_children(process()));
        EXPECT_EQ(c.stops, signals_wants_stops(process()));
    }
}

TEST_F(SignalTest, TheAlternateStack)
{
    struct lx_stack fresh = {0x1000, 0, LX_MINSIGSTKSZ}, old;

    child_->Do([&] {
        struct task *self = task_current();

        EXPECT_EQ(0, signal_change_stack(self, 0, nullptr, &old));
        EXPECT_EQ(uint32_t{LX_SS_DISABLE}, old.ss_flags);
        fresh.ss_size--;
        EXPECT_EQ(-ENOMEM, signal_change_stack(self, 0, &fresh, nullptr));
        fresh.ss_size++;
        fresh.ss_flags = 4;
        EXPECT_EQ(-EINVAL, signal_change_stack(self, 0, &fresh, nullptr));
        fresh.ss_flags = 0;
        EXPECT_EQ(0, signal_change_stack(self, 0, &fresh, nullptr));
        EXPECT_EQ(-EPERM, signal_change_stack(self, 0x1100, &fresh, &old));
        EXPECT_EQ(LX_SS_ONSTACK, old.ss_flags);
        EXPECT_EQ(0x1000u, old.ss_sp);
        EXPECT_EQ(0, signal_change_stack(self, 0x1000, &fresh, &old));
        EXPECT_EQ(0u, old.ss_flags); // the stack's lowest byte is below it
        fresh.ss_flags = LX_SS_AUTODISARM;
        EXPECT_EQ(0, signal_change_stack(self, 0, &fresh, nullptr));
        EXPECT_EQ(0, signal_change_stack(self, 0x1100, &fresh, &old));
        EXPECT_EQ(LX_SS_AUTODISARM, old.ss_flags);
        fresh = {0, LX_SS_DISABLE, 0};
        EXPECT_EQ(0, signal_change_stack(self, 0, &fresh, nullptr));
    });
}

// --- kill(2) and its kin

TEST_F(SignalTest, KillFindsThem)
{
    Member a(init()), b(init());
    struct lx_siginfo info = Info(LX_SIGUSR1, LX_SI_USER);
    signal_set bit = signal_bit(LX_SIGUSR1);
    int thread_number = 0;
    auto got = [&](Member &member) {
        bool had = (signal_pending_set(member.task()) & bit) != 0;

        member.Do([&] {
            struct lx_siginfo out;

            (void)!signal_wait(task_current(), bit, 0, &out);
        });
        return had;
    };

    for (Member *member : {child_.get(), &a, &b})
        member->Do([] { signal_set_mask(task_current(), kAll); });
    EXPECT_EQ(0, group_set(init(), a.number(), 0));
    EXPECT_EQ(0, group_set(init(), b.number(), a.number()));
    EXPECT_EQ(-ESRCH, signal_kill(init(), 30000, &info));
    EXPECT_EQ(-ESRCH, signal_kill(init(), -30000, &info));
    EXPECT_EQ(-ESRCH, signal_kill(init(), INT32_MIN, &info));
    EXPECT_EQ(0, signal_kill(init(), a.number(), &info));
    EXPECT_TRUE(got(a));
    EXPECT_EQ(0, signal_kill(init(), -a.number(), &info));
    EXPECT_TRUE(got(a));
    EXPECT_TRUE(got(b));
    EXPECT_FALSE(got(*child_));
    a.Do([&] { EXPECT_EQ(0, signal_kill(task_current(), 0, &info)); });
    EXPECT_TRUE(got(a));
    EXPECT_TRUE(got(b));
    EXPECT_FALSE(got(*child_));
    a.Do([&] { EXPECT_EQ(0, signal_kill(task_current(), -1, &info)); });
    EXPECT_FALSE(got(a)); // not whoever sends it
    EXPECT_TRUE(got(b));
    EXPECT_TRUE(got(*child_));
    {
        Member thread(a.task(), true);

        thread.Do([] { signal_set_mask(task_current(), kAll); });
        thread_number = thread.number();
        EXPECT_EQ(-ESRCH,
                  signal_kill_thread(init(), b.number(), thread_number, &info));
        EXPECT_EQ(0,
                  signal_kill_thread(init(), a.number(), thread_number, &info));
        EXPECT_TRUE(got(thread));
        EXPECT_FALSE(got(a));
        EXPECT_EQ(0, signal_kill_thread(init(), 0, thread_number, &info));
    }
    EXPECT_EQ(-ESRCH,
              signal_kill_thread(init(), a.number(), thread_number, &info));
}

TEST_F(SignalTest, KillAsksForPermission)
{
    Member other(init()), same(init());
    struct lx_siginfo info = Info(LX_SIGUSR1, LX_SI_USER);
    struct lx_siginfo cont = Info(LX_SIGCONT, LX_SI_USER);
    auto become = [](lx_uid_t uid) {
        struct cred *cred = nullptr;

        ASSERT_EQ(0, cred_copy(task_current()->cred, &cred));
        ASSERT_EQ(0, cred_set_uids(cred, uid, uid, uid));
        task_set_cred(task_current(), cred);
        signal_set_mask(task_current(), kAll);
    };

    child_->Do([&] { become(1000); });
    same.Do([&] { become(1000); });
    other.Do([&] { become(1001); });
    child_->Do([&] {
        struct task *self = task_current();

        EXPECT_EQ(0, signal_kill(self, same.number(), &info));
        EXPECT_EQ(-EPERM, signal_kill(self, other.number(), &info));
        EXPECT_EQ(-EPERM, signal_kill(self, 1, &info));
        EXPECT_EQ(-EPERM, signal_kill_thread(self, 0, other.number(), &info));
        EXPECT_EQ(0, signal_kill(self, other.number(), &cont)); // one session
        EXPECT_EQ(0, signal_kill(self, 0, &info)); // one was reached
    });
    EXPECT_EQ(0, signal_kill(init(), other.number(), &info));
}

// --- a walk

// Pending signals of one process as signal(7) has them.
struct Model {
    std::map<unsigned, std::deque<uint64_t>> shared, own;

    static void Add(std::map<unsigned, std::deque<uint64_t>> &to,
                    unsigned number, uint64_t value)
    {
        if (number >= LX_SIGRTMIN || to[number].empty())
            to[number].push_back(value);
    }
    static bool TakeFrom(std::map<unsigned, std::deque<uint64_t>> &from,
                         signal_set set, unsigned *number, uint64_t *value)
    {
        for (auto &entry : from) // ascending: none of the synchronous ones
            if (!entry.second.empty() && (set & signal_bit(entry.first))) {
                *number = entry.first;
                *value = entry.second.front();
                entry.second.pop_front();
                return true;
            }
        return false;
    }
    signal_set Pending() const
    {
        signal_set set = 0;

        for (auto *queue : {&shared, &own})
            for (const auto &entry : *queue)
                if (!entry.second.empty())
                    set |= signal_bit(entry.first);
        return set;
    }
};

TEST_F(SignalTest, SeededWalkAgainstModel)
{
    static const unsigned numbers[] = {LX_SIGHUP, LX_SIGUSR1, LX_SIGTERM,
                                       34,        35,         64};
    harness::Random random(11);
    Model model;

    Block(kAll);
    for (uint64_t value = 1; value <= harness::steps(2000); value++) {
        unsigned number = numbers[random.below(COUNT_OF(numbers))];
        struct lx_siginfo info = Info(number, LX_SI_QUEUE, value);

        switch (random.below(5)) {
        case 0:
            EXPECT_EQ(0, signal_send_process(process(), &info));
            Model::Add(model.shared, number, value);
            break;
        case 1:
            EXPECT_EQ(0, signal_send_task(task(), &info));
            Model::Add(model.own, number, value);
            break;
        case 2:
            if (random.below(8) != 0)
                break;
            SetAction(process(), number, LX_SIG_IGN);
            model.shared[number].clear();
            model.own[number].clear();
            SetAction(process(), number, LX_SIG_DFL);
            break;
        default:
            unsigned expected = 0;
            uint64_t expected_value = 0;
            signal_set set = random.next() | random.next();

            if (!Model::TakeFrom(model.own, set, &expected, &expected_value))
                (void)Model::TakeFrom(model.shared, set, &expected,
                                      &expected_value);
            int got = Take(set, &info);

            ASSERT_EQ(expected == 0 ? -EAGAIN : static_cast<int>(expected),
                      got);
            if (expected != 0) {
                ASSERT_EQ(expected_value, info.of.from.value);
            }
        }
        ASSERT_EQ(model.Pending(), Pending()) << value;
    }
}

// Senders on all CPUs, and a process whose threads take: each that was sent is
// taken once.
TEST_F(SignalTest, QueueStorm)
{
    constexpr unsigned kSenders = 3, kTakers = 2;
    uint64_t rounds = harness::steps(800), sent = 0, taken = 0, sum = 0;
    uint64_t sent_sum = 0;
    bool stop = false;
    std::vector<std::unique_ptr<Member>> takers;
    {
        std::vector<std::unique_ptr<kthread::Kthread>> senders;

        Block(kAll);
        LimitPending(64);
        for (unsigned n = 0; n < kTakers; n++)
            takers.push_back(std::make_unique<Member>(
                task(), true, LX_SIGCHLD, [&]() -> int {
                    struct lx_siginfo info;

                    signal_set_mask(task_current(), kAll);
                    for (;;) {
                        bool ends = kthread::Load(stop);
                        int got = signal_wait(task_current(), kAll,
                                              hal_clock_now() + kMs, &info);

                        if (got > 0) {
                            __atomic_fetch_add(&taken, 1, __ATOMIC_RELAXED);
                            __atomic_fetch_add(&sum, info.of.from.value,
                                               __ATOMIC_RELAXED);
                        } else if (ends) {
                            return LX_W_EXITED(0);
                        }
                    }
                }));
        for (unsigned n = 0; n < kSenders; n++)
            senders.push_back(std::make_unique<kthread::Kthread>([&, n] {
                for (uint64_t i = 1; i <= rounds; i++) {
                    int error;

                    do {
                        error = SendInfo(34 + n, i);
                        if (error == -EAGAIN)
                            thread_yield();
                    } while (error == -EAGAIN);
                    EXPECT_EQ(0, error);
                    __atomic_fetch_add(&sent, 1, __ATOMIC_RELAXED);
                    __atomic_fetch_add(&sent_sum, i, __ATOMIC_RELAXED);
                }
            }));
    }
    kthread::Store(stop, true);
    for (auto &taker : takers)
        taker->Join();
    EXPECT_EQ(kSenders * rounds, sent);
    EXPECT_EQ(sent, taken);
    EXPECT_EQ(sent_sum, sum);
}

} // namespace
