// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/walk_test.cc - a random walk of all calls against a model that
// knows each page by itself.

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000 - 24 * kPage; // over a boundary of tables
constexpr size_t kCount = 96;                    // pages of the arena
constexpr size_t kFilePages = 40;

struct ModelPage {
    bool mapped = false;
    bool shared_file = false; // its content is the file's
    bool past_end = false;    // an access fails
    bool no_write = false;    // mprotect cannot make it writable
    unsigned prot = 0;
    size_t file_page = 0;
    std::vector<uint8_t> bytes;
};

class WalkTest : public VmTest {
protected:
    void SetUp() override
    {
        VmTest::SetUp();
        aspace_set_mmap_base(as_, kAt);
        ro_.reset(new TestFile(kFilePages, true, false));
        rw_.reset(new TestFile(kFilePages, false, true));
        for (size_t i = 0; i < kFilePages * kPage; i++)
            rw_bytes_.push_back(FileByte(i));
    }

    void TearDown() override
    {
        EXPECT_EQ(0, aspace_unmap(as_, kAt, kCount * kPage));
        EXPECT_EQ(0u, Regions());
        EXPECT_EQ(0u, Resident());
        VmTest::TearDown();
        ro_.reset();
        rw_.reset();
    }

    uaddr_t Address(size_t page) { return kAt + page * kPage; }
    static bool Readable(const ModelPage &p)
    {
        return p.mapped && !p.past_end && p.prot != kNone;
    }
    static bool Writable(const ModelPage &p)
    {
        return p.mapped && !p.past_end && (p.prot & LX_PROT_WRITE) != 0;
    }
    uint8_t *Byte(size_t at)
    {
        ModelPage &p = model_[at / kPage];

        if (p.shared_file)
            return &rw_bytes_[p.file_page * kPage + at % kPage];
        return &p.bytes[at % kPage];
    }

    void StepMap();
    void StepUnmap();
    void StepProtect();
    void StepWrite();
    void StepRead();
    void Fill(size_t first, size_t count, unsigned prot, int kind,
              size_t offset);
    unsigned AnyProt()
    {
        const unsigned prots[] = {
            kNone, kR, kRW, kRW, kRW, kRX, kRW | LX_PROT_EXEC};
        return prots[random_.below(7)];
    }

    harness::Random random_{7};
    std::unique_ptr<TestFile> ro_, rw_;
    std::vector<uint8_t> rw_bytes_;
    ModelPage model_[kCount];
    size_t first_ = 0, count_ = 0; // the range of this step
};

// Kinds: 0 anonymous, 1 shared anonymous, 2 private file, 3 shared read-only
// file, 4 shared writable file.
void WalkTest::Fill(size_t first, size_t count, unsigned prot, int kind,
                    size_t offset)
{
    for (size_t i = 0; i < count; i++) {
        ModelPage &p = model_[first + i];
        size_t file_page = offset + i;

        p = ModelPage();
        p.mapped = true;
        p.prot = prot;
        p.bytes.assign(kPage, 0);
        if (kind < 2)
            continue;
        p.past_end = file_page >= kFilePages;
        p.file_page = file_page;
        p.shared_file = kind == 4 && !p.past_end;
        p.no_write = kind == 3;
        for (size_t at = 0; at < kPage && !p.past_end; at++)
            p.bytes[at] = FileByte(file_page * kPage + at);
    }
}

void WalkTest::StepMap()
{
    const unsigned flags[] = {kPrivate, kShared, LX_MAP_PRIVATE, LX_MAP_SHARED,
                              LX_MAP_SHARED};
    int kind = static_cast<int>(random_.below(5));
    unsigned prot = AnyProt();
    size_t offset = random_.below(kFilePages);
    struct vm_object *object = kind < 2    ? nullptr
                               : kind == 4 ? rw_->object()
                                           : ro_->object();
    bool free = true;

    if (kind == 3 && (prot & LX_PROT_WRITE) != 0) {
        EXPECT_EQ(-EACCES, Map(Address(first_), count_ * kPage, prot,
                               flags[kind] | kFixed, object, offset * kPage));
        return;
    }
    for (size_t i = 0; i < count_; i++)
        free = free && !model_[first_ + i].mapped;
    if (random_.below(4) == 0) {
        int64_t at =
            Map(Address(first_), count_ * kPage, prot,
                flags[kind] | LX_MAP_FIXED_NOREPLACE, object, offset * kPage);

        EXPECT_EQ(free ? static_cast<int64_t>(Address(first_)) : -EEXIST, at);
        if (!free)
            return;
    } else {
        MapAt(Address(first_), count_ * kPage, prot, flags[kind], object,
              offset * kPage);
    }
    Fill(first_, count_, prot, kind, offset);
}

void WalkTest::StepUnmap()
{
    EXPECT_EQ(0, aspace_unmap(as_, Address(first_), count_ * kPage));
    for (size_t i = 0; i < count_; i++)
        model_[first_ + i] = ModelPage();
}

void WalkTest::StepProtect()
{
    unsigned prot = AnyProt();
    int expected = 0;

    for (size_t i = 0; i < count_ && expected == 0; i++) {
        ModelPage &p = model_[first_ + i];

        if (!p.mapped)
            expected = -ENOMEM;
        else if (p.no_write && (prot & LX_PROT_WRITE) != 0)
            expected = -EACCES;
        else
            p.prot = prot;
    }
    EXPECT_EQ(expected,
              aspace_protect(as_, Address(first_), count_ * kPage, prot));
}

void WalkTest::StepWrite()
{
    size_t at = first_ * kPage + random_.below(kPage);
    size_t size = 1 + random_.below(3 * kPage), can = 0;
    std::vector<uint8_t> data(size);

    size = std::min(size, kCount * kPage - at);
    for (uint8_t &byte : data)
        byte = static_cast<uint8_t>(random_.next());
    while (can < size && Writable(model_[(at + can) / kPage]))
        can++;
    EXPECT_EQ(can, copy_out_some(as_, kAt + at, data.data(), size));
    for (size_t i = 0; i < can; i++)
        *Byte(at + i) = data[i];
}

void WalkTest::StepRead()
{
    size_t at = first_ * kPage + random_.below(kPage);
    size_t size = 1 + random_.below(3 * kPage), can = 0;
    std::vector<uint8_t> data(size);

    size = std::min(size, kCount * kPage - at);
    while (can < size && Readable(model_[(at + can) / kPage]))
        can++;
    ASSERT_EQ(can, copy_in_some(as_, data.data(), kAt + at, size));
    for (size_t i = 0; i < can; i++)
        ASSERT_EQ(*Byte(at + i), data[i]) << "byte " << at + i;
}

TEST_F(WalkTest, EveryPageIsWhatTheModelSays)
{
    for (uint64_t step = harness::steps(6000); step > 0; step--) {
        first_ = random_.below(kCount);
        count_ = 1 + random_.below(std::min<size_t>(20, kCount - first_));
        switch (random_.below(10)) {
        case 0:
        case 1:
            StepMap();
            break;
        case 2:
            StepUnmap();
            break;
        case 3:
        case 4:
            StepProtect();
            break;
        case 5:
        case 6:
        case 7:
            StepWrite();
            break;
        default:
            StepRead();
        }
        ASSERT_TRUE(step % 16 != 0 || aspace_check(as_)) << step;
        ASSERT_FALSE(HasFailure()) << "step " << step << " from the end";
    }
    uint64_t mapped = 0;
    for (const ModelPage &p : model_)
        mapped += p.mapped;
    EXPECT_EQ(mapped * kPage, Usage().mapped_bytes);
}

} // namespace
