// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/user_fixture.cc - contract in user_fixture.h.
#include "tests/core/proc/user_fixture.h"

#include "core/abi/mman.h"
#include "core/fs/context.h"
#include "core/id/cred.h"
#include "core/vm/aspace.h"
#include "core/vm/uaccess.h"
#include "hal/user.h"

UserTest *UserTest::current_;

Born::Born(int number)
    : task_(task_find(pid_ns_root(), number)), number_(number)
{
    EXPECT_NE(nullptr, task_) << number;
}

Born::~Born()
{
    if (task_ == nullptr)
        return;
    End();
    Join();
    task_put(task_);
}

void Born::End(int status)
{
    if (ends_)
        return;
    ends_ = true;
    __atomic_store_n(&task_->exit_status, status, __ATOMIC_RELAXED);
    thread_set_work(task_->thread, THREAD_WORK_EXIT);
}

bool Born::has_ended()
{
    unsigned saved = process_tree_lock();
    bool has = task_->has_left;

    process_tree_unlock(saved);
    return has;
}

void Born::Join()
{
    while (__atomic_load_n(&task_->thread->refs.count, __ATOMIC_ACQUIRE) > 1 ||
           __atomic_load_n(&task_->refs.count, __ATOMIC_ACQUIRE) > 1)
        kthread::Pause();
}

void UserTest::SetUp()
{
    current_ = this;
    task_set_user_loop(Loop);
    ProcessTest::SetUp();
    vfs_ = std::make_unique<Vfs>();
}

void UserTest::TearDown()
{
    ProcessTest::TearDown();
    vfs_.reset();
}

void UserTest::Loop(struct thread *self)
{
    std::function<void()> body = current_->body_; // which may change it
    struct task *task = self->task;

    current_->begun_++;
    if (body)
        body();
    body = nullptr; // the thread's stack ends without destructors
    __atomic_store_n(&task->exit_status, Serve(self), __ATOMIC_RELAXED);
    task_exit(task);
}

int UserTest::Serve(struct thread *self)
{
    auto never = [](void *) { return false; };

    for (;;) {
        unsigned work;

        (void)!wait_interruptible(never, nullptr, WAIT_FOREVER);
        work = __atomic_exchange_n(&self->work, 0, __ATOMIC_ACQ_REL);
        if ((work & THREAD_WORK_SIGNAL) != 0)
            signal_deliver(self->task);
        work |= __atomic_load_n(&self->work, __ATOMIC_ACQUIRE);
        if ((work & THREAD_WORK_EXIT) != 0)
            return task_exit_status(self->task);
    }
}

void UserTest::Equip(Member &member)
{
    member.Do([&] {
        struct task *task = task_current();
        struct map_request request = {kPages,
                                      kPagesSize,
                                      LX_PROT_READ | LX_PROT_WRITE,
                                      LX_MAP_PRIVATE | LX_MAP_ANONYMOUS |
                                          LX_MAP_FIXED,
                                      nullptr,
                                      0,
                                      0};
        struct hal_user *user = nullptr;
        struct aspace *as = nullptr;
        uaddr_t at;

        ASSERT_EQ(0, hal_user_create(&user));
        thread_set_user(user);
        ASSERT_EQ(0, aspace_create(nullptr, &as));
        ASSERT_EQ(nullptr, process_swap_aspace(task->process, as));
        thread_set_mmu(aspace_mmu(as));
        ASSERT_EQ(0, aspace_map(as, &request, &at));
        ASSERT_EQ(0, context_copy(vfs_->context, &task->fs));
    });
}

int UserTest::Clone(const struct clone_request &request)
{
    int result;

    current_->made_++; // before the child begins, which may be vfork(2)'s
    do {
        __atomic_fetch_and(&thread_current()->work,
                           ~static_cast<unsigned>(THREAD_WORK_SIGNAL),
                           __ATOMIC_ACQ_REL);
        result = task_clone(task_current(), &request);
    } while (result == -EINTR);
    if (result < 0)
        current_->made_--;
    return result;
}

int UserTest::CloneBy(Member &member, const struct clone_request &request)
{
    int result = 0;

    member.Do([&] { result = Clone(request); });
    AwaitAll();
    return result;
}

struct clone_request UserTest::Request(uint64_t flags, int exit_signal)
{
    struct clone_request request = {};

    request.flags = flags;
    request.exit_signal = exit_signal;
    return request;
}

namespace {

// The memory that the running thread uses meanwhile.
class Using {
public:
    explicit Using(struct aspace *as) : before_(thread_current()->mmu)
    {
        thread_set_mmu(aspace_mmu(as));
    }
    ~Using() { thread_set_mmu(before_); }
    Using(const Using &) = delete;
    Using &operator=(const Using &) = delete;

private:
    struct hal_mmu *before_;
};

} // namespace

int32_t UserTest::Word(struct aspace *as, uaddr_t at)
{
    Using memory(as);
    int32_t word = 0;

    EXPECT_EQ(0, copy_in_struct(as, &word, at));
    return word;
}

void UserTest::SetWord(struct aspace *as, uaddr_t at, int32_t value)
{
    Using memory(as);

    EXPECT_EQ(0, copy_out_struct(as, at, &value));
}

struct lx_user_regs UserTest::RegsOf(struct task *task)
{
    struct lx_user_regs regs;

    hal_user_get(task->thread->user, &regs);
    return regs;
}

void UserTest::Limit(struct process *process, unsigned resource, uint64_t value)
{
    struct lx_rlimit64 limit = {value, value};

    EXPECT_EQ(0,
              limits_change(&process->limits, resource, &limit, true, nullptr));
}

void UserTest::Become(lx_uid_t uid)
{
    struct cred *cred = nullptr;

    ASSERT_EQ(0, cred_copy(task_current()->cred, &cred));
    ASSERT_EQ(0, cred_set_uids(cred, uid, uid, uid));
    task_set_cred(task_current(), cred);
}
