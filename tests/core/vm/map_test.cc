// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/map_test.cc - aspace_map() and aspace_unmap(): every errno, the
// order in which Linux finds them, addresses, splits and merges.

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;
constexpr uint64_t kLastPage = HAL_USER_TOP - kPage;

class MapTest : public VmTest {};

TEST_F(MapTest, ErrorsOfAnonymousMappings)
{
    // Each row was tried on Linux 6; only HAL_USER_TOP lies elsewhere there.
    const struct {
        uaddr_t addr;
        uint64_t size;
        unsigned flags;
        uint64_t offset;
        int error;
    } rows[] = {
        {0, 0, kPrivate, 0, -EINVAL},
        {0, 0, kPrivate | kFixed, 0, -EINVAL},
        {0, kPage, kPrivate, 123, -EINVAL},
        {0, kPage, LX_MAP_ANONYMOUS, 0, -EINVAL},
        {0, kPage, LX_MAP_ANONYMOUS | LX_MAP_SHARED_VALIDATE, 0, -EINVAL},
        {0, kPage, LX_MAP_ANONYMOUS | 4, 0, -EINVAL},
        {0, kPage, LX_MAP_ANONYMOUS | LX_MAP_TYPE, 0, -EINVAL},
        {0, kPage, kShared | LX_MAP_GROWSDOWN, 0, -EINVAL},
        {0, UINT64_MAX, kPrivate, 0, -ENOMEM},
        {0, UINT64_MAX - 4094, kPrivate, 0, -ENOMEM},
        {0, HAL_USER_TOP, kPrivate, 0, -ENOMEM},
        {0, UINT64_C(1) << 47, kPrivate, 0, -ENOMEM},
        {0, UINT64_C(1) << 48, LX_MAP_ANONYMOUS, 0, -ENOMEM},
        {0x1001, kPage, kPrivate | kFixed, 0, -EINVAL},
        {0x100001, kPage, kPrivate | kFixed, 0, -EINVAL},
        {0x100001, kPage, kPrivate | LX_MAP_FIXED_NOREPLACE, 0, -EINVAL},
        {HAL_USER_TOP, kPage, kPrivate | kFixed, 0, -ENOMEM},
        {kLastPage + 1, kPage, kPrivate | kFixed, 0, -ENOMEM},
        {kLastPage, 2 * kPage, kPrivate | kFixed, 0, -ENOMEM},
        {UINT64_MAX - 4095, kPage, kPrivate | kFixed, 0, -ENOMEM},
        {0, kPage, kPrivate | kFixed, 0, -EPERM},
        {ASPACE_MIN - kPage, kPage, kPrivate | kFixed, 0, -EPERM},
        {0x1000, UINT64_C(1) << 48, kPrivate | kFixed, 0, -ENOMEM},
        {0, kPage, kPrivate | LX_MAP_HUGETLB, 0, -ENOMEM},
        {0, kPage, kShared | LX_MAP_HUGETLB, 0, -ENOMEM},
        {0, kPage, kPrivate | LX_MAP_HUGETLB | 21u << 26, 0, -ENOMEM},
        {0, kPage, kPrivate | LX_MAP_HUGETLB | 13u << 26, 0, -EINVAL},
        {0, 0, kPrivate | LX_MAP_HUGETLB, 0, -EINVAL},
        {0, kPage, LX_MAP_ANONYMOUS | LX_MAP_HUGETLB, 0, -EINVAL},
        {0, UINT64_C(2) << 30, kPrivate | LX_MAP_32BIT, 0, -ENOMEM},
    };

    for (const auto &row : rows)
        EXPECT_EQ(row.error,
                  Map(row.addr, row.size, kRW, row.flags, nullptr, row.offset))
            << "row " << &row - rows;
    EXPECT_EQ(0u, Regions());
}

