// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/lend_test.cc - core/sched/lend.h. Run with one CPU and with
// four.
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/sched/lend.h"
#include "core/sync/percpu.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;
using kthread::Kthread;
using kthread::Load;
using kthread::Store;

namespace {

// A thread that sleeps until its end, with a priority; 0: it is fair.
class Sleeper {
public:
    explicit Sleeper(unsigned priority = 0)
        : thread_([this] {
              while (!Load(ends_))
                  kthread::Sleep(kMs / 2);
          })
    {
        lend_init(&lend_);
        Set(priority);
    }
    ~Sleeper()
    {
        lend_end(&lend_);
        EXPECT_EQ(0u, Lenders());
        Store(ends_, true);
    }
    void Set(unsigned priority)
    {
        struct thread_params params = {
            priority > 0 ? THREAD_FIFO : THREAD_NORMAL, 0, priority};

        EXPECT_EQ(0, thread_set_params(get(), &params));
    }
    int WaitFor(Sleeper &to) { return lend_begin(&lend_, get(), to.get()); }
    void Pass(Sleeper &to) { lend_pass(&lend_, to.get()); }
    void End() { lend_end(&lend_); }
    bool is_orphan() const { return lend_is_orphan(&lend_); }
    unsigned level() { return thread_level(get()); }
    unsigned Lenders()
    {
        return __atomic_load_n(&get()->lender_count, __ATOMIC_RELAXED);
    }
    struct thread *get() { return thread_.thread(); }

private:
    bool ends_ = false;
    struct lend lend_;
    Kthread thread_;
};

} // namespace

TEST(Lend, UntilHeWaitsNoMore)
{
    Sleeper owner, waiter(50);

    EXPECT_EQ(0u, owner.level());
    EXPECT_EQ(0, waiter.WaitFor(owner));
    EXPECT_EQ(50u, owner.level());
    EXPECT_EQ(50u, waiter.level());
    waiter.End();
    EXPECT_EQ(0u, owner.level());
    waiter.End(); // he does not
    EXPECT_EQ(0, waiter.WaitFor(owner));
    EXPECT_EQ(50u, owner.level());
}

TEST(Lend, FairThreadsLendNothing)
{
    Sleeper owner, waiter;
    struct thread_params params;

    EXPECT_EQ(0, waiter.WaitFor(owner));
    EXPECT_EQ(0u, owner.level());
    waiter.Set(7);
    EXPECT_EQ(7u, owner.level());
    waiter.Set(0);
    EXPECT_EQ(0u, owner.level());
    thread_get_params(owner.get(), &params);
    EXPECT_EQ(THREAD_NORMAL, params.policy);
}

TEST(Lend, TheBestOfManyAndHisOwn)
{
    Sleeper owner(20), low(10), middle(30), high(40);

    EXPECT_EQ(0, low.WaitFor(owner));
    EXPECT_EQ(20u, owner.level());
    EXPECT_EQ(0, high.WaitFor(owner));
    EXPECT_EQ(0, middle.WaitFor(owner));
    EXPECT_EQ(40u, owner.level());
    high.End();
    EXPECT_EQ(30u, owner.level());
    owner.Set(35);
    EXPECT_EQ(35u, owner.level());
    owner.Set(0);
    EXPECT_EQ(30u, owner.level());
    middle.End();
    EXPECT_EQ(10u, owner.level());
}

TEST(Lend, AlongAChain)
{
    Sleeper first, second(5), third, fourth(60);

    EXPECT_EQ(0, second.WaitFor(first));
    EXPECT_EQ(0, third.WaitFor(second));
    EXPECT_EQ(5u, first.level());
    EXPECT_EQ(0, fourth.WaitFor(third));
    EXPECT_EQ(60u, third.level());
    EXPECT_EQ(60u, second.level());
    EXPECT_EQ(60u, first.level());
    fourth.Set(70);
    EXPECT_EQ(70u, first.level());
    fourth.Set(3);
    EXPECT_EQ(3u, third.level());
    EXPECT_EQ(5u, second.level());
    EXPECT_EQ(5u, first.level());
    fourth.Set(70);
    third.End(); // the chain is cut in the midst
    EXPECT_EQ(70u, third.level());
    EXPECT_EQ(5u, second.level());
    EXPECT_EQ(5u, first.level());
}

