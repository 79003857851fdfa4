// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/advise_test.cc - madvise(2), mincore(2), msync(2), mlock(2) and
// regions that grow down, where a guest program cannot look.

#include "core/vm/layout.h"
#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;

class AdviseTest : public VmTest {
protected:
    void Make(unsigned count)
    {
        MapAt(kAt, count * kPage, kRW);
        for (unsigned i = 0; i < count; i++)
            EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(i + 1)));
    }
    int Advise(unsigned first, unsigned count, int advice)
    {
        int error =
            aspace_advise(as_, kAt + first * kPage, count * kPage, advice);

        EXPECT_TRUE(aspace_check(as_));
        return error;
    }
    std::string InCore(unsigned count)
    {
        std::string text;
        uint8_t answers[64];

        while (text.size() < count) {
            int n = aspace_in_core(as_, kAt + text.size() * kPage,
                                   std::min<size_t>(64, count - text.size()),
                                   answers);

            if (n < 0)
                return text + "?";
            for (int i = 0; i < n; i++)
                text += answers[i] != 0 ? 'x' : '.';
        }
        return text;
    }
};

TEST_F(AdviseTest, DroppedPagesGiveTheirFramesBack)
{
    Make(100);
    uint64_t frames = harness::resources().frames;

    EXPECT_EQ(0, Advise(10, 80, LX_MADV_DONTNEED));
    EXPECT_GE(frames, harness::resources().frames + 80);
    EXPECT_EQ(20u, Resident());
    EXPECT_EQ(0, Advise(0, 5, LX_MADV_FREE));
    EXPECT_EQ(15u, Resident());
    EXPECT_EQ(0, Read(kAt));
    EXPECT_EQ(6, Read(kAt + 5 * kPage));
    EXPECT_EQ(91, Read(kAt + 90 * kPage));
}

// What the fork shares is dropped on one side alone.
TEST_F(AdviseTest, DropsAfterAFork)
{
    struct aspace *child;

    Make(130);
    ASSERT_EQ(0, aspace_clone(as_, nullptr, &child));
    EXPECT_EQ(0, Advise(3, 100, LX_MADV_DONTNEED));
    EXPECT_EQ(30u, Resident());
    EXPECT_TRUE(aspace_check(child));
    for (uint64_t k = 1, failed = 1; failed != 0; k++) {
        cache_drain_all();
        fault_plan_nth(FAULT_ANY, k);
        int error =
            aspace_advise(child, kAt + 70 * kPage, 3 * kPage, LX_MADV_DONTNEED);
        failed = fault_failed();
        fault_plan_nth(0, 0);
        EXPECT_EQ(failed != 0 ? -EAGAIN : 0, error);
        EXPECT_TRUE(aspace_check(child));
    }
    Use(child);
    uint8_t byte = 0;
    EXPECT_EQ(0, copy_in(child, &byte, kAt + 4 * kPage, 1));
    EXPECT_EQ(5, byte);
    Use(as_);
    aspace_put(child);
}

TEST_F(AdviseTest, WhatForksAreTold)
{
    struct aspace *child;
    uint8_t byte = 0;

    Make(12);
    EXPECT_EQ(0, Advise(2, 3, LX_MADV_DONTFORK));
    EXPECT_EQ(0, Advise(6, 2, LX_MADV_WIPEONFORK));
    EXPECT_EQ(5u, Regions());
    EXPECT_EQ(0, Advise(3, 1, LX_MADV_DOFORK));
    EXPECT_EQ(0, Advise(7, 1, LX_MADV_KEEPONFORK));
    ASSERT_EQ(0, aspace_clone(as_, nullptr, &child));
    EXPECT_TRUE(aspace_check(child));
    Use(child);
    for (unsigned i = 0; i < 12; i++) {
        bool gone = i == 2 || i == 4;

        EXPECT_EQ(gone ? -EFAULT : 0,
                  copy_in(child, &byte, kAt + i * kPage, 1));
        if (!gone) {
            EXPECT_EQ(i == 6 ? 0u : i + 1, byte);
        }
    }
    Use(as_);
    aspace_put(child);
    EXPECT_EQ(7, Read(kAt + 6 * kPage));
}