TEST_F(MapTest, ErrorsOfObjects)
{
    TestFile file(4, true, false), writable(4, true, true);
    struct vm_object *ro = file.object(), *rw = writable.object();
    const uint64_t far = ~(kPage - 1);
    const struct {
        struct vm_object *object;
        uint64_t size;
        unsigned prot, flags;
        uint64_t offset;
        unsigned deny;
        int error;
    } rows[] = {
        {ro, kPage, kR, 0, 0, 0, -EINVAL},
        {ro, kPage, kR, 4, 0, 0, -EINVAL},
        {ro, kPage, kR, LX_MAP_PRIVATE, 1, 0, -EINVAL},
        {ro, 0, kR, LX_MAP_PRIVATE, 1, 0, -EINVAL},
        {ro, 2 * kPage, kR, LX_MAP_PRIVATE, far, 0, -EOVERFLOW},
        {ro, kPage, kR, LX_MAP_PRIVATE, 0x7ffffffffffff000, 0, -EOVERFLOW},
        {ro, kPage, kR, LX_MAP_PRIVATE, UINT64_C(1) << 63, 0, -EOVERFLOW},
        {ro, UINT64_C(1) << 48, kR, LX_MAP_PRIVATE, far, 0, -ENOMEM},
        {ro, kPage, kRW, LX_MAP_SHARED, 0, 0, -EACCES},
        {ro, kPage, kRW, LX_MAP_SHARED, far, 0, -EOVERFLOW},
        {rw, kPage, kRW, LX_MAP_SHARED, 0, LX_PROT_WRITE, -EACCES},
        {ro, kPage, kR, LX_MAP_PRIVATE, 0, LX_PROT_READ, -EACCES},
        {rw, kPage, kRW, LX_MAP_SHARED | LX_MAP_GROWSDOWN, 0, LX_PROT_WRITE,
         -EACCES},
        {rw, kPage, kR, LX_MAP_SHARED | LX_MAP_GROWSDOWN, 0, 0, -EINVAL},
        {rw, kPage, kR, LX_MAP_PRIVATE | LX_MAP_GROWSDOWN, 0, 0, -EINVAL},
        {rw, kPage, kR, LX_MAP_SHARED_VALIDATE | LX_MAP_SYNC, 0, 0,
         -EOPNOTSUPP},
        {rw, kPage, kR, LX_MAP_SHARED_VALIDATE | LX_MAP_SYNC, far, 0,
         -EOVERFLOW},
        {rw, kPage, kRW, LX_MAP_SHARED_VALIDATE | 1u << 31, 0, LX_PROT_WRITE,
         -EOPNOTSUPP},
        {rw, kPage, kR, LX_MAP_SHARED_VALIDATE | 1u << 9, 0, 0, -EOPNOTSUPP},
        {rw, kPage, kR, LX_MAP_SHARED_VALIDATE | LX_MAP_FIXED_NOREPLACE, 0, 0,
         -EOPNOTSUPP},
        {rw, kPage, kR, LX_MAP_PRIVATE | LX_MAP_HUGETLB, 0, 0, -EINVAL},
    };

    for (const auto &row : rows)
        EXPECT_EQ(row.error, Map(kAt, row.size, row.prot, row.flags, row.object,
                                 row.offset, row.deny))
            << "row " << &row - rows;
    EXPECT_EQ(0u, Regions());

    // Wrong address before wrong kind.
    MapAt(kAt, kPage, kR);
    EXPECT_EQ(-EEXIST,
              Map(kAt, kPage, kRW,
                  LX_MAP_SHARED_VALIDATE | LX_MAP_FIXED_NOREPLACE, ro, far));
    EXPECT_EQ(-EINVAL,
              Map(0x1001, kPage, kR, LX_MAP_PRIVATE | kFixed, ro, far));
    // What is allowed: the last page of the largest file.
    EXPECT_LT(0, Map(0, kPage, kR, LX_MAP_PRIVATE, ro, 0x7fffffffffffe000));
    EXPECT_LT(0, Map(0, kPage, kRW, LX_MAP_PRIVATE, ro, 0));
    UnmapAll();
}

