// SPDX-License-Identifier: Apache-2.0
//
// tests/core/ipc/futex_fixture.h - words of user memory and who waits for
// them.
#ifndef TESTS_CORE_IPC_FUTEX_FIXTURE_H
#define TESTS_CORE_IPC_FUTEX_FIXTURE_H

#include <climits>

#include "core/ipc/futex.h"
#include "hal/uaccess.h"
#include "tests/core/sched/kthread.h"
#include "tests/core/vm/vm_fixture.h"

using kthread::kMs;
using kthread::Kthread;

class FutexTest : public VmTest {
public:
    static constexpr uint32_t kAny = LX_FUTEX_BITSET_MATCH_ANY;
    // Private memory; read-only; never touched; shared, twice the same; none.
    static constexpr uaddr_t kWord = 0x20000000, kWord2 = kWord + 512;
    static constexpr uaddr_t kReadOnly = 0x20010000, kFresh = 0x20020000;
    static constexpr uaddr_t kShared = 0x20030000, kSharedToo = 0x20040000;
    static constexpr uaddr_t kHole = 0x20050000;

    // A thread that waits for a word; made when it does.
    class Waiter {
    public:
        Waiter(FutexTest *test, const struct futex_word &word,
               uint32_t bits = kAny, uint32_t value = 0)
            : test_(test), word_(word), before_(test->Waiting(word)),
              thread_([this, bits, value] {
                  Use(test_->as_);
                  result_ = futex_wait(&word_, value, bits, WAIT_FOREVER);
                  thread_set_mmu(nullptr);
              })
        {
            test->Await(word, before_ + 1);
        }
        // Waits for its end.
        int result()
        {
            thread_.Join();
            return result_;
        }
        struct thread *thread() { return thread_.thread(); }

    private:
        FutexTest *test_;
        struct futex_word word_;
        int before_, result_ = 1;
        Kthread thread_;
    };

    struct futex_word Word(uaddr_t at, bool is_private = true)
    {
        return {as_, at, is_private};
    }
    void Set(uaddr_t at, uint32_t value)
    {
        EXPECT_EQ(0, copy_out_struct(as_, at, &value));
    }
    uint32_t Get(uaddr_t at)
    {
        uint32_t value = 0;

        EXPECT_EQ(0, copy_in_struct(as_, &value, at));
        return value;
    }
    // How many wait for a word: to move them to where they are changes nothing.
    static int Waiting(const struct futex_word &word)
    {
        struct futex_move move = {word, word, 0, INT_MAX, nullptr};

        return futex_requeue(&move);
    }
    static void Await(const struct futex_word &word, int count)
    {
        uint64_t end = hal_clock_now() + 20000 * kMs;

        while (Waiting(word) != count && hal_clock_now() < end)
            kthread::Pause();
        ASSERT_EQ(count, Waiting(word));
    }

protected:
    void SetUp() override
    {
        VmTest::SetUp();
        MapAt(kWord, kPage, kRW);
        MapAt(kReadOnly, kPage, kR);
        MapAt(kFresh, kPage, kRW);
        file_ = std::make_unique<TestFile>(2, true, true);
        MapAt(kShared, 2 * kPage, kRW, LX_MAP_SHARED, file_->object());
        MapAt(kSharedToo, 2 * kPage, kRW, LX_MAP_SHARED, file_->object());
        for (uaddr_t at : {kWord, kWord2, kShared, kShared + 4})
            Set(at, 0);
        Set(kShared + kPage, 0);
    }
    void TearDown() override
    {
        UnmapAll();
        file_.reset();
        VmTest::TearDown();
    }

private:
    std::unique_ptr<TestFile> file_;
};

#endif // TESTS_CORE_IPC_FUTEX_FIXTURE_H
