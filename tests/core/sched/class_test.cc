// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/class_test.cc - core/sched/thread.h: scheduling classes,
// affinity, and on which CPU a thread runs. Run with one CPU and with four.
#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/sched/sched_impl.h"
#include "core/sched/timer.h"
#include "core/sched/usage.h"
#include "core/sync/percpu.h"
#include "hal/irq.h"
#include "tests/core/sched/hog.h"
#include "tests/support/harness.h"

using kthread::Above;
using kthread::Await;
using kthread::bit;
using kthread::Here;
using kthread::Hog;
using kthread::kLongNs;
using kthread::kMs;
using kthread::Kthread;
using kthread::LastCpu;
using kthread::Load;
using kthread::SetClass;
using kthread::Sleep;
using kthread::Store;
using kthread::Work;

namespace {

// Who came when. Threads that take turns on a CPU order nothing for TSan.
class Order {
public:
    void Note(unsigned name)
    {
        unsigned at = __atomic_fetch_add(&count_, 1, __ATOMIC_ACQ_REL);

        __atomic_store_n(&names_[at], name, __ATOMIC_RELEASE);
    }
    unsigned at(unsigned i)
    {
        return __atomic_load_n(&names_[i], __ATOMIC_ACQUIRE);
    }

private:
    unsigned count_ = 0, names_[8] = {};
};

} // namespace

TEST(SchedClass, ParamsAreCheckedAndKept)
{
    static const struct {
        int policy, nice;
        unsigned priority;
        int result;
    } cases[] = {
        {THREAD_NORMAL, 0, 0, 0},
        {THREAD_NORMAL, 19, 0, 0},
        {THREAD_NORMAL, -20, 0, 0},
        {THREAD_NORMAL, 20, 0, -EINVAL},
        {THREAD_NORMAL, -21, 0, -EINVAL},
        {THREAD_NORMAL, 0, 1, -EINVAL},
        {THREAD_BATCH, 5, 0, 0},
        {THREAD_BATCH, 0, 1, -EINVAL},
        {THREAD_IDLE, 3, 0, 0},
        {THREAD_IDLE, 0, 1, -EINVAL},
        {THREAD_FIFO, 0, 1, 0},
        {THREAD_FIFO, 0, 99, 0},
        {THREAD_FIFO, 0, 0, -EINVAL},
        {THREAD_FIFO, 0, 100, -EINVAL},
        {THREAD_RR, 0, 50, 0},
        {THREAD_RR, 0, 0, -EINVAL},
        {4, 0, 0, -EINVAL},
        {6, 0, 0, -EINVAL},
    };
    struct thread_params before, after;

    for (const auto &c : cases) {
        struct thread_params params = {
            static_cast<enum thread_policy>(c.policy), c.nice, c.priority};

        thread_get_params(thread_current(), &before);
        EXPECT_EQ(c.result, thread_set_params(thread_current(), &params));
        thread_get_params(thread_current(), &after);
        EXPECT_EQ(c.result == 0 ? params.policy : before.policy, after.policy);
        EXPECT_EQ(c.result == 0 ? params.nice : before.nice, after.nice);
        EXPECT_EQ(c.result == 0 ? params.priority : before.priority,
                  after.priority);
    }
    EXPECT_EQ(0, SetClass(thread_current(), THREAD_NORMAL, 0));
}

// What threads ran since a moment. A host that is busy takes whole turns away
// from whoever has his, and the scheduler makes up for it in time: so shares
// are awaited, not measured once.
class Share {
public:
    explicit Share(Hog &hog) : hog_(hog), before_(hog.ran()) {}
    uint64_t ns() { return hog_.ran() - before_; }

private:
    Hog &hog_;
    uint64_t before_;
};

// A step of nice is a quarter more: five of them a factor of 3.05.
TEST(SchedClass, NiceWeighs)
{
    Above above;
    Hog fast(bit(LastCpu())), slow(bit(LastCpu()));

    EXPECT_EQ(0, SetClass(slow.thread(), THREAD_NORMAL, 0, 5));
    Share more(fast), less(slow);

    Await([&] {
        return more.ns() + less.ns() > 600 * kMs && more.ns() > 2 * less.ns() &&
               more.ns() < 5 * less.ns();
    });
}

TEST(SchedClass, EqualsShare)
{
    Above above;
    Hog a(bit(LastCpu())), b(bit(LastCpu())), c(bit(LastCpu()));
    Share shares[] = {Share(a), Share(b), Share(c)};

    Await([&] {
        uint64_t total = 0, least = UINT64_MAX, most = 0;

        for (Share &share : shares) {
            total += share.ns();
            least = std::min(least, share.ns());
            most = std::max(most, share.ns());
        }
        return total > 600 * kMs && least > total / 6 && most < total / 2;
    });
}

