// SPDX-License-Identifier: Apache-2.0
//
// tests/support/leak.cc - contract in harness.h and leak.h.
#include "tests/support/leak.h"

#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/thread.h"
#include "core/sync/rcu.h"

namespace harness {

static bool leaks_allowed;

Resources resources()
{
    Resources now;

    thread_yield(); // buries a thread that has just ended
    rcu_barrier();  // whenever else what waits there would go
    cache_drain_all();
    log_set_console_level(LOG_CONSOLE_QUIET);
    now.objects = cache_report();
    log_set_console_level(LOG_CONSOLE_DEFAULT);
    // Objects may lie in more frames than they did: that is no loss.
    now.frames = page_total_count() - page_free_count() - cache_frame_count();
    return now;
}

void allow_leaks()
{
    leaks_allowed = true;
}

void LeakListener::OnTestStart(const testing::TestInfo &)
{
    leaks_allowed = false;
    before_ = resources();
}

void LeakListener::OnTestEnd(const testing::TestInfo &)
{
    Resources now = resources();

    EXPECT_TRUE(page_check());
    if (leaks_allowed)
        return;
    EXPECT_EQ(before_.objects, now.objects) << "objects of caches";
    EXPECT_EQ(before_.frames, now.frames) << "frames taken";
    if (before_.objects != now.objects)
        (void)cache_report();
}

uint64_t sweep_allocations(const std::function<int()> &call)
{
    const uint64_t max = 100000;

    for (uint64_t k = 1; k <= max; k++) {
        Resources before = resources(), after;
        uint64_t failed;
        int error;

        fault_plan_nth(FAULT_ANY, k);
        error = call();
        failed = fault_failed();
        fault_plan_nth(FAULT_ANY, 0);
        after = resources();
        EXPECT_EQ(before.objects, after.objects) << "allocation " << k;
        EXPECT_EQ(before.frames, after.frames) << "allocation " << k;
        if (failed == 0) {
            EXPECT_EQ(0, error);
            return k - 1;
        }
        EXPECT_TRUE(error == -ENOMEM || error == 0)
            << "allocation " << k << ": " << error;
    }
    ADD_FAILURE() << "the call never passes all its allocations";
    return max;
}

} // namespace harness
