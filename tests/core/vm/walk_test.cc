// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/walk_test.cc - a random walk of all calls, in several clones at
// a time, against a model that knows each page of each by itself.

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000 - 24 * kPage; // over a boundary of tables
constexpr size_t kCount = 96;                    // pages of the arena
constexpr size_t kFilePages = 40;
constexpr size_t kSpaces = 4; // that live at once

using Bytes = std::vector<uint8_t>;

struct ModelPage {
    bool mapped = false;
    bool anonymous = false; // private
    bool shared = false;
    bool past_end = false;              // an access fails
    bool no_write = false;              // mprotect cannot make it writable
    bool no_fork = false, wipe = false; // madvise()
    unsigned prot = 0;
    std::shared_ptr<Bytes> bytes;
    // What it is without a copy of its own: a file's, or NULL: zeros.
    std::shared_ptr<Bytes> source;
    size_t run = 0; // pages of one mmap(), in sequence, have consecutive
                    // numbers: mremap() takes only those
};

struct Space {
    struct aspace *as;
    ModelPage pages[kCount];
};

class WalkTest : public VmTest {
protected:
    void SetUp() override
    {
        VmTest::SetUp();
        aspace_set_mmap_base(as_, kAt);
        ro_.reset(new TestFile(kFilePages, true, false));
        rw_.reset(new TestFile(kFilePages, false, true));
        for (size_t i = 0; i < kFilePages; i++) {
            auto bytes = std::make_shared<Bytes>(kPage);

            for (size_t at = 0; at < kPage; at++)
                (*bytes)[at] = FileByte(i * kPage + at);
            ro_bytes_.push_back(bytes);
            rw_bytes_.push_back(std::make_shared<Bytes>(*bytes));
        }
        spaces_.emplace_back(new Space());
        spaces_[0]->as = as_;
        Enter(0);
    }

    void TearDown() override
    {
        while (spaces_.size() > 1)
            StepEnd();
        EXPECT_EQ(0, aspace_unmap(as_, kAt, kCount * kPage));
        EXPECT_EQ(0u, Regions());
        EXPECT_EQ(0u, Resident());
        VmTest::TearDown();
        ro_.reset();
        rw_.reset();
    }

    void Enter(size_t i)
    {
        now_ = spaces_[i].get();
        model_ = now_->pages;
        as_ = now_->as;
        Use(as_);
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
        return &(*model_[at / kPage].bytes)[at % kPage];
    }
    static std::shared_ptr<Bytes> Source(const ModelPage &p)
    {
        return p.source ? std::make_shared<Bytes>(*p.source)
                        : std::make_shared<Bytes>(kPage);
    }

    void Step();
    void StepMap();
    void StepUnmap();
    void StepProtect();
    void StepWrite();
    void StepRead();
    void StepFork();
    void StepEnd();
    void StepAdvise();
    void StepMove();
    void StepPopulate();
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
    std::vector<std::shared_ptr<Bytes>> ro_bytes_, rw_bytes_;
    std::vector<std::unique_ptr<Space>> spaces_;
    Space *now_ = nullptr;
    ModelPage *model_ = nullptr;
    size_t runs_ = 0;
    size_t first_ = 0, count_ = 0; // the range of this step
};

