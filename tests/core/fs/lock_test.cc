// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/lock_test.cc - core/fs/lock.h, and ranges against a model.

#include <map>

#include "core/fs/lock.h"
#include "tests/core/fs/vfs.h"

namespace {

class LockTest : public testing::Test {
protected:
    void SetUp() override
    {
        vfs_.Write("f", "");
        ASSERT_EQ(0, path_find(&vfs_.ask, "f", &path_));
        inode_ = path_inode(&path_);
    }
    void TearDown() override
    {
        for (auto &owner : owners_)
            (void)Set(LOCK_POSIX, LOCK_NONE, &owner, 0, UINT64_MAX);
        for (auto &owner : owners_)
            (void)Set(LOCK_FLOCK, LOCK_NONE, &owner, 0, UINT64_MAX);
        path_put(&path_);
    }
    int Set(lock_kind kind, lock_type type, const void *owner, uint64_t start,
            uint64_t end)
    {
        lock_request request = {kind, type, owner, start, end, 1, false};
        return lock_set(inode_, &request);
    }
    int Posix(lock_type type, int owner, uint64_t start, uint64_t end)
    {
        return Set(LOCK_POSIX, type, &owners_[owner], start, end);
    }
    int Flock(lock_type type, int owner)
    {
        return Set(LOCK_FLOCK, type, &owners_[owner], 0, UINT64_MAX);
    }
    Vfs vfs_;
    path path_;
    inode *inode_;
    char owners_[4];
};

TEST_F(LockTest, ReadersShareAndWritersDoNot)
{
    EXPECT_EQ(0, Posix(LOCK_READ, 0, 0, 9));
    EXPECT_EQ(0, Posix(LOCK_READ, 1, 5, 14));
    EXPECT_EQ(-EAGAIN, Posix(LOCK_WRITE, 2, 9, 9));
    EXPECT_EQ(0, Posix(LOCK_WRITE, 2, 15, 20));
    EXPECT_EQ(-EAGAIN, Posix(LOCK_READ, 0, 0, 15));
    EXPECT_EQ(-EAGAIN, Posix(LOCK_WRITE, 0, 0, 9));
    EXPECT_EQ(0, Posix(LOCK_NONE, 1, 0, UINT64_MAX));
    EXPECT_EQ(0, Posix(LOCK_WRITE, 0, 0, 9));
}

TEST_F(LockTest, FlockIsAnotherWorld)
{
    EXPECT_EQ(0, Posix(LOCK_WRITE, 0, 0, UINT64_MAX));
    EXPECT_EQ(0, Flock(LOCK_WRITE, 1));
    EXPECT_EQ(-EAGAIN, Flock(LOCK_READ, 2));
    EXPECT_EQ(0, Flock(LOCK_READ, 1));
    EXPECT_EQ(0, Flock(LOCK_READ, 2));
    // A change of type lets go first, so a failure loses the lock.
    EXPECT_EQ(-EAGAIN, Flock(LOCK_WRITE, 1));
    EXPECT_EQ(0, Flock(LOCK_WRITE, 2));
}

TEST_F(LockTest, TellsWhoIsInTheWay)
{
    EXPECT_EQ(0, Posix(LOCK_WRITE, 0, 10, 19));
    EXPECT_EQ(0, Posix(LOCK_WRITE, 0, 20, 29)); // joined
    lock_request request = {LOCK_POSIX, LOCK_READ, &owners_[1], 0,
                            100,        5,         false};
    lock_get(inode_, &request);
    EXPECT_EQ(LOCK_WRITE, request.type);
    EXPECT_EQ(10u, request.start);
    EXPECT_EQ(29u, request.end);
    EXPECT_EQ(1, request.pid);
    request = {LOCK_POSIX, LOCK_WRITE, &owners_[0], 0, 100, 5, false};
    lock_get(inode_, &request);
    EXPECT_EQ(LOCK_NONE, request.type);
}

TEST_F(LockTest, AClosedFileHasNone)
{
    file *f;
    ASSERT_EQ(0, vfs_.Open("f", LX_O_RDWR, 0, &f));
    EXPECT_EQ(0, Set(LOCK_OFD, LOCK_WRITE, f, 0, 9));
    EXPECT_EQ(-EAGAIN, Posix(LOCK_READ, 0, 0, 0));
    file_put(f);
    EXPECT_EQ(0, Posix(LOCK_READ, 0, 0, 0));
}

TEST_F(LockTest, RangesAgainstAModel)
{
    constexpr int kBytes = 40, kOwners = 3;
    lock_type model[kOwners][kBytes];
    harness::Random random(11);
    for (auto &row : model)
        for (auto &byte : row)
            byte = LOCK_NONE;
    for (uint64_t step = 0; step < harness::steps(20000); step++) {
        int owner = static_cast<int>(random.below(kOwners));
        auto type = static_cast<lock_type>(random.below(3));
        uint64_t start = random.below(kBytes);
        uint64_t end = start + random.below(kBytes - start);
        bool free = true;
        for (int other = 0; other < kOwners; other++)
            for (uint64_t at = start; at <= end; at++)
                if (other != owner && type != LOCK_NONE &&
                    model[other][at] != LOCK_NONE &&
                    (type == LOCK_WRITE || model[other][at] == LOCK_WRITE))
                    free = false;
        ASSERT_EQ(free ? 0 : -EAGAIN, Posix(type, owner, start, end));
        for (uint64_t at = start; free && at <= end; at++)
            model[owner][at] = type;
    }
}

} // namespace
