// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/clone_life_test.cc - core/proc/clone.h: whose child it is,
// the words that tell of threads, vfork(2), and what an error leaves behind.
// Run with one CPU and with four.
#include "core/ipc/futex.h"
#include "core/proc/pidfd.h"
#include "tests/core/proc/clone_fixture.h"

namespace {

class CloneLifeTest : public CloneTest {};

// --- words -------------------------------------------------------------------

TEST_F(CloneLifeTest, WordsOfTheBeginning)
{
    for (uint64_t flags : {uint64_t{0}, uint64_t{LX_CLONE_VM}}) {
        struct clone_request request =
            Request(flags | LX_CLONE_PARENT_SETTID | LX_CLONE_CHILD_SETTID);
        int number;

        SetWord(as(), kPages, -1);
        SetWord(as(), kPages + 4, -1);
        request.parent_tid = kPages;
        request.child_tid = kPages + 4;
        number = Clone(request);
        ASSERT_LT(0, number);
        Born child(number);

        EXPECT_EQ(number, Word(as(), kPages));
        // The child writes its own, before it runs.
        Await([&] { return Word(child.process()->as, kPages + 4) == number; });
        if (flags == 0) {
            EXPECT_EQ(-1, Word(as(), kPages + 4));
        }
    }
}

// A word that cannot be written is nobody's error.
TEST_F(CloneLifeTest, WordsNowhere)
{
    struct clone_request request =
        Request(LX_CLONE_PARENT_SETTID | LX_CLONE_CHILD_SETTID |
                LX_CLONE_CHILD_CLEARTID);
    int number;

    request.parent_tid = kHole;
    request.child_tid = kHole;
    number = Clone(request);
    ASSERT_LT(0, number);
    Bury(number, 0);
}

// CLONE_CHILD_CLEARTID: what pthread_join(3) waits for.
TEST_F(CloneLifeTest, TheWordOfTheEnd)
{
    struct clone_request request = Request(kThread | LX_CLONE_CHILD_CLEARTID);
    int number, woken = 1;

    request.child_tid = kPages;
    SetWord(as(), kPages, 5);
    number = Clone(request);
    ASSERT_LT(0, number);
    EXPECT_EQ(kPages, Born(number).task()->clear_tid);
    EXPECT_EQ(0, Word(as(), kPages));

    SetWord(as(), kPages, 5);
    number = Clone(request);
    ASSERT_LT(0, number);
    {
        Born child(number);
        kthread::Kthread ender([&] {
            kthread::Sleep(5 * kMs);
            child.End();
        });

        Do([&] {
            struct futex_word word = {process()->as, kPages, false};

            woken = futex_wait(&word, 5, LX_FUTEX_BITSET_MATCH_ANY,
                               hal_clock_now() + 20000 * kMs);
        });
    }
    EXPECT_TRUE(woken == 0 || woken == -EAGAIN) << woken;
    EXPECT_EQ(0, Word(as(), kPages));
}

// --- whose child it is
// ---------------------------------------------------------

TEST_F(CloneLifeTest, AProcessIsItsMakersChild)
{
    int number, word = 0;

    SetAction(process(), LX_SIGUSR2, LX_SIG_IGN);
    number = Clone(Request(0, LX_SIGUSR2));
    ASSERT_LT(0, number);
    {
        Born child(number);

        EXPECT_NE(process(), child.process());
        EXPECT_EQ(process(), child.process()->parent);
        EXPECT_EQ(task(), child.process()->creator);
        EXPECT_EQ(member_->number(), child.process()->parent_number);
        EXPECT_EQ(LX_SIGUSR2, child.process()->exit_signal);
        EXPECT_EQ(number, process_number(child.process()));
        child.End(LX_W_EXITED(7));
    }
    EXPECT_EQ(-ECHILD, Reap(&word, LX_WEXITED)); // wait(2) knows SIGCHLD only
    EXPECT_EQ(number, Reap(&word));
    EXPECT_EQ(LX_W_EXITED(7), word);
}

// CLONE_PARENT: the caller's sibling, with its exit signal.
TEST_F(CloneLifeTest, ASibling)
{
    EXPECT_EQ(-EINVAL, UserTest::Clone(Request(LX_CLONE_PARENT))); // of init
    int number = Clone(Request(LX_CLONE_PARENT, LX_SIGUSR2));
    ASSERT_LT(0, number);
    {
        Born child(number);

        EXPECT_EQ(init()->process, child.process()->parent);
        EXPECT_EQ(init(), child.process()->creator);
        EXPECT_EQ(1, child.process()->parent_number);
        EXPECT_EQ(LX_SIGCHLD, child.process()->exit_signal);
    }
    EXPECT_EQ(-ECHILD, Reap());
    struct wait_result result = {};
    EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, number));
}

