// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/process_fixture.h - processes without user memory: their
// threads run bodies of the test, deliver signals as the user loop does, and
// end by task_exit().
#ifndef TESTS_CORE_PROC_PROCESS_FIXTURE_H
#define TESTS_CORE_PROC_PROCESS_FIXTURE_H

#include <functional>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/abi/signal.h"
#include "core/abi/wait.h"
#include "core/proc/process_impl.h"
#include "core/proc/signal_impl.h"
#include "core/proc/wait.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;

// A thread of a process of its own, or of its creator's.
class Member {
public:
    // Serves until End() or a signal ends it; or runs body, whose result is
    // the status (as wait4(2) has it).
    explicit Member(struct task *creator, bool is_thread = false,
                    int exit_signal = LX_SIGCHLD,
                    std::function<int()> body = nullptr);
    ~Member();
    Member(const Member &) = delete;
    Member &operator=(const Member &) = delete;

    struct task *task() { return task_; }
    struct process *process() { return process_; }
    int number() const { return number_; }
    // Of a body that goes on: delivers what is pending, until End().
    int Serve();
    void End(int status = LX_W_EXITED(0));
    // Has Serve() run this once.
    void Do(std::function<void()> action);
    void Begin(std::function<void()> action); // does not wait for its end
    bool has_ended();
    void Join();

private:
    static void Run(void *arg);
    static bool IsCalled(void *arg);
    void Call();

    std::function<int()> body_;
    std::function<void()> action_;
    struct task *task_ = nullptr;
    struct process *process_ = nullptr;
    struct thread *thread_ = nullptr;
    int number_ = 0, status_ = 0;
    bool ends_ = false, acts_ = false;
};

// The test's own thread is init.
class ProcessTest : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    struct task *init() { return init_; }
    static struct lx_siginfo Info(unsigned number, int code = LX_SI_QUEUE,
                                  uint64_t value = 0);
    static int Send(struct process *process, unsigned number)
    {
        struct lx_siginfo info = Info(number, LX_SI_USER);

        return signal_send_process(process, &info);
    }
    static void SetAction(struct process *process, unsigned number,
                          uint64_t handler, uint64_t flags = 0);
    // process_wait() by the running thread.
    static int Wait(struct wait_result *out, unsigned options = LX_WEXITED,
                    enum wait_which which = WAIT_ALL, int number = 0);
    // The state under its lock.
    static enum process_state StateOf(struct process *process);
    template <class Condition> static void Await(Condition condition)
    {
        uint64_t end = hal_clock_now() + 20000 * kMs;

        while (!condition() && hal_clock_now() < end)
            kthread::Pause();
        EXPECT_TRUE(condition());
    }

private:
    struct task *init_ = nullptr;
};

#endif // TESTS_CORE_PROC_PROCESS_FIXTURE_H