TEST_F(MapTest, UnknownFlagsAreIgnoredByTheOldKinds)
{
    TestFile file(1, false, false);

    for (unsigned bit : {9u, 10u, 19u, 21u, 25u, 31u}) {
        EXPECT_LT(0, Map(0, kPage, kR, kPrivate | 1u << bit));
        EXPECT_LT(0, Map(0, kPage, kR, kShared | 1u << bit));
        EXPECT_LT(0,
                  Map(0, kPage, kR, LX_MAP_SHARED | 1u << bit, file.object()));
    }
    for (unsigned bit : {6u, 7u, 11u, 12u, 13u, 14u, 15u, 16u, 17u, 30u})
        EXPECT_LT(0, Map(0, kPage, kR, LX_MAP_SHARED_VALIDATE | 1u << bit,
                         file.object()))
            << bit;
    EXPECT_LT(0, Map(0, kPage, kRW,
                     kPrivate | LX_MAP_STACK | LX_MAP_NORESERVE |
                         LX_MAP_DENYWRITE | LX_MAP_EXECUTABLE));
    EXPECT_LT(0, Map(0, kPage, 0xff000001, kPrivate));
    UnmapAll();
}

TEST_F(MapTest, AddressesGoDownFromTheBase)
{
    constexpr uaddr_t base = 0x7000000000;

    aspace_set_mmap_base(as_, base);
    EXPECT_EQ(int64_t{base - kPage}, Map(0, 1, kRW, kPrivate));
    EXPECT_EQ(int64_t{base - 4 * kPage}, Map(0, 3 * kPage, kRW, kPrivate));
    EXPECT_EQ(1u, Regions()); // they are one
    // A hole is used again, the highest first.
    EXPECT_EQ(0, aspace_unmap(as_, base - 3 * kPage, kPage));
    EXPECT_EQ(int64_t{base - 6 * kPage}, Map(0, 2 * kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{base - 3 * kPage}, Map(0, kPage, kRW, kPrivate));
    // Nothing left below: above.
    EXPECT_EQ(int64_t{ASPACE_MIN},
              Map(ASPACE_MIN, base - 6 * kPage - ASPACE_MIN, kNone, kPrivate));
    EXPECT_EQ(int64_t{kLastPage}, Map(0, kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{base}, Map(0, kLastPage - base, kNone, kPrivate));
    EXPECT_EQ(-ENOMEM, Map(0, kPage, kRW, kPrivate));
    EXPECT_EQ(-ENOMEM, Map(base, kPage, kRW, kPrivate));
}

TEST_F(MapTest, HintsAreTakenWhereFree)
{
    EXPECT_EQ(int64_t{kAt}, Map(kAt, kPage, kRW, kPrivate));
    EXPECT_LT(int64_t{kAt}, Map(kAt, kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{kAt + kPage}, Map(kAt + kPage + 1, kPage, kRW, kPrivate));
    EXPECT_NE(int64_t{kAt - kPage}, Map(kAt - kPage, 2 * kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{ASPACE_MIN}, Map(0x1000, kPage, kRW, kPrivate));
    EXPECT_LT(int64_t{kAt}, Map(1, kPage, kRW, kPrivate));
    EXPECT_LT(int64_t{kAt}, Map(UINT64_C(1) << 47, kPage, kRW, kPrivate));
    EXPECT_LT(int64_t{kAt}, Map(kLastPage, 2 * kPage, kRW, kPrivate));
}

TEST_F(MapTest, LowAddressesFor32Bit)
{
    EXPECT_EQ(int64_t{0x80000000 - kPage},
              Map(0, kPage, kRW, kPrivate | LX_MAP_32BIT));
    EXPECT_EQ(int64_t{0x50000000},
              Map(0x50000000, kPage, kRW, kPrivate | LX_MAP_32BIT));
    EXPECT_EQ(int64_t{0x20000},
              Map(0x20000, kPage, kRW, kPrivate | LX_MAP_32BIT));
    EXPECT_EQ(int64_t{0x80000000 - 2 * kPage},
              Map(0x150000000, kPage, kRW, kPrivate | LX_MAP_32BIT));
    EXPECT_EQ(int64_t{0x150000000},
              Map(0x150000000, kPage, kRW, kPrivate | LX_MAP_32BIT | kFixed));
}

TEST_F(MapTest, FixedReplacesAndNoReplaceDoesNot)
{
    MapAt(kAt, 4 * kPage, kRW);
    for (int i = 0; i < 4; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, 1));
    EXPECT_EQ(-EEXIST, Map(kAt + 3 * kPage, 4 * kPage, kRW,
                           kPrivate | LX_MAP_FIXED_NOREPLACE));
    EXPECT_EQ(int64_t{kAt + 4 * kPage}, Map(kAt + 4 * kPage, kPage, kRW,
                                            kPrivate | LX_MAP_FIXED_NOREPLACE));
    EXPECT_EQ(-EEXIST,
              Map(kAt, kPage, kRW, kPrivate | LX_MAP_FIXED_NOREPLACE | kFixed));
    EXPECT_EQ(4u, Resident());
    MapAt(kAt + kPage, 2 * kPage, kRW);
    EXPECT_EQ(2u, Resident());
    EXPECT_EQ(1u, Regions());
    EXPECT_EQ(1, Read(kAt));
    EXPECT_EQ(0, Read(kAt + kPage));
    EXPECT_EQ(0, Read(kAt + 2 * kPage));
    EXPECT_EQ(1, Read(kAt + 3 * kPage));
    // The object of what is replaced is let go.
    {
        TestFile file(4, true, false);
        MapAt(kAt, 4 * kPage, kR, LX_MAP_PRIVATE, file.object());
        file.Release();
        EXPECT_EQ(0u, file.releases);
        MapAt(kAt, 4 * kPage, kR);
        EXPECT_EQ(1u, file.releases);
    }
}

TEST_F(MapTest, NeighboursOfOneKindAreOneRegion)
{
    TestFile file(8, true, false);
    struct vm_object *object = file.object();

    MapAt(kAt, kPage, kRW);
    MapAt(kAt + 2 * kPage, kPage, kRW);
    EXPECT_EQ(2u, Regions());
    EXPECT_EQ(0, Write(kAt, 1)); // with pages in one of them
    MapAt(kAt + kPage, kPage, kRW);
    EXPECT_EQ(1u, Regions());
    EXPECT_EQ(1, Read(kAt));
    MapAt(kAt + 3 * kPage, kPage, kR); // other rights
    EXPECT_EQ(2u, Regions());
    MapAt(kAt + 4 * kPage, kPage, kR, kShared); // another object
    MapAt(kAt + 5 * kPage, kPage, kR, kShared);
    EXPECT_EQ(4u, Regions());
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 6 * kPage));

    MapAt(kAt, kPage, kR, LX_MAP_PRIVATE, object, 0);
    MapAt(kAt + kPage, kPage, kR, LX_MAP_PRIVATE, object, kPage);
    EXPECT_EQ(1u, Regions());
    MapAt(kAt + 2 * kPage, kPage, kR, LX_MAP_PRIVATE, object, kPage);
    EXPECT_EQ(2u, Regions()); // not the next offset
    MapAt(kAt + 3 * kPage, kPage, kR, LX_MAP_SHARED, object, 2 * kPage);
    EXPECT_EQ(3u, Regions()); // not the same kind
    MapAt(kAt + 4 * kPage, kPage, kR, LX_MAP_SHARED, object, 3 * kPage);
    EXPECT_EQ(3u, Regions());
    EXPECT_EQ(int64_t{kAt + 5 * kPage},
              Map(kAt + 5 * kPage, kPage, kR, LX_MAP_SHARED | kFixed, object,
                  4 * kPage, LX_PROT_EXEC));
    EXPECT_EQ(4u, Regions()); // not the same for mprotect
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 6 * kPage));
}

