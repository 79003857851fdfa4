// SPDX-License-Identifier: Apache-2.0
//
// tests/hal/hosted/storm_test.cc - a host thread kicks the CPU as fast as it
// can while user code checks all its registers: a kick may come before, in and
// after the stub's way into user code, and none may cost a bit of the state,
// or be lost when it was meant to end the run.
#include <sched.h>
#include <string.h>

#include <thread>

#include <gtest/gtest.h>

#include "hal/hosted/cpu.h"
#include "hal/hosted/host_user.h"
#include "tests/hal/hosted/storm_layout.h"
#include "tests/hal/hosted/stub_fixture.h"
#include "tests/support/harness.h"

extern "C" const char storm_code[], storm_code_end[], storm_sse[], storm_avx[],
    storm_avx512[];

namespace {

constexpr uint64_t kKicks = 100000;
constexpr uint64_t kKicksPerInterrupt = 50;
// From the entry into user code to the kick, in pause instructions: most kicks
// come about when the stub resumes. Some wait for a round of the user code.
// An odd number of interrupts lies between those, so that each user has some.
constexpr uint64_t kWait = 400, kKicksPerRound = 11 * kKicksPerInterrupt;
constexpr unsigned kUsers = 2;

constexpr uint64_t kAvx = 1 << 2, kAvx512 = 7 << 5;

const char *widest_code()
{
    uint64_t features = host_user_facts()->features;

    if ((features & kAvx512) == kAvx512)
        return storm_avx512;
    return features & kAvx ? storm_avx : storm_sse;
}

// What the two threads share.
struct Storm {
    struct hal_user *users[kUsers];
    const uint8_t *data;
    uint64_t returned; // runs that ended by an interrupt
    bool failed;
};

uint64_t returned(const Storm *storm)
{
    return __atomic_load_n(&storm->returned, __ATOMIC_ACQUIRE);
}

// Rounds that a user has checked.
uint64_t rounds(const Storm *storm, uint64_t user)
{
    uint64_t count;

    memcpy(&count, storm->data + (user + 1) * STORM_FRAME, sizeof(count));
    return count;
}

bool failed(const Storm *storm)
{
    return __atomic_load_n(&storm->failed, __ATOMIC_ACQUIRE);
}

// A thread is born on its parent's host core, which is where user code runs: it
// would wait for that one to run, and the other way round.
void leave_core()
{
    cpu_set_t all;

    memset(&all, 0xff, sizeof(all));
    (void)sched_setaffinity(0, sizeof(all), &all);
}

void wait_round(const Storm *storm, uint64_t user)
{
    uint64_t before = rounds(storm, user);

    while (rounds(storm, user) == before && !failed(storm))
        sched_yield();
}

// Kicks user code, and now and then interrupts the user that runs: that one
// comes out, or this waits for ever and the test's time runs out.
void kick(Storm *storm, uint64_t kicks)
{
    struct hosted_cpu *cpu = hosted_cpu_at(0);
    harness::Random random(1);

    leave_core();
    for (uint64_t i = 1; i <= kicks && !failed(storm); i++) {
        uint64_t runs = returned(storm);

        while (__atomic_load_n(&cpu->in_user, __ATOMIC_ACQUIRE) != 1 &&
               !failed(storm))
            sched_yield();
        for (uint64_t wait = random.below(kWait); wait > 0; wait--)
            __asm__ volatile("pause");
        if (i % kKicksPerRound == 0)
            wait_round(storm, runs % kUsers);
        if (i % kKicksPerInterrupt != 0) {
            hosted_cpu_raise(cpu, HOSTED_IRQ_KICK);
            continue;
        }
        hal_user_interrupt(storm->users[runs % kUsers]);
        while (returned(storm) == runs && !failed(storm))
            sched_yield();
    }
}

class StormTest : public StubTest {};

TEST_F(StormTest, EveryRegisterSurvivesEveryKick)
{
    uint64_t kicks = harness::steps(kKicks);
    uint64_t runs = kicks / kKicksPerInterrupt;
    struct hal_user *other;
    Storm storm = {};

    static_assert(STORM_CODE == kCode && STORM_DATA == kData);
    open(storm_code, static_cast<size_t>(storm_code_end - storm_code));
    ASSERT_EQ(0, hal_user_create(&other));
    storm.users[0] = user_;
    storm.users[1] = other;
    storm.data = data();
    for (unsigned i = 0; i < kUsers; i++) {
        struct lx_user_regs r = {};

        r.rip = kCode + static_cast<uint64_t>(widest_code() - storm_code);
        r.r8 = 0x1234567800 + i + 1;
        ASSERT_EQ(0, hal_user_set(storm.users[i], &r));
    }

    std::thread kicker(kick, &storm, kicks);
    for (uint64_t run_number = 0; run_number < runs; run_number++) {
        struct hal_trap trap;

        user_ = storm.users[run_number % kUsers];
        trap = run();
        EXPECT_EQ(HAL_TRAP_INTERRUPT, trap.kind)
            << "vector " << trap.vector << " at " << std::hex << regs().rip;
        if (HasFailure())
            break;
        __atomic_store_n(&storm.returned, run_number + 1, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&storm.failed, true, __ATOMIC_RELEASE);
    kicker.join();

    for (unsigned i = 0; i < kUsers; i++) {
        EXPECT_GE(rounds(&storm, i), kicks / kKicksPerRound / kUsers / 2);
    }
    user_ = storm.users[0];
    hal_user_destroy(other);
}

} // namespace
