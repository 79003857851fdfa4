// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/timer_test.cc - core/sched/timer.h. What is for all CPUs is
// run with four as well.

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "core/sched/timer.h"
#include "hal/clock.h"
#include "hal/irq.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

namespace {

using kthread::kMs;
using kthread::Kthread;

// Fires in whatever thread an interrupt finds, so what it leaves is atomic.
struct Shot {
    struct timer timer;
    int *next = nullptr;
    int place = -1;
    uint64_t fired_at_ = 0;

    explicit Shot(int *counter = nullptr) : next(counter)
    {
        timer_init(&timer, Fire, this);
    }
    static void Fire(void *arg)
    {
        auto *self = static_cast<Shot *>(arg);
        if (self->next != nullptr)
            __atomic_store_n(
                &self->place,
                __atomic_fetch_add(self->next, 1, __ATOMIC_ACQ_REL),
                __ATOMIC_RELEASE);
        __atomic_store_n(&self->fired_at_, hal_clock_now(), __ATOMIC_RELEASE);
    }
    uint64_t fired_at() const
    {
        return __atomic_load_n(&fired_at_, __ATOMIC_ACQUIRE);
    }
    void Await() const
    {
        while (fired_at() == 0)
            kthread::Sleep(kMs / 4);
    }
};

// Armed with interrupts off: however long the host keeps the CPU meanwhile, all
// are there when the first fires.
TEST(Timer, FiresInOrderOfDeadlineThenOfArming)
{
    int order = 0;
    uint64_t base = hal_clock_now() + 2 * kMs;
    Shot a(&order), b(&order), c(&order), d(&order);
    unsigned saved = hal_irq_save();
    timer_arm(&c.timer, base + 2 * kMs);
    timer_arm(&a.timer, base);
    timer_arm(&b.timer, base);
    timer_arm(&d.timer, base + kMs);
    hal_irq_restore(saved);
    for (Shot *shot : {&a, &b, &c, &d})
        shot->Await();
    EXPECT_GE(a.fired_at(), base);
    EXPECT_GE(c.fired_at(), base + 2 * kMs);
    EXPECT_EQ(0, a.place);
    EXPECT_EQ(1, b.place);
    EXPECT_EQ(2, d.place);
    EXPECT_EQ(3, c.place);
}

TEST(Timer, CancelTellsWhetherItWasArmed)
{
    Shot s;
    EXPECT_FALSE(timer_cancel(&s.timer));
    timer_arm(&s.timer, hal_clock_now() + 3600000 * kMs);
    EXPECT_TRUE(timer_cancel(&s.timer));
    EXPECT_FALSE(timer_cancel(&s.timer));
    EXPECT_EQ(0u, s.fired_at());
}

TEST(Timer, ArmingAgainMovesIt)
{
    Shot s;
    uint64_t now = hal_clock_now();
    timer_arm(&s.timer, now + 3600000 * kMs);
    timer_arm(&s.timer, now + kMs);
    s.Await();
    EXPECT_GE(s.fired_at(), now + kMs);
    EXPECT_FALSE(timer_cancel(&s.timer));
}

// Seeded: many timers at random deadlines, some cancelled; each that stays
// armed fires exactly once, none before its time.
TEST(Timer, ManyFireOnceEachAndNeverEarly)
{
    harness::Random random(7);
    size_t count = 300;
    std::vector<std::unique_ptr<Shot>> shots;
    std::vector<uint64_t> deadlines;
    std::vector<bool> cancelled(count);
    uint64_t base = hal_clock_now() + 20 * kMs;
    for (size_t i = 0; i < count; i++) {
        shots.push_back(std::make_unique<Shot>());
        deadlines.push_back(base + random.below(20 * kMs));
        timer_arm(&shots[i]->timer, deadlines[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (random.below(4) == 0)
            cancelled[i] = timer_cancel(&shots[i]->timer);
    for (size_t i = 0; i < count; i++)
        if (!cancelled[i])
            shots[i]->Await();
    kthread::Sleep(kMs); // none fires that was cancelled
    for (size_t i = 0; i < count; i++) {
        EXPECT_EQ(cancelled[i], shots[i]->fired_at() == 0);
        if (!cancelled[i]) {
            EXPECT_GE(shots[i]->fired_at(), deadlines[i]);
        }
        EXPECT_FALSE(timer_cancel(&shots[i]->timer));
    }
}

constexpr size_t kMany = 100000;

// One of very many: what it did, in two words.
struct Dot {
    struct timer timer;
    unsigned fired = 0; // atomic
    unsigned wrong = 0; // atomic: early, or not where it was armed
    unsigned cpu = 0;
    bool was_armed = false;

    bool has_fired() const
    {
        return __atomic_load_n(&fired, __ATOMIC_ACQUIRE) > 0;
    }
    static void Fire(void *arg)
    {
        auto *self = static_cast<Dot *>(arg);

        if (hal_clock_now() < self->timer.deadline_ns ||
            hal_cpu_self() != self->cpu)
            __atomic_fetch_add(&self->wrong, 1, __ATOMIC_RELAXED);
        __atomic_fetch_add(&self->fired, 1, __ATOMIC_RELEASE);
    }
};

// Arms the dots of one CPU, a share of all, on that CPU: all at once far away,
// then each soon.
void ArmShare(std::vector<Dot> &dots, unsigned cpu)
{
    harness::Random random(cpu);
    uint64_t far = hal_clock_now() + 3600000 * kMs;

    for (size_t i = cpu; i < dots.size(); i += hal_cpu_count()) {
        dots[i].cpu = cpu;
        timer_init(&dots[i].timer, Dot::Fire, &dots[i]);
        timer_arm(&dots[i].timer, far + random.below(1000 * kMs));
    }
    for (size_t i = cpu; i < dots.size(); i += hal_cpu_count())
        timer_arm(&dots[i].timer,
                  hal_clock_now() + 100 * kMs + random.below(100 * kMs));
}

// On all CPUs; a third is cancelled by another CPU meanwhile.
TEST(Timer, AHundredThousandArmedAtOnce)
{
    std::vector<Dot> dots(harness::steps(kMany));
    uint64_t fired = 0, cancelled = 0;

    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++)
            threads.push_back(std::make_unique<Kthread>(
                [&dots, cpu] { ArmShare(dots, cpu); }, UINT64_C(1) << cpu));
    }
    for (size_t i = 0; i < dots.size(); i += 3)
        dots[i].was_armed = timer_cancel(&dots[i].timer);
    for (const Dot &dot : dots)
        while (!dot.was_armed && !dot.has_fired())
            kthread::Sleep(kMs);
    for (Dot &dot : dots) {
        unsigned times = __atomic_load_n(&dot.fired, __ATOMIC_ACQUIRE);

        EXPECT_FALSE(timer_cancel(&dot.timer));
        EXPECT_EQ(dot.was_armed ? 0u : 1u, times);
        EXPECT_EQ(0u, __atomic_load_n(&dot.wrong, __ATOMIC_RELAXED));
        fired += times;
        cancelled += dot.was_armed;
    }
    EXPECT_EQ(dots.size(), fired + cancelled);
    EXPECT_GT(fired, dots.size() / 2);
}

} // namespace