TEST_F(MapTest, UnmapErrors)
{
    const struct {
        uaddr_t start;
        uint64_t size;
        int error;
    } rows[] = {
        {kAt + 1, kPage, -EINVAL},
        {kAt + 1, 0, -EINVAL},
        {kAt, 0, -EINVAL},
        {kAt, UINT64_MAX, -EINVAL},
        {kAt, HAL_USER_TOP, -EINVAL},
        {HAL_USER_TOP, 1, -EINVAL},
        {HAL_USER_TOP + kPage, kPage, -EINVAL},
        {kLastPage, kPage + 1, -EINVAL},
        {kLastPage, kPage, 0},
        {0, kPage, 0},
        {kAt, kPage, 0},
        {0, HAL_USER_TOP, 0},
    };

    for (const auto &row : rows)
        EXPECT_EQ(row.error, aspace_unmap(as_, row.start, row.size))
            << "row " << &row - rows;
}

TEST_F(MapTest, UnmapCutsAndDropsExactlyTheRange)
{
    MapAt(kAt, 8 * kPage, kRW);
    for (unsigned i = 0; i < 8; i++)
        EXPECT_EQ(0, Write(kAt + i * kPage, static_cast<uint8_t>(10 + i)));
    EXPECT_EQ(8u, Resident());
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 2 * kPage, 2 * kPage)); // the middle
    EXPECT_EQ(2u, Regions());
    EXPECT_EQ(0, aspace_unmap(as_, kAt, 1)); // the head, rounded up
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 7 * kPage, kPage)); // the tail
    EXPECT_EQ(4u, Resident());
    EXPECT_EQ(4 * kPage, Usage().mapped_bytes);
    for (unsigned i = 0; i < 8; i++) {
        bool gone = i == 0 || i == 2 || i == 3 || i == 7;

        EXPECT_EQ(gone ? -EFAULT : static_cast<int>(10 + i),
                  Read(kAt + i * kPage));
    }
    EXPECT_EQ(0, aspace_unmap(as_, kAt - kPage, 20 * kPage)); // over holes
    EXPECT_EQ(0u, Regions());
    EXPECT_EQ(0u, Resident());
}