// Weight 3 of 1027.
TEST(SchedClass, IdleGetsWhatIsLeft)
{
    Above above;
    Hog idle(bit(LastCpu()));

    EXPECT_EQ(0, SetClass(idle.thread(), THREAD_IDLE, 0));
    Await([&] { return idle.ran() > 10 * kMs; }); // alone, all of it
    Hog normal(bit(LastCpu()));
    Share more(normal), less(idle);

    Await([&] { return more.ns() > 300 * kMs && less.ns() < more.ns() / 10; });
}

TEST(SchedClass, RealtimeKeepsOthersOut)
{
    Above above;
    Hog normal(bit(LastCpu()));

    Await([&] { return normal.turns() > 0; });
    for (enum thread_policy policy : {THREAD_FIFO, THREAD_RR}) {
        Hog realtime(bit(LastCpu()));
        uint64_t before, turns;

        EXPECT_EQ(0, SetClass(realtime.thread(), policy, 1));
        // Once it has run as such, it gives way no more.
        before = realtime.turns();
        Await([&] { return realtime.turns() > before; });
        before = realtime.ran();
        turns = normal.turns();
        Await([&] { return realtime.ran() > before + 150 * kMs; });
        EXPECT_EQ(turns, normal.turns());
    }
    uint64_t turns = normal.turns();

    Await([&] { return normal.turns() > turns; });
}

// By priority, equals in the order in which they became ready.
TEST(SchedClass, RealtimeOrder)
{
    static const unsigned priorities[] = {2, 1, 3, 2, 1, 3};
    static const unsigned expected[] = {2, 5, 0, 3, 1, 4};
    std::vector<std::unique_ptr<Kthread>> threads;
    Above above;

    for (enum thread_policy policy : {THREAD_FIFO, THREAD_RR}) {
        Order order;
        bool held = false, release = false;
        Kthread holder(
            [&] {
                EXPECT_EQ(0, SetClass(thread_current(), THREAD_FIFO, 97));
                Store(held, true);
                while (!Load(release))
                    Work();
            },
            bit(LastCpu()));
        Await([&] { return Load(held); });
        for (unsigned i = 0; i < COUNT_OF(priorities); i++) {
            threads.push_back(std::make_unique<Kthread>(
                [&order, i] { order.Note(i); }, bit(LastCpu())));
            EXPECT_EQ(
                0, SetClass(threads.back()->thread(), policy, priorities[i]));
        }
        Store(release, true);
        threads.clear();
        for (unsigned i = 0; i < COUNT_OF(expected); i++)
            EXPECT_EQ(expected[i], order.at(i)) << i;
    }
}

// Equals of class RR take turns; of class FIFO only when one gives way.
TEST(SchedClass, TurnsOfEqualRealtimeThreads)
{
    Above above;
    {
        Hog a(bit(LastCpu())), b(bit(LastCpu()));

        EXPECT_EQ(0, SetClass(a.thread(), THREAD_RR, 5));
        EXPECT_EQ(0, SetClass(b.thread(), THREAD_RR, 5));
        Await([&] { return a.turns() > 0 && b.turns() > 0; });
        uint64_t turns = a.turns(), others = b.turns();

        Await([&] { return a.turns() > turns && b.turns() > others; });
    }
    bool begun = false, stop = false, yield = false, other_ran = false;
    Kthread first(
        [&] {
            EXPECT_EQ(0, SetClass(thread_current(), THREAD_FIFO, 5));
            Store(begun, true);
            while (!Load(stop)) {
                Work();
                if (Load(yield))
                    thread_yield();
            }
        },
        bit(LastCpu()));
    Await([&] { return Load(begun); });
    Kthread second([&] { Store(other_ran, true); }, bit(LastCpu()));
    EXPECT_EQ(0, SetClass(second.thread(), THREAD_FIFO, 5));
    Sleep(150 * kMs);
    EXPECT_FALSE(Load(other_ran));
    Store(yield, true);
    Await([&] { return Load(other_ran); });
    Store(stop, true);
}

