// SPDX-License-Identifier: Apache-2.0
//
// tests/core/ipc/futex_owner_test.cc - core/ipc/futex.h: PI futexes, and what
// the end of a thread does. Run with one CPU and with four.
#include "tests/core/ipc/futex_fixture.h"

#include "core/sched/lend.h"
#include "core/sched/thread.h"

namespace {

// Whoever a word names is this thread, which never runs; who was given the word
// and ends closes, and those behind him wait for this one again.
struct Sleeper {
    struct thread thread = {};

    Sleeper()
    {
        refcount_init(&thread.refs, 1);
        list_init(&thread.lenders);
        thread.state = THREAD_WAITING;
    }
} sleeper;

struct thread *FindOwner(uint32_t)
{
    thread_get(&sleeper.thread);
    return &sleeper.thread;
}

struct futex_self Self(uint32_t tid)
{
    return {tid, FindOwner};
}

constexpr uint32_t kWaiters = LX_FUTEX_WAITERS, kDied = LX_FUTEX_OWNER_DIED;

class FutexOwner : public FutexTest {
protected:
    // A thread known as tid that takes a PI lock; made when it waits.
    class Locker {
    public:
        Locker(FutexOwner *test, uaddr_t at, uint32_t tid)
            : thread_([this, test, at, tid] {
                  struct futex_word word = test->Word(at);
                  struct futex_self self = Self(tid);

                  Use(test->as_);
                  result_ = futex_lock_pi(&word, &self, false, WAIT_FOREVER);
                  lend_close(thread_current());
                  thread_set_mmu(nullptr);
              })
        {
            // It lends when it goes on the queue; who unlocks finds it there.
            while (__atomic_load_n(&thread()->waits, __ATOMIC_RELAXED) ==
                   nullptr)
                kthread::Pause();
        }
        int result()
        {
            thread_.Join();
            return result_;
        }
        struct thread *thread() { return thread_.thread(); }

    private:
        int result_ = 1;
        Kthread thread_;
    };

