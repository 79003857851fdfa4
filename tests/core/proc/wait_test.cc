// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/wait_test.cc - core/proc/wait.h, and what core/proc/process.h
// says of ends, parents and zombies. Run with one CPU and with four.
#include "core/id/nsset.h"
#include "core/proc/group.h"
#include "core/proc/usage.h"
#include "tests/core/proc/process_fixture.h"

namespace {

class WaitTest : public ProcessTest {};

TEST_F(WaitTest, NobodyToWaitFor)
{
    struct wait_result result;

    EXPECT_EQ(-ECHILD, Wait(&result));
    EXPECT_EQ(-ECHILD, Wait(&result, LX_WEXITED | LX_WNOHANG));
    EXPECT_EQ(-ECHILD, Wait(&result, LX_WEXITED, WAIT_PID, 30000));
    EXPECT_EQ(-ECHILD, Wait(&result, LX_WEXITED, WAIT_GROUP, 30000));
}

TEST_F(WaitTest, TellsHowAChildEnded)
{
    static const struct {
        int word, code, status;
    } cases[] = {
        {LX_W_EXITED(0), LX_CLD_EXITED, 0},
        {LX_W_EXITED(255), LX_CLD_EXITED, 255},
        {LX_W_SIGNALED(9), LX_CLD_KILLED, 9},
        {LX_W_SIGNALED(11) | LX_W_CORE_DUMPED, LX_CLD_DUMPED, 11},
    };
    struct wait_result result;

    for (const auto &c : cases) {
        Member child(init());

        EXPECT_EQ(0, Wait(&result, LX_WEXITED | LX_WNOHANG));
        child.End(c.word);
        ASSERT_EQ(1, Wait(&result));
        EXPECT_EQ(child.number(), result.number);
        EXPECT_EQ(c.word, result.word);
        EXPECT_EQ(c.code, result.code);
        EXPECT_EQ(c.status, result.status);
        EXPECT_EQ(0u, result.uid);
        EXPECT_EQ(-ECHILD, Wait(&result));
        EXPECT_EQ(PROCESS_REAPED, StateOf(child.process()));
    }
}

TEST_F(WaitTest, AZombieStaysUntilItIsReaped)
{
    struct wait_result result;
    Member child(init());

    child.End(LX_W_EXITED(3));
    for (int i = 0; i < 3; i++) {
        ASSERT_EQ(1, Wait(&result, LX_WEXITED | LX_WNOWAIT));
        EXPECT_EQ(3, result.status);
        EXPECT_EQ(PROCESS_ZOMBIE, StateOf(child.process()));
        struct process *found = process_find(init()->ns->pid, child.number());
        EXPECT_EQ(child.process(), found);
        process_put(found);
        EXPECT_EQ(nullptr, task_find(init()->ns->pid, child.number()));
    }
    ASSERT_EQ(1, Wait(&result));
    EXPECT_EQ(nullptr, process_find(init()->ns->pid, child.number()));
}

TEST_F(WaitTest, ByNumberAndGroup)
{
    struct wait_result result;
    Member a(init()), b(init()), c(init());

    b.Do([&] { EXPECT_GT(session_create(task_current()), 0); });
    a.End();
    b.End();
    EXPECT_EQ(0, Wait(&result, LX_WEXITED | LX_WNOHANG, WAIT_PID, c.number()));
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_GROUP, b.number()));
    EXPECT_EQ(b.number(), result.number);
    EXPECT_EQ(-ECHILD, Wait(&result, LX_WEXITED, WAIT_GROUP, b.number()));
    EXPECT_EQ(-ECHILD, Wait(&result, LX_WEXITED, WAIT_PID, b.number()));
    c.End();
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, c.number()));
    EXPECT_EQ(c.number(), result.number);
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_GROUP, 0)); // the own group
    EXPECT_EQ(a.number(), result.number);
}

// __WCLONE asks for those alone that tell their end by another signal.
TEST_F(WaitTest, Clones)
{
    struct wait_result result;
    Member plain(init()), quiet(init(), false, 0);

    EXPECT_EQ(0, Wait(&result, LX_WEXITED | LX_WNOHANG));
    EXPECT_EQ(0, Wait(&result, LX_WEXITED | LX_WNOHANG | LX_WCLONE));
    plain.End();
    quiet.End();
    ASSERT_EQ(1, Wait(&result, LX_WEXITED | LX_WCLONE));
    EXPECT_EQ(quiet.number(), result.number);
    EXPECT_EQ(-ECHILD, Wait(&result, LX_WEXITED | LX_WCLONE));
    ASSERT_EQ(1, Wait(&result, LX_WEXITED | LX_WALL));
    EXPECT_EQ(plain.number(), result.number);
}

