// SPDX-License-Identifier: Apache-2.0
//
// tests/core/ipc/futex_requeue_pi_test.cc - core/ipc/futex.h: waits that end as
// owner of another futex. Run with one CPU and with four.
#include "core/sched/lend.h"
#include "tests/core/ipc/futex_fixture.h"

namespace {

constexpr uint32_t kWaiters = LX_FUTEX_WAITERS;

// Whoever a word names is this thread, which never runs.
struct Owner {
    struct thread thread = {};

    Owner()
    {
        refcount_init(&thread.refs, 1);
        list_init(&thread.lenders);
        thread.state = THREAD_WAITING;
    }
} owner;

struct futex_self Self(uint32_t tid)
{
    return {tid, [](uint32_t) {
                thread_get(&owner.thread);
                return &owner.thread;
            }};
}

class FutexRequeuePi : public FutexTest {
protected:
    static constexpr uaddr_t kTo = kWord2;

    // A thread known as tid that waits at kWord to own kTo. It lives on, as an
    // owner does: others may wait for it.
    class Mover {
    public:
        Mover(FutexRequeuePi *test, uint32_t tid, unsigned priority = 0)
            : thread_([this, test, tid] {
                  Use(test->as_);
                  result_ = test->WaitMove(tid, WAIT_FOREVER);
                  kthread::Store(has_result_, true);
                  while (!kthread::Load(ends_))
                      kthread::Sleep(kMs / 4);
                  lend_close(thread_current());
                  thread_set_mmu(nullptr);
              })
        {
            struct thread_params params = {
                priority > 0 ? THREAD_FIFO : THREAD_NORMAL, 0, priority};

            EXPECT_EQ(0, thread_set_params(thread(), &params));
            while (!thread_is_waiting(thread()))
                kthread::Pause();
        }
        ~Mover() { kthread::Store(ends_, true); }
        int result()
        {
            while (!done())
                kthread::Pause();
            return result_;
        }
        bool done() { return kthread::Load(has_result_); }
        struct thread *thread() { return thread_.thread(); }

    private:
        int result_ = 1;
        bool has_result_ = false, ends_ = false;
        Kthread thread_;
    };

