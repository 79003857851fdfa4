// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/sweep_test.cc - every allocation of every call made to fail:
// the call says -ENOMEM and nothing has changed.

#include <functional>

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;

class SweepTest : public VmTest {
protected:
    // Fails allocation 1, 2, ... of call() until it passes; checks after each
    // that regions, pages and bytes are as before. prepare() runs before each.
    void Sweep(const char *name, const std::function<void()> &prepare,
               const std::function<int()> &call)
    {
        uint64_t k = 0, failed = 1;

        while (failed != 0 && !HasFailure()) {
            prepare();
            struct aspace_usage before = Usage();
            uint64_t objects = harness::resources().objects;
            int error;

            fault_plan_nth(FAULT_ANY, ++k);
            error = call();
            failed = fault_failed();
            fault_plan_nth(0, 0);
            ASSERT_TRUE(aspace_check(as_)) << name << " " << k;
            if (failed == 0) {
                EXPECT_EQ(0, error) << name;
                break;
            }
            struct aspace_usage after = Usage();
            EXPECT_EQ(-ENOMEM, error) << name << " " << k;
            EXPECT_EQ(objects, harness::resources().objects) << name;
            EXPECT_EQ(before.regions, after.regions) << name << " " << k;
            EXPECT_EQ(before.mapped_bytes, after.mapped_bytes) << name;
            EXPECT_EQ(before.resident_pages, after.resident_pages) << name;
        }
        EXPECT_LT(1u, k) << name << " allocates";
    }

    // Four written pages, RW, alone in the address space; and no spare slabs.
    void Prepare()
    {
        UnmapAll();
        MapAt(kAt, 4 * kPage, kRW);
        for (unsigned i = 0; i < 4; i++)
            EXPECT_EQ(0, Write(kAt + i * kPage, 9));
        cache_drain_all();
    }

    int MapError(uaddr_t addr, uint64_t size, unsigned flags,
                 struct vm_object *object = nullptr)
    {
        int64_t at = Map(addr, size, kR, flags, object);

        return at < 0 ? static_cast<int>(at) : 0;
    }
};

TEST_F(SweepTest, EachCall)
{
    TestFile file(4, true, true);
    auto prepare = [this] { Prepare(); };
    struct vm_object *object = file.object();

    Sweep("map", prepare, [this] { return MapError(0, kPage, kPrivate); });
    Sweep("shared", prepare, [this] { return MapError(0, kPage, kShared); });
    Sweep("file", prepare, [this, object] {
        return MapError(0, kPage, LX_MAP_PRIVATE, object);
    });
    Sweep("fixed", prepare, [this] {
        return MapError(kAt + kPage, 2 * kPage, kPrivate | kFixed);
    });
    Sweep("unmap", prepare,
          [this] { return aspace_unmap(as_, kAt + kPage, kPage); });
    Sweep("protect", prepare,
          [this] { return aspace_protect(as_, kAt + kPage, kPage, kR); });
    UnmapAll();
}

TEST_F(SweepTest, FailedCallsKeepRightsAndBytes)
{
    Prepare();
    for (uint64_t k = 1; k <= 2; k++) {
        fault_plan_nth(FAULT_ANY, k);
        EXPECT_EQ(-ENOMEM, aspace_protect(as_, kAt + kPage, kPage, kNone));
        fault_plan_nth(FAULT_ANY, k);
        EXPECT_EQ(-ENOMEM, aspace_unmap(as_, kAt + kPage, kPage));
        fault_plan_nth(FAULT_ANY, k);
        EXPECT_EQ(-ENOMEM, Map(kAt + kPage, kPage, kR, kPrivate | kFixed));
        fault_plan_nth(0, 0);
        for (unsigned i = 0; i < 4; i++) {
            EXPECT_EQ(9, Read(kAt + i * kPage));
            EXPECT_EQ(0, Write(kAt + i * kPage, 9));
        }
    }
}

TEST_F(SweepTest, Faults)
{
    TestFile file(4, true, true);
    struct vm_object *object = file.object();
    const struct {
        const char *name;
        unsigned flags, access;
        bool use_file;
    } rows[] = {
        {"zero", kPrivate, HAL_READ, false},
        {"anonymous", kPrivate, HAL_WRITE, false},
        {"shared anonymous", kShared, HAL_WRITE, false},
        {"file", LX_MAP_PRIVATE, HAL_READ, true},
        {"copy", LX_MAP_PRIVATE, HAL_WRITE, true},
        {"shared", LX_MAP_SHARED, HAL_WRITE, true},
    };

    for (const auto &row : rows) {
        auto prepare = [&] {
            // A new one each time: it holds table pages for the next fault.
            thread_set_mmu(nullptr);
            aspace_put(as_);
            ASSERT_EQ(0, aspace_create(nullptr, &as_));
            thread_set_mmu(aspace_mmu(as_));
            MapAt(kAt, 4 * kPage, kRW, row.flags,
                  row.use_file ? object : nullptr);
            cache_drain_all();
        };
        Sweep(row.name, prepare,
              [&] { return aspace_fault(as_, kAt, row.access); });
    }
    UnmapAll();
}

TEST_F(SweepTest, Brk)
{
    uint64_t failed = 1;

    aspace_set_brk_start(as_, kAt);
    EXPECT_EQ(kAt + 2 * kPage, aspace_brk(as_, kAt + 2 * kPage));
    for (uint64_t k = 1; failed != 0; k++) {
        uaddr_t brk;

        cache_drain_all();
        fault_plan_nth(FAULT_ANY, k);
        brk = aspace_brk(as_, kAt + 8 * kPage);
        failed = fault_failed();
        fault_plan_nth(0, 0);
        EXPECT_EQ(kAt + (failed != 0 ? 2 : 8) * kPage, brk);
    }
    fault_plan_nth(FAULT_ANY, 1); // a split
    EXPECT_EQ(kAt + 8 * kPage, aspace_brk(as_, kAt + kPage));
    fault_plan_nth(0, 0);
    EXPECT_EQ(8 * kPage, Usage().mapped_bytes);
    EXPECT_EQ(kAt + kPage, aspace_brk(as_, kAt + kPage));
}

// A whole life, over and over: nothing stays behind.
TEST_F(SweepTest, Life)
{
    TestFile file(4, true, false);
    auto life = [&]() -> int {
        struct map_request anonymous = {
            kAt, 4 * kPage, kRW, kPrivate | kFixed, nullptr, 0, 0};
        struct map_request mapped = {
            kAt + 8 * kPage, 4 * kPage, kRW, LX_MAP_PRIVATE | kFixed,
            file.object(),   0,         0};
        struct aspace *as;
        uaddr_t at;
        int error = aspace_create(nullptr, &as);

        if (error != 0)
            return error;
        error = aspace_map(as, &anonymous, &at);
        if (error == 0)
            error = aspace_map(as, &mapped, &at);
        if (error == 0)
            error = aspace_fault(as, kAt, HAL_WRITE);
        if (error == 0)
            error = aspace_fault(as, kAt + 8 * kPage, HAL_READ);
        if (error == 0)
            error = aspace_fault(as, kAt + 9 * kPage, HAL_WRITE);
        if (error == 0)
            error = aspace_protect(as, kAt + kPage, kPage, kR);
        if (error == 0)
            error = aspace_unmap(as, kAt + 2 * kPage, kPage);
        aspace_put(as);
        return error;
    };

    EXPECT_LT(8u, harness::sweep_allocations(life));
}

} // namespace
