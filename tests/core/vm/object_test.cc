// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/object_test.cc - core/vm/object.h.

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;

class ObjectTest : public VmTest {};

TEST_F(ObjectTest, LivesAsLongAsItIsReferredTo)
{
    TestFile file(2, false, false);

    vm_object_get(file.object());
    MapAt(kAt, 2 * kPage, kR, LX_MAP_PRIVATE, file.object());
    vm_object_put(file.object());
    file.Release();
    EXPECT_EQ(0u, file.releases);
    EXPECT_EQ(FileByte(0), Read(kAt));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, kPage));
    EXPECT_EQ(0u, file.releases);
    EXPECT_EQ(0, aspace_unmap(as_, kAt + kPage, kPage));
    EXPECT_EQ(1u, file.releases);
}

TEST_F(ObjectTest, FailedMapKeepsNoReference)
{
    TestFile file(2, false, false);

    EXPECT_EQ(-EACCES, Map(kAt, kPage, kRW, LX_MAP_SHARED, file.object()));
    EXPECT_EQ(-EPERM,
              Map(0, kPage, kR, LX_MAP_PRIVATE | kFixed, file.object()));
    file.Release();
    EXPECT_EQ(1u, file.releases);
}

// A page that is taken out goes from all tables, in all address spaces, and
// copies of it stay.
TEST_F(ObjectTest, UnmapPageReachesEveryRegion)
{
    TestFile file(8, true, true);
    struct map_request request = {
        kAt, 8 * kPage, kR, LX_MAP_SHARED | kFixed, file.object(), 0, 0};
    struct aspace *other;
    struct hal_mapping found;
    uaddr_t at;

    ASSERT_EQ(0, aspace_create(nullptr, &other));
    ASSERT_EQ(0, aspace_map(other, &request, &at));
    EXPECT_EQ(0, aspace_fault(other, kAt, HAL_READ));
    MapAt(kAt, 8 * kPage, kRW, LX_MAP_SHARED, file.object());
    MapAt(kAt + 8 * kPage, 4 * kPage, kRW, LX_MAP_PRIVATE, file.object(),
          2 * kPage);
    EXPECT_EQ(0, aspace_protect(as_, kAt, 2 * kPage, kR)); // a split
    // Page 3 would lie above all addresses here.
    MapAt(HAL_USER_TOP - kPage, kPage, kR, LX_MAP_SHARED, file.object());
    for (unsigned i = 0; i < 12; i++)
        EXPECT_LE(0, Read(kAt + i * kPage));
    EXPECT_EQ(0, Write(kAt + 3 * kPage, 50));
    EXPECT_EQ(0, Write(kAt + 10 * kPage, 51)); // a copy of page 4

    file.Drop(3);
    file.Drop(4);
    EXPECT_EQ(-1, Rights(kAt + 3 * kPage));
    EXPECT_EQ(-1, Rights(kAt + 9 * kPage));
    EXPECT_EQ(-1, Rights(kAt + 4 * kPage));
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(kAt + 10 * kPage));
    EXPECT_EQ(51, Read(kAt + 10 * kPage));
    EXPECT_FALSE(hal_mmu_query(aspace_mmu(other), kAt + 3 * kPage, &found));
    EXPECT_TRUE(hal_mmu_query(aspace_mmu(other), kAt + 5 * kPage, &found));
    EXPECT_EQ(-EFAULT, Read(kAt + 3 * kPage));
    EXPECT_EQ(-ENXIO, aspace_fault(as_, kAt + 3 * kPage, HAL_READ));
    EXPECT_EQ(-ENXIO, aspace_fault(other, kAt + 4 * kPage, HAL_READ));
    EXPECT_EQ(FileByte(5 * kPage), Read(kAt + 11 * kPage));
    EXPECT_TRUE(aspace_check(other));
    aspace_put(other);
    UnmapAll();
}