TEST_F(WaitTest, StopsAndGoingOn)
{
    struct wait_result result;
    Member child(init());

    EXPECT_EQ(0, Send(child.process(), LX_SIGSTOP));
    ASSERT_EQ(1, Wait(&result, LX_WSTOPPED | LX_WNOWAIT));
    ASSERT_EQ(1, Wait(&result, LX_WEXITED | LX_WSTOPPED));
    EXPECT_EQ(LX_CLD_STOPPED, result.code);
    EXPECT_EQ(LX_SIGSTOP, result.status);
    EXPECT_EQ(LX_W_STOPPED(LX_SIGSTOP), result.word);
    EXPECT_EQ(0, Wait(&result, LX_WSTOPPED | LX_WCONTINUED | LX_WNOHANG));
    EXPECT_EQ(0, Send(child.process(), LX_SIGCONT));
    ASSERT_EQ(1, Wait(&result, LX_WCONTINUED));
    EXPECT_EQ(LX_CLD_CONTINUED, result.code);
    EXPECT_EQ(LX_W_CONTINUED, result.word);
    EXPECT_EQ(0, Send(child.process(), LX_SIGSTOP));
    ASSERT_EQ(1, Wait(&result, LX_WSTOPPED));
    EXPECT_EQ(0, Send(child.process(), LX_SIGKILL)); // stopped or not
    ASSERT_EQ(1, Wait(&result, LX_WEXITED | LX_WSTOPPED));
    EXPECT_EQ(LX_CLD_KILLED, result.code);
    EXPECT_EQ(LX_SIGKILL, result.status);
}

TEST_F(WaitTest, ASignalEndsIt)
{
    int result = 1;
    Member parent(init(), false, LX_SIGCHLD, [&] {
        Member child(task_current());
        struct wait_request request = {WAIT_ALL, 0, LX_WEXITED};
        struct wait_result out;

        result = process_wait(task_current(), &request, &out);
        return LX_W_EXITED(0);
    });

    kthread::Sleep(2 * kMs);
    SetAction(parent.process(), LX_SIGUSR1, 0x1000); // caught: only pending
    EXPECT_EQ(0, Send(parent.process(), LX_SIGUSR1));
    parent.Join();
    EXPECT_EQ(-EINTR, result);
}

// SIGCHLD ignored, or SA_NOCLDWAIT: no zombie, and waits end with ECHILD.
TEST_F(WaitTest, ChildrenThatAreReapedByThemselves)
{
    struct wait_result result;

    for (bool is_ignored : {true, false}) {
        SetAction(init()->process, LX_SIGCHLD,
                  is_ignored ? LX_SIG_IGN : LX_SIG_DFL,
                  is_ignored ? 0 : LX_SA_NOCLDWAIT);
        Member child(init());

        child.End();
        EXPECT_EQ(-ECHILD, Wait(&result));
        EXPECT_EQ(PROCESS_REAPED, StateOf(child.process()));
    }
    SetAction(init()->process, LX_SIGCHLD, LX_SIG_DFL);
}

TEST_F(WaitTest, ThePrimaryThreadMayEndFirst)
{
    struct wait_result result;
    Member leader(init());
    Member thread(leader.task(), true);

    leader.End(LX_W_EXITED(1));
    leader.Join();
    EXPECT_EQ(0, Wait(&result, LX_WEXITED | LX_WNOHANG));
    EXPECT_EQ(PROCESS_ALIVE, StateOf(leader.process()));
    thread.End(LX_W_EXITED(2));
    ASSERT_EQ(1, Wait(&result));
    EXPECT_EQ(leader.number(), result.number);
    EXPECT_EQ(2, result.status); // of the last, as there was no exit_group
}

TEST_F(WaitTest, TheWholeProcessEndsWithTheFirstStatus)
{
    struct wait_result result;
    Member leader(init());
    Member a(leader.task(), true), b(leader.task(), true);

    process_end(leader.process(), LX_W_EXITED(4));
    process_end(leader.process(), LX_W_EXITED(5));
    ASSERT_EQ(1, Wait(&result));
    EXPECT_EQ(4, result.status);
    for (Member *member : {&leader, &a, &b})
        EXPECT_TRUE(member->has_ended());
}