TEST(Lend, NobodyWaitsForHimself)
{
    Sleeper a(10), b(20), c(30), other(40);

    EXPECT_EQ(-EDEADLK, a.WaitFor(a));
    EXPECT_EQ(0, a.WaitFor(b));
    EXPECT_EQ(-EDEADLK, b.WaitFor(a));
    EXPECT_EQ(0, b.WaitFor(c));
    EXPECT_EQ(-EDEADLK, c.WaitFor(a));
    // Nothing has changed, and he may wait for another.
    EXPECT_EQ(0u, a.Lenders());
    EXPECT_EQ(10u, a.level());
    EXPECT_EQ(0, c.WaitFor(other));
    b.End();
    c.End();
    EXPECT_EQ(0, c.WaitFor(a));
    EXPECT_EQ(30u, b.level());
    c.End();
    a.End();
}

TEST(Lend, PassedToAnother)
{
    Sleeper from, to(10), waiter(50), nobody(60);

    EXPECT_EQ(0, waiter.WaitFor(from));
    waiter.Pass(from);
    EXPECT_EQ(1u, from.Lenders());
    waiter.Pass(to);
    EXPECT_EQ(0u, from.level());
    EXPECT_EQ(50u, to.level());
    EXPECT_FALSE(waiter.is_orphan());
    nobody.Pass(from); // he waits for none
    EXPECT_EQ(0u, from.level());
    EXPECT_EQ(0u, from.Lenders());
    waiter.End();
    EXPECT_EQ(10u, to.level());
}

// Closes and opens itself when it is told.
class Closer {
public:
    Closer()
        : thread_([this] {
              while (Do() != kEnd)
                  continue;
          })
    {
    }
    ~Closer() { Tell(kEnd); }
    void Close() { Tell(kClose); }
    void Open() { Tell(kOpen); }
    struct thread *get() { return thread_.thread(); }

private:
    enum Order { kNone, kClose, kOpen, kEnd };

    int Do()
    {
        int order = __atomic_load_n(&order_, __ATOMIC_ACQUIRE);

        if (order == kClose)
            lend_close(thread_current());
        else if (order == kOpen)
            lend_open(thread_current());
        else if (order == kNone)
            kthread::Sleep(kMs / 4);
        if (order != kNone)
            __atomic_store_n(&order_, kNone, __ATOMIC_RELEASE);
        return order;
    }
    void Tell(int order)
    {
        __atomic_store_n(&order_, order, __ATOMIC_RELEASE);
        while (__atomic_load_n(&order_, __ATOMIC_ACQUIRE) != kNone)
            kthread::Pause();
    }

    int order_ = kNone;
    Kthread thread_;
};

// A waiter that really waits, until it is an orphan or told to go on.
class Waiter {
public:
    explicit Waiter(struct thread *to)
        : thread_([this, to] {
              lend_init(&lend_);
              result_ = lend_begin(&lend_, thread_current(), to);
              Store(begun_, true);
              while (result_ == 0 && !lend_is_orphan(&lend_) && !Load(ends_)) {
                  thread_prepare_wait();
                  if (!lend_is_orphan(&lend_) && !Load(ends_))
                      thread_wait();
                  else
                      (void)thread_wake(thread_current());
              }
              was_orphan_ = lend_is_orphan(&lend_);
              lend_end(&lend_);
          })
    {
        while (!Load(begun_))
            kthread::Pause();
    }
    ~Waiter() { End(); }
    void End()
    {
        Store(ends_, true);
        (void)thread_wake(thread_.thread());
        thread_.Join();
    }
    void Join() { thread_.Join(); }
    bool was_orphan() const { return was_orphan_; }
    int result() const { return result_; }
    struct lend *lend() { return &lend_; }
    struct thread *get() { return thread_.thread(); }

private:
    bool begun_ = false, ends_ = false, was_orphan_ = false;
    int result_ = 1;
    struct lend lend_;
    Kthread thread_;
};

