// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/sched_test.cc - core/sched: threads, wait queues, mutexes.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "core/abi/errno.h"
#include "core/sched/mutex.h"
#include "core/sched/thread.h"
#include "core/sched/waitq.h"
#include "core/sync/percpu.h"
#include "hal/clock.h"
#include "hal/cpu.h"
#include "hal/irq.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

namespace {

using kthread::kMs;
using kthread::Kthread;

// The end of a time slice may have left RESCHED there.
unsigned TakeWork()
{
    return __atomic_exchange_n(&thread_current()->work, 0, __ATOMIC_ACQ_REL);
}

// What threads share in these tests is atomic: TSan watches them too.
template <class T> T Get(const T &value)
{
    return __atomic_load_n(&value, __ATOMIC_ACQUIRE);
}

template <class T> void Set(T *value, T to)
{
    __atomic_store_n(value, to, __ATOMIC_RELEASE);
}

void Count(int *value)
{
    __atomic_fetch_add(value, 1, __ATOMIC_ACQ_REL);
}

bool Truth(void *arg)
{
    return Get(*static_cast<bool *>(arg));
}

// Two that become ready at once note their names and yield, three times.
// Returns whether they took turns; is_disturbed: one left the CPU otherwise, as
// where the host keeps it so long that a slice ends.
bool TakeTurns(bool *is_disturbed)
{
    constexpr int kTurns = 3;
    int order[2 * kTurns] = {}, turn = 0;
    unsigned disturbed = 0;
    bool go = false, alternate = true;
    waitq gate;
    auto body = [&](int name) {
        uint64_t before = kthread::Preemptions(thread_current());

        EXPECT_EQ(0, waitq_wait(&gate, Truth, &go, WAIT_FOREVER));
        for (int i = 1; i <= kTurns; i++) {
            Set(&order[__atomic_fetch_add(&turn, 1, __ATOMIC_ACQ_REL)], name);
            thread_yield();
            if (kthread::Preemptions(thread_current()) != before + i)
                __atomic_fetch_add(&disturbed, 1, __ATOMIC_ACQ_REL);
        }
    };
    waitq_init(&gate);
    {
        Kthread one([&] { body(0); }), two([&] { body(1); });

        for (Kthread *thread : {&one, &two})
            kthread::Await([=] { return thread_is_waiting(thread->thread()); });
        cpu_pin();
        Set(&go, true);
        waitq_wake_all(&gate);
        cpu_unpin();
    }
    for (int i = 1; i < 2 * kTurns; i++)
        alternate &= Get(order[i]) != Get(order[i - 1]);
    *is_disturbed = Get(disturbed) > 0;
    return alternate;
}

TEST(Thread, ReadyThreadsTakeTurns)
{
    bool is_disturbed = true;

    for (int attempt = 0; attempt < 50 && is_disturbed; attempt++) {
        bool alternate = TakeTurns(&is_disturbed);

        EXPECT_TRUE(alternate || is_disturbed);
    }
    EXPECT_FALSE(is_disturbed);
}

TEST(Thread, NumbersAreNeverReused)
{
    std::vector<uint64_t> numbers;
    for (int i = 0; i < 20; i++) {
        Kthread w([] {});
        numbers.push_back(w.thread()->number);
    }
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
    EXPECT_TRUE(std::adjacent_find(numbers.begin(), numbers.end()) ==
                numbers.end());
}

TEST(Thread, CreateLeavesNothingWithoutMemory)
{
    uint64_t met = harness::sweep_allocations([] {
        struct thread *t;
        bool ran = false;
        int error = thread_create(
            "sweep", [](void *arg) { Set(static_cast<bool *>(arg), true); },
            &ran, &t);
        if (error == 0) {
            thread_start(t);
            while (!Get(ran) || Get(t->refs.count) > 1)
                thread_yield(); // until it has left its stack
            thread_put(t);
        }
        return error;
    });
    EXPECT_GE(met, 2u);
}

TEST(Thread, ALoopThatNeverYieldsIsPreemptedAtAnUnpin)
{
    bool stop = false;
    int others = 0;
    Kthread spinner([&] {
        uint64_t until = hal_clock_now() + 20000 * kMs;
        while (!Get(stop) && hal_clock_now() < until) {
            cpu_pin();
            hal_cpu_relax(); // interrupts arrive here
            cpu_unpin();     // and here the thread is switched
        }
        EXPECT_LT(hal_clock_now(), until);
    });
    Kthread other([&] {
        Count(&others);
        Set(&stop, true);
    });
    other.Join();
    spinner.Join();
    EXPECT_EQ(1, Get(others));
}

TEST(Thread, WorkIsSeenAndTaken)
{
    struct thread *self = thread_current();
    unsigned saved = hal_irq_save(); // nobody else asks for any
    TakeWork();
    EXPECT_FALSE(thread_has_work(self));
    hal_irq_restore(saved);
    thread_set_work(self, THREAD_WORK_RSEQ);
    EXPECT_TRUE(thread_has_work(self));
    EXPECT_TRUE(TakeWork() & THREAD_WORK_RSEQ);
}

TEST(Thread, SwitchWorkJoinsTheWorkWordAtASwitch)
{
    struct thread *self = thread_current();
    TakeWork();
    self->switch_work = THREAD_WORK_RSEQ;
    {
        Kthread other([] {});
        other.Join();
    }
    self->switch_work = 0;
    EXPECT_TRUE(TakeWork() & THREAD_WORK_RSEQ);
}

TEST(Thread, WakingWhoDoesNotWaitDoesNothing)
{
    EXPECT_FALSE(thread_wake(thread_current()));
}

TEST(Waitq, ReturnsAtOnceWhenTheConditionHolds)
{
    waitq q;
    bool yes = true;
    waitq_init(&q);
    EXPECT_EQ(0, waitq_wait(&q, Truth, &yes, WAIT_FOREVER));
    EXPECT_EQ(0, waitq_wait(&q, Truth, &yes, 0));
}

TEST(Waitq, SleepsUntilWokenWithTheConditionTrue)
{
    waitq q;
    bool flag = false;
    waitq_init(&q);
    Kthread waker([&] {
        waitq_wake_all(&q); // the condition does not hold yet: goes on waiting
        thread_yield();
        Set(&flag, true);
        waitq_wake_all(&q);
    });
    EXPECT_EQ(0, waitq_wait(&q, Truth, &flag, WAIT_FOREVER));
    EXPECT_TRUE(Get(flag));
}

TEST(Waitq, WakesAllWaiters)
{
    waitq q;
    bool flag = false;
    int woken = 0;
    waitq_init(&q);
    {
        auto body = [&] {
            EXPECT_EQ(0, waitq_wait(&q, Truth, &flag, WAIT_FOREVER));
            Count(&woken);
        };
        Kthread a(body), b(body), c(body);
        for (int i = 0; i < 5; i++)
            thread_yield();
        EXPECT_EQ(0, Get(woken));
        Set(&flag, true);
        waitq_wake_all(&q);
    }
    EXPECT_EQ(3, Get(woken));
}

TEST(Waitq, TimesOutNotBeforeTheDeadline)
{
    waitq q;
    bool no = false;
    waitq_init(&q);
    for (int i = 0; i < 5; i++) {
        uint64_t deadline = hal_clock_now() + kMs;
        EXPECT_EQ(-ETIMEDOUT, waitq_wait(&q, Truth, &no, deadline));
        EXPECT_GE(hal_clock_now(), deadline);
    }
    EXPECT_EQ(-ETIMEDOUT, waitq_wait(&q, Truth, &no, 1));
}

TEST(Waitq, KillableWaitEndsForExitWork)
{
    waitq q;
    bool no = false;
    int result = 0;
    waitq_init(&q);
    Kthread victim(
        [&] { result = waitq_wait_killable(&q, Truth, &no, WAIT_FOREVER); });
    thread_yield();
    EXPECT_FALSE(victim.done());
    thread_set_work(victim.thread(), THREAD_WORK_EXIT);
    victim.Join();
    EXPECT_EQ(-EINTR, Get(result));
}

const lock_class kClass = {"test", LOCK_RANK_INODE};

TEST(Mutex, KeepsOthersOutWhileTheHolderSleeps)
{
    mutex m;
    mutex_init(&m, &kClass);
    int inside = 0, most = 0, turns = 0;
    {
        auto body = [&] {
            for (int i = 0; i < 50; i++) {
                mutex_lock(&m);
                EXPECT_TRUE(mutex_is_held(&m));
                most = std::max(most, ++inside);
                thread_yield();
                inside--;
                turns++;
                mutex_unlock(&m);
                thread_yield();
            }
        };
        Kthread a(body), b(body), c(body);
    }
    EXPECT_EQ(1, most);
    EXPECT_EQ(150, turns);
    EXPECT_FALSE(mutex_is_held(&m));
}

TEST(Mutex, KillableLockGivesUpForExitWork)
{
    mutex m;
    int result = 0;
    mutex_init(&m, &kClass);
    mutex_lock(&m);
    Kthread victim([&] { Set(&result, mutex_lock_killable(&m)); });
    thread_yield();
    thread_set_work(victim.thread(), THREAD_WORK_EXIT);
    victim.Join();
    EXPECT_EQ(-EINTR, Get(result));
    mutex_unlock(&m);
    EXPECT_EQ(0, mutex_lock_killable(&m));
    mutex_unlock(&m);
}

CHILD(MutexTwice)
{
    mutex m;
    mutex_init(&m, &kClass);
    mutex_lock(&m);
    mutex_lock(&m);
}

TEST(Mutex, TakingItTwiceIsAPanic)
{
    EXPECT_PANIC(MutexTwice, "mutex_is_held");
}

} // namespace
