// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/exec_change_test.cc - core/proc/exec.h: what of a process a
// new program finds changed (execve(2), "Effect on process attributes"), its
// other threads, and errors, which change nothing. Run with one CPU and with
// four.
#include <atomic>

#include "core/abi/auxvec.h"
#include "core/base/fault.h"
#include "core/fs/eventfd.h"
#include "core/fs/fd_table.h"
#include "core/id/cred.h"
#include "tests/core/proc/exec_fixture.h"

namespace {

constexpr uint64_t kThread = LX_CLONE_THREAD | LX_CLONE_SIGHAND | LX_CLONE_VM;

class ExecChangeTest : public ExecTest {
protected:
    // A descriptor of the member's.
    int Install(bool close_on_exec)
    {
        int fd = -1;

        Do([&] {
            struct fd_place place = {};
            struct file *f = nullptr;

            place.limit = 1024;
            place.close_on_exec = close_on_exec;
            ASSERT_EQ(0, eventfd_create(0, 0, &f));
            fd = fd_install(task()->files, f, &place);
        });
        EXPECT_LE(0, fd);
        return fd;
    }
    static bool IsOpen(struct fd_table *files, int fd)
    {
        return fd_closes_on_exec(files, fd) >= 0;
    }
    int Start(uint64_t flags)
    {
        int number = CloneBy(*member_, Request(flags));

        EXPECT_LT(0, number);
        return number;
    }
};

TEST_F(ExecChangeTest, CloseOnExec)
{
    int kept = Install(false), closed = Install(true);

    EXPECT_EQ(-ENOENT, Exec("nowhere"));
    EXPECT_TRUE(IsOpen(task()->files, closed));
    ASSERT_EQ(0, Exec("prog"));
    EXPECT_FALSE(IsOpen(task()->files, closed));
    EXPECT_TRUE(IsOpen(task()->files, kept));
}

// A table that is shared with another process is not any more.
TEST_F(ExecChangeTest, SharedDescriptors)
{
    int kept = Install(false), closed = Install(true);
    Born other(Start(LX_CLONE_FILES));

    ASSERT_EQ(task()->files, other.task()->files);
    EXPECT_EQ(-ENOEXEC, (vfs().Write("x", "x", 0755), Exec("x")));
    EXPECT_EQ(task()->files, other.task()->files);
    ASSERT_EQ(0, Exec("prog"));
    EXPECT_NE(task()->files, other.task()->files);
    EXPECT_FALSE(IsOpen(task()->files, closed));
    EXPECT_TRUE(IsOpen(task()->files, kept));
    EXPECT_TRUE(IsOpen(other.task()->files, closed));
}

// Caught signals become default, ignored ones stay; the mask and what is
// pending stay; the alternate stack goes.
TEST_F(ExecChangeTest, Signals)
{
    Born sharer(Start(LX_CLONE_SIGHAND | LX_CLONE_VM));
    struct process_signals *signals = &process()->signals;

    SetAction(process(), LX_SIGUSR1, 0x1234);
    SetAction(process(), LX_SIGUSR2, LX_SIG_IGN);
    ASSERT_EQ(signals->actions, sharer.process()->signals.actions);
    Do([&] {
        signal_set_mask(task(), SIGNAL_SET_OF(LX_SIGTERM));
        task()->signals.stack_size = PAGE_SIZE;
        EXPECT_EQ(0, Send(process(), LX_SIGTERM));
    });
    ASSERT_EQ(0, Exec("prog"));
    EXPECT_EQ(uint64_t{LX_SIG_DFL}, signal_handler_of(signals, LX_SIGUSR1));
    EXPECT_EQ(uint64_t{LX_SIG_IGN}, signal_handler_of(signals, LX_SIGUSR2));
    EXPECT_EQ(0x1234u,
              signal_handler_of(&sharer.process()->signals, LX_SIGUSR1));
    EXPECT_EQ(SIGNAL_SET_OF(LX_SIGTERM), task()->signals.blocked);
    EXPECT_EQ(SIGNAL_SET_OF(LX_SIGTERM), signal_pending_set(task()));
    EXPECT_EQ(0u, task()->signals.stack_size);
}

TEST_F(ExecChangeTest, WordsOfTheThread)
{
    Do([&] {
        SetWord(process()->as, kPages, 77);
        task()->clear_tid = kPages;
        task()->robust_list = kPages + 64;
        task()->rseq = kPages + 128;
        task()->thread->switch_work = THREAD_WORK_RSEQ;
    });
    Born sharer(Start(LX_CLONE_VM)); // sees the word cleared, as at an end
    ASSERT_EQ(0, Exec("prog"));
    EXPECT_EQ(0, Word(sharer.process()->as, kPages));
    EXPECT_EQ(0u, task()->clear_tid | task()->robust_list | task()->rseq);
    EXPECT_EQ(0u, task()->thread->switch_work);
    EXPECT_NE(sharer.process()->as, process()->as);
}

// Who waits in vfork(2) goes on.
TEST_F(ExecChangeTest, EndsAVfork)
{
    std::atomic<int> child{0};
    int number = 0;

    body_ = [&] {
        EXPECT_EQ(0, ExecHere("prog"));
        child = task_number(task_current());
    };
    Do([&] {
        number = UserTest::Clone(Request(LX_CLONE_VM | LX_CLONE_VFORK));
    });
    ASSERT_LT(0, number);
    Await([&] { return child == number; });
    Born born(number);
    EXPECT_FALSE(born.has_ended());
    EXPECT_NE(process()->as, born.process()->as);
    EXPECT_TRUE(born.process()->has_execed);
}

TEST_F(ExecChangeTest, Credentials)
{
    auto become = [&](const char *path, uint32_t mode, lx_uid_t uid) {
        ::path found;

        WriteElf(path, ElfFile(), mode);
        ASSERT_EQ(0, path_find(&vfs().ask, path, &found));
        path_inode(&found)->uid = uid;
        path_put(&found);
    };

    become("setuid", 04755, 77);
    become("plain", 0755, 77);
    Do([&] { Become(1000); });
    ASSERT_EQ(0, Exec("plain"));
    EXPECT_EQ(1000u, task()->cred->euid);
    EXPECT_EQ(1, process()->dumpable);
    Do([&] { task()->parent_death_signal = LX_SIGUSR1; });
    Do([&] { task()->no_new_privs = true; });
    ASSERT_EQ(0, Exec("setuid"));
    EXPECT_EQ(1000u, task()->cred->euid);
    EXPECT_EQ(LX_SIGUSR1, task()->parent_death_signal);
    Do([&] { task()->no_new_privs = false; });
    ASSERT_EQ(0, Exec("setuid"));
    EXPECT_EQ(1000u, task()->cred->uid);
    EXPECT_EQ(77u, task()->cred->euid);
    EXPECT_EQ(77u, task()->cred->suid);
    EXPECT_EQ(1u, Auxiliary(LX_AT_SECURE));
    EXPECT_EQ(77u, Auxiliary(LX_AT_EUID));
    EXPECT_EQ(0, process()->dumpable);
    EXPECT_EQ(0, task()->parent_death_signal);
}

// --- threads
// -------------------------------------------------------------------

TEST_F(ExecChangeTest, TheOthersEnd)
{
    Born one(Start(kThread)), other(Start(kThread));

    EXPECT_EQ(-ENOENT, Exec("nowhere"));
    EXPECT_FALSE(one.has_ended());
    ASSERT_EQ(0, Exec("prog"));
    EXPECT_TRUE(one.has_ended());
    EXPECT_TRUE(other.has_ended());
    EXPECT_EQ(member_->number(), task_number(task()));
    EXPECT_EQ(PROCESS_ALIVE, StateOf(process()));
    EXPECT_EQ(nullptr, process()->exec_task);
}

// Who is not the leader bears the process's number afterwards; the parent
// hears of it as of any child.
TEST_F(ExecChangeTest, AThreadTakesTheLead)
{
    std::unique_ptr<Born> thread;
    int leader = member_->number(), number;
    bool has_run = false;

    body_ = [&] {
        EXPECT_EQ(0, ExecHere("prog"));
        kthread::Store(has_run, true);
    };
    number = Start(kThread);
    member_->Join(); // it was ended
    EXPECT_TRUE(member_->has_ended());
    Await([&] { return kthread::Load(has_run); });
    thread = std::make_unique<Born>(leader);
    EXPECT_EQ(process(), thread->process());
    EXPECT_EQ(nullptr, task_find(pid_ns_root(), number));
    EXPECT_EQ(LX_SIGCHLD, process()->exit_signal);
    EXPECT_EQ(kEntry, RegsOf(thread->task()).rip);
    thread->End(LX_W_EXITED(6));
    thread.reset();
    struct wait_result result = {};
    EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, leader));
    EXPECT_EQ(LX_W_EXITED(6), result.word);
}