// Who wakes with a higher priority runs at once, and the one it came before
// goes on ahead of its equals.
TEST(SchedClass, ARealtimeThreadThatWakesPreempts)
{
    Above above;
    Order order;
    bool ready = false, stop = false;
    Kthread low(
        [&] {
            EXPECT_EQ(0, SetClass(thread_current(), THREAD_FIFO, 5));
            Store(ready, true);
            while (!Load(stop))
                Work();
            order.Note('l');
        },
        bit(LastCpu()));
    Await([&] { return Load(ready); });
    Kthread equal([&] { order.Note('e'); }, bit(LastCpu()));
    EXPECT_EQ(0, SetClass(equal.thread(), THREAD_FIFO, 5));
    Kthread high(
        [&] {
            for (int i = 0; i < 5; i++)
                Sleep(kMs);
            order.Note('h');
            Store(stop, true);
        },
        bit(LastCpu()));
    EXPECT_EQ(0, SetClass(high.thread(), THREAD_FIFO, 6));
    high.Join();
    low.Join();
    equal.Join();
    EXPECT_EQ(unsigned{'h'}, order.at(0));
    EXPECT_EQ(unsigned{'l'}, order.at(1));
    EXPECT_EQ(unsigned{'e'}, order.at(2));
}

namespace {

// A thread that sleeps beside two that do not.
class Sleeper {
public:
    // Sleeps, and returns how often the two took turns from the wake until this
    // thread ran again.
    unsigned SleepOnce()
    {
        struct timer timer;
        struct waitq q;

        waitq_init(&q);
        waitq_ = &q;
        Store(woken_, false);
        timer_init(&timer, Wake, this);
        timer_arm(&timer, hal_clock_now() + kMs);
        EXPECT_EQ(0, waitq_wait(&q, IsWoken, this, WAIT_FOREVER));
        return Changes() - __atomic_load_n(&at_wake_, __ATOMIC_RELAXED);
    }
    void TakeTurns(unsigned name)
    {
        while (!Load(stop_)) {
            if (__atomic_exchange_n(&last_, name, __ATOMIC_RELAXED) != name)
                __atomic_fetch_add(&changes_, 1, __ATOMIC_RELAXED);
            Work();
        }
    }
    void Stop() { Store(stop_, true); }

private:
    static void Wake(void *arg)
    {
        auto *self = static_cast<Sleeper *>(arg);

        __atomic_store_n(&self->at_wake_, self->Changes(), __ATOMIC_RELAXED);
        Store(self->woken_, true);
        waitq_wake_all(self->waitq_);
    }
    static bool IsWoken(void *arg)
    {
        return Load(static_cast<Sleeper *>(arg)->woken_);
    }
    unsigned Changes() { return __atomic_load_n(&changes_, __ATOMIC_RELAXED); }

    struct waitq *waitq_ = nullptr;
    unsigned changes_ = 0, last_ = 0, at_wake_ = 0;
    bool woken_ = false, stop_ = false;
};

} // namespace

// Who sleeps much gets the CPU soon after it wakes, although others want it:
// not after a turn of each. Not so where the host kept the CPU while it had it:
// then it has used much, and an attempt shows nothing.
TEST(SchedClass, ASleeperIsServedSoon)
{
    constexpr unsigned kSleeps = 20;
    unsigned soon = 0; // one after the other
    Sleeper sleeper;
    Kthread a([&] { sleeper.TakeTurns(1); }, bit(LastCpu()));
    Kthread b([&] { sleeper.TakeTurns(2); }, bit(LastCpu()));

    Kthread(
        [&] {
            for (unsigned i = 0; i < 50 * kSleeps && soon < kSleeps; i++)
                soon = sleeper.SleepOnce() < 2 ? soon + 1 : 0;
        },
        bit(LastCpu()))
        .Join();
    sleeper.Stop();
    EXPECT_EQ(kSleeps, soon);
}

TEST(SchedAffinity, IsCheckedAndKept)
{
    uint64_t all = sched_online();
    uint64_t own = thread_affinity(thread_current());

    EXPECT_EQ(-EINVAL, thread_set_affinity(thread_current(), 0));
    EXPECT_EQ(-EINVAL, thread_set_affinity(thread_current(), ~all));
    EXPECT_EQ(own, thread_affinity(thread_current()));
    EXPECT_EQ(0, thread_set_affinity(thread_current(), own | ~all));
    EXPECT_EQ(own | ~all, thread_affinity(thread_current()));
    EXPECT_EQ(0, thread_set_affinity(thread_current(), own));
}

// Running, ready or asleep: it goes where it may be.
TEST(SchedAffinity, MovesAThreadInEveryState)
{
    if (hal_cpu_count() < 3)
        GTEST_SKIP() << "needs three CPUs";
    Hog running(bit(1)), ready(bit(1));
    bool wake = false;
    unsigned woke_on = HAL_CPUS_MAX;
    struct waitq q;

    waitq_init(&q);
    Kthread asleep(
        [&] {
            EXPECT_EQ(0, waitq_wait(
                             &q,
                             [](void *arg) {
                                 return Load(*static_cast<bool *>(arg));
                             },
                             &wake, WAIT_FOREVER));
            __atomic_store_n(&woke_on, Here(), __ATOMIC_RELEASE);
        },
        bit(1));
    Await([&] { return running.cpu() == 1 && ready.cpu() == 1; });
    for (unsigned turn = 0; turn < 20; turn++) {
        unsigned to = 1 + turn % 2;

        EXPECT_EQ(0, thread_set_affinity(running.thread(), bit(to)));
        EXPECT_EQ(0, thread_set_affinity(ready.thread(), bit(to)));
        Await([&] { return running.cpu() == to && ready.cpu() == to; });
    }
    EXPECT_EQ(0, thread_set_affinity(asleep.thread(), bit(2)));
    Store(wake, true);
    waitq_wake_all(&q);
    asleep.Join();
    EXPECT_EQ(2u, __atomic_load_n(&woke_on, __ATOMIC_ACQUIRE));
}

