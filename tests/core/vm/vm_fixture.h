// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/vm_fixture.h - what the tests of core/vm share.
#ifndef TESTS_CORE_VM_VM_FIXTURE_H
#define TESTS_CORE_VM_VM_FIXTURE_H

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/base/fault.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/thread.h"
#include "core/vm/aspace.h"
#include "core/vm/object.h"
#include "core/vm/uaccess.h"
#include "hal/mmu.h"
#include "tests/support/harness.h"

constexpr unsigned kNone = LX_PROT_NONE;
constexpr unsigned kR = LX_PROT_READ;
constexpr unsigned kRW = LX_PROT_READ | LX_PROT_WRITE;
constexpr unsigned kRX = LX_PROT_READ | LX_PROT_EXEC;
constexpr unsigned kPrivate = LX_MAP_PRIVATE | LX_MAP_ANONYMOUS;
constexpr unsigned kShared = LX_MAP_SHARED | LX_MAP_ANONYMOUS;
constexpr unsigned kFixed = LX_MAP_FIXED;
constexpr uint64_t kPage = PAGE_SIZE;

// The byte a file of the tests has at an offset.
inline uint8_t FileByte(uint64_t offset)
{
    return static_cast<uint8_t>(offset * 7 + offset / kPage * 13 + 1);
}

// An object with pages of its own, whose pager can be told how to behave.
class TestFile {
public:
    TestFile(size_t page_count, bool can_find, bool can_dirty);
    ~TestFile();
    TestFile(const TestFile &) = delete;
    TestFile &operator=(const TestFile &) = delete;

    struct vm_object *object() { return &held_object_.object; }
    struct page *page(size_t i) { return pages_[i]; }
    // Takes a page out and gives it up, as a truncation does.
    void Drop(size_t i);
    // The same in two steps; between them a new page, zero, may come in.
    struct page *TakeOut(size_t i);
    void Refill(size_t i);
    void Forget(size_t i, struct page *page);
    void Release(); // the test's own reference

    int fail_get = 0;             // get_page returns this when not 0
    int fail_dirty = 0;           // dirty_page likewise
    int fail_sync = 0;            // sync_pages likewise
    uint64_t synced = 0;          // pages it was asked for
    std::function<void()> on_get; // while the caller waits for its page
    unsigned gets = 0, finds = 0, dirties = 0, releases = 0;

private:
    static TestFile *Of(struct vm_object *object);
    static int GetPage(struct vm_object *, uint64_t, struct page **);
    static void FindPages(struct vm_object *, uint64_t, struct page **, size_t);
    static int DirtyPage(struct vm_object *, uint64_t, struct page *);
    static int SyncPages(struct vm_object *, uint64_t, uint64_t);
    static void ReleaseAll(struct vm_object *);

    struct Held {
        struct vm_object object;
        TestFile *file;
    };

    Held held_object_;
    struct vm_pager_ops ops_;
    std::vector<struct page *> pages_;
    bool held_ = true;
};

// One address space, active. The harness sees to it that nothing of it is left.
class VmTest : public testing::Test {
protected:
    void SetUp() override;
    void TearDown() override;

    // aspace_map() with the result in one value: an address or -errno.
    int64_t Map(uaddr_t addr, uint64_t size, unsigned prot, unsigned flags,
                struct vm_object *object = nullptr, uint64_t offset = 0,
                unsigned deny = 0);
    // What must succeed at that address.
    void MapAt(uaddr_t addr, uint64_t size, unsigned prot,
               unsigned flags = kPrivate, struct vm_object *object = nullptr,
               uint64_t offset = 0);
    // What copies of this thread work in.
    static void Use(struct aspace *as) { thread_set_mmu(aspace_mmu(as)); }
    // Before objects of the test go out of scope.
    void UnmapAll() { EXPECT_EQ(0, aspace_unmap(as_, 0, HAL_USER_TOP)); }
    struct aspace_usage Usage();
    unsigned Regions() { return Usage().regions; }
    uint64_t Resident() { return Usage().resident_pages; }
    int Read(uaddr_t addr);                // a byte, or -errno
    int Write(uaddr_t addr, uint8_t byte); // 0 or -errno
    // The rights in the page tables; -1: a hole.
    int Rights(uaddr_t addr);

    struct aspace *as_ = nullptr;
};

#endif // TESTS_CORE_VM_VM_FIXTURE_H