    int WaitMove(uint32_t tid, uint64_t deadline, uint32_t value = 0,
                 uaddr_t to = kTo)
    {
        struct futex_word from_word = Word(kWord), to_word = Word(to);
        struct futex_self self = Self(tid);

        return futex_wait_requeue_pi(&from_word, value, &to_word, &self,
                                     deadline);
    }
    int Move(uint32_t count, uint32_t expect = 0, uaddr_t to = kTo)
    {
        struct futex_move move = {Word(kWord), Word(to), 1, count, &expect};
        struct futex_self self = Self(99);

        return futex_requeue_pi(&move, &self);
    }
    int Unlock(uint32_t tid)
    {
        struct futex_word word = Word(kTo);

        return futex_unlock_pi(&word, tid);
    }
};

TEST_F(FutexRequeuePi, WaitsAndTheirErrors)
{
    struct futex_word word = Word(kWord);

    EXPECT_EQ(-EAGAIN, WaitMove(5, WAIT_FOREVER, 1));
    EXPECT_EQ(-EINVAL, WaitMove(5, WAIT_FOREVER, 0, kWord));
    EXPECT_EQ(-EINVAL, WaitMove(5, WAIT_FOREVER, 0, kTo + 1));
    EXPECT_EQ(-ETIMEDOUT, WaitMove(5, hal_clock_now() + kMs));
    EXPECT_EQ(-EAGAIN, Move(1, 7));
    EXPECT_EQ(0, Move(10)); // there is nobody
    EXPECT_EQ(0u, Get(kTo));
    Mover mover(this, 5);
    EXPECT_EQ(-EINVAL, futex_wake(&word, 1, kAny)); // only moved, not woken
    thread_set_work(mover.thread(), THREAD_WORK_SIGNAL);
    EXPECT_EQ(-EINTR, mover.result());
    EXPECT_EQ(0, Move(10));
}

TEST_F(FutexRequeuePi, AFreeLockIsGivenToTheBest)
{
    Mover low(this, 5, 10), high(this, 6, 20), fair(this, 7);

    EXPECT_EQ(3, Move(10));
    EXPECT_EQ(0, high.result());
    EXPECT_EQ(6u | kWaiters, Get(kTo));
    EXPECT_FALSE(low.done());
    EXPECT_EQ(0, Unlock(6));
    EXPECT_EQ(0, low.result());
    EXPECT_FALSE(fair.done());
    EXPECT_EQ(0, Unlock(5));
    EXPECT_EQ(0, fair.result());
    EXPECT_EQ(7u, Get(kTo));
    EXPECT_EQ(0, Unlock(7));
    EXPECT_EQ(0u, Get(kTo));
}

TEST_F(FutexRequeuePi, NoMoreThanAreAskedFor)
{
    Mover first(this, 5), second(this, 6);

    EXPECT_EQ(1, Move(0));
    EXPECT_EQ(0, first.result());
    EXPECT_EQ(5u, Get(kTo) & ~kWaiters);
    EXPECT_FALSE(second.done());
    EXPECT_EQ(0, Unlock(5));
    EXPECT_EQ(0u, Get(kTo));
    EXPECT_EQ(1, Move(0));
    EXPECT_EQ(0, second.result());
    EXPECT_EQ(0, Unlock(6));
}

TEST_F(FutexRequeuePi, AsManyAsAreAskedFor)
{
    std::unique_ptr<Mover> movers[5];

    for (uint32_t n = 0; n < 5; n++)
        movers[n] = std::make_unique<Mover>(this, 5 + n, 20 - n);
    EXPECT_EQ(2, Move(1)); // one owns it, one more waits for that
    EXPECT_EQ(0, movers[0]->result());
    EXPECT_EQ(0, Unlock(5));
    EXPECT_EQ(0, movers[1]->result());
    EXPECT_EQ(0, Unlock(6));
    EXPECT_EQ(0u, Get(kTo)); // nobody else was moved
    Set(kTo, 50);
    EXPECT_EQ(2, Move(1));
    EXPECT_EQ(1, Move(10));
    EXPECT_EQ(0, Unlock(50));
    for (uint32_t n = 2; n < 5; n++) {
        EXPECT_EQ(0, movers[n]->result());
        EXPECT_EQ(0, Unlock(5 + n));
    }
}

// Where it has an owner they wait for that one, and lend to it.
TEST_F(FutexRequeuePi, AnOwnedLockIsWaitedFor)
{
    Set(kTo, 50);
    {
        Mover first(this, 5, 30), second(this, 6, 40);

        EXPECT_EQ(2, Move(10));
        EXPECT_EQ(50u | kWaiters, Get(kTo));
        EXPECT_FALSE(first.done());
        EXPECT_EQ(40u, thread_level(&owner.thread));
        EXPECT_EQ(0, Unlock(50));
        EXPECT_EQ(0, second.result());
        EXPECT_EQ(0u, thread_level(&owner.thread));
        EXPECT_EQ(0, Unlock(6));
        EXPECT_EQ(0, first.result());
        EXPECT_EQ(0, Unlock(5));
    }
}

// There is no way back to the first word.
TEST_F(FutexRequeuePi, ASignalAfterTheMove)
{
    Set(kTo, 50);
    Mover mover(this, 5, 30);

    EXPECT_EQ(1, Move(10));
    thread_set_work(mover.thread(), THREAD_WORK_SIGNAL);
    EXPECT_EQ(-EAGAIN, mover.result());
    EXPECT_EQ(0u, thread_level(&owner.thread));
    EXPECT_EQ(0, Unlock(50));
    EXPECT_EQ(0u, Get(kTo));
}

TEST_F(FutexRequeuePi, WhoExpectsAnotherMove)
{
    Mover mover(this, 5);

    EXPECT_EQ(-EINVAL, Move(10, 0, kWord2 + 8));
    {
        Waiter plain(this, Word(kWord2 + 16));
        const uint32_t zero = 0;
        struct futex_move move = {Word(kWord2 + 16), Word(kTo), 1, 1, &zero};
        struct futex_self self = Self(99);
        struct futex_word word = Word(kWord2 + 16);

        EXPECT_EQ(-EINVAL, futex_requeue_pi(&move, &self));
        EXPECT_EQ(1, futex_wake(&word, 1, kAny));
        EXPECT_EQ(0, plain.result());
    }
    EXPECT_FALSE(mover.done());
    EXPECT_EQ(1, Move(10));
    EXPECT_EQ(0, mover.result());
    EXPECT_EQ(0, Unlock(5));
}

// As condition variables do it: all wait, one moves them, each hands on.
TEST_F(FutexRequeuePi, StormFromAllCpus)
{
    uint64_t rounds = harness::steps(30);

    for (uint64_t i = 0; i < rounds; i++) {
        constexpr uint32_t kCount = 4;
        std::unique_ptr<Mover> movers[kCount];
        bool is_done[kCount] = {};

        for (uint32_t n = 0; n < kCount; n++)
            movers[n] = std::make_unique<Mover>(this, 5 + n, 1 + n % 2);
        EXPECT_EQ(int(kCount), Move(100));
        for (uint32_t n = 0; n < kCount; n++) {
            uint32_t tid = Get(kTo) & ~kWaiters;

            ASSERT_TRUE(tid >= 5 && tid < 5 + kCount) << tid;
            ASSERT_FALSE(is_done[tid - 5]);
            is_done[tid - 5] = true;
            EXPECT_EQ(0, movers[tid - 5]->result());
            EXPECT_EQ(0, Unlock(tid));
        }
        EXPECT_EQ(0u, Get(kTo));
    }
}

} // namespace
