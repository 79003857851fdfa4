// SPDX-License-Identifier: Apache-2.0
//
// tests/core/mem/upcall_test.cc - the frame upcalls of hal/upcall.h.
#include <gtest/gtest.h>

#include "core/base/fault.h"
#include "core/mem/page.h"
#include "hal/phys.h"
#include "hal/upcall.h"
#include "tests/support/harness.h"

TEST(Upcall, FramesFollowEachOtherAndGoBack)
{
    uint64_t before = page_free_count();

    for (unsigned order = 0; order <= 4; order++) {
        paddr_t first = core_frames_alloc(order);
        uint64_t size = static_cast<uint64_t>(PAGE_SIZE) << order;
        char *data;

        ASSERT_NE(PADDR_NONE, first);
        EXPECT_EQ(0u, first % size);
        EXPECT_EQ(before - (UINT64_C(1) << order), page_free_count());
        data = static_cast<char *>(hal_phys(first));
        data[0] = 1;
        data[size - 1] = 2;
        core_frames_free(first, order);
        EXPECT_EQ(before, page_free_count());
    }
}

TEST(Upcall, NoneIsAFaultPoint)
{
    fault_plan_nth(FAULT_FRAME, 1);
    EXPECT_EQ(PADDR_NONE, core_frames_alloc(0));
    fault_plan_nth(FAULT_ANY, 0);
}

CHILD(UpcallWrongOrder)
{
    core_frames_free(core_frames_alloc(1), 0);
}

CHILD(UpcallTwice)
{
    paddr_t first = core_frames_alloc(1);

    core_frames_free(first, 1);
    core_frames_free(first, 1);
}

TEST(Upcall, MisusePanics)
{
    EXPECT_PANIC(UpcallWrongOrder, "page->order == order");
    EXPECT_PANIC(UpcallTwice, "assertion failed");
}
