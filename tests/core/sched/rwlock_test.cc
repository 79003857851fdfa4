// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/rwlock_test.cc - core/sched/rwlock.h, and the ranks of
// sleeping locks. Run with one CPU and with four.
#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/sched/mutex.h"
#include "core/sched/rwlock.h"
#include "core/sync/percpu.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;
using kthread::Kthread;
using kthread::Load;
using kthread::Sleep;
using kthread::Store;

static const struct lock_class outer_class = {"outer", LOCK_RANK_INODE};
static const struct lock_class inner_class = {"inner", LOCK_RANK_ASPACE};

TEST(Rwlock, KnowsItsHolders)
{
    struct rwlock lock;

    rwlock_init(&lock, &outer_class);
    EXPECT_FALSE(rwlock_is_reading(&lock));
    EXPECT_FALSE(rwlock_is_writing(&lock));
    rwlock_read_lock(&lock);
    EXPECT_TRUE(rwlock_is_reading(&lock));
    EXPECT_FALSE(rwlock_is_writing(&lock));
    rwlock_read_unlock(&lock);
    rwlock_write_lock(&lock);
    EXPECT_FALSE(rwlock_is_reading(&lock));
    EXPECT_TRUE(rwlock_is_writing(&lock));
    Kthread([&] { EXPECT_FALSE(rwlock_is_writing(&lock)); }).Join();
    rwlock_write_unlock(&lock);
    EXPECT_FALSE(rwlock_is_writing(&lock));
}

TEST(Rwlock, ReadersShare)
{
    struct rwlock lock;
    bool got = false;

    rwlock_init(&lock, &outer_class);
    rwlock_read_lock(&lock);
    Kthread([&] {
        rwlock_read_lock(&lock);
        got = true;
        rwlock_read_unlock(&lock);
    }).Join();
    EXPECT_TRUE(got);
    rwlock_read_unlock(&lock);
}

// A writer that waits gets in before readers that come later.
TEST(Rwlock, AWaitingWriterKeepsNewReadersOut)
{
    struct rwlock lock;
    std::vector<char> order;

    rwlock_init(&lock, &outer_class);
    rwlock_read_lock(&lock);
    Kthread writer([&] {
        rwlock_write_lock(&lock);
        order.push_back('w');
        rwlock_write_unlock(&lock);
    });
    while (__atomic_load_n(&lock.waiting, __ATOMIC_ACQUIRE) < 1)
        Sleep(kMs / 10);
    Kthread reader([&] {
        rwlock_read_lock(&lock);
        order.push_back('r');
        rwlock_read_unlock(&lock);
    });
    while (__atomic_load_n(&lock.waiting, __ATOMIC_ACQUIRE) < 2)
        Sleep(kMs / 10);
    rwlock_read_unlock(&lock);
    writer.Join();
    reader.Join();
    EXPECT_EQ((std::vector<char>{'w', 'r'}), order);
}

// A writer that gives up lets the readers in that waited for it.
TEST(Rwlock, AKilledWriterLetsReadersIn)
{
    struct rwlock lock;
    int result = 0;
    bool read = false;

    rwlock_init(&lock, &outer_class);
    rwlock_read_lock(&lock);
    Kthread writer([&] { result = rwlock_write_lock_killable(&lock); });
    while (__atomic_load_n(&lock.waiting, __ATOMIC_ACQUIRE) < 1)
        Sleep(kMs / 10);
    Kthread reader([&] {
        rwlock_read_lock(&lock);
        Store(read, true);
        rwlock_read_unlock(&lock);
    });
    while (__atomic_load_n(&lock.waiting, __ATOMIC_ACQUIRE) < 2)
        Sleep(kMs / 10);
    EXPECT_FALSE(Load(read));
    thread_set_work(writer.thread(), THREAD_WORK_EXIT);
    writer.Join();
    reader.Join();
    EXPECT_EQ(-EINTR, result);
    EXPECT_TRUE(read);
    rwlock_read_unlock(&lock);
    EXPECT_EQ(0, rwlock_write_lock_killable(&lock));
    rwlock_write_unlock(&lock);
}

TEST(Rwlock, AKilledReaderGivesUp)
{
    struct rwlock lock;
    int result = 0;

    rwlock_init(&lock, &outer_class);
    rwlock_write_lock(&lock);
    Kthread reader([&] { result = rwlock_read_lock_killable(&lock); });
    while (__atomic_load_n(&lock.waiting, __ATOMIC_ACQUIRE) < 1)
        Sleep(kMs / 10);
    thread_set_work(reader.thread(), THREAD_WORK_EXIT);
    reader.Join();
    EXPECT_EQ(-EINTR, result);
    rwlock_write_unlock(&lock);
    EXPECT_EQ(0, rwlock_read_lock_killable(&lock));
    rwlock_read_unlock(&lock);
}