// A grandchild's is the member's child, and has that signal.
TEST_F(CloneLifeTest, TheSiblingOfAGrandchild)
{
    int child, sibling = 0;

    SetAction(process(), LX_SIGUSR1, LX_SIG_IGN);
    body_ = [&] {
        body_ = nullptr;
        sibling = UserTest::Clone(Request(LX_CLONE_PARENT, LX_SIGUSR2));
        task_end(task_current(), LX_W_EXITED(0));
    };
    child = Clone(Request(LX_CLONE_VM | LX_CLONE_VFORK, LX_SIGUSR1));
    ASSERT_LT(0, child);
    ASSERT_LT(0, sibling);
    EXPECT_EQ(child, Reap());
    {
        Born born(sibling);

        EXPECT_EQ(process(), born.process()->parent);
        EXPECT_EQ(LX_SIGUSR1, born.process()->exit_signal);
        EXPECT_EQ(member_->number(), born.process()->parent_number);
    }
    EXPECT_EQ(sibling, Reap());
}

// clone(2), CLONE_THREAD: no child; the process lives as long as a thread.
TEST_F(CloneLifeTest, AThread)
{
    int number = Clone(kThread);
    ASSERT_LT(0, number);
    {
        Born thread(number);

        EXPECT_EQ(process(), thread.process());
        EXPECT_EQ(number, task_number(thread.task()));
        EXPECT_NE(member_->number(), number);
        EXPECT_EQ(2u, __atomic_load_n(&process()->running, __ATOMIC_RELAXED));
        EXPECT_EQ(nullptr, process_find(pid_ns_root(), number));
        EXPECT_EQ(-ECHILD, Reap());
        thread.End(LX_W_EXITED(3));
        thread.Join();
        EXPECT_EQ(PROCESS_ALIVE, StateOf(process()));
    }
    EXPECT_EQ(nullptr, task_find(pid_ns_root(), number));
    // The leader first: its number stays the process's.
    number = Clone(kThread);
    ASSERT_LT(0, number);
    {
        Born thread(number);

        member_->End(LX_W_EXITED(4));
        Await([&] { return member_->has_ended(); });
        EXPECT_EQ(PROCESS_ALIVE, StateOf(process()));
        EXPECT_FALSE(thread.has_ended());
        EXPECT_EQ(member_->number(), process_number(process()));
        thread.End(LX_W_EXITED(5));
    }
    struct wait_result result = {};
    EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, member_->number()));
    EXPECT_EQ(LX_W_EXITED(5), result.word);
}

// A signal that ends one ends all (signal(7)).
TEST_F(CloneLifeTest, AllThreadsDieAtOnce)
{
    int first = Clone(kThread), second = Clone(kThread);

    ASSERT_LT(0, first);
    ASSERT_LT(0, second);
    Born one(first), other(second);
    EXPECT_EQ(0, Send(process(), LX_SIGKILL));
    one.Join();
    other.Join();
    struct wait_result result = {};
    EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, member_->number()));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), result.word);
}

// --- CLONE_PIDFD, CLONE_VFORK
// ----------------------------------------------------

TEST_F(CloneLifeTest, APidfd)
{
    struct clone_request request = Request(LX_CLONE_PIDFD);
    int number, fd;

    request.pidfd = kPages;
    number = Clone(request);
    ASSERT_LT(0, number);
    fd = Word(as(), kPages);
    {
        Born child(number);
        struct file *f = fd_get(task()->files, fd);

        ASSERT_NE(nullptr, f);
        EXPECT_EQ(child.process()->pid, pidfd_pid(f));
        EXPECT_EQ(1, fd_closes_on_exec(task()->files, fd));
        // The copy of the table was made before (clone(2), CLONE_PIDFD).
        EXPECT_EQ(nullptr, fd_get(child.task()->files, fd));
        EXPECT_EQ(0u, file_poll(f));
        child.End();
        Await([&] { return file_poll(f) != 0; });
        file_put(f);
    }
    EXPECT_EQ(number, Reap());
    EXPECT_EQ(0, fd_close(task()->files, fd));
}