TEST_F(MapTest, ReservationsOfTerabytesCostOneRegion)
{
    constexpr uint64_t size = UINT64_C(100) << 40;
    uint64_t before;
    int64_t at;

    EXPECT_LT(0, Map(0, kPage, kNone, kPrivate)); // slabs in place
    before = page_free_count();
    at = Map(0, size, kNone, kPrivate | LX_MAP_NORESERVE);
    ASSERT_LT(0, at);
    EXPECT_LE(before, page_free_count() + 8); // slabs at most
    EXPECT_EQ(-EFAULT, Read(static_cast<uaddr_t>(at)));
    // Pages far apart in it.
    EXPECT_EQ(0, aspace_protect(as_, static_cast<uaddr_t>(at), size, kRW));
    EXPECT_EQ(0, Write(static_cast<uaddr_t>(at), 1));
    EXPECT_EQ(0, Write(static_cast<uaddr_t>(at) + size - 1, 2));
    EXPECT_EQ(0, Write(static_cast<uaddr_t>(at) + size / 2, 3));
    EXPECT_EQ(3u, Resident());
    EXPECT_TRUE(aspace_check(as_));
    EXPECT_EQ(0, aspace_unmap(as_, static_cast<uaddr_t>(at), size));
    EXPECT_EQ(0u, Resident());
}

