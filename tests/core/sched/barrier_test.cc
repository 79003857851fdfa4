// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/barrier_test.cc - core/sched/barrier.h. Run with one CPU,
// where nobody else can run, and with four.
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/sched/barrier.h"
#include "core/vm/aspace.h"
#include "hal/irq.h"
#include "hal/user.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;
using kthread::Kthread;
using kthread::Load;
using kthread::Store;

namespace {

constexpr uint64_t kAll = ~UINT64_C(0);
// A bit that nothing else sets in these threads.
constexpr unsigned kMark = THREAD_WORK_RSEQ;

// Runs on one CPU, as a user thread or as the kernel's, and does not leave it.
class Runner {
public:
    Runner(unsigned cpu, struct aspace *as, bool is_user = true)
        : as_(as), is_user_(is_user),
          thread_([this] { Run(); }, UINT64_C(1) << cpu)
    {
        while (!Load(runs_))
            kthread::Pause();
    }
    ~Runner() { Store(stop_, true); }
    // Turns interrupts off for so long; returns when they are.
    void Deafen(uint64_t ns)
    {
        unsigned before = __atomic_load_n(&times_deaf_, __ATOMIC_ACQUIRE);

        Store(hears_, false);
        __atomic_store_n(&deaf_ns_, ns, __ATOMIC_RELEASE);
        while (__atomic_load_n(&times_deaf_, __ATOMIC_ACQUIRE) == before)
            kthread::Pause();
    }
    bool hears() const { return Load(hears_); }
    bool TakeMark()
    {
        return (__atomic_fetch_and(&thread_.thread()->work, ~kMark,
                                   __ATOMIC_ACQ_REL) &
                kMark) != 0;
    }

private:
    void Run()
    {
        struct hal_user *user = nullptr;

        if (is_user_) {
            EXPECT_EQ(0, hal_user_create(&user));
            thread_set_user(user);
        }
        if (as_ != nullptr)
            thread_set_mmu(aspace_mmu(as_));
        Store(runs_, true);
        while (!Load(stop_)) {
            uint64_t ns = __atomic_exchange_n(&deaf_ns_, 0, __ATOMIC_ACQ_REL);

            if (ns > 0)
                BeDeaf(ns);
            hal_cpu_relax();
        }
        thread_set_mmu(nullptr);
        if (is_user_) {
            thread_set_user(nullptr);
            hal_user_destroy(user);
        }
    }
    void BeDeaf(uint64_t ns)
    {
        unsigned saved = hal_irq_save();
        uint64_t end = hal_clock_now() + ns;

        __atomic_fetch_add(&times_deaf_, 1, __ATOMIC_ACQ_REL);
        while (hal_clock_now() < end && !Load(stop_))
            continue;
        Store(hears_, true);
        hal_irq_restore(saved);
    }

    struct aspace *as_;
    bool is_user_, runs_ = false, stop_ = false, hears_ = true;
    unsigned times_deaf_ = 0;
    uint64_t deaf_ns_ = 0;
    Kthread thread_;
};

class Barrier : public testing::Test {
protected:
    void SetUp() override
    {
        ASSERT_EQ(0, aspace_create(nullptr, &as_));
        ASSERT_EQ(0, aspace_create(nullptr, &other_));
    }
    void TearDown() override
    {
        aspace_put(as_);
        aspace_put(other_);
    }
    static void Pass(const struct aspace *as, uint64_t cpus, unsigned work)
    {
        struct cpus_barrier barrier = {
            as != nullptr ? aspace_mmu(const_cast<struct aspace *>(as))
                          : nullptr,
            cpus, work};

        cpus_pass_barrier(&barrier);
    }
    static bool HasMany() { return hal_cpu_count() >= 4; }
    struct aspace *as_ = nullptr, *other_ = nullptr;
};

TEST_F(Barrier, NobodyElseRuns)
{
    Pass(nullptr, kAll, 0);
    Pass(as_, kAll, kMark);
    Pass(nullptr, 0, kMark);
    EXPECT_EQ(0u, thread_current()->work & kMark);
}

// This thread has none of its own, nor have the kernel's.
TEST_F(Barrier, OfUserThreadsAsItIsSaid)
{
    if (!HasMany())
        GTEST_SKIP() << "needs CPUs";
    Runner mine(1, as_), others(2, other_), kernel(3, as_, false);

    Pass(nullptr, kAll, kMark);
    EXPECT_TRUE(mine.TakeMark());
    EXPECT_TRUE(others.TakeMark());
    EXPECT_FALSE(kernel.TakeMark());
    Pass(as_, kAll, kMark);
    EXPECT_TRUE(mine.TakeMark());
    EXPECT_FALSE(others.TakeMark());
    EXPECT_FALSE(kernel.TakeMark());
    Pass(nullptr, UINT64_C(1) << 2, kMark);
    EXPECT_FALSE(mine.TakeMark());
    EXPECT_TRUE(others.TakeMark());
    Pass(as_, UINT64_C(1) << 2, kMark);
    EXPECT_FALSE(mine.TakeMark());
    EXPECT_FALSE(others.TakeMark());
    Pass(nullptr, kAll, 0);
    EXPECT_FALSE(mine.TakeMark());
    EXPECT_EQ(0u, thread_current()->work & kMark);
}

// Who cannot be interrupted is waited for, but only where he is meant.
TEST_F(Barrier, ReturnsWhenAllHavePassed)
{
    if (!HasMany())
        GTEST_SKIP() << "needs CPUs";
    Runner mine(1, as_), others(2, other_);

    mine.Deafen(30 * kMs);
    Pass(as_, kAll, 0);
    EXPECT_TRUE(mine.hears());
    mine.Deafen(30 * kMs);
    Pass(nullptr, UINT64_C(1) << 1, 0);
    EXPECT_TRUE(mine.hears());
    mine.Deafen(60000 * kMs);
    Pass(other_, kAll, 0);
    Pass(nullptr, UINT64_C(1) << 2, 0);
    EXPECT_FALSE(mine.hears());
}

// Several ask at once for several CPUs, over and over.
TEST_F(Barrier, StormFromAllCpus)
{
    if (!HasMany())
        GTEST_SKIP() << "needs CPUs";
    uint64_t rounds = harness::steps(300);
    Runner first(1, as_), second(2, as_);
    unsigned marks = 0;

    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < 4; n++)
            threads.push_back(std::make_unique<Kthread>(
                [&, n] {
                    for (uint64_t i = 0; i < rounds; i++) {
                        Pass(n % 2 == 0 ? as_ : nullptr, kAll, kMark);
                        if (first.TakeMark())
                            __atomic_fetch_add(&marks, 1, __ATOMIC_RELAXED);
                    }
                },
                n % 2 == 0 ? 1 : 8));
    }
    EXPECT_LT(0u, marks);
}

} // namespace
