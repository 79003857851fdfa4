// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/clone_fixture.h - one member that makes children.
#ifndef TESTS_CORE_PROC_CLONE_FIXTURE_H
#define TESTS_CORE_PROC_CLONE_FIXTURE_H

#include "core/fs/fd_table.h"
#include "core/id/cred.h"
#include "core/id/user.h"
#include "tests/core/proc/user_fixture.h"

constexpr uint64_t kThread = LX_CLONE_THREAD | LX_CLONE_SIGHAND | LX_CLONE_VM;
constexpr uaddr_t kHole = 0x10000;

class CloneTest : public UserTest {
protected:
    void SetUp() override
    {
        UserTest::SetUp();
        member_ = std::make_unique<Member>(init());
        Equip(*member_);
    }
    void TearDown() override
    {
        member_.reset();
        UserTest::TearDown();
    }
    int Clone(const struct clone_request &request)
    {
        return CloneBy(*member_, request);
    }
    int Clone(uint64_t flags) { return Clone(Request(flags)); }
    struct task *task() { return member_->task(); }
    struct process *process() { return member_->process(); }
    struct aspace *as() { return process()->as; }
    void Do(std::function<void()> action) { member_->Do(std::move(action)); }
    // The next child of the member that ended, or -errno.
    int Reap(int *word = nullptr, unsigned options = LX_WEXITED | LX_WALL)
    {
        struct wait_result result = {};
        int count = 0;

        Do([&] { count = Wait(&result, options); });
        if (word != nullptr)
            *word = result.word;
        return count == 1 ? result.number : count;
    }
    // Ends what Clone() made and reaps it where it is the member's child.
    void Bury(int number, uint64_t flags)
    {
        {
            Born born(number);
        }
        if ((flags & (LX_CLONE_THREAD | LX_CLONE_PARENT)) == 0) {
            EXPECT_EQ(number, Reap());
        }
    }
    int Files()
    {
        int count = 0;

        for (int fd = -1;
             (fd = fd_next(task()->files, static_cast<unsigned>(fd + 1))) >= 0;)
            count++;
        return count;
    }
    unsigned Counted()
    {
        return __atomic_load_n(&task()->cred->user->processes,
                               __ATOMIC_RELAXED);
    }

    std::unique_ptr<Member> member_;
};

#endif // TESTS_CORE_PROC_CLONE_FIXTURE_H