// Two at once: one of them is the program, the other has ended.
TEST_F(ExecChangeTest, OnlyOneWins)
{
    for (uint64_t i = 0; i < harness::steps(20); i++) {
        Member process_of(init());
        std::atomic<int> tried{0}, won{0};
        int leader = process_of.number();
        bool begins = false;
        auto race = [&] {
            int error;

            while (!kthread::Load(begins))
                kthread::Pause();
            error = ExecHere("prog");

            tried++;
            if (error == 0)
                won++;
            else
                EXPECT_TRUE(error == -EAGAIN || error == -EINTR) << error;
        };

        Equip(process_of);
        body_ = race;
        EXPECT_LT(0, CloneBy(process_of, Request(kThread)));
        EXPECT_LT(0, CloneBy(process_of, Request(kThread)));
        kthread::Store(begins, true);
        Await([&] { return tried == 2; });
        EXPECT_EQ(1, won);
        process_of.Join();
        {
            Born winner(leader);
        }
    }
    body_ = nullptr;
}

TEST_F(ExecChangeTest, WhoIsBeingKilled)
{
    int error = 0;

    Do([&] {
        EXPECT_EQ(0, Send(process(), LX_SIGKILL));
        MapVectors();
        error = ExecHere("prog", Put(kVectors, {"x"}));
    });
    EXPECT_TRUE(error == -EINTR || error == -EAGAIN) << error;
    struct wait_result result = {};
    EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, member_->number()));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), result.word);
}