// Readers and writers on all CPUs: a writer is alone, and all get through.
TEST(Rwlock, StormKeepsWritersAlone)
{
    struct rwlock lock;
    uint64_t value = 0, copy = 0, writes = 0;
    uint64_t rounds = harness::steps(300);

    rwlock_init(&lock, &outer_class);
    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (int n = 0; n < 3; n++) {
            threads.push_back(std::make_unique<Kthread>([&] {
                for (uint64_t i = 0; i < rounds; i++) {
                    rwlock_write_lock(&lock);
                    value++;
                    if (i % 8 == 0)
                        thread_yield();
                    copy++;
                    writes++;
                    rwlock_write_unlock(&lock);
                }
            }));
            threads.push_back(std::make_unique<Kthread>([&] {
                for (uint64_t i = 0; i < rounds; i++) {
                    rwlock_read_lock(&lock);
                    EXPECT_EQ(value, copy);
                    if (i % 8 == 0)
                        thread_yield();
                    EXPECT_EQ(value, copy);
                    rwlock_read_unlock(&lock);
                }
            }));
        }
    }
    EXPECT_EQ(3 * rounds, writes);
    EXPECT_EQ(0u, lock.readers);
    EXPECT_EQ(0u, lock.writers);
    EXPECT_EQ(0u, lock.waiting);
}

// The same for a mutex.
TEST(Rwlock, MutexStorm)
{
    struct mutex m;
    uint64_t count = 0, rounds = harness::steps(500);

    mutex_init(&m, &outer_class);
    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (int n = 0; n < 4; n++)
            threads.push_back(std::make_unique<Kthread>([&] {
                for (uint64_t i = 0; i < rounds; i++) {
                    mutex_lock(&m);
                    count++;
                    if (i % 16 == 0)
                        thread_yield();
                    mutex_unlock(&m);
                }
            }));
    }
    EXPECT_EQ(4 * rounds, count);
    EXPECT_EQ(0u, m.waiting);
}

TEST(Rwlock, SleepingLocksNestByRank)
{
    struct rwlock outer;
    struct mutex inner;

    rwlock_init(&outer, &outer_class);
    mutex_init(&inner, &inner_class);
    rwlock_read_lock(&outer);
    mutex_lock(&inner);
    rwlock_read_unlock(&outer);
    mutex_unlock(&inner);
}

static struct rwlock child_lock;
static struct mutex child_mutex;

CHILD(RwlockWriteTwice)
{
    rwlock_init(&child_lock, &outer_class);
    rwlock_write_lock(&child_lock);
    rwlock_write_lock(&child_lock);
}

CHILD(RwlockReadUnderWrite)
{
    rwlock_init(&child_lock, &outer_class);
    rwlock_write_lock(&child_lock);
    rwlock_read_lock(&child_lock);
}

CHILD(RwlockUnlockFree)
{
    rwlock_init(&child_lock, &outer_class);
    rwlock_read_unlock(&child_lock);
}

CHILD(RwlockWriteUnlockOfAReader)
{
    rwlock_init(&child_lock, &outer_class);
    rwlock_read_lock(&child_lock);
    rwlock_write_unlock(&child_lock);
}

CHILD(RwlockPinned)
{
    rwlock_init(&child_lock, &outer_class);
    cpu_pin();
    rwlock_read_lock(&child_lock);
}

CHILD(MutexOfASpinningRank)
{
    static const struct lock_class spinning = {"s", LOCK_RANK_WAITQ};

    mutex_init(&child_mutex, &spinning);
}

TEST(Rwlock, MisusePanics)
{
    EXPECT_PANIC(RwlockWriteTwice, "rwlock_is_writing");
    EXPECT_PANIC(RwlockReadUnderWrite, "rwlock_is_writing");
    EXPECT_PANIC(RwlockUnlockFree, "rwlock_is_reading");
    EXPECT_PANIC(RwlockWriteUnlockOfAReader, "rwlock_is_writing");
    EXPECT_PANIC(RwlockPinned, "atomic");
    EXPECT_PANIC(MutexOfASpinningRank, "rank <");
}

#if CHECKED
CHILD(RwlockInversion)
{
    rwlock_init(&child_lock, &outer_class);
    mutex_init(&child_mutex, &inner_class);
    mutex_lock(&child_mutex);
    rwlock_read_lock(&child_lock);
}

CHILD(MutexInversion)
{
    rwlock_init(&child_lock, &inner_class);
    mutex_init(&child_mutex, &outer_class);
    rwlock_write_lock(&child_lock);
    mutex_lock(&child_mutex);
}

CHILD(RwlockReadTwice)
{
    rwlock_init(&child_lock, &outer_class);
    rwlock_read_lock(&child_lock);
    rwlock_read_lock(&child_lock);
}

CHILD(MutexHeldAtEnd)
{
    mutex_init(&child_mutex, &outer_class);
    Kthread([] { mutex_lock(&child_mutex); }).Join();
    Sleep(100 * kMs);
}

CHILD(MutexUnderSpinlock)
{
    static const struct lock_class spinning = {"s", LOCK_RANK_PROCESS};
    struct spinlock spin;

    spin_init(&spin, &spinning);
    mutex_init(&child_mutex, &outer_class);
    spin_lock(&spin);
    mutex_lock(&child_mutex);
}

// Planted: the two orders that could meet, each found on its own.
TEST(Rwlock, CheckedBuildsFindInversions)
{
    EXPECT_PANIC(RwlockInversion, "lock outer (rank 40) under inner (rank 50)");
    EXPECT_PANIC(MutexInversion, "lock outer (rank 40) under inner (rank 50)");
    EXPECT_PANIC(RwlockReadTwice, "lock outer (rank 40) under outer (rank 40)");
    EXPECT_PANIC(MutexHeldAtEnd, "lock outer: held at the end of its thread");
    EXPECT_PANIC(MutexUnderSpinlock, "lock outer: may sleep, in an atomic");
}
#endif
