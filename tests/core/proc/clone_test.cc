// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/clone_test.cc - core/proc/clone.h. Run with one CPU and with
// four.
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "hal/user.h"
#include "tests/core/proc/clone_fixture.h"

namespace {

// --- what is accepted --------------------------------------------------------

// clone(2), ERRORS.
bool AreSound(uint64_t flags)
{
    auto has = [&](uint64_t some) { return (flags & some) != 0; };

    return !(has(LX_CLONE_THREAD) && !has(LX_CLONE_SIGHAND)) &&
           !(has(LX_CLONE_SIGHAND) && !has(LX_CLONE_VM)) &&
           !(has(LX_CLONE_SIGHAND) && has(LX_CLONE_CLEAR_SIGHAND)) &&
           !(has(LX_CLONE_PIDFD) && has(LX_CLONE_THREAD | LX_CLONE_DETACHED));
}

TEST_F(CloneTest, EveryCombinationOfFlags)
{
    static const uint64_t bits[] = {LX_CLONE_VM,       LX_CLONE_SIGHAND,
                                    LX_CLONE_THREAD,   LX_CLONE_PIDFD,
                                    LX_CLONE_DETACHED, LX_CLONE_CLEAR_SIGHAND,
                                    LX_CLONE_PARENT};
    unsigned sound = 0;

    for (unsigned set = 0; set < 1u << COUNT_OF(bits); set++) {
        struct clone_request request = Request(0);
        int number;

        request.pidfd = kPages;
        for (unsigned i = 0; i < COUNT_OF(bits); i++)
            if ((set & 1u << i) != 0)
                request.flags |= bits[i];
        number = Clone(request);
        if (!AreSound(request.flags)) {
            EXPECT_EQ(-EINVAL, number) << std::hex << request.flags;
            continue;
        }
        ASSERT_LT(0, number) << std::hex << request.flags;
        Bury(number, request.flags);
        sound++;
    }
    EXPECT_EQ(34u, sound);
}

TEST_F(CloneTest, FlagsWithoutEffect)
{
    for (uint64_t flag :
         {LX_CLONE_PTRACE, LX_CLONE_UNTRACED, LX_CLONE_SYSVSEM, LX_CLONE_IO}) {
        int number = Clone(flag);

        ASSERT_LT(0, number) << std::hex << flag;
        Bury(number, flag);
    }
}

TEST_F(CloneTest, NoNamespacesNoCgroups)
{
    for (uint64_t flag :
         {uint64_t{LX_CLONE_NEWNS}, uint64_t{LX_CLONE_NEWCGROUP},
          uint64_t{LX_CLONE_NEWUTS}, uint64_t{LX_CLONE_NEWIPC},
          uint64_t{LX_CLONE_NEWUSER}, uint64_t{LX_CLONE_NEWPID},
          uint64_t{LX_CLONE_NEWNET}, LX_CLONE_INTO_CGROUP})
        EXPECT_EQ(-EINVAL, Clone(flag)) << std::hex << flag;
}

// Which of two errors it is, as the host's Linux says.
TEST_F(CloneTest, ErrorsInOrder)
{
    const uint64_t bad_tls = UINT64_MAX;
    struct clone_request request = Request(LX_CLONE_SETTLS);
    int files = Files();

    request.tls = bad_tls;
    EXPECT_EQ(-EPERM, Clone(request));
    request.wanted = member_->number();
    EXPECT_EQ(-EPERM, Clone(request));
    request.wanted = PID_MAX;
    EXPECT_EQ(-EPERM, Clone(request));
    request.flags |= LX_CLONE_SIGHAND;
    EXPECT_EQ(-EINVAL, Clone(request));
    request.flags = LX_CLONE_PIDFD; // and its word cannot be written
    request.pidfd = kHole;
    EXPECT_EQ(-EINVAL, Clone(request));
    request.wanted = member_->number();
    EXPECT_EQ(-EEXIST, Clone(request));
    request.wanted = 0;
    EXPECT_EQ(-EFAULT, Clone(request));
    Limit(process(), LX_RLIMIT_NOFILE, 0);
    EXPECT_EQ(-EMFILE, Clone(request));
    request.wanted = member_->number();
    EXPECT_EQ(-EEXIST, Clone(request));
    Do([&] { Become(1000); });
    Limit(process(), LX_RLIMIT_NPROC, 1);
    EXPECT_EQ(-EAGAIN, Clone(request));
    request.flags = LX_CLONE_SETTLS;
    EXPECT_EQ(-EAGAIN, Clone(request));
    request.flags = LX_CLONE_SIGHAND;
    EXPECT_EQ(-EINVAL, Clone(request));
    EXPECT_EQ(files, Files());
    EXPECT_EQ(1u, Counted());
    EXPECT_EQ(-ECHILD, Reap());
}

// --- limits ------------------------------------------------------------------

// RLIMIT_NPROC counts threads too (getrlimit(2)).
TEST_F(CloneTest, SoManyOfAUser)
{
    Do([&] { Become(1000); });
    EXPECT_EQ(1u, Counted());
    Limit(process(), LX_RLIMIT_NPROC, 3);
    int child = Clone(uint64_t{0}), thread = Clone(kThread);
    ASSERT_LT(0, child);
    ASSERT_LT(0, thread);
    EXPECT_EQ(3u, Counted());
    EXPECT_EQ(-EAGAIN, Clone(uint64_t{0}));
    EXPECT_EQ(-EAGAIN, Clone(kThread));
    EXPECT_EQ(3u, Counted());
    Bury(thread, kThread);
    thread = Clone(kThread);
    ASSERT_LT(0, thread);
    Bury(thread, kThread);
    Bury(child, 0); // a zombie counts until it is reaped
    EXPECT_EQ(1u, Counted());
}

TEST_F(CloneTest, ALimitForNoPrivilegedOne)
{
    Limit(process(), LX_RLIMIT_NPROC, 0);
    int child = Clone(uint64_t{0}); // root
    ASSERT_LT(0, child);
    Bury(child, 0);
    for (unsigned capability : {CAP_SYS_RESOURCE, CAP_SYS_ADMIN, CAP_KILL}) {
        Do([&] {
            struct cred *cred = nullptr;

            ASSERT_EQ(0, cred_copy(init()->cred, &cred));
            ASSERT_EQ(0, cred_set_uids(cred, 1000, 1000, 1000));
            cred->effective = UINT64_C(1) << capability;
            task_set_cred(task_current(), cred);
        });
        child = Clone(uint64_t{0});
        if (capability == CAP_KILL) {
            EXPECT_EQ(-EAGAIN, child);
            continue;
        }
        ASSERT_LT(0, child);
        Bury(child, 0);
    }
}

TEST_F(CloneTest, SoManyOfAll)
{
    struct user *user = init()->cred->user;
    unsigned more = user_limit_all() - user_count_all();

    for (unsigned i = 0; i < more; i++)
        (void)user_add_process(user);
    EXPECT_EQ(-EAGAIN, Clone(uint64_t{0}));
    EXPECT_EQ(-EAGAIN, Clone(kThread));
    EXPECT_EQ(user_limit_all(), user_count_all());
    for (unsigned i = 0; i < more; i++)
        user_drop_process(user);
}

TEST_F(CloneTest, NoNumberIsFree)
{
    std::vector<struct pid *> pids;
    struct pid *pid = nullptr;
    int number, error;

    while ((error = pid_alloc(pid_ns_root(), 0, &pid)) == 0)
        pids.push_back(pid);
    EXPECT_EQ(-EAGAIN, error);
    EXPECT_EQ(-EAGAIN, Clone(uint64_t{0}));
    EXPECT_EQ(-EAGAIN, Clone(kThread));
    pid = pids.back();
    pids.pop_back();
    number = pid_nr(pid, pid_ns_root());
    pid_retire(pid);
    pid_put(pid);
    EXPECT_EQ(number, Clone(uint64_t{0}));
    Bury(number, 0);
    for (struct pid *one : pids) {
        pid_retire(one);
        pid_put(one);
    }
}

TEST_F(CloneTest, ANumberThatIsAskedFor)
{
    struct clone_request request = Request(0);

    request.wanted = 31000;
    ASSERT_EQ(31000, Clone(request));
    EXPECT_EQ(-EEXIST, Clone(request));
    Bury(31000, 0);
    ASSERT_EQ(31000, Clone(request));
    Bury(31000, 0);
}

// --- what is shared, what is copied
// --------------------------------------------

TEST_F(CloneTest, Memory)
{
    SetWord(as(), kPages, 1);
    int other = Clone(uint64_t{0}), same = Clone(LX_CLONE_VM);
    ASSERT_LT(0, other);
    ASSERT_LT(0, same);
    {
        Born copy(other), sharer(same);

        ASSERT_NE(as(), copy.process()->as);
        EXPECT_EQ(as(), sharer.process()->as);
        SetWord(as(), kPages, 2);
        EXPECT_EQ(1, Word(copy.process()->as, kPages));
        SetWord(copy.process()->as, kPages, 3);
        EXPECT_EQ(2, Word(as(), kPages));
    }
    EXPECT_EQ(2, Word(as(), kPages));
}

TEST_F(CloneTest, FilesRootAndUmask)
{
    for (uint64_t flags :
         {uint64_t{0}, uint64_t{LX_CLONE_FILES}, uint64_t{LX_CLONE_FS},
          uint64_t{LX_CLONE_FILES | LX_CLONE_FS}}) {
        int number = Clone(flags);

        ASSERT_LT(0, number);
        {
            Born child(number);
            struct fs_context *fs = child.task()->fs;

            EXPECT_EQ((flags & LX_CLONE_FILES) != 0,
                      child.task()->files == task()->files);
            EXPECT_EQ((flags & LX_CLONE_FS) != 0, fs == task()->fs);
            (void)context_set_umask(fs, 077);
            EXPECT_EQ((flags & LX_CLONE_FS) != 0 ? 077u : 0u,
                      context_umask(task()->fs));
            (void)context_set_umask(task()->fs, 0);
        }
        EXPECT_EQ(number, Reap());
    }
}

TEST_F(CloneTest, SignalHandlers)
{
    const uint64_t clears = LX_CLONE_CLEAR_SIGHAND;

    SetAction(process(), LX_SIGUSR1, 0x1234);
    SetAction(process(), LX_SIGUSR2, LX_SIG_IGN);
    for (uint64_t flags :
         {uint64_t{0}, uint64_t{LX_CLONE_SIGHAND | LX_CLONE_VM}, clears}) {
        int number = Clone(flags);

        ASSERT_LT(0, number);
        {
            Born child(number);
            struct process_signals *signals = &child.process()->signals;

            EXPECT_EQ((flags & LX_CLONE_SIGHAND) != 0,
                      signals->actions == process()->signals.actions);
            EXPECT_EQ(flags == clears ? LX_SIG_DFL : 0x1234u,
                      signal_handler_of(signals, LX_SIGUSR1));
            EXPECT_EQ(LX_SIG_IGN, signal_handler_of(signals, LX_SIGUSR2));
        }
        EXPECT_EQ(number, Reap());
    }
}

// The mask is inherited, what is pending is not (signal(7)); the alternate
// stack goes where the memory is shared, but by vfork(2) (sigaltstack(2)).
TEST_F(CloneTest, SignalsOfTheThread)
{
    const signal_set blocked = SIGNAL_SET_OF(LX_SIGUSR1);

    Do([&] {
        signal_set_mask(task(), blocked);
        task()->signals.stack_base = kPages;
        task()->signals.stack_size = PAGE_SIZE;
    });
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    for (uint64_t flags :
         {uint64_t{0}, uint64_t{LX_CLONE_VM}, uint64_t{kThread}}) {
        int number = Clone(flags);

        ASSERT_LT(0, number);
        Born child(number);
        const struct task_signals *signals = &child.task()->signals;

        EXPECT_EQ(blocked, signals->blocked);
        EXPECT_EQ(flags == 0 ? PAGE_SIZE : 0, signals->stack_size);
        if (flags != kThread) {
            EXPECT_EQ(0u, signal_pending_set(child.task()));
        }
    }
    body_ = [&] {
        EXPECT_EQ(PAGE_SIZE, task_current()->signals.stack_size);
        task_end(task_current(), LX_W_EXITED(0));
    };
    EXPECT_LT(0, Clone(LX_CLONE_VM | LX_CLONE_VFORK));
}

TEST_F(CloneTest, WhatAChildInherits)
{
    Do([&] {
        struct task *self = task_current();

        self->personality = 0x0040000;
        self->no_new_privs = true;
        self->timer_slack_ns = 123;
        self->robust_list = kPages;
        self->rseq = kPages + 64;
        self->rseq_signature = 77;
        task_set_name(self, "ancestor");
    });
    Limit(process(), LX_RLIMIT_CORE, 4711);
    process()->dumpable = 0;
    for (uint64_t flags : {uint64_t{0}, uint64_t{LX_CLONE_VM}}) {
        int number = Clone(flags);

        ASSERT_LT(0, number);
        Born child(number);
        struct task *other = child.task();

        EXPECT_EQ(0x0040000u, other->personality);
        EXPECT_TRUE(other->no_new_privs);
        EXPECT_EQ(123u, other->timer_slack_ns);
        EXPECT_EQ(123u, other->default_slack_ns);
        EXPECT_STREQ("ancestor", other->name);
        EXPECT_EQ(task()->cred, other->cred);
        EXPECT_EQ(task()->ns, other->ns);
        EXPECT_EQ(0u, other->robust_list);
        EXPECT_EQ(0u, other->clear_tid);
        EXPECT_EQ(flags == 0 ? kPages + 64 : 0, other->rseq);
        EXPECT_EQ(4711u,
                  limits_current(&child.process()->limits, LX_RLIMIT_CORE));
        EXPECT_EQ(0, child.process()->dumpable);
        EXPECT_EQ(process()->group, child.process()->group);
        EXPECT_EQ(process()->session, child.process()->session);
        EXPECT_EQ(0u, child.process()->child_usage.user_ns);
    }
    Do([&] { task()->robust_list = 0; });
}

// sched(7), SCHED_RESET_ON_FORK.
TEST_F(CloneTest, ClassAndCpus)
{
    static const struct {
        struct thread_params params, reset;
    } cases[] = {
        {{THREAD_NORMAL, 5, 0}, {THREAD_NORMAL, 5, 0}},
        {{THREAD_BATCH, -5, 0}, {THREAD_BATCH, 0, 0}},
        {{THREAD_FIFO, 0, 10}, {THREAD_NORMAL, 0, 0}},
        {{THREAD_RR, 0, 3}, {THREAD_NORMAL, 0, 0}},
    };

    ASSERT_EQ(0, thread_set_affinity(task()->thread, 1));
    for (const auto &c : cases)
        for (bool resets : {false, true}) {
            struct thread_params got, want = resets ? c.reset : c.params;
            int number = 0;

            Do([&] {
                ASSERT_EQ(0, thread_set_params(thread_current(), &c.params));
                task_current()->resets_on_fork = resets;
                number = UserTest::Clone(Request(0));
            });
            ASSERT_LT(0, number);
            Born child(number);

            thread_get_params(child.task()->thread, &got);
            EXPECT_EQ(want.policy, got.policy);
            EXPECT_EQ(want.nice, got.nice);
            EXPECT_EQ(want.priority, got.priority);
            EXPECT_EQ(1u, thread_affinity(child.task()->thread));
            EXPECT_FALSE(child.task()->resets_on_fork);
        }
}

// The child begins as the caller is, but with 0 for the call's result.
TEST_F(CloneTest, Registers)
{
    struct clone_request request = Request(LX_CLONE_SETTLS);
    struct lx_user_regs regs = {};

    Do([&] {
        regs = RegsOf(task());
        regs.rsp = kPages + 0x800;
        regs.rbx = 42;
        regs.rax = 99;
        regs.fs_base = 0x5000;
        ASSERT_EQ(0, hal_user_set(thread_current()->user, &regs));
    });
    for (uaddr_t stack : {uaddr_t{0}, kStack}) {
        int number;

        request.stack = stack;
        request.tls = 0x7000;
        request.flags = stack == 0 ? 0 : LX_CLONE_SETTLS;
        number = Clone(request);
        ASSERT_LT(0, number);
        Born child(number);

        regs = RegsOf(child.task());
        EXPECT_EQ(0u, regs.rax);
        EXPECT_EQ(42u, regs.rbx);
        EXPECT_EQ(stack == 0 ? kPages + 0x800 : kStack, regs.rsp);
        EXPECT_EQ(stack == 0 ? 0x5000u : 0x7000u, regs.fs_base);
    }
    EXPECT_EQ(99u, RegsOf(task()).rax);
}

} // namespace