TEST_F(AdviseTest, InCoreSaysWhatIsThere)
{
    TestFile file(4, true, true), slow(4, false, true);

    MapAt(kAt, 4 * kPage, kRW);
    MapAt(kAt + 4 * kPage, 4 * kPage, kR, LX_MAP_PRIVATE, file.object());
    MapAt(kAt + 8 * kPage, 4 * kPage, kR, LX_MAP_SHARED, slow.object());
    MapAt(kAt + 12 * kPage, 2 * kPage, kRW, kShared);
    file.Drop(2);
    EXPECT_EQ(0, Write(kAt + kPage, 1));
    EXPECT_LE(0, Read(kAt + 9 * kPage));
    EXPECT_EQ(0, Write(kAt + 13 * kPage, 1));
    EXPECT_EQ(".x..xx.x.x...x?", InCore(15));
    UnmapAll();
}

TEST_F(AdviseTest, SyncAsksTheObject)
{
    TestFile file(8, true, true);

    MapAt(kAt, 8 * kPage, kRW, LX_MAP_SHARED, file.object());
    EXPECT_EQ(0, aspace_sync(as_, kAt + kPage, 2 * kPage, LX_MS_SYNC));
    EXPECT_EQ(2u, file.synced);
    EXPECT_EQ(0, aspace_sync(as_, kAt, 2 * kPage, LX_MS_ASYNC));
    EXPECT_EQ(2u, file.synced);
    file.fail_sync = -EIO;
    EXPECT_EQ(-EIO, aspace_sync(as_, kAt, kPage, LX_MS_SYNC));
    EXPECT_EQ(-EINVAL, Advise(0, 1, LX_MADV_WIPEONFORK));
    EXPECT_EQ(-EOPNOTSUPP, Advise(0, 1, LX_MADV_REMOVE));
    MapAt(kAt, kPage, kR, LX_MAP_PRIVATE, file.object());
    EXPECT_EQ(-EACCES, Advise(0, 1, LX_MADV_REMOVE));
    EXPECT_EQ(-EINVAL, Advise(0, 1, LX_MADV_FREE));
    UnmapAll();
}

TEST_F(AdviseTest, LocksAreCountedAndLimited)
{
    struct aspace_limits limits = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                   8 * kPage};
    struct aspace *child;
    struct aspace_usage usage;

    aspace_set_limits(as_, &limits);
    MapAt(kAt, 16 * kPage, kRW);
    EXPECT_EQ(0, aspace_lock(as_, kAt, 6 * kPage, false));
    EXPECT_EQ(6 * kPage, Usage().locked_bytes);
    EXPECT_EQ(6u, Resident());
    EXPECT_EQ(0, aspace_lock(as_, kAt + 2 * kPage, 6 * kPage, true));
    EXPECT_EQ(8 * kPage, Usage().locked_bytes); // what overlaps counts once
    EXPECT_EQ(-ENOMEM, aspace_lock(as_, kAt + 8 * kPage, kPage, true));
    EXPECT_EQ(-EAGAIN, Map(0, kPage, kRW, kPrivate | LX_MAP_LOCKED));
    EXPECT_EQ(-ENOMEM, aspace_lock_all(as_, LX_MCL_CURRENT));
    EXPECT_EQ(0, aspace_lock_all(as_, LX_MCL_FUTURE));
    EXPECT_EQ(-EAGAIN, Map(0, kPage, kRW, kPrivate));
    aspace_set_brk_start(as_, 2 * kAt);
    EXPECT_EQ(2 * kAt, aspace_brk(as_, 2 * kAt + kPage));
    aspace_set_may_lock(as_, true);
    EXPECT_LT(0, Map(0, kPage, kRW, kPrivate));
    EXPECT_EQ(2 * kAt + kPage, aspace_brk(as_, 2 * kAt + kPage));
    EXPECT_EQ(10 * kPage, Usage().locked_bytes);
    ASSERT_EQ(0, aspace_clone(as_, nullptr, &child));
    aspace_get_usage(child, &usage);
    EXPECT_EQ(0u, usage.locked_bytes); // not inherited
    aspace_put(child);
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 4 * kPage));
    EXPECT_EQ(6 * kPage, Usage().locked_bytes);
    aspace_unlock_all(as_);
    EXPECT_EQ(0u, Usage().locked_bytes);
    EXPECT_LT(0, Map(0, kPage, kRW, kPrivate));
    EXPECT_EQ(0u, Usage().locked_bytes);
    limits.locked = 0;
    aspace_set_limits(as_, &limits);
    aspace_set_may_lock(as_, false);
    EXPECT_EQ(-EPERM, aspace_lock(as_, kAt, kPage, false));
    EXPECT_EQ(-EPERM, aspace_lock_all(as_, LX_MCL_CURRENT));
    EXPECT_EQ(-EPERM, Map(0, kPage, kRW, kPrivate | LX_MAP_LOCKED));
}