TEST(Lend, OrphansAreWoken)
{
    Closer closer;
    Waiter a(closer.get()), b(closer.get());

    EXPECT_EQ(2u, closer.get()->lender_count);
    closer.Close();
    a.Join(); // by nobody else
    b.Join();
    EXPECT_TRUE(a.was_orphan());
    EXPECT_TRUE(b.was_orphan());
    EXPECT_EQ(0u, closer.get()->lender_count);

    Waiter late(closer.get());
    late.Join();
    EXPECT_EQ(-ESRCH, late.result());
    EXPECT_FALSE(late.was_orphan());
    closer.Open();
    Waiter again(closer.get());
    EXPECT_EQ(0, again.result());
    again.End();
    EXPECT_FALSE(again.was_orphan());
}

TEST(Lend, PassedToWhoEndedIsAnOrphan)
{
    Closer closer;
    Sleeper owner;
    Waiter waiter(owner.get());

    closer.Close();
    lend_pass(waiter.lend(), closer.get());
    waiter.Join();
    EXPECT_TRUE(waiter.was_orphan());
    EXPECT_EQ(0u, owner.level());
    EXPECT_EQ(0u, closer.get()->lender_count);
}

// What is lent is what it runs with: a fair thread goes before a real-time one.
TEST(Lend, TheOwnerRunsFirst)
{
    constexpr uint64_t kCpu = 1;
    unsigned turns = 0, needed = 20;
    bool stop = false, starved;
    uint64_t end = hal_clock_now() + 5000 * kMs;
    Sleeper waiter(30);
    struct lend lend;
    struct thread_params top = {THREAD_FIFO, 0, 90},
                         normal = {THREAD_NORMAL, 0, 0};

    // This thread sees to all, on the same CPU.
    EXPECT_EQ(0, thread_set_params(thread_current(), &top));
    {
        struct thread_params params = {THREAD_FIFO, 0, 20};
        auto work = [](bool *stop_now) {
            cpu_pin();
            hal_cpu_relax();
            cpu_unpin();
            return !Load(*stop_now);
        };
        Kthread hog(
            [&] {
                while (work(&stop))
                    continue;
            },
            kCpu);
        Kthread owner(
            [&] {
                while (work(&stop))
                    __atomic_fetch_add(&turns, 1, __ATOMIC_RELAXED);
            },
            kCpu);

        EXPECT_EQ(0, thread_set_params(hog.thread(), &params));
        kthread::Sleep(2 * kMs);
        unsigned before = __atomic_load_n(&turns, __ATOMIC_RELAXED);
        kthread::Sleep(2 * kMs);
        starved = before == __atomic_load_n(&turns, __ATOMIC_RELAXED);
        lend_init(&lend);
        EXPECT_EQ(0, lend_begin(&lend, waiter.get(), owner.thread()));
        while (__atomic_load_n(&turns, __ATOMIC_RELAXED) < before + needed &&
               hal_clock_now() < end)
            kthread::Sleep(kMs);
        EXPECT_LE(before + needed, __atomic_load_n(&turns, __ATOMIC_RELAXED));
        lend_end(&lend);
        Store(stop, true);
    }
    EXPECT_TRUE(starved);
    EXPECT_EQ(0, thread_set_params(thread_current(), &normal));
}

namespace {

// Threads that wait for each other by chance, and for some that close and open.
class Storm {
public:
    static constexpr unsigned kThreads = 6, kSinks = 2;