// Orphans go to the nearest subreaper, else to init.
TEST_F(WaitTest, OrphansFindAnotherParent)
{
    for (bool is_subreaper : {true, false}) {
        struct wait_result result;
        Member grandparent(init());
        std::unique_ptr<Member> parent, child;
        unsigned saved = process_tree_lock();

        grandparent.process()->is_subreaper = is_subreaper;
        process_tree_unlock(saved);
        grandparent.Do(
            [&] { parent = std::make_unique<Member>(task_current()); });
        parent->Do([&] { child = std::make_unique<Member>(task_current()); });
        EXPECT_EQ(parent->number(),
                  __atomic_load_n(&child->process()->parent_number,
                                  __ATOMIC_RELAXED));
        parent->End();
        parent->Join();
        EXPECT_EQ(is_subreaper ? grandparent.number() : 1,
                  __atomic_load_n(&child->process()->parent_number,
                                  __ATOMIC_RELAXED));
        child->End(LX_W_EXITED(6));
        if (is_subreaper)
            grandparent.Do([&] {
                ASSERT_EQ(1,
                          Wait(&result, LX_WEXITED, WAIT_PID, child->number()));
            });
        else
            ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, child->number()));
        EXPECT_EQ(6, result.status);
    }
}

TEST_F(WaitTest, TheParentsDeathIsTold)
{
    std::unique_ptr<Member> child;
    struct wait_result result;
    Member parent(init());

    parent.Do([&] { child = std::make_unique<Member>(task_current()); });
    __atomic_store_n(&child->task()->parent_death_signal, LX_SIGTERM,
                     __ATOMIC_RELAXED);
    parent.End();
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, parent.number()));
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, child->number()));
    EXPECT_EQ(LX_SIGTERM, result.status);
    EXPECT_EQ(LX_CLD_KILLED, result.code);
}

// What children used counts once they were waited for.
TEST_F(WaitTest, UsageAddsUp)
{
    struct wait_result result;
    struct usage before, after, own;
    Member child(init());

    child.Do([] {
        __atomic_store_n(&task_current()->minor_faults, 7, __ATOMIC_RELAXED);
        uint64_t end = hal_clock_now() + 2 * kMs;

        while (hal_clock_now() < end)
            hal_cpu_relax();
    });
    usage_of_thread(child.task(), &own);
    EXPECT_GE(own.system_ns, 2 * kMs);
    EXPECT_EQ(7u, own.minor_faults);
    usage_of_children(init()->process, &before);
    child.End();
    ASSERT_EQ(1, Wait(&result));
    EXPECT_GE(result.usage.system_ns, own.system_ns);
    usage_of_children(init()->process, &after);
    EXPECT_EQ(before.system_ns + result.usage.system_ns, after.system_ns);
    EXPECT_EQ(before.minor_faults + 7, after.minor_faults);
}

TEST(Usage, Units)
{
    struct usage usage = {};
    struct lx_rusage out;

    usage.user_ns = 3000002000;
    usage.system_ns = 1999;
    usage.max_pages = 3;
    usage.minor_faults = 4;
    usage.major_faults = 5;
    usage.voluntary = 6;
    usage.involuntary = 7;
    usage_to_rusage(&usage, &out);
    EXPECT_EQ(3, out.ru_utime.tv_sec);
    EXPECT_EQ(2, out.ru_utime.tv_usec);
    EXPECT_EQ(0, out.ru_stime.tv_sec);
    EXPECT_EQ(1, out.ru_stime.tv_usec);
    EXPECT_EQ(12, out.ru_maxrss);
    EXPECT_EQ(4, out.ru_minflt);
    EXPECT_EQ(5, out.ru_majflt);
    EXPECT_EQ(6, out.ru_nvcsw);
    EXPECT_EQ(7, out.ru_nivcsw);
    EXPECT_EQ(0u, usage_ticks(9999999));
    EXPECT_EQ(100u, usage_ticks(1000000000));
}

// Processes that make, end and wait for processes on all CPUs: all are reaped,
// each by whom it belonged to.
TEST_F(WaitTest, Storm)
{
    uint64_t rounds = harness::steps(60);
    std::vector<std::unique_ptr<Member>> parents;
    unsigned reaped = 0;

    for (unsigned n = 0; n < 4; n++)
        parents.push_back(std::make_unique<Member>(
            init(), false, LX_SIGCHLD, [&, n]() -> int {
                harness::Random random(n);

                for (uint64_t i = 0; i < rounds; i++) {
                    struct wait_result result;
                    Member child(task_current());

                    switch (random.below(3)) {
                    case 0:
                        child.End();
                        break;
                    case 1:
                        EXPECT_EQ(0, Send(child.process(), LX_SIGKILL));
                        break;
                    default:
                        EXPECT_EQ(0, Send(child.process(), LX_SIGSTOP));
                        EXPECT_EQ(0, Send(child.process(), LX_SIGCONT));
                        EXPECT_EQ(0, Send(child.process(), LX_SIGTERM));
                    }
                    EXPECT_EQ(
                        1, Wait(&result, LX_WEXITED, WAIT_PID, child.number()));
                    __atomic_fetch_add(&reaped, 1, __ATOMIC_RELAXED);
                }
                return LX_W_EXITED(0);
            }));
    for (auto &parent : parents)
        parent->Join();
    EXPECT_EQ(4 * rounds, reaped);
}

} // namespace
