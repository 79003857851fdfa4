// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/vm_fixture.cc - see vm_fixture.h.
//
// tests/core/vm/vm_fixture.cc - contract in vm_fixture.h.

#include "tests/core/vm/vm_fixture.h"

TestFile::TestFile(size_t page_count, bool can_find, bool can_dirty)
{
    ops_ = {GetPage,
            can_find ? FindPages : nullptr,
            can_dirty ? DirtyPage : nullptr,
            nullptr,
            can_dirty ? SyncPages : nullptr,
            ReleaseAll};
    held_object_.file = this;
    vm_object_init(&held_object_.object, &ops_);
    for (size_t i = 0; i < page_count; i++) {
        struct page *page = page_alloc(0, MEM_WAIT, nullptr);
        uint8_t *data = static_cast<uint8_t *>(page_data(page));

        for (size_t at = 0; at < kPage; at++)
            data[at] = FileByte(i * kPage + at);
        pages_.push_back(page);
    }
}

TestFile::~TestFile()
{
    Release();
    EXPECT_EQ(1u, releases);
}

void TestFile::Release()
{
    if (held_)
        vm_object_put(object());
    held_ = false;
}

void TestFile::Drop(size_t i)
{
    struct page *page = TakeOut(i);

    Forget(i, page);
}

struct page *TestFile::TakeOut(size_t i)
{
    struct page *page = pages_[i];

    vm_object_begin_removal(object());
    pages_[i] = nullptr;
    return page;
}

void TestFile::Refill(size_t i)
{
    pages_[i] = page_alloc(0, MEM_WAIT | MEM_ZERO, nullptr);
}

void TestFile::Forget(size_t i, struct page *page)
{
    vm_object_unmap_page(object(), i, page);
    vm_object_end_removal(object());
    page_put(page);
}

TestFile *TestFile::Of(struct vm_object *object)
{
    return container_of(object, Held, object)->file;
}

int TestFile::GetPage(struct vm_object *object, uint64_t i, struct page **out)
{
    TestFile *file = Of(object);

    file->gets++;
    if (file->fail_get != 0)
        return file->fail_get;
    if (i >= file->pages_.size() || file->pages_[i] == nullptr)
        return -ENXIO;
    page_get(file->pages_[i]);
    *out = file->pages_[i];
    if (file->on_get)
        file->on_get();
    return 0;
}

void TestFile::FindPages(struct vm_object *object, uint64_t i,
                         struct page **out, size_t count)
{
    TestFile *file = Of(object);

    file->finds++;
    for (size_t n = 0; n < count; n++) {
        out[n] = nullptr;
        if (file->fail_get != 0 || i + n >= file->pages_.size() ||
            file->pages_[i + n] == nullptr)
            continue;
        page_get(file->pages_[i + n]);
        out[n] = file->pages_[i + n];
    }
}

int TestFile::DirtyPage(struct vm_object *object, uint64_t, struct page *)
{
    Of(object)->dirties++;
    return Of(object)->fail_dirty;
}

int TestFile::SyncPages(struct vm_object *object, uint64_t, uint64_t count)
{
    Of(object)->synced += count;
    return Of(object)->fail_sync;
}

void TestFile::ReleaseAll(struct vm_object *object)
{
    TestFile *file = Of(object);

    file->releases++;
    for (struct page *page : file->pages_)
        if (page != nullptr)
            page_put(page);
    file->pages_.clear();
}

void VmTest::SetUp()
{
    ASSERT_EQ(0, aspace_create(nullptr, &as_));
    thread_set_mmu(aspace_mmu(as_));
}

void VmTest::TearDown()
{
    fault_plan_nth(0, 0);
    EXPECT_TRUE(aspace_check(as_));
    thread_set_mmu(nullptr);
    aspace_put(as_);
}

int64_t VmTest::Map(uaddr_t addr, uint64_t size, unsigned prot, unsigned flags,
                    struct vm_object *object, uint64_t offset, unsigned deny)
{
    struct map_request request = {addr,   size,   prot, flags,
                                  object, offset, deny};
    uaddr_t out = 0xdead;
    int error = aspace_map(as_, &request, &out);

    if (error != 0) {
        EXPECT_EQ(0xdeadu, out);
    }
    return error != 0 ? error : static_cast<int64_t>(out);
}

void VmTest::MapAt(uaddr_t addr, uint64_t size, unsigned prot, unsigned flags,
                   struct vm_object *object, uint64_t offset)
{
    ASSERT_EQ(static_cast<int64_t>(addr),
              Map(addr, size, prot, flags | kFixed, object, offset));
}

struct aspace_usage VmTest::Usage()
{
    struct aspace_usage usage;

    aspace_get_usage(as_, &usage);
    return usage;
}

int VmTest::Read(uaddr_t addr)
{
    uint8_t byte = 0;
    int error = copy_in(as_, &byte, addr, 1);

    return error != 0 ? error : byte;
}

int VmTest::Write(uaddr_t addr, uint8_t byte)
{
    return copy_out(as_, addr, &byte, 1);
}

int VmTest::Rights(uaddr_t addr)
{
    struct hal_mapping found;

    if (!hal_mmu_query(aspace_mmu(as_), addr, &found))
        return -1;
    return static_cast<int>(found.rights);
}