// CPUs without work take from those with much.
TEST(SchedBalance, IdleCpusTakeWork)
{
    unsigned cpus = hal_cpu_count();
    std::vector<std::unique_ptr<Hog>> hogs;

    if (cpus < 2)
        GTEST_SKIP() << "needs two CPUs";
    for (unsigned i = 0; i + 1 < cpus; i++)
        hogs.push_back(std::make_unique<Hog>(bit(1)));
    for (auto &hog : hogs)
        Await([&] { return hog->cpu() == 1; });
    for (auto &hog : hogs)
        EXPECT_EQ(0,
                  thread_set_affinity(hog->thread(), sched_online() & ~bit(0)));
    Await([&] {
        uint64_t used = 0;

        for (auto &hog : hogs)
            used |= bit(hog->cpu());
        return used == (sched_online() & ~bit(0));
    });
}

namespace {

bool IsIdle(unsigned cpu)
{
    const struct runq *rq = sched_runq(cpu);

    return __atomic_load_n(&rq->is_idle, __ATOMIC_RELAXED) &&
           __atomic_load_n(&rq->ready, __ATOMIC_RELAXED) == 0;
}

// A thread that last slept on CPU 1 and may run on 1 and 2 wakes when one of
// them idles; where?
unsigned WakePlace(unsigned idle)
{
    bool wake = false;
    unsigned place = HAL_CPUS_MAX;
    struct waitq q;

    waitq_init(&q);
    Kthread sleeper(
        [&] {
            EXPECT_EQ(0, waitq_wait(
                             &q,
                             [](void *arg) {
                                 return Load(*static_cast<bool *>(arg));
                             },
                             &wake, WAIT_FOREVER));
            place = Here();
        },
        bit(1));
    Await([&] { return kthread::Waits(sleeper.thread()) > 0; });
    EXPECT_EQ(0, thread_set_affinity(sleeper.thread(), bit(1) | bit(2)));
    Await([&] { return IsIdle(idle); });
    Store(wake, true);
    waitq_wake_all(&q);
    sleeper.Join();
    return place;
}

} // namespace

// Where it was when that idles, else where it is idle. A CPU's own thread may
// be busy for a moment, so most of the time is enough.
TEST(SchedBalance, WhoWakesFindsAnIdleCpu)
{
    unsigned at_home = 0, elsewhere = 0;

    if (hal_cpu_count() < 3)
        GTEST_SKIP() << "needs three CPUs";
    for (int i = 0; i < 20; i++)
        at_home += WakePlace(1) == 1;
    EXPECT_GE(at_home, 15u);
    Hog hog(bit(1));

    Await([&] { return hog.turns() > 0; });
    for (int i = 0; i < 20; i++)
        elsewhere += WakePlace(2) == 2;
    EXPECT_GE(elsewhere, 15u);
}

// Threads that are pushed about while they run, sleep and end.
TEST(SchedBalance, StormOfMoves)
{
    constexpr unsigned kThreads = 6;
    uint64_t rounds = harness::steps(400);
    std::vector<std::unique_ptr<Kthread>> threads;
    unsigned strayed = 0;

    for (unsigned n = 0; n < kThreads; n++)
        threads.push_back(std::make_unique<Kthread>([&, n] {
            harness::Random random(n + 1);

            for (uint64_t i = 0; i < rounds; i++) {
                unsigned to =
                    static_cast<unsigned>(random.below(hal_cpu_count()));

                EXPECT_EQ(0, thread_set_affinity(thread_current(), bit(to)));
                thread_yield();
                if (Here() != to)
                    __atomic_fetch_add(&strayed, 1, __ATOMIC_RELAXED);
                if (random.below(8) == 0)
                    Sleep(kMs / 20);
                int nice = static_cast<int>(random.below(40)) - 20;

                EXPECT_EQ(0,
                          SetClass(thread_current(), THREAD_NORMAL, 0, nice));
            }
        }));
    threads.clear();
    EXPECT_EQ(0u, strayed);
}