// vfork(2): until the child has let go of the memory.
TEST_F(CloneLifeTest, WaitsForTheMemory)
{
    std::atomic<int> steps{0};
    int number;

    body_ = [&] {
        EXPECT_EQ(0, steps++);
        kthread::Sleep(2 * kMs);
        EXPECT_EQ(1, steps++);
        task_end(task_current(), LX_W_EXITED(9));
    };
    Do([&] {
        number = UserTest::Clone(Request(LX_CLONE_VM | LX_CLONE_VFORK));
        EXPECT_EQ(2, steps++);
    });
    ASSERT_LT(0, number);
    EXPECT_EQ(3, steps);
    EXPECT_EQ(number, Reap());
}

// Only a deadly signal ends the wait; the child lives on.
TEST_F(CloneLifeTest, KilledWhileItWaits)
{
    std::atomic<int> child{0};

    body_ = [&] { child = task_number(task_current()); };
    {
        kthread::Kthread maker(
            [&] { (void)Clone(LX_CLONE_VM | LX_CLONE_VFORK); });

        Await([&] { return child != 0; });
        Await([&] { return thread_is_waiting(task()->thread); });
        EXPECT_EQ(0, Send(process(), LX_SIGUSR2)); // fatal, it is not caught
    }
    Born born(child);

    member_->Join();
    EXPECT_FALSE(born.has_ended());
    struct wait_result result = {};
    EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, member_->number()));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGUSR2), result.word);
    EXPECT_EQ(init()->process, born.process()->parent);
}

// --- errors
// --------------------------------------------------------------------

// A signal comes before the child or reaches it: none is made meanwhile.
TEST_F(CloneLifeTest, ASignalIsPending)
{
    struct clone_request request = Request(LX_CLONE_PIDFD);
    int files = Files(), result = 0;
    struct lx_siginfo info;

    request.pidfd = kPages;
    SetAction(process(), LX_SIGUSR1, 0x1234);
    Do([&] {
        EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
        result = task_clone(task(), &request);
        EXPECT_EQ(LX_SIGUSR1,
                  signal_take(task(), SIGNAL_SET_OF(LX_SIGUSR1), &info));
    });
    EXPECT_EQ(-EINTR, result);
    EXPECT_EQ(files, Files());
    EXPECT_EQ(-ECHILD, Reap());
}

TEST_F(CloneLifeTest, NoMemory)
{
    for (uint64_t flags :
         {uint64_t{0}, uint64_t{LX_CLONE_VM}, uint64_t{kThread},
          uint64_t{LX_CLONE_VM | LX_CLONE_FILES | LX_CLONE_FS},
          uint64_t{LX_CLONE_PIDFD | LX_CLONE_CHILD_SETTID |
                   LX_CLONE_PARENT_SETTID}}) {
        struct clone_request request = Request(flags);
        unsigned counted = Counted();
        int files = Files();
        auto make = [&] {
            int number = Clone(request);

            if (number < 0)
                return number;
            if ((flags & LX_CLONE_PIDFD) != 0) {
                EXPECT_EQ(0, fd_close(task()->files, Word(as(), kPages)));
            }
            Bury(number, flags);
            return 0;
        };

        request.pidfd = kPages;
        request.child_tid = request.parent_tid = kPages + 8;
        ASSERT_EQ(0, make()); // leaves tables as each of them does
        EXPECT_LE(3u, harness::sweep_allocations(make)) << std::hex << flags;
        EXPECT_EQ(files, Files());
        EXPECT_EQ(counted, Counted());
    }
}

// Threads and processes come and go on all CPUs.
TEST_F(CloneLifeTest, Storm)
{
    uint64_t rounds = harness::steps(20);

    body_ = [] { task_end(task_current(), LX_W_EXITED(0)); };
    for (uint64_t i = 0; i < rounds; i++) {
        for (uint64_t flags :
             {uint64_t{0}, uint64_t{LX_CLONE_VM}, uint64_t{kThread},
              uint64_t{kThread | LX_CLONE_VFORK},
              uint64_t{LX_CLONE_VM | LX_CLONE_VFORK}})
            EXPECT_LT(0, Clone(flags));
        for (int n = 0; n < 3; n++)
            EXPECT_LT(0, Reap());
    }
    Await([&] {
        return __atomic_load_n(&process()->running, __ATOMIC_ACQUIRE) == 1;
    });
}

} // namespace
