// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/user_fixture.h - processes with registers, memory and a root
// directory, as task_clone() and exec_user() want them. No user code runs: a
// thread's user side is a body of the test.
#ifndef TESTS_CORE_PROC_USER_FIXTURE_H
#define TESTS_CORE_PROC_USER_FIXTURE_H

#include <atomic>

#include "core/abi/ptrace.h"
#include "core/abi/sched.h"
#include "core/proc/clone.h"
#include "tests/core/fs/vfs.h"
#include "tests/core/proc/process_fixture.h"

// A thread that task_clone() made, held by the test.
class Born {
public:
    explicit Born(int number);
    ~Born();
    Born(const Born &) = delete;
    Born &operator=(const Born &) = delete;

    struct task *task() { return task_; }
    struct process *process() { return task_->process; }
    int number() const { return number_; }
    void End(int status = LX_W_EXITED(0)); // exit(2), where it serves
    bool has_ended();
    void Join(); // until nothing of the thread is left but what is held here

private:
    struct task *task_;
    int number_;
    bool ends_ = false;
};

class UserTest : public ProcessTest {
protected:
    static constexpr uaddr_t kPages = 0x20000000, kStack = 0x30000000;
    static constexpr uint64_t kPagesSize = 16 * PAGE_SIZE;

    void SetUp() override;
    void TearDown() override;

    // Gives a member registers, memory with pages at kPages, and the root
    // directory of vfs().
    void Equip(Member &member);
    // task_clone() by the running thread: what a signal of a child's end cut
    // short is made again.
    static int Clone(const struct clone_request &request);
    // The same by a member.
    int CloneBy(Member &member, const struct clone_request &request);
    static struct clone_request Request(uint64_t flags,
                                        int exit_signal = LX_SIGCHLD);
    // Until all that were made have begun: body_ may change.
    void AwaitAll()
    {
        Await([&] { return begun_ == made_; });
    }
    // What members' memory holds; the running member's.
    static int32_t Word(struct aspace *as, uaddr_t at);
    static void SetWord(struct aspace *as, uaddr_t at, int32_t value);
    static struct lx_user_regs RegsOf(struct task *task);
    static void Limit(struct process *process, unsigned resource,
                      uint64_t value);
    // The running thread becomes somebody without privileges.
    static void Become(lx_uid_t uid);

    Vfs &vfs() { return *vfs_; }
    // Run by threads that task_clone() makes, before they serve: until
    // Born::End() or a signal ends them.
    std::function<void()> body_;

private:
    static void Loop(struct thread *self);
    static int Serve(struct thread *self);

    static UserTest *current_;
    std::atomic<int> made_{0}, begun_{0}; // threads
    std::unique_ptr<Vfs> vfs_;
};

#endif // TESTS_CORE_PROC_USER_FIXTURE_H