TEST_F(MapTest, PopulateBringsInWhatItCan)
{
    TestFile file(2, true, true);
    int64_t at = Map(0, 8 * kPage, kRW, kPrivate | LX_MAP_POPULATE);

    EXPECT_EQ(8u, Resident());
    EXPECT_EQ(HAL_READ | HAL_WRITE, Rights(static_cast<uaddr_t>(at)));
    EXPECT_LT(0, Map(0, 8 * kPage, kRW, kPrivate | LX_MAP_LOCKED));
    EXPECT_EQ(16u, Resident());
    EXPECT_LT(0, Map(0, 8 * kPage, kRW,
                     kPrivate | LX_MAP_POPULATE | LX_MAP_NONBLOCK));
    EXPECT_LT(0, Map(0, 8 * kPage, kNone, kPrivate | LX_MAP_POPULATE));
    EXPECT_EQ(16u, Resident());
    // Past the end of the object it stops, and is no error.
    at = Map(0, 4 * kPage, kRW, LX_MAP_SHARED | LX_MAP_POPULATE, file.object());
    ASSERT_LT(0, at);
    EXPECT_EQ(HAL_READ, Rights(static_cast<uaddr_t>(at) + kPage));
    EXPECT_EQ(-1, Rights(static_cast<uaddr_t>(at) + 2 * kPage));
    EXPECT_EQ(0u, file.dirties);
    EXPECT_EQ(0, aspace_unmap(as_, static_cast<uaddr_t>(at), 4 * kPage));
}

TEST_F(MapTest, RegionsAreLimited)
{
    const uint64_t size = 2 * (uint64_t{ASPACE_REGIONS_MAX} + 8) * kPage;
    uaddr_t at = kAt;
    TestFile file(1, true, false);

    // Every other page has other rights.
    MapAt(kAt, size, kNone);
    while (aspace_protect(as_, at, kPage, kR) == 0)
        at += 2 * kPage;
    EXPECT_LE(ASPACE_REGIONS_MAX - 1, static_cast<int>(Regions()));
    while (Regions() < ASPACE_REGIONS_MAX)
        EXPECT_LT(0, Map(0, kPage, kR, kShared));
    EXPECT_EQ(-ENOMEM, aspace_protect(as_, at + 4 * kPage, kPage, kR));
    EXPECT_EQ(-ENOMEM, aspace_unmap(as_, at + 4 * kPage, kPage));
    // As on Linux, one more may be mapped; what adds none is always allowed.
    EXPECT_LT(0, Map(0, kPage, kR, kShared));
    EXPECT_EQ(-ENOMEM, Map(0, kPage, kR, kShared));
    EXPECT_EQ(-ENOMEM, Map(0, kPage, kR, LX_MAP_PRIVATE, file.object()));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kAt, size));
}

// Room is found without a walk over all regions: the gap in the middle of many.
TEST_F(MapTest, FindsTheHighestGapThatFits)
{
    constexpr uaddr_t base = kAt + 4096 * kPage;

    aspace_set_mmap_base(as_, base);
    MapAt(ASPACE_MIN, base - ASPACE_MIN, kR);
    for (unsigned i = 0; i < 1000; i++)
        EXPECT_EQ(0, aspace_unmap(as_, kAt + 4 * i * kPage, kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 4 * 321 * kPage, 3 * kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 4 * 123 * kPage, 2 * kPage));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 4 * 45 * kPage, 3 * kPage));
    EXPECT_EQ(int64_t{kAt + (4 * 321 + 0) * kPage},
              Map(0, 3 * kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{kAt + (4 * 123) * kPage},
              Map(0, 2 * kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{kAt + (4 * 45 + 1) * kPage},
              Map(0, 2 * kPage, kRW, kPrivate));
    EXPECT_EQ(int64_t{kAt + 4 * 999 * kPage}, Map(0, kPage, kRW, kPrivate));
    EXPECT_TRUE(aspace_check(as_));
}

} // namespace
