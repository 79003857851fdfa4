// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/kthread.h - kernel threads with a body, for tests.
#ifndef TESTS_CORE_SCHED_KTHREAD_H
#define TESTS_CORE_SCHED_KTHREAD_H

#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include "core/sched/thread.h"
#include "core/sched/usage.h"
#include "core/sched/waitq.h"
#include "hal/clock.h"
#include "hal/cpu.h"

namespace kthread {

constexpr uint64_t kMs = 1000000;

inline void Sleep(uint64_t ns)
{
    struct waitq q;

    waitq_init(&q);
    (void)!waitq_wait(
        &q, [](void *) { return false; }, nullptr, hal_clock_now() + ns);
}

// Lets others run, also those of a lower class.
inline void Pause()
{
    thread_yield();
    Sleep(kMs / 50);
}

// Runs a body in a kernel thread, on one CPU if asked; the destructor waits
// for its end.
class Kthread {
public:
    explicit Kthread(std::function<void()> body, uint64_t affinity = 0)
        : body_(std::move(body))
    {
        waitq_init(&done_q_);
        EXPECT_EQ(0, thread_create("kthread", Run, this, &thread_));
        if (affinity != 0) {
            EXPECT_EQ(0, thread_set_affinity(thread_, affinity));
        }
        thread_start(thread_);
    }
    ~Kthread()
    {
        Join();
        // Its CPU lets go of it when it has left its stack.
        while (__atomic_load_n(&thread_->refs.count, __ATOMIC_ACQUIRE) > 1)
            Pause();
        thread_put(thread_);
    }
    void Join()
    {
        EXPECT_EQ(0, waitq_wait(&done_q_, IsDone, this, WAIT_FOREVER));
        while (!__atomic_load_n(&left_, __ATOMIC_ACQUIRE))
            Pause(); // it is still at the queue
    }
    bool done() const { return __atomic_load_n(&done_, __ATOMIC_ACQUIRE); }
    struct thread *thread() { return thread_; }

private:
    static void Run(void *arg)
    {
        auto *self = static_cast<Kthread *>(arg);

        self->body_();
        __atomic_store_n(&self->done_, true, __ATOMIC_RELEASE);
        waitq_wake_all(&self->done_q_);
        // The owner may go once it has seen this; the queue is not touched.
        __atomic_store_n(&self->left_, true, __ATOMIC_RELEASE);
    }
    static bool IsDone(void *arg)
    {
        return static_cast<Kthread *>(arg)->done();
    }

    std::function<void()> body_;
    struct thread *thread_ = nullptr;
    waitq done_q_;
    bool done_ = false;
    bool left_ = false;
};

inline bool Load(const bool &flag)
{
    return __atomic_load_n(&flag, __ATOMIC_ACQUIRE);
}

inline void Store(bool &flag, bool value)
{
    __atomic_store_n(&flag, value, __ATOMIC_RELEASE);
}

// Waits until condition holds; fails when that takes too long.
template <class Condition> void Await(Condition condition)
{
    uint64_t end = hal_clock_now() + 20000 * kMs;
    bool holds = condition(); // it may for a moment only

    while (!holds && hal_clock_now() < end) {
        Sleep(kMs / 2);
        holds = condition();
    }
    EXPECT_TRUE(holds);
}

// How often it left its CPU to wait.
inline uint64_t Waits(struct thread *thread)
{
    uint64_t voluntary, involuntary;

    thread_switches(thread, &voluntary, &involuntary);
    return voluntary;
}

// How often it left its CPU to others though it could have gone on.
inline uint64_t Preemptions(struct thread *thread)
{
    uint64_t voluntary, involuntary;

    thread_switches(thread, &voluntary, &involuntary);
    return involuntary;
}

} // namespace kthread

#endif // TESTS_CORE_SCHED_KTHREAD_H