TEST_F(AdviseTest, GrowsDownToTheLimitOfTheStack)
{
    struct aspace_limits limits = {UINT64_MAX, UINT64_MAX, 40 * kPage, 0};
    constexpr uaddr_t low = kAt - 400 * kPage;

    aspace_set_limits(as_, &limits);
    MapAt(kAt, 10 * kPage, kRW, kPrivate | LX_MAP_GROWSDOWN);
    EXPECT_EQ(0, Write(kAt - 30 * kPage, 5));
    EXPECT_EQ(40 * kPage, Usage().mapped_bytes);
    EXPECT_EQ(-EFAULT, Write(kAt - 31 * kPage, 5));
    EXPECT_EQ(5, Read(kAt - 30 * kPage));
    // It moves with its pages, and grows from there.
    const struct remap_request request = {
        kAt - 30 * kPage, 40 * kPage, 40 * kPage,
        LX_MREMAP_MAYMOVE | LX_MREMAP_FIXED, 2 * kAt};
    uaddr_t out;
    limits.stack = UINT64_MAX;
    aspace_set_limits(as_, &limits);
    EXPECT_EQ(0, aspace_remap(as_, &request, &out));
    EXPECT_EQ(0, Write(2 * kAt - 5 * kPage, 6));
    EXPECT_EQ(5, Read(2 * kAt));
    EXPECT_EQ(6, Read(2 * kAt - 5 * kPage));
    EXPECT_TRUE(aspace_check(as_));
    UnmapAll();
    // No room is found in the guard, also when many regions lie around.
    aspace_set_mmap_base(as_, kAt);
    MapAt(low, kPage, kR);
    MapAt(kAt - kPage, kPage, kRW, kPrivate | LX_MAP_GROWSDOWN);
    EXPECT_EQ(int64_t{kAt - 258 * kPage}, Map(0, kPage, kRW, kPrivate));
    EXPECT_LT(0, Map(0, 142 * kPage, kRW, kPrivate));
    EXPECT_EQ(0, aspace_unmap(as_, low, 401 * kPage));
    EXPECT_EQ(-EFAULT, Read(kAt));
}

TEST_F(AdviseTest, LayoutsAreRandomWithinBounds)
{
    constexpr uint64_t limit = UINT64_C(8) << 20;
    struct aspace_layout fixed, again, a, b;

    aspace_choose_layout(&fixed, limit, false);
    aspace_choose_layout(&again, limit, false);
    EXPECT_EQ(0, memcmp(&fixed, &again, sizeof(fixed)));
    EXPECT_EQ(0x555555554000u, fixed.movable);
    for (int i = 0; i < 100; i++) {
        const uint64_t limits[] = {0, limit, UINT64_MAX};
        uint64_t stack = limits[i % 3];

        aspace_choose_layout(&a, stack, true);
        aspace_choose_layout(&b, stack, true);
        EXPECT_NE(a.stack_top, b.stack_top);
        EXPECT_NE(a.mmap_base, b.mmap_base);
        EXPECT_NE(a.movable, b.movable);
        EXPECT_EQ(0u, (a.mmap_base | a.movable | a.brk_offset) % kPage);
        EXPECT_EQ(0u, a.stack_top % 16);
        EXPECT_GT(HAL_USER_TOP, a.stack_top);
        if (stack <= limit) {
            EXPECT_LE(a.movable + (UINT64_C(1) << 40), a.mmap_base);
            EXPECT_LE(a.mmap_base + stack, a.stack_top);
        }
    }
}

} // namespace
