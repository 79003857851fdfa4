// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sync/rcu_count_test.cc - core/sync/rcu_count.h against a model.
#include <vector>

#include <gtest/gtest.h>

#include "core/sync/rcu_count.h"
#include "tests/support/harness.h"

namespace {

// A CPU as it is, and what a waiter that began earlier is owed.
struct ModelCpu {
    struct rcu_count count = {0};
    bool is_quiet = true;
    bool in_interrupt = false; // taken while quiescent
    unsigned reading = 0;      // read sections
    uint64_t moment = 0;       // quiescent moments so far

    // May a reader that is there now have been there at that moment?
    bool had_moment_since(uint64_t then) const
    {
        return is_quiet || moment != then;
    }
};

void step(ModelCpu *cpu, harness::Random *random)
{
    switch (random->below(6)) {
    case 0: // to user mode or idle
        if (!cpu->is_quiet && cpu->reading == 0 && !cpu->in_interrupt) {
            rcu_count_enter_quiet(&cpu->count);
            cpu->is_quiet = true;
            cpu->moment++;
        }
        break;
    case 1: // and back, or an interrupt on top
        if (cpu->is_quiet) {
            rcu_count_leave_quiet(&cpu->count);
            cpu->is_quiet = false;
            cpu->in_interrupt = random->below(2) == 0;
        }
        break;
    case 2: // the interrupt returns
        if (cpu->in_interrupt && cpu->reading == 0) {
            rcu_count_enter_quiet(&cpu->count);
            cpu->is_quiet = true;
            cpu->in_interrupt = false;
            cpu->moment++;
        }
        break;
    case 3: // a switch, or an interrupt that finds nothing pinned
        if (!cpu->is_quiet && cpu->reading == 0) {
            rcu_count_pass(&cpu->count);
            cpu->moment++;
        }
        break;
    case 4:
        if (!cpu->is_quiet)
            cpu->reading++;
        break;
    default:
        if (cpu->reading > 0)
            cpu->reading--;
        break;
    }
    ASSERT_EQ(cpu->is_quiet, rcu_count_is_quiet(&cpu->count));
}

struct Waiter {
    std::vector<uint64_t> snapshot, moment;
    std::vector<bool> was_quiet;

    void begin(std::vector<ModelCpu> *cpus)
    {
        snapshot.clear();
        moment.clear();
        was_quiet.clear();
        for (ModelCpu &cpu : *cpus) {
            snapshot.push_back(rcu_count_snapshot(&cpu.count));
            moment.push_back(cpu.moment);
            was_quiet.push_back(cpu.is_quiet);
        }
    }
};

} // namespace

// Seeded: a CPU counts as passed exactly when it was quiescent at the snapshot
// or at a moment since; never while a reader of then goes on.
TEST(RcuCount, SeededWalkAgainstModel)
{
    for (size_t count : {1, 2, 5, 64}) {
        harness::Random random(count);
        std::vector<ModelCpu> cpus(count);
        Waiter waiter;
        uint64_t ends = 0;

        waiter.begin(&cpus);
        for (uint64_t i = 0; i < harness::steps(20000); i++) {
            size_t n = random.below(count);
            bool all = true;

            ASSERT_NO_FATAL_FAILURE(step(&cpus[n], &random));
            for (size_t c = 0; c < count; c++) {
                bool passed =
                    rcu_count_has_passed(&cpus[c].count, waiter.snapshot[c]);

                ASSERT_EQ(waiter.was_quiet[c] ||
                              cpus[c].had_moment_since(waiter.moment[c]),
                          passed);
                all = all && passed;
            }
            if (all) {
                ends++;
                waiter.begin(&cpus);
            }
        }
        EXPECT_GT(ends, 0u);
    }
}

CHILD(RcuCountQuietTwice)
{
    struct rcu_count count = {0};

    rcu_count_enter_quiet(&count);
}

CHILD(RcuCountPassWhileQuiet)
{
    struct rcu_count count = {0};

    rcu_count_pass(&count);
}

CHILD(RcuCountLeaveBusy)
{
    struct rcu_count count = {1};

    rcu_count_leave_quiet(&count);
}

TEST(RcuCount, MisusePanics)
{
    EXPECT_PANIC(RcuCountQuietTwice, "assertion failed");
    EXPECT_PANIC(RcuCountPassWhileQuiet, "assertion failed");
    EXPECT_PANIC(RcuCountLeaveBusy, "assertion failed");
}
