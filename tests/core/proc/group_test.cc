// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/group_test.cc - core/proc/group.h, and orphaned groups.
#include "core/proc/group.h"
#include "tests/core/proc/process_fixture.h"

namespace {

class GroupTest : public ProcessTest {};

TEST_F(GroupTest, AChildIsInItsParentsGroup)
{
    Member child(init());

    EXPECT_EQ(1, group_of(init(), 0));
    EXPECT_EQ(1, group_of(init(), child.number()));
    EXPECT_EQ(1, session_of(init(), child.number()));
    EXPECT_EQ(-ESRCH, group_of(init(), 30000));
    EXPECT_EQ(-ESRCH, session_of(init(), 30000));
}

TEST_F(GroupTest, Set)
{
    Member a(init()), b(init());
    Member thread(a.task(), true);

    EXPECT_EQ(-EINVAL, group_set(init(), a.number(), -1));
    EXPECT_EQ(-EINVAL, group_set(init(), thread.number(), 0));
    EXPECT_EQ(-ESRCH, group_set(init(), 30000, 0));
    EXPECT_EQ(-EPERM, group_set(init(), a.number(), b.number()));
    EXPECT_EQ(0, group_set(init(), a.number(), 0));
    EXPECT_EQ(a.number(), group_of(init(), a.number()));
    EXPECT_EQ(0, group_set(init(), b.number(), a.number()));
    EXPECT_EQ(a.number(), group_of(init(), b.number()));
    EXPECT_EQ(0, group_set(init(), b.number(), 1));
    EXPECT_EQ(1, group_of(init(), b.number()));
    a.Do([&] { // not its child
        EXPECT_EQ(-ESRCH, group_set(task_current(), b.number(), 0));
        EXPECT_EQ(0, group_set(task_current(), 0, 1));
    });
    EXPECT_EQ(-EPERM, group_set(init(), 1, 0)); // it leads its session
}

TEST_F(GroupTest, NotAfterExec)
{
    Member child(init());
    unsigned saved = process_tree_lock();

    child.process()->has_execed = true;
    process_tree_unlock(saved);
    EXPECT_EQ(-EACCES, group_set(init(), child.number(), 0));
    child.Do([] { EXPECT_EQ(0, group_set(task_current(), 0, 0)); });
}

TEST_F(GroupTest, Sessions)
{
    Member child(init()), other(init());

    EXPECT_EQ(-EPERM, session_create(init()));
    child.Do([&] {
        EXPECT_EQ(child.number(), session_create(task_current()));
        EXPECT_EQ(-EPERM, session_create(task_current()));
    });
    EXPECT_EQ(child.number(), session_of(init(), child.number()));
    EXPECT_EQ(child.number(), group_of(init(), child.number()));
    EXPECT_EQ(-EPERM, group_set(init(), child.number(), 0));
    EXPECT_EQ(-EPERM, group_set(init(), other.number(), child.number()));
    EXPECT_EQ(0, group_set(init(), other.number(), 0));
    other.Do([] { EXPECT_EQ(-EPERM, session_create(task_current())); });
}

// A group's number is not given to a process while the group has members.
TEST_F(GroupTest, TheNumberLastsAsLongAsTheGroup)
{
    struct wait_result result;
    Member member(init());
    int number;
    {
        Member leader(init());

        number = leader.number();
        EXPECT_EQ(0, group_set(init(), number, 0));
        EXPECT_EQ(0, group_set(init(), member.number(), number));
        leader.End();
        ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, number));
    }
    EXPECT_EQ(number, group_of(init(), member.number()));
    struct pid *pid = pid_find(pid_ns_root(), number), *wanted = nullptr;

    ASSERT_NE(nullptr, pid);
    pid_put(pid);
    EXPECT_EQ(-EEXIST, pid_alloc(pid_ns_root(), number, &wanted));
    member.End();
    ASSERT_EQ(1, Wait(&result));
    EXPECT_EQ(nullptr, pid_find(pid_ns_root(), number));
}

// Who is stopped in a group that nobody can let go on any more gets SIGHUP,
// which here ends it.
TEST_F(GroupTest, AnOrphanedGroupWithStoppedMembersIsHungUp)
{
    struct wait_result result;
    std::unique_ptr<Member> child;
    Member shell(init());

    shell.Do([&] {
        EXPECT_GT(session_create(task_current()), 0);
        child = std::make_unique<Member>(task_current());
        EXPECT_EQ(0, group_set(task_current(), child->number(), 0));
    });
    EXPECT_EQ(0, Send(child->process(), LX_SIGTSTP));
    shell.Do([&] { ASSERT_EQ(1, Wait(&result, LX_WSTOPPED)); });
    EXPECT_EQ(LX_SIGTSTP, result.status);
    shell.End();
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, shell.number()));
    ASSERT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, child->number()));
    EXPECT_EQ(LX_CLD_KILLED, result.code);
    EXPECT_EQ(LX_SIGHUP, result.status);
}

// In an orphaned group the terminal's stop signals do nothing.
TEST_F(GroupTest, AnOrphanedGroupDoesNotStop)
{
    struct wait_result result;
    Member child(init());

    child.Do([] { EXPECT_GT(session_create(task_current()), 0); });
    EXPECT_EQ(0, Send(child.process(), LX_SIGTSTP));
    child.Do([] {}); // has been through it
    EXPECT_EQ(0, Wait(&result, LX_WSTOPPED | LX_WNOHANG));
    EXPECT_EQ(0, Send(child.process(), LX_SIGSTOP));
    EXPECT_EQ(1, Wait(&result, LX_WSTOPPED));
    EXPECT_EQ(0, Send(child.process(), LX_SIGCONT));
}

} // namespace
