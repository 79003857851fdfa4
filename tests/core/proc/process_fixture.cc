// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/process_fixture.cc - contract in process_fixture.h.
#include "tests/core/proc/process_fixture.h"

#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/id/user.h"
#include "core/sync/rcu.h"

namespace {

struct process *MakeProcess(struct task *creator, int exit_signal)
{
    struct process *process = process_alloc();

    limits_init(&process->limits);
    process->exit_signal = exit_signal;
    if (creator == nullptr) {
        EXPECT_EQ(0, signals_init(&process->signals));
    } else {
        EXPECT_EQ(0, signals_clone(&process->signals,
                                   &creator->process->signals, false));
    }
    return process;
}

// A task of process, which it takes over, with a pid.
struct task *MakeTask(struct process *process, struct task *creator)
{
    struct task *task = task_alloc();

    task->process = process;
    task->ns = nsset_root();
    EXPECT_EQ(0, fd_table_create(&task->files));
    EXPECT_EQ(0,
              pid_alloc(task->ns->pid, creator == nullptr ? 1 : 0, &task->pid));
    if (creator == nullptr) {
        EXPECT_EQ(0, cred_create_root(&task->cred));
    } else {
        cred_get(creator->cred);
        task->cred = creator->cred;
    }
    return task;
}

// Into the tree, with the thread that runs it.
void Link(struct task *task, struct task *creator)
{
    struct process *process = task->process;
    unsigned saved = process_tree_lock();

    if (process->pid == nullptr) { // a process of its own
        process->pid = task->pid;
        process->group =
            creator == nullptr ? task->pid : creator->process->group;
        process->session =
            creator == nullptr ? task->pid : creator->process->session;
        pid_get(process->pid);
        pid_get(process->group);
        pid_get(process->session);
        process_link(process, creator == nullptr ? nullptr : creator->process,
                     creator);
    }
    spin_lock(&process->signals.lock);
    task_link(task);
    user_add_process(task->cred->user);
    spin_unlock(&process->signals.lock);
    process_tree_unlock(saved);
}

} // namespace

Member::Member(struct task *creator, bool is_thread, int exit_signal,
               std::function<int()> body)
    : body_(std::move(body))
{
    if (is_thread) {
        process_ = creator->process;
        process_get(process_);
    } else {
        process_ = MakeProcess(creator, exit_signal);
    }
    process_get(process_); // the test's; the first is the task's
    task_ = MakeTask(process_, creator);
    task_get(task_);
    EXPECT_EQ(0, thread_create("member", Run, this, &thread_));
    thread_get(thread_);
    task_->thread = thread_;
    thread_->task = task_;
    number_ = task_number(task_);
    Link(task_, creator);
    thread_start(thread_);
}

Member::~Member()
{
    End();
    Join();
    task_put(task_);
    process_put(process_);
    thread_put(thread_);
}

void Member::Run(void *arg)
{
    auto *self = static_cast<Member *>(arg);
    struct task *task = task_current();

    task->exit_status = self->body_ ? self->body_() : self->Serve();
    task_exit(task);
}

bool Member::IsCalled(void *arg)
{
    auto *self = static_cast<Member *>(arg);

    return kthread::Load(self->ends_) || kthread::Load(self->acts_);
}

int Member::Serve()
{
    struct thread *self = thread_current();

    for (;;) {
        unsigned work;

        if (wait_interruptible(IsCalled, this, WAIT_FOREVER) == 0) {
            if (!kthread::Load(acts_))
                return __atomic_load_n(&status_, __ATOMIC_ACQUIRE);
            action_();
            kthread::Store(acts_, false);
            continue;
        }
        work = __atomic_exchange_n(&self->work, 0, __ATOMIC_ACQ_REL);
        if ((work & THREAD_WORK_SIGNAL) != 0)
            signal_deliver(self->task);
        work |= __atomic_load_n(&self->work, __ATOMIC_ACQUIRE);
        if ((work & THREAD_WORK_EXIT) != 0)
            return task_exit_status(self->task);
    }
}

void Member::Call()
{
    (void)thread_wake(thread_);
}

void Member::End(int status)
{
    if (kthread::Load(ends_))
        return;
    __atomic_store_n(&status_, status, __ATOMIC_RELEASE);
    kthread::Store(ends_, true);
    Call();
}

void Member::Begin(std::function<void()> action)
{
    action_ = std::move(action);
    kthread::Store(acts_, true);
    Call();
}

void Member::Do(std::function<void()> action)
{
    uint64_t end = hal_clock_now() + 20000 * kMs;

    Begin(std::move(action));
    while (kthread::Load(acts_) && hal_clock_now() < end)
        kthread::Pause();
    EXPECT_FALSE(kthread::Load(acts_));
}

bool Member::has_ended()
{
    unsigned saved = process_tree_lock();
    bool has = task_->has_left;

    process_tree_unlock(saved);
    return has;
}

// The thread gives its own reference back when it has left its stack; the
// others are the test's and the task's.
void Member::Join()
{
    while (__atomic_load_n(&thread_->refs.count, __ATOMIC_ACQUIRE) > 2)
        kthread::Pause();
}

void ProcessTest::SetUp()
{
    struct thread *self = thread_current();

    init_ = MakeTask(MakeProcess(nullptr, 0), nullptr);
    thread_get(self);
    init_->thread = self;
    self->task = init_;
    Link(init_, nullptr);
}

void ProcessTest::TearDown()
{
    struct process *process = init_->process;
    struct wait_result result;
    unsigned saved;

    while (Wait(&result, LX_WEXITED | LX_WALL) == 1)
        continue;
    task_signals_fini(init_);
    saved = process_tree_lock();
    list_remove(&init_->of_process);
    pid_leave(&init_->by_pid, init_->pid);
    process->cred = init_->cred;
    cred_get(process->cred);
    process->state = PROCESS_ZOMBIE;
    process_reap(process);
    process_tree_unlock(saved);
    limit_watch_end(process);
    init_->thread->task = nullptr;
    __atomic_store_n(&init_->thread->work, 0, __ATOMIC_RELEASE);
    task_put(init_);
    rcu_barrier();
}

struct lx_siginfo ProcessTest::Info(unsigned number, int code, uint64_t value)
{
    struct lx_siginfo info = {};

    info.si_signo = static_cast<int32_t>(number);
    info.si_code = code;
    info.of.from.value = value;
    return info;
}

void ProcessTest::SetAction(struct process *process, unsigned number,
                            uint64_t handler, uint64_t flags)
{
    struct lx_sigaction action = {};

    action.sa_handler = handler;
    action.sa_flags = flags;
    signal_change_action(process, number, &action, nullptr);
}

int ProcessTest::Wait(struct wait_result *out, unsigned options,
                      enum wait_which which, int number)
{
    struct wait_request request = {which, number, options};
    int result;

    // SIGCHLD, which is ignored by default, leaves its mark all the same.
    do {
        __atomic_fetch_and(&thread_current()->work,
                           ~static_cast<unsigned>(THREAD_WORK_SIGNAL),
                           __ATOMIC_ACQ_REL);
        result = process_wait(task_current(), &request, out);
    } while (result == -EINTR);
    return result;
}

enum process_state ProcessTest::StateOf(struct process *process)
{
    unsigned saved = process_tree_lock();
    enum process_state state = process->state;

    process_tree_unlock(saved);
    return state;
}
