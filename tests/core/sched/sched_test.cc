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
#include "tests/support/harness.h"

namespace {

constexpr uint64_t kMs = 1000000;

// Runs a body in a kernel thread and can wait for its end.
class Worker {
public:
    explicit Worker(std::function<void()> body) : body_(std::move(body))
    {
        waitq_init(&done_q_);
        EXPECT_EQ(0, thread_create("worker", Run, this, &thread_));
        thread_start(thread_);
    }
    ~Worker()
    {
        Join();
        thread_put(thread_);
    }
    void Join()
    {
        EXPECT_EQ(0, waitq_wait(&done_q_, IsDone, this, WAIT_FOREVER));
    }
    bool done() const { return __atomic_load_n(&done_, __ATOMIC_ACQUIRE); }
    struct thread *thread() { return thread_; }

private:
    static void Run(void *arg)
    {
        auto *self = static_cast<Worker *>(arg);
        self->body_();
        __atomic_store_n(&self->done_, true, __ATOMIC_RELEASE);
        waitq_wake_all(&self->done_q_);
    }
    static bool IsDone(void *arg) { return static_cast<Worker *>(arg)->done(); }
    std::function<void()> body_;
    struct thread *thread_ = nullptr;
    waitq done_q_;
    bool done_ = false;
};

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

TEST(Thread, ReadyThreadsTakeTurns)
{
    int order[6] = {}, turn = 0;
    auto body = [&](int name) {
        for (int i = 0; i < 3; i++) {
            Set(&order[__atomic_fetch_add(&turn, 1, __ATOMIC_ACQ_REL)], name);
            thread_yield();
        }
    };
    Worker one([&] { body(1); }), two([&] { body(2); });
    one.Join();
    two.Join();
    for (int i = 0; i < 6; i++)
        EXPECT_EQ(1 + i % 2, Get(order[i])) << i;
}

TEST(Thread, NumbersAreNeverReused)
{
    std::vector<uint64_t> numbers;
    for (int i = 0; i < 20; i++) {
        Worker w([] {});
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
            while (!Get(ran))
                thread_yield();
            thread_put(t);
            thread_yield(); // it leaves its stack
        }
        return error;
    });
    EXPECT_GE(met, 2u);
}

TEST(Thread, ALoopThatNeverYieldsIsPreemptedAtAnUnpin)
{
    bool stop = false;
    int others = 0;
    Worker spinner([&] {
        uint64_t until = hal_clock_now() + 2000 * kMs;
        while (!Get(stop) && hal_clock_now() < until) {
            cpu_pin();
            hal_cpu_relax(); // interrupts arrive here
            cpu_unpin();     // and here the thread is switched
        }
        EXPECT_LT(hal_clock_now(), until);
    });
    Worker other([&] {
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
    TakeWork();
    EXPECT_FALSE(thread_has_work(self));
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
        Worker other([] {});
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
    Worker waker([&] {
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
        Worker a(body), b(body), c(body);
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
    Worker victim(
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
        Worker a(body), b(body), c(body);
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
    Worker victim([&] { Set(&result, mutex_lock_killable(&m)); });
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