// The page goes between the pager's answer and the map: it must not be mapped.
TEST_F(ObjectTest, PageTakenOutDuringAFaultIsNotMapped)
{
    const struct {
        unsigned prot, flags, access;
    } rows[] = {
        {kR, LX_MAP_PRIVATE, HAL_READ},
        {kR, LX_MAP_SHARED, HAL_READ},
        {kRW, LX_MAP_SHARED, HAL_READ},
        {kRW, LX_MAP_SHARED, HAL_WRITE},
    };

    for (const auto &row : rows) {
        TestFile file(1, false, true);

        MapAt(kAt, kPage, row.prot, row.flags, file.object());
        file.on_get = [&file] { file.Drop(0); };
        EXPECT_EQ(0, aspace_fault(as_, kAt, row.access));
        EXPECT_EQ(-1, Rights(kAt));
        EXPECT_EQ(-ENXIO, aspace_fault(as_, kAt, row.access));
        UnmapAll();
    }
    // A copy is the writer's own.
    TestFile file(1, false, true);

    MapAt(kAt, kPage, kRW, LX_MAP_PRIVATE, file.object());
    file.on_get = [&file] { file.Drop(0); };
    EXPECT_EQ(0, aspace_fault(as_, kAt, HAL_WRITE));
    EXPECT_EQ(FileByte(7), Read(kAt + 7));
    UnmapAll();
}

// A shared mapping that may be written, or that is on its way, keeps that from
// being denied; after that there is none.
TEST_F(ObjectTest, DeniesWritingOnce)
{
    TestFile file(4, true, true);

    MapAt(kAt, 2 * kPage, kR, LX_MAP_SHARED, file.object());
    EXPECT_FALSE(vm_object_deny_write(file.object()));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 2 * kPage));
    ASSERT_TRUE(vm_object_claim_write(file.object()));
    EXPECT_FALSE(vm_object_deny_write(file.object()));
    vm_object_unclaim_write(file.object());
    MapAt(kAt, kPage, kRW, LX_MAP_PRIVATE, file.object());
    EXPECT_TRUE(vm_object_deny_write(file.object()));
    EXPECT_TRUE(vm_object_deny_write(file.object()));
    EXPECT_FALSE(vm_object_claim_write(file.object()));
    EXPECT_EQ(-EPERM, Map(kAt, kPage, kRW, LX_MAP_SHARED, file.object()));
    MapAt(kAt + kPage, kPage, kR, LX_MAP_SHARED, file.object());
    EXPECT_EQ(-EACCES, aspace_protect(as_, kAt + kPage, kPage, kRW));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 2 * kPage));
}

// A page that comes in the place of another, which tables still show: faults
// around it and on it leave that alone until it is gone.
TEST_F(ObjectTest, NewPageWaitsUntilTheOldIsGone)
{
    TestFile file(8, true, true);
    struct page *old;

    MapAt(kAt, 8 * kPage, kR, LX_MAP_SHARED, file.object());
    MapAt(kAt + 8 * kPage, 8 * kPage, kRW, LX_MAP_SHARED, file.object());
    EXPECT_EQ(FileByte(3 * kPage), Read(kAt + 3 * kPage));
    EXPECT_EQ(FileByte(3 * kPage), Read(kAt + 11 * kPage));
    old = file.TakeOut(3);
    file.Refill(3);
    EXPECT_EQ(0, aspace_fault(as_, kAt + 4 * kPage, HAL_READ));
    EXPECT_EQ(0, aspace_fault(as_, kAt + 3 * kPage, HAL_READ));
    EXPECT_EQ(0, aspace_fault(as_, kAt + 11 * kPage, HAL_READ));
    EXPECT_EQ(0, aspace_fault(as_, kAt + 11 * kPage, HAL_WRITE));
    file.Forget(3, old);
    EXPECT_EQ(0, Read(kAt + 3 * kPage));
    EXPECT_EQ(0, Write(kAt + 11 * kPage, 9));
    EXPECT_EQ(9, Read(kAt + 3 * kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 16 * kPage));
}

} // namespace