    // Waits, is passed on, and changes what he has.
    void Wander(unsigned n)
    {
        harness::Random random(n + 1);
        uint64_t rounds = harness::steps(300);
        struct lend lend;

        Enter(&all_[n]);
        lend_init(&lend);
        // And until both refusals were met: the sinks may stand open long when
        // the host does not run their CPU.
        for (uint64_t i = 0; i < rounds || !HasMetAll(); i++)
            WaitOnce(random, &lend);
        __atomic_fetch_add(&done_, 1, __ATOMIC_ACQ_REL);
        // Others may wait for this one still.
        while (!is_over())
            kthread::Pause();
        SetPriority(0);
        EXPECT_EQ(0u, thread_level(thread_current()));
        EXPECT_EQ(0u, thread_current()->lender_count);
    }
    // Lends nothing, so it has nothing when it has closed.
    void Sink(unsigned n)
    {
        Enter(&all_[kThreads + n]);
        while (!is_over()) {
            lend_close(thread_current());
            EXPECT_EQ(0u, thread_level(thread_current()));
            kthread::Pause();
            lend_open(thread_current());
            kthread::Pause();
        }
        EXPECT_EQ(0u, thread_level(thread_current()));
    }
    uint64_t deadlocks() const { return deadlocks_; }
    uint64_t ended() const { return ended_; }

private:
    bool is_over()
    {
        return __atomic_load_n(&done_, __ATOMIC_ACQUIRE) == kThreads;
    }
    void Enter(struct thread **place)
    {
        __atomic_store_n(place, thread_current(), __ATOMIC_RELEASE);
        __atomic_fetch_add(&ready_, 1, __ATOMIC_ACQ_REL);
        while (__atomic_load_n(&ready_, __ATOMIC_ACQUIRE) < kThreads + kSinks)
            kthread::Pause();
    }
    bool HasMetAll()
    {
        return __atomic_load_n(&deadlocks_, __ATOMIC_RELAXED) > 0 &&
               __atomic_load_n(&ended_, __ATOMIC_RELAXED) > 0;
    }
    static void SetPriority(unsigned priority)
    {
        struct thread_params params = {
            priority > 0 ? THREAD_FIFO : THREAD_NORMAL, 0, priority};

        EXPECT_EQ(0, thread_set_params(thread_current(), &params));
    }
    void WaitOnce(harness::Random &random, struct lend *lend)
    {
        struct thread *to = all_[random.below(kThreads + kSinks)];
        int error;

        SetPriority(random.below(4) == 0 ? 0 : 1 + unsigned(random.below(50)));
        error = lend_begin(lend, thread_current(), to);
        if (error == -EDEADLK)
            __atomic_fetch_add(&deadlocks_, 1, __ATOMIC_RELAXED);
        if (error == -ESRCH)
            __atomic_fetch_add(&ended_, 1, __ATOMIC_RELAXED);
        if (random.below(2) == 0)
            kthread::Pause();
        if (random.below(3) == 0)
            lend_pass(lend, all_[kThreads + random.below(kSinks)]);
        lend_end(lend);
    }

    struct thread *all_[kThreads + kSinks] = {};
    unsigned ready_ = 0, done_ = 0;
    uint64_t deadlocks_ = 0, ended_ = 0;
};

} // namespace

// At the end nobody has more than his own.
TEST(Lend, StormFromAllCpus)
{
    Storm storm;

    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < Storm::kSinks; n++)
            threads.push_back(
                std::make_unique<Kthread>([&, n] { storm.Sink(n); }));
        for (unsigned n = 0; n < Storm::kThreads; n++)
            threads.push_back(
                std::make_unique<Kthread>([&, n] { storm.Wander(n); }));
    }
    EXPECT_LT(0u, storm.deadlocks());
    EXPECT_LT(0u, storm.ended());
}