// Kinds: 0 anonymous, 1 shared anonymous, 2 private file, 3 shared read-only
// file, 4 shared writable file.
void WalkTest::Fill(size_t first, size_t count, unsigned prot, int kind,
                    size_t offset)
{
    runs_ += 2 * kCount;
    for (size_t i = 0; i < count; i++) {
        ModelPage &p = model_[first + i];
        size_t file_page = offset + i;

        p = ModelPage();
        p.mapped = true;
        p.prot = prot;
        p.anonymous = kind == 0;
        p.shared = kind == 1 || kind >= 3;
        p.run = runs_ + i;
        p.no_write = kind == 3;
        p.past_end = kind >= 2 && file_page >= kFilePages;
        if (kind >= 2 && !p.past_end)
            p.source = kind == 4 ? rw_bytes_[file_page] : ro_bytes_[file_page];
        p.bytes = kind == 4 && !p.past_end ? p.source : Source(p);
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

void WalkTest::StepFork()
{
    struct aspace *as;

    if (spaces_.size() == kSpaces)
        return;
    ASSERT_EQ(0, aspace_clone(as_, nullptr, &as));
    spaces_.emplace_back(new Space());
    spaces_.back()->as = as;
    for (size_t i = 0; i < kCount; i++) {
        ModelPage &p = spaces_.back()->pages[i];

        if (model_[i].no_fork)
            continue;
        p = model_[i];
        if (p.wipe)
            p.bytes = std::make_shared<Bytes>(kPage);
        else if (p.bytes && !p.shared)
            p.bytes = std::make_shared<Bytes>(*p.bytes);
    }
}

void WalkTest::StepEnd()
{
    if (spaces_.size() == 1)
        return;
    size_t i = random_.below(spaces_.size());
    struct aspace *as = spaces_[i]->as;

    EXPECT_TRUE(aspace_check(as));
    spaces_.erase(spaces_.begin() + static_cast<ptrdiff_t>(i));
    Enter(0);
    aspace_put(as);
}

void WalkTest::StepAdvise()
{
    const int advices[] = {LX_MADV_DONTNEED,   LX_MADV_DONTNEED,
                           LX_MADV_FREE,       LX_MADV_DONTFORK,
                           LX_MADV_DOFORK,     LX_MADV_WIPEONFORK,
                           LX_MADV_KEEPONFORK, LX_MADV_WILLNEED};
    int advice = advices[random_.below(8)];
    bool needs_anonymous =
        advice == LX_MADV_FREE || advice == LX_MADV_WIPEONFORK;
    int error = 0, expected = 0;

    for (size_t i = 0; i < count_; i++) {
        ModelPage &p = model_[first_ + i];

        if (!p.mapped) {
            expected = -ENOMEM;
            continue;
        }
        if (needs_anonymous && !p.anonymous) {
            expected = -EINVAL;
            break;
        }
        if (advice == LX_MADV_DONTFORK || advice == LX_MADV_DOFORK)
            p.no_fork = advice == LX_MADV_DONTFORK;
        else if (advice == LX_MADV_WIPEONFORK || advice == LX_MADV_KEEPONFORK)
            p.wipe = advice == LX_MADV_WIPEONFORK;
        else if (advice != LX_MADV_WILLNEED && !p.shared)
            p.bytes = Source(p);
    }
    error = aspace_advise(as_, Address(first_), count_ * kPage, advice);
    EXPECT_EQ(expected, error) << advice;
}

// A part of one mapping goes elsewhere and changes its size; what grows is
// anonymous, as the model knows no other pages to come.
void WalkTest::StepMove()
{
    size_t to = random_.below(kCount), old = 1, size;
    unsigned flags = LX_MREMAP_MAYMOVE | LX_MREMAP_FIXED;
    std::vector<ModelPage> moved(kCount);
    uaddr_t out = 0;
    int error;

    while (old < count_ && model_[first_ + old].mapped &&
           model_[first_ + old].run == model_[first_ + old - 1].run + 1 &&
           model_[first_ + old].prot == model_[first_].prot &&
           model_[first_ + old].no_fork == model_[first_].no_fork &&
           model_[first_ + old].wipe == model_[first_].wipe)
        old++;
    size = 1 + random_.below(model_[first_].anonymous ? 2 * old : old);
    size = std::min(size, kCount - to);
    if (random_.below(4) == 0 && size >= old) {
        flags |= LX_MREMAP_DONTUNMAP;
        size = old;
    }
    const struct remap_request request = {Address(first_), old * kPage,
                                          size * kPage, flags, Address(to)};

    error = aspace_remap(as_, &request, &out);
    if (first_ + old > to && to + size > first_) {
        EXPECT_EQ(-EINVAL, error);
        return;
    }
    if (!model_[first_].mapped) {
        EXPECT_EQ(-EFAULT, error);
        return;
    }
    ASSERT_EQ(0, error);
    ASSERT_EQ(Address(to), out);
    for (size_t i = 0; i < old; i++) {
        ModelPage &p = model_[first_ + i];

        moved[i] = p;
        if (!(flags & LX_MREMAP_DONTUNMAP))
            p = ModelPage();
        else if (!p.shared)
            p.bytes = Source(p);
    }
    for (size_t i = old; i < size; i++) {
        moved[i] = moved[0];
        moved[i].bytes = std::make_shared<Bytes>(kPage);
        moved[i].run = moved[0].run + i;
    }
    runs_ += 2 * kCount;
    for (size_t i = 0; i < size; i++) {
        model_[to + i] = moved[i];
        model_[to + i].run = runs_ + i;
    }
}

void WalkTest::StepPopulate()
{
    bool write = random_.below(2) == 0;
    int expected = 0;

    for (size_t i = 0; i < count_ && expected == 0; i++) {
        const ModelPage &p = model_[first_ + i];
        bool may = write ? (p.prot & LX_PROT_WRITE) != 0 : p.prot != kNone;

        expected = !p.mapped ? -ENOMEM : !may ? -EINVAL : 0;
        if (expected == 0 && p.past_end)
            expected = -EFAULT;
    }
    EXPECT_EQ(expected, aspace_advise(as_, Address(first_), count_ * kPage,
                                      write ? LX_MADV_POPULATE_WRITE
                                            : LX_MADV_POPULATE_READ));
}

void WalkTest::Step()
{
    Enter(random_.below(spaces_.size()));
    first_ = random_.below(kCount);
    count_ = 1 + random_.below(std::min<size_t>(20, kCount - first_));
    switch (random_.below(16)) {
    case 0:
    case 1:
        return StepMap();
    case 2:
        return StepUnmap();
    case 3:
    case 4:
        return StepProtect();
    case 5:
    case 6:
    case 7:
    case 8:
        return StepWrite();
    case 9:
        return StepAdvise();
    case 10:
        return StepFork();
    case 11:
        return random_.below(3) == 0 ? StepEnd() : StepMove();
    case 12:
        return StepPopulate();
    default:
        return StepRead();
    }
}

TEST_F(WalkTest, EveryPageIsWhatTheModelSays)
{
    for (uint64_t step = harness::steps(12000); step > 0; step--) {
        Step();
        ASSERT_TRUE(step % 16 != 0 || aspace_check(as_)) << step;
        ASSERT_FALSE(HasFailure()) << "step " << step << " from the end";
    }
    uint64_t mapped = 0;
    for (size_t i = 0; i < kCount; i++)
        mapped += model_[i].mapped;
    EXPECT_EQ(mapped * kPage, Usage().mapped_bytes);
}

} // namespace
