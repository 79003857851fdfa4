// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/pidfd_test.cc - core/proc/pidfd.h. Run with one CPU and with
// four.
#include "core/fs/eventfd.h"
#include "core/fs/fd_table.h"
#include "core/id/cred.h"
#include "core/proc/pidfd.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/proc/process_fixture.h"

namespace {

constexpr unsigned kEnded = LX_POLLIN | LX_POLLRDNORM;

class PidfdTest : public ProcessTest {
protected:
    struct file *Open(Member &member)
    {
        struct file *f = nullptr;

        EXPECT_EQ(0, pidfd_create(member.process()->pid, 0, &f));
        return f;
    }
    int OpenNumber(int number)
    {
        struct file *f;
        int error = pidfd_open_number(init(), number, 0, &f);

        if (error == 0)
            file_put(f);
        return error;
    }
    void Reap(Member &member)
    {
        struct wait_result result;

        EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, member.number()));
    }
    static bool HasProcess(struct file *f)
    {
        struct process *process = pidfd_process(f);

        if (process != nullptr)
            process_put(process);
        return process != nullptr;
    }
};

TEST_F(PidfdTest, TellsOfTheEnd)
{
    Member child(init());
    struct file *f = Open(child);

    EXPECT_EQ(child.process()->pid, pidfd_pid(f));
    EXPECT_EQ(0u, file_poll(f));
    EXPECT_TRUE(HasProcess(f));
    child.End();
    Await([&] { return file_poll(f) == kEnded; });
    EXPECT_TRUE(HasProcess(f)); // a zombie
    Reap(child);
    EXPECT_EQ(kEnded, file_poll(f));
    EXPECT_FALSE(HasProcess(f));
    EXPECT_EQ("!22", files::Get(f, 1));
    file_put(f);
}

// The process goes on without its leader.
TEST_F(PidfdTest, ThreadsKeepAProcess)
{
    Member child(init()), thread(child.task(), true);
    struct file *f = Open(child);

    child.End();
    Await([&] { return child.has_ended(); });
    EXPECT_EQ(0u, file_poll(f));
    thread.End();
    Await([&] { return file_poll(f) == kEnded; });
    file_put(f);
}

TEST_F(PidfdTest, ANumberIsAProcesss)
{
    Member child(init()), thread(child.task(), true);

    EXPECT_EQ(-ESRCH, OpenNumber(30000));
    EXPECT_EQ(-EINVAL, OpenNumber(thread.number()));
    EXPECT_EQ(0, OpenNumber(child.number()));
    thread.End();
    child.End();
    Await([&] { return StateOf(child.process()) == PROCESS_ZOMBIE; });
    EXPECT_EQ(0, OpenNumber(child.number()));
    Reap(child);
    EXPECT_EQ(-ESRCH, OpenNumber(child.number()));
}

// Not whoever has the number next.
TEST_F(PidfdTest, StandsForOneProcess)
{
    struct file *f, *event;
    int number;

    {
        Member child(init());

        number = child.number();
        f = Open(child);
        child.End();
        Reap(child);
    }
    struct pid *fresh;
    // The old pid still has its number, or it is free: then it is another's.
    if (pid_alloc(pid_ns_root(), number, &fresh) == 0) {
        EXPECT_NE(fresh, pidfd_pid(f));
        pid_retire(fresh);
        pid_put(fresh);
    }
    EXPECT_FALSE(HasProcess(f));
    EXPECT_EQ(kEnded, file_poll(f));
    file_put(f);
    ASSERT_EQ(0, eventfd_create(0, 0, &event));
    EXPECT_EQ(nullptr, pidfd_pid(event));
    file_put(event);
}

TEST_F(PidfdTest, GivesFilesOfTheProcess)
{
    Member child(init());
    struct file *f = Open(child), *event, *got = nullptr;
    int fd = -1;

    ASSERT_EQ(0, eventfd_create(0, 0, &event));
    child.Do([&] {
        struct fd_place place = {};

        place.limit = 1024;
        file_get(event);
        fd = fd_install(task_current()->files, event, &place);
    });
    ASSERT_LE(0, fd);
    EXPECT_EQ(-EBADF, pidfd_get_file(init(), f, fd + 1, &got));
    EXPECT_EQ(-EBADF, pidfd_get_file(init(), f, -1, &got));
    ASSERT_EQ(0, pidfd_get_file(init(), f, fd, &got));
    EXPECT_EQ(event, got);
    file_put(got);
    child.End();
    Await([&] { return file_poll(f) == kEnded; });
    EXPECT_EQ(-ESRCH, pidfd_get_file(init(), f, fd, &got));
    Reap(child);
    EXPECT_EQ(-ESRCH, pidfd_get_file(init(), f, fd, &got));
    file_put(event);
    file_put(f);
}

// ptrace(2), access mode checks.
TEST_F(PidfdTest, OnlyToWhoMayLookIntoIt)
{
    static const struct {
        lx_uid_t uid, target;
        int dumpable, result;
    } cases[] = {
        {1000, 1000, 1, -EBADF}, // he may: there is no such file
        {1000, 1000, 0, -EPERM}, {1000, 1001, 1, -EPERM},
        {1000, 0, 1, -EPERM},    {0, 1000, 0, -EBADF},
    };

    for (const auto &c : cases) {
        Member self(init()), target(init());
        struct file *f = Open(target), *got;
        int result = 0;

        auto become = [](lx_uid_t uid) {
            struct cred *cred = nullptr;

            ASSERT_EQ(0, cred_copy(task_current()->cred, &cred));
            EXPECT_EQ(0, cred_set_uids(cred, uid, uid, uid));
            task_set_cred(task_current(), cred);
        };
        if (c.uid != 0)
            self.Do([&] { become(c.uid); });
        if (c.target != 0)
            target.Do([&] { become(c.target); });
        __atomic_store_n(&target.process()->dumpable, c.dumpable,
                         __ATOMIC_RELAXED);
        self.Do([&] { result = pidfd_get_file(task_current(), f, 500, &got); });
        EXPECT_EQ(c.result, result) << c.uid << " " << c.target;
        file_put(f);
    }
}

TEST_F(PidfdTest, NoMemory)
{
    Member child(init());

    EXPECT_LE(1u, harness::sweep_allocations(
                      [&] { return OpenNumber(child.number()); }));
}

// Who waits is woken by each end, wherever it comes.
TEST_F(PidfdTest, StormOfEnds)
{
    uint64_t rounds = harness::steps(30);

    for (uint64_t i = 0; i < rounds; i++) {
        constexpr unsigned kCount = 3;
        std::unique_ptr<Member> children[kCount];
        std::unique_ptr<kthread::Kthread> waiters[kCount];
        struct file *f[kCount];

        for (unsigned n = 0; n < kCount; n++) {
            children[n] = std::make_unique<Member>(init());
            f[n] = Open(*children[n]);
            waiters[n] = std::make_unique<kthread::Kthread>([one = f[n]] {
                auto ended = [](void *arg) {
                    return file_poll(static_cast<struct file *>(arg)) != 0;
                };

                EXPECT_EQ(0, waitq_wait(one->ops->waitq(one), ended, one,
                                        hal_clock_now() + 20000 * kMs));
            });
        }
        for (auto &child : children)
            child->End();
        for (auto &waiter : waiters)
            waiter.reset();
        for (unsigned n = 0; n < kCount; n++) {
            Reap(*children[n]);
            children[n].reset();
            file_put(f[n]);
        }
    }
}

} // namespace
