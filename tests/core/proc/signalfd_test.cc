// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/signalfd_test.cc - core/proc/signalfd.h. Run with one CPU and
// with four.
#include <set>

#include "core/abi/eventfd.h"
#include "core/proc/signalfd.h"
#include "tests/core/fs/file_fixture.h"
#include "tests/core/proc/process_fixture.h"

namespace {

constexpr signal_set kAll = ~signal_set{0};

using Infos = std::vector<struct lx_signalfd_siginfo>;

// A child that has all signals blocked, and a file it made.
class SignalfdTest : public ProcessTest {
protected:
    void SetUp() override
    {
        ProcessTest::SetUp();
        child_ = std::make_unique<Member>(init());
        child_->Do([this] {
            signal_set_mask(task_current(), kAll);
            EXPECT_EQ(0, signalfd_create(kAll, 0, &file_));
        });
    }
    void TearDown() override
    {
        if (file_ != nullptr)
            file_put(file_);
        child_.reset();
        ProcessTest::TearDown();
    }
    struct process *process() { return child_->process(); }
    // What a read by the child gives; its result in *result.
    Infos Read(size_t room, ssize_t *result)
    {
        Infos infos(room);

        child_->Do([&] {
            *result = files::Read(file_, infos.data(), room * sizeof(infos[0]));
        });
        infos.resize(*result > 0 ? size_t(*result) / sizeof(infos[0]) : 0);
        return infos;
    }
    std::vector<uint32_t> Numbers(size_t room)
    {
        std::vector<uint32_t> numbers;
        ssize_t result;

        for (const auto &info : Read(room, &result))
            numbers.push_back(info.ssi_signo);
        return numbers;
    }
    unsigned Poll()
    {
        unsigned events = 0;

        child_->Do([&] { events = file_poll(file_); });
        return events;
    }
    int Queue(unsigned number, uint64_t value)
    {
        struct lx_siginfo info = Info(number, LX_SI_QUEUE, value);

        return signal_send_process(process(), &info);
    }
    std::unique_ptr<Member> child_;
    struct file *file_ = nullptr;
};

TEST_F(SignalfdTest, ReadsTakeWhatIsPending)
{
    ssize_t result;

    EXPECT_TRUE(Read(1, &result).empty());
    EXPECT_EQ(-EAGAIN, result);
    EXPECT_EQ(0, Send(process(), LX_SIGTERM));
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    EXPECT_EQ(0, Queue(40, 1));
    EXPECT_EQ(0, Queue(40, 2));
    EXPECT_EQ((std::vector<uint32_t>{LX_SIGUSR1, LX_SIGTERM, 40}), Numbers(3));
    EXPECT_EQ((std::vector<uint32_t>{40}), Numbers(3));
    EXPECT_TRUE(Read(1, &result).empty());
    EXPECT_EQ(-EAGAIN, result);
    EXPECT_EQ(0u, signal_pending_set(child_->task()));
}

TEST_F(SignalfdTest, TellsWhoSentIt)
{
    struct lx_siginfo info = Info(LX_SIGUSR2, LX_SI_USER);
    ssize_t result;

    info.of.from.pid = 77;
    info.of.from.uid = 88;
    EXPECT_EQ(0, signal_send_process(process(), &info));
    info = Info(41, LX_SI_QUEUE, UINT64_C(0x1122334455667788));
    info.of.from.pid = 99;
    EXPECT_EQ(0, signal_send_process(process(), &info));
    Infos got = Read(2, &result);
    ASSERT_EQ(2u, got.size());
    EXPECT_EQ(uint32_t(LX_SIGUSR2), got[0].ssi_signo);
    EXPECT_EQ(LX_SI_USER, got[0].ssi_code);
    EXPECT_EQ(77u, got[0].ssi_pid);
    EXPECT_EQ(88u, got[0].ssi_uid);
    EXPECT_EQ(0u, got[0].ssi_ptr);
    EXPECT_EQ(99u, got[1].ssi_pid);
    EXPECT_EQ(UINT64_C(0x1122334455667788), got[1].ssi_ptr);
    EXPECT_EQ(0x55667788, got[1].ssi_int);
}

TEST_F(SignalfdTest, TellsOfChildren)
{
    struct lx_siginfo info = {};
    ssize_t result;

    info.si_signo = LX_SIGCHLD;
    info.si_code = LX_CLD_EXITED;
    info.of.child.pid = 5;
    info.of.child.uid = 6;
    info.of.child.status = 7;
    info.of.child.utime = 8;
    info.of.child.stime = 9;
    EXPECT_EQ(0, signal_send_process(process(), &info));
    Infos got = Read(1, &result);
    ASSERT_EQ(1u, got.size());
    EXPECT_EQ(LX_CLD_EXITED, got[0].ssi_code);
    EXPECT_EQ(5u, got[0].ssi_pid);
    EXPECT_EQ(6u, got[0].ssi_uid);
    EXPECT_EQ(7, got[0].ssi_status);
    EXPECT_EQ(8u, got[0].ssi_utime);
    EXPECT_EQ(9u, got[0].ssi_stime);
}

TEST_F(SignalfdTest, ShortBuffers)
{
    char bytes[sizeof(struct lx_signalfd_siginfo) - 1];
    ssize_t result = 0;

    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    child_->Do([&] { result = files::Read(file_, bytes, sizeof(bytes)); });
    EXPECT_EQ(-EINVAL, result);
    child_->Do([&] { result = files::Write(file_, "x"); });
    EXPECT_EQ(-EINVAL, result);
    EXPECT_EQ((std::vector<uint32_t>{LX_SIGUSR1}), Numbers(1));
}

TEST_F(SignalfdTest, OnlyItsSet)
{
    EXPECT_TRUE(signalfd_is_one(file_));
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    EXPECT_EQ(0, Send(process(), LX_SIGUSR2));
    child_->Do([this] { signalfd_change(file_, signal_bit(LX_SIGUSR2)); });
    EXPECT_EQ((std::vector<uint32_t>{LX_SIGUSR2}), Numbers(5));
    EXPECT_EQ(0u, Poll());
    child_->Do([this] { signalfd_change(file_, signal_bit(LX_SIGUSR1)); });
    EXPECT_EQ(unsigned(LX_POLLIN), Poll());
    EXPECT_EQ((std::vector<uint32_t>{LX_SIGUSR1}), Numbers(5));
}

// What is pending for who asks, not for who made it.
TEST_F(SignalfdTest, WhoAsksSeesHisOwn)
{
    Member thread(child_->task(), true), other(init());
    struct lx_siginfo info = Info(LX_SIGUSR1, LX_SI_TKILL);
    unsigned events = 1;

    // As clone(2) has it: masks are the creator's.
    for (Member *one : {&thread, &other})
        one->Do([] { signal_set_mask(task_current(), kAll); });
    EXPECT_EQ(0, signal_send_task(child_->task(), &info));
    EXPECT_EQ(unsigned(LX_POLLIN), Poll());
    thread.Do([&] { events = file_poll(file_); });
    EXPECT_EQ(0u, events);
    EXPECT_EQ(0, Send(process(), LX_SIGUSR2));
    thread.Do([&] { events = file_poll(file_); });
    EXPECT_EQ(unsigned(LX_POLLIN), events);
    other.Do([&] { events = file_poll(file_); });
    EXPECT_EQ(0u, events);
    EXPECT_EQ((std::vector<uint32_t>{LX_SIGUSR1, LX_SIGUSR2}), Numbers(5));
}

// In the process that waits, which need not be the maker's.
TEST_F(SignalfdTest, AReaderIsWoken)
{
    for (bool is_maker : {true, false}) {
        struct lx_signalfd_siginfo info = {};
        bool waits = false;
        ssize_t got = 0;
        Member reader(is_maker ? child_->task() : init(), is_maker, LX_SIGCHLD,
                      [&] {
                          user_cursor to = files::Cursor(&info, sizeof(info));

                          signal_set_mask(task_current(), kAll);
                          kthread::Store(waits, true);
                          got = file_read(file_, &to, nullptr);
                          return 0;
                      });

        Await([&] { return kthread::Load(waits); });
        kthread::Sleep(2 * kMs);
        EXPECT_FALSE(reader.has_ended());
        EXPECT_EQ(0, Send(reader.process(), LX_SIGUSR1));
        Await([&] { return reader.has_ended(); });
        reader.Join();
        EXPECT_EQ(ssize_t(sizeof(info)), got);
        EXPECT_EQ(uint32_t(LX_SIGUSR1), info.ssi_signo);
    }
}

TEST_F(SignalfdTest, AReaderIsWokenByAnotherSet)
{
    struct lx_signalfd_siginfo info = {};
    bool waits = false;

    child_->Do([this] { signalfd_change(file_, 0); });
    EXPECT_EQ(0, Send(process(), LX_SIGUSR1));
    Member reader(child_->task(), true, 0, [&] {
        user_cursor to = files::Cursor(&info, sizeof(info));

        signal_set_mask(task_current(), kAll);
        kthread::Store(waits, true);
        (void)!file_read(file_, &to, nullptr);
        return 0;
    });
    Await([&] { return kthread::Load(waits); });
    kthread::Sleep(2 * kMs);
    EXPECT_FALSE(reader.has_ended());
    child_->Do([this] { signalfd_change(file_, kAll); });
    Await([&] { return reader.has_ended(); });
    reader.Join();
    EXPECT_EQ(uint32_t(LX_SIGUSR1), info.ssi_signo);
}

// SIGKILL is in no set: it ends who waits.
TEST_F(SignalfdTest, AKillIsNotRead)
{
    ssize_t got = 0;
    bool waits = false;
    Member reader(init(), false, LX_SIGCHLD, [&] {
        struct lx_signalfd_siginfo info = {};
        user_cursor to = files::Cursor(&info, sizeof(info));

        signal_set_mask(task_current(), kAll);
        kthread::Store(waits, true);
        got = file_read(file_, &to, nullptr);
        return LX_W_SIGNALED(LX_SIGKILL);
    });

    Await([&] { return kthread::Load(waits); });
    kthread::Sleep(2 * kMs);
    EXPECT_EQ(0, Send(reader.process(), LX_SIGKILL));
    Await([&] { return reader.has_ended(); });
    reader.Join();
    EXPECT_EQ(-EINTR, got);
}

TEST_F(SignalfdTest, NoMemory)
{
    child_->Do([] {
        EXPECT_LE(2u, harness::sweep_allocations([] {
                      struct file *f;
                      int error = signalfd_create(kAll, 0, &f);

                      if (error == 0)
                          file_put(f);
                      return error;
                  }));
    });
}

// Several threads read what several processes send: each comes to one of them.
TEST_F(SignalfdTest, StormFromAllCpus)
{
    constexpr unsigned kReaders = 3, kSenders = 3;
    uint64_t each = harness::steps(100), total = kSenders * each;
    std::vector<unsigned> seen(total, 0);
    uint64_t taken = 0;

    {
        std::vector<std::unique_ptr<Member>> members;

        for (unsigned n = 0; n < kReaders; n++)
            members.push_back(
                std::make_unique<Member>(child_->task(), true, 0, [&] {
                    signal_set_mask(task_current(), kAll);
                    while (__atomic_load_n(&taken, __ATOMIC_ACQUIRE) < total) {
                        struct lx_signalfd_siginfo infos[3];
                        ssize_t got = files::Read(file_, infos, sizeof(infos));

                        if (got < 0)
                            kthread::Pause();
                        for (ssize_t i = 0; i < got / ssize_t(sizeof(infos[0]));
                             i++) {
                            EXPECT_LT(infos[i].ssi_ptr, total);
                            __atomic_fetch_add(&seen[infos[i].ssi_ptr], 1,
                                               __ATOMIC_ACQ_REL);
                            __atomic_fetch_add(&taken, 1, __ATOMIC_ACQ_REL);
                        }
                    }
                    return 0;
                }));
        for (unsigned n = 0; n < kSenders; n++)
            members.push_back(
                std::make_unique<Member>(init(), false, LX_SIGCHLD, [&, n] {
                    for (uint64_t i = 0; i < each; i++)
                        while (Queue(50, n * each + i) == -EAGAIN)
                            kthread::Pause();
                    return 0;
                }));
        Await(
            [&] { return __atomic_load_n(&taken, __ATOMIC_ACQUIRE) == total; });
    }
    for (unsigned count : seen)
        EXPECT_EQ(1u, count);
}

} // namespace