// --- errors
// --------------------------------------------------------------------

TEST_F(ExecChangeTest, NoMemory)
{
    vfs().Write("script", "#!/dyn argument", 0755);
    for (const char *path : {"prog", "dyn", "script"}) {
        auto run = [&] {
            struct aspace *as = process()->as;
            struct cred *cred = task()->cred;
            struct fd_table *files = task()->files;
            struct lx_user_regs before = RegsOf(task()), after;
            int error = Exec(path);

            if (error == 0)
                return 0;
            after = RegsOf(task());
            EXPECT_EQ(as, process()->as);
            EXPECT_EQ(cred, task()->cred);
            EXPECT_EQ(files, task()->files);
            EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
            return error;
        };

        ASSERT_EQ(0, run()); // the file's pages are there from now on
        EXPECT_LE(10u, harness::sweep_allocations(run)) << path;
    }
}

// What shares with the process does so still, its threads live: exec has all
// it needs before it ends them.
TEST_F(ExecChangeTest, NoMemoryAmongOthers)
{
    Born sharer(
        Start(LX_CLONE_SIGHAND | LX_CLONE_VM | LX_CLONE_FILES | LX_CLONE_FS));
    Born thread(Start(kThread | LX_CLONE_FILES));
    struct aspace *as = process()->as;
    uint64_t k = 0;
    int error;

    do {
        fault_plan_nth(FAULT_ANY, ++k);
        error = Exec("prog");
        fault_plan_nth(0, 0);
        if (error == 0)
            break;
        ASSERT_EQ(-ENOMEM, error) << k;
        ASSERT_EQ(as, process()->as);
        ASSERT_FALSE(thread.has_ended()) << k;
        ASSERT_EQ(task()->files, sharer.task()->files);
        ASSERT_EQ(process()->signals.actions,
                  sharer.process()->signals.actions);
    } while (k < 1000);
    EXPECT_LE(10u, k);
    EXPECT_TRUE(thread.has_ended());
    EXPECT_NE(process()->signals.actions, sharer.process()->signals.actions);
}

} // namespace