    int Lock(uaddr_t at, uint32_t tid, uint64_t deadline = WAIT_FOREVER)
    {
        struct futex_word word = Word(at);
        struct futex_self self = Self(tid);

        return futex_lock_pi(&word, &self, false, deadline);
    }
    int Try(uaddr_t at, uint32_t tid)
    {
        struct futex_word word = Word(at);
        struct futex_self self = Self(tid);

        return futex_lock_pi(&word, &self, true, WAIT_FOREVER);
    }
    int Unlock(uaddr_t at, uint32_t tid)
    {
        struct futex_word word = Word(at);

        return futex_unlock_pi(&word, tid);
    }
    void SetLong(uaddr_t at, uint64_t value)
    {
        EXPECT_EQ(0, copy_out_struct(as_, at, &value));
    }
    // A robust list at kWord of locks at kWord2 + 64 n, each 8 bytes behind
    // its entry.
    void MakeList(unsigned count, uint64_t pending = 0, uint64_t bits = 0)
    {
        uaddr_t last = kWord;

        for (unsigned i = 0; i < count; i++) {
            SetLong(last, Entry(i) | bits);
            last = Entry(i);
        }
        SetLong(last, kWord);
        SetLong(kWord + 8, 8);
        SetLong(kWord + 16, pending);
    }
    static uaddr_t Entry(unsigned i) { return kWord2 + 64 * i; }
    static uaddr_t LockOf(unsigned i) { return Entry(i) + 8; }
};

TEST_F(FutexOwner, AFreeLockIsTaken)
{
    EXPECT_EQ(0, Lock(kWord, 5));
    EXPECT_EQ(5u, Get(kWord));
    EXPECT_EQ(-EDEADLK, Lock(kWord, 5));
    EXPECT_EQ(-EDEADLK, Try(kWord, 5));
    EXPECT_EQ(-EAGAIN, Try(kWord, 6));
    EXPECT_EQ(5u, Get(kWord));
    EXPECT_EQ(-EPERM, Unlock(kWord, 6));
    EXPECT_EQ(0, Unlock(kWord, 5));
    EXPECT_EQ(0u, Get(kWord));
    EXPECT_EQ(-EPERM, Unlock(kWord, 5));
    EXPECT_EQ(0, Try(kWord, 6));
    EXPECT_EQ(6u, Get(kWord));
    EXPECT_EQ(0, Unlock(kWord, 6));
    Set(kWord, kDied); // whoever takes it learns of that
    EXPECT_EQ(0, Lock(kWord, 7));
    EXPECT_EQ(7u | kDied, Get(kWord));
}

TEST_F(FutexOwner, Errors)
{
    uint64_t soon = hal_clock_now() + kMs;

    EXPECT_EQ(-EINVAL, Lock(kWord + 1, 5));
    EXPECT_EQ(-EINVAL, Unlock(kWord + 1, 5));
    for (uaddr_t at : {kHole, kReadOnly, static_cast<uaddr_t>(HAL_USER_TOP)}) {
        EXPECT_EQ(-EFAULT, Lock(at, 5));
        EXPECT_EQ(-EFAULT, Try(at, 5));
        EXPECT_EQ(-EFAULT, Unlock(at, 5));
    }
    Set(kWord, 6);
    EXPECT_EQ(-ETIMEDOUT, Lock(kWord, 5, soon));
    EXPECT_GE(hal_clock_now(), soon);
    EXPECT_EQ(6u | kWaiters, Get(kWord));
    EXPECT_EQ(0, Unlock(kWord, 6));
    EXPECT_EQ(0u, Get(kWord));
}

TEST_F(FutexOwner, UnlockHandsOver)
{
    EXPECT_EQ(0, Lock(kWord, 5));
    Locker first(this, kWord, 6), second(this, kWord, 7);

    EXPECT_EQ(0, Unlock(kWord, 5));
    EXPECT_EQ(0, first.result());
    EXPECT_EQ(6u | kWaiters, Get(kWord));
    EXPECT_EQ(-EPERM, Unlock(kWord, 5));
    EXPECT_EQ(0, Unlock(kWord, 6));
    EXPECT_EQ(0, second.result());
    EXPECT_EQ(7u, Get(kWord));
    EXPECT_EQ(0, Unlock(kWord, 7));
}

TEST_F(FutexOwner, ASignalEndsAWait)
{
    EXPECT_EQ(0, Lock(kWord, 5));
    Locker locker(this, kWord, 6);

    thread_set_work(locker.thread(), THREAD_WORK_SIGNAL);
    EXPECT_EQ(-EINTR, locker.result());
    EXPECT_EQ(0, Unlock(kWord, 5));
    EXPECT_EQ(0u, Get(kWord));
}

// A plain wake does not reach who waits to own.
TEST_F(FutexOwner, WakesAndLocksAreApart)
{
    struct futex_word word = Word(kWord);

    EXPECT_EQ(0, Lock(kWord, 5));
    Locker locker(this, kWord, 6);

    EXPECT_EQ(-EINVAL, futex_wake(&word, 10, kAny));
    EXPECT_EQ(0, Unlock(kWord, 5));
    EXPECT_EQ(0, locker.result());
}

// --- the end of a thread

TEST_F(FutexOwner, RobustLocksAreGivenUp)
{
    MakeList(3);
    Set(LockOf(0), 5);
    Set(LockOf(1), 6); // somebody else's by now
    Set(LockOf(2), 5 | kWaiters);
    Waiter waiter(this, Word(LockOf(2), false), kAny, 5 | kWaiters);

    futex_exit_robust(as_, kWord, 5);
    EXPECT_EQ(kDied, Get(LockOf(0)));
    EXPECT_EQ(6u, Get(LockOf(1)));
    EXPECT_EQ(kDied | kWaiters, Get(LockOf(2)));
    EXPECT_EQ(0, waiter.result());
}

TEST_F(FutexOwner, ThePendingLockIsGivenUpOnce)
{
    MakeList(1, Entry(2));
    Set(LockOf(0), 5);
    Set(LockOf(2), 5);
    futex_exit_robust(as_, kWord, 5);
    EXPECT_EQ(kDied, Get(LockOf(0)));
    EXPECT_EQ(kDied, Get(LockOf(2)));
    // One that was free already: its waiter may have missed the wake.
    MakeList(0, Entry(2));
    Set(LockOf(2), 0);
    Waiter waiter(this, Word(LockOf(2), false));

    futex_exit_robust(as_, kWord, 5);
    EXPECT_EQ(0, waiter.result());
    EXPECT_EQ(0u, Get(LockOf(2)));
}

TEST_F(FutexOwner, RobustPiLocksAreHandedOver)
{
    MakeList(1, 0, 1);
    Set(LockOf(0), 5);
    Locker heir(this, LockOf(0), 6);

    futex_exit_robust(as_, kWord, 5);
    EXPECT_EQ(0, heir.result());
    EXPECT_EQ(6u | kDied, Get(LockOf(0)));
}

// Whatever user space wrote, it ends and touches nothing else.
TEST_F(FutexOwner, WildListsAreHarmless)
{
    harness::Random random(3);

    SetLong(kWord, kWord2); // a ring that never comes back to its head
    SetLong(kWord + 8, 8);
    SetLong(kWord + 16, 0);
    SetLong(kWord2, kWord2);
    Set(kWord2 + 8, 5);
    futex_exit_robust(as_, kWord, 5);
    EXPECT_EQ(kDied, Get(kWord2 + 8));
    futex_exit_robust(as_, kHole, 5);
    futex_exit_robust(as_, UINT64_MAX - 7, 5);
    for (uint64_t i = harness::steps(500); i > 0; i--) {
        for (unsigned at = 0; at < 128; at += 8) {
            static const uint64_t kinds[] = {
                kWord,      kWord2,       kHole, kReadOnly,
                UINT64_MAX, HAL_USER_TOP, 0,     5};

            SetLong(kWord + at,
                    kinds[random.below(COUNT_OF(kinds))] + random.below(20));
            SetLong(kWord2 + at,
                    kinds[random.below(COUNT_OF(kinds))] + random.below(20));
        }
        futex_exit_robust(as_, kWord + 8 * random.below(3), 5);
    }
}

TEST_F(FutexOwner, TheClearedWordWakes)
{
    Set(kWord, 77);
    {
        Waiter waiter(this, Word(kWord, false), kAny, 77);

        futex_exit_clear(as_, kWord);
        EXPECT_EQ(0, waiter.result());
    }
    EXPECT_EQ(0u, Get(kWord));
    futex_exit_clear(as_, kHole); // and where there is none, nothing
    futex_exit_clear(as_, kReadOnly);
    futex_exit_clear(as_, kWord + 1);
}

// Threads of all CPUs take and give one lock; it is one thread's at a time.
TEST_F(FutexOwner, PiStorm)
{
    constexpr unsigned kThreads = 4;
    uint64_t rounds = harness::steps(1000);
    std::vector<std::unique_ptr<Kthread>> threads;

    for (unsigned n = 0; n < kThreads; n++)
        threads.push_back(std::make_unique<Kthread>([&, n] {
            Use(as_);
            for (uint64_t i = 0; i < rounds; i++) {
                EXPECT_EQ(0, Lock(kWord, 10 + n));
                EXPECT_EQ(10 + n, Get(kWord) & LX_FUTEX_TID_MASK);
                Set(kWord2, Get(kWord2) + 1);
                if (i % 16 == 0)
                    thread_yield();
                EXPECT_EQ(0, Unlock(kWord, 10 + n));
            }
            thread_set_mmu(nullptr);
        }));
    threads.clear();
    EXPECT_EQ(kThreads * rounds, Get(kWord2));
    EXPECT_EQ(0u, Get(kWord));
}

} // namespace
