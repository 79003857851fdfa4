// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/unpack_test.cc - core/fs/unpack/unpack.h.

#include "tests/core/fs/unpack/packing.h"

#include <memory>

#include "core/abi/errno.h"
#include "core/fs/unpack/unpack.h"
#include "core/fs/unpack/zstd.h"

namespace {

using Lines = std::vector<std::string>;

// Gives memory, but not for the call of that number, and keeps count.
class Memory {
public:
    explicit Memory(int fail_call = -1)
        : fail_call_(fail_call), memory_{Get, Put, this}
    {
    }

    ~Memory() { EXPECT_TRUE(live_.empty()); }

    const unpack_memory *get() const { return &memory_; }
    int calls = 0;
    size_t largest = 0;

private:
    static void *Get(void *arg, size_t size)
    {
        Memory *m = static_cast<Memory *>(arg);
        void *memory;

        EXPECT_GT(size, 0u);
        m->largest = std::max(m->largest, size);
        if (m->calls++ == m->fail_call_)
            return nullptr;
        memory = malloc(size);
        m->live_.push_back({memory, size});
        return memory;
    }

    static void Put(void *arg, void *memory, size_t size)
    {
        Memory *m = static_cast<Memory *>(arg);

        for (auto it = m->live_.begin(); it != m->live_.end(); ++it) {
            if (it->first != memory)
                continue;
            EXPECT_EQ(it->second, size);
            m->live_.erase(it);
            free(memory);
            return;
        }
        ADD_FAILURE() << "put back what was not got";
    }

    int fail_call_;
    unpack_memory memory_;
    std::vector<std::pair<void *, size_t>> live_;
};

struct How {
    Cut cut = {0, true};
    int fail_get = -1;
    size_t fails_at = SIZE_MAX;
    int fail_op = -1;
};

struct Result {
    Outcome outcome;
    Lines lines;
    int gets;
    int ops;
    size_t largest;
};

Result Unpack(const Bytes &bytes, const How &how = {})
{
    Source source(bytes, how.cut, how.fails_at);
    Memory memory(how.fail_get);
    Receiver receiver;
    unpack_job job = {source.get(), memory.get(), receiver.ops(), &receiver};
    unpack_report report = {};
    int error;

    receiver.fail_call = how.fail_op;
    error = unpack_initrd(&job, &report);
    EXPECT_EQ(error != 0, report.why != nullptr);
    return {{error, report.why != nullptr ? report.why : "", report.offset, {}},
            receiver.lines(),
            memory.calls,
            receiver.calls,
            memory.largest};
}

Member File(const std::string &name, const std::string &data)
{
    Member m;

    m.name = name;
    m.data = data;
    return m;
}

Bytes ArchiveOf(const std::string &name)
{
    return Archive({File(name, "data of " + name)});
}

std::string LineOf(const std::string &name)
{
    return name + " 100644/1/1 data of " + name;
}

const Bytes kSkipped = Little(0x184d2a53, 4) + Little(6, 4) + Text("0707\x1f!");

TEST(Unpack, TakesSegmentsOfEveryKindInEveryOrder)
{
    using Packer = Bytes (*)(const Bytes &);
    const Packer packers[] = {
        [](const Bytes &b) { return b; }, Gzip, Zstd,
        [](const Bytes &b) { return kSkipped + Zstd(b); }};

    for (Packer first : packers) {
        for (Packer second : packers) {
            for (size_t zeros : {0, 1, 3, 600}) {
                Bytes bytes = first(ArchiveOf("a")) + Bytes(zeros) +
                              second(ArchiveOf("b")) + Bytes(zeros) +
                              first(ArchiveOf("c"));
                for (Cut cut : Cuts()) {
                    How how;
                    how.cut = cut;
                    Result got = Unpack(bytes, how);
                    EXPECT_EQ(0, got.outcome.error) << got.outcome.why;
                    EXPECT_EQ(bytes.size(), got.outcome.offset);
                    EXPECT_EQ(Lines({LineOf("a"), "end", LineOf("b"), "end",
                                     LineOf("c"), "end"}),
                              got.lines);
                }
            }
        }
    }
}

TEST(Unpack, AnArchiveMayGoOnInTheNextPackedSegment)
{
    Bytes all = ArchiveOf("a") + ArchiveOf("b");

    for (size_t at = 1; at < all.size(); at += 5) {
        Bytes first(all.begin(), all.begin() + at);
        Bytes second(all.begin() + at, all.end());
        Result got = Unpack(Gzip(first) + Bytes(2) + kSkipped + Zstd(second));
        EXPECT_EQ(0, got.outcome.error) << at << ": " << got.outcome.why;
        EXPECT_EQ(4u, got.lines.size());
    }
}

TEST(Unpack, NothingIsNoError)
{
    EXPECT_EQ(0, Unpack({}).outcome.error);
    EXPECT_EQ(0, Unpack(Bytes(5000)).outcome.error);
    EXPECT_EQ(0, Unpack(Gzip({}) + kSkipped + Zstd({})).outcome.error);
}

TEST(Unpack, ReadsWhatTheHostsToolsMake)
{
    Lines expected = Unpack(Sample("tree.newc")).lines;

    EXPECT_EQ(49u, expected.size());
    for (const auto &row : SampleTable("trees")) {
        Result got = Unpack(Sample(row[0]));
        EXPECT_EQ(0, got.outcome.error) << row[0] << ": " << got.outcome.why;
        EXPECT_TRUE(expected == got.lines) << row[0];
    }
}

// What the documents say of memory.
TEST(Unpack, NeedsLittleMemoryButForTheWindow)
{
    EXPECT_LE(Unpack(ArchiveOf("a")).largest, 16u << 10);
    EXPECT_LE(Unpack(Gzip(ArchiveOf("a"))).largest, 128u << 10);
    EXPECT_LE(Unpack(Zstd(ArchiveOf("a"))).largest, 512u << 10);
}

TEST(Unpack, GivesBackAllMemoryWhicheverIsRefused)
{
    Bytes bytes = Gzip(ArchiveOf("a")) + Zstd(ArchiveOf("b"));
    int gets = Unpack(bytes).gets;

    EXPECT_EQ(4, gets);
    for (int i = 0; i < gets; i++) {
        How how;
        how.fail_get = i;
        Result got = Unpack(bytes, how);
        EXPECT_EQ(-ENOMEM, got.outcome.error);
        EXPECT_EQ("there is no memory to unpack it", got.outcome.why);
    }
}

TEST(Unpack, PassesOnWhatAnOpFailsWith)
{
    Bytes bytes = ArchiveOf("a") + Gzip(ArchiveOf("b")) + Zstd(ArchiveOf("c"));
    int ops = Unpack(bytes).ops;

    EXPECT_EQ(12, ops);
    for (int i = 0; i < ops; i++) {
        How how;
        how.fail_op = i;
        Result got = Unpack(bytes, how);
        EXPECT_EQ(-ENOSPC, got.outcome.error);
        EXPECT_EQ("a file could not be made", got.outcome.why);
        EXPECT_EQ(i + 1, got.ops);
    }
}

TEST(Unpack, PassesOnWhatTheSourceFailsWith)
{
    Bytes bytes = ArchiveOf("a") + Gzip(ArchiveOf("b")) + Zstd(ArchiveOf("c"));

    for (size_t at = 0; at < bytes.size(); at++) {
        How how;
        how.cut.in_place = at % 2 == 0;
        how.fails_at = at;
        Result got = Unpack(bytes, how);
        EXPECT_EQ(-EIO, got.outcome.error);
        EXPECT_EQ("its bytes cannot be read", got.outcome.why);
        EXPECT_LE(got.outcome.offset, at);
    }
}

struct Bad {
    int error;
    const char *why;
    Bytes bytes;
    uint64_t offset;
};

std::vector<Bad> ForeignInitrds()
{
    Bytes a = ArchiveOf("a");

    return {
        {ENOEXEC, "xz is not supported, only gzip and zstd are",
         a +
             Text("\xfd"
                  "7zXZ") +
             Bytes(9),
         a.size()},
        {ENOEXEC, "bzip2 is not supported, only gzip and zstd are",
         Text("BZh91AY&SY"), 0},
        {ENOEXEC, "lz4 is not supported, only gzip and zstd are",
         Little(0x184d2204, 4) + Bytes(9), 0},
        {ENOEXEC, "lz4 is not supported, only gzip and zstd are",
         Bytes(7) + Little(0x184c2102, 4), 7},
        {ENOEXEC, "lzma is not supported, only gzip and zstd are",
         Bytes{0x5d, 0, 0, 0x80, 0}, 0},
        {ENOEXEC, "lzop is not supported, only gzip and zstd are",
         Bytes{0x89, 'L', 'Z', 'O', 0}, 0},
        {ENOEXEC, "compress is not supported, only gzip and zstd are",
         Bytes{0x1f, 0x9d, 0x90}, 0},
        {ENOEXEC, "cpio: it is in the old binary format, not newc",
         Bytes{0xc7, 0x71, 1}, 0},
        {ENOEXEC, "cpio: it is in the old binary format, not newc",
         Bytes{0x71, 0xc7, 1}, 0},
        {ENOEXEC, "cpio: it is in the old format, not newc",
         Text("070707") + Repeat('0', 200), 110},
    };
}

std::vector<Bad> BadInitrds()
{
    Bytes a = ArchiveOf("a");
    Bytes half(a.begin(), a.begin() + 100);
    Bytes bad_crc = Gzip(a), bad_sum = Zstd(a);
    Member huge = File("h", "data"), longer = File(std::string(4096, 'n'), "");

    bad_crc[bad_crc.size() - 6] ^= 1;
    bad_sum[5]++;
    huge.size = 0xffffffff;
    return {
        {EINVAL, "there is no archive in a format known", Text("#!/bin/sh"), 0},
        {EINVAL, "there is no archive in a format known", Bytes{0x1f}, 0},
        {EINVAL, "there is no archive in a format known",
         a + Bytes(3) + Bytes{0x28, 0xb5, 0x2f}, a.size() + 3},
        {EINVAL, "what it unpacks to is no cpio archive",
         Gzip(a + Text("junk")), SIZE_MAX},
        {EINVAL, "what it unpacks to is no cpio archive", Zstd(Zstd(a)),
         SIZE_MAX},
        {EINVAL, "plain bytes follow half an archive",
         Gzip(half) + Bytes(4) + a, Gzip(half).size() + 4},
        {EINVAL, "cpio: a member's magic is wrong",
         Bytes(a.begin(), a.begin() + 124) + Gzip(a), 124},
        {ENODATA, "cpio: it ends inside a header", Gzip(half),
         Gzip(half).size()},
        {ENODATA, "cpio: it ends inside a header", a + half, a.size() + 100},
        {ENODATA, "cpio: it ends inside a file's data", Pack(huge),
         Pack(huge).size()},
        {ENODATA, "gzip: it ends inside a member", Bytes{0x1f, 0x8b}, 2},
        {ENODATA, "zstd: it ends inside a frame",
         kSkipped + Bytes{0x28, 0xb5, 0x2f, 0xfd}, 18},
        {ENODATA, "zstd: it ends inside a frame",
         Little(0x184d2a50, 4) + Repeat(0xff, 5), 9},
        {ENAMETOOLONG, "cpio: a name is too long", Archive({longer}), 110},
        {EBADMSG, "gzip: the CRC does not fit", bad_crc, bad_crc.size()},
        {EBADMSG, "zstd: the content is smaller than declared", bad_sum,
         bad_sum.size()},
        {EFBIG, "zstd: its window is larger than 8 MiB",
         Bytes{0x28, 0xb5, 0x2f, 0xfd, 0, 0xff} + Bytes(9), 6},
    };
}

void ExpectBad(const std::vector<Bad> &table)
{
    for (const Bad &bad : table) {
        for (Cut cut : Cuts()) {
            How how;
            how.cut = cut;
            Outcome got = Unpack(bad.bytes, how).outcome;
            EXPECT_EQ(-bad.error, got.error) << bad.why;
            EXPECT_EQ(bad.why, got.why);
            if (bad.offset != SIZE_MAX) {
                EXPECT_EQ(bad.offset, got.offset) << bad.why;
            }
        }
    }
}

TEST(Unpack, RefusesWhatIsNoInitrdAndSaysWhyAndWhere)
{
    ExpectBad(BadInitrds());
}

TEST(Unpack, NamesTheFormatsItDoesNotRead)
{
    ExpectBad(ForeignInitrds());
}

TEST(Unpack, FindsEveryTruncationButBetweenSegments)
{
    Bytes plain = ArchiveOf("a"), gzip = Gzip(ArchiveOf("b"));
    Bytes all = plain + gzip + Zstd(ArchiveOf("c"));

    for (size_t size = 1; size < all.size(); size++) {
        Bytes cut(all.begin(), all.begin() + size);
        int error = Unpack(cut).outcome.error;
        bool whole = size == plain.size() || size == plain.size() + gzip.size();
        // A magic that is cut off is none.
        EXPECT_TRUE(whole ? error == 0 : error == -ENODATA || error == -EINVAL)
            << size << ": " << error;
    }
}

TEST(Unpack, EndsWhateverByteChanges)
{
    Bytes good = Gzip(ArchiveOf("b")) + Zstd(ArchiveOf("c")) + ArchiveOf("a");

    for (size_t at = 0; at < good.size(); at++) {
        for (uint8_t mask : {0x01, 0x08, 0x80, 0xff}) {
            Bytes bytes = good;
            bytes[at] ^= mask;
            Result got = Unpack(bytes);
            EXPECT_LE(got.outcome.error, 0);
            EXPECT_LE(got.outcome.offset, good.size());
        }
    }
}

} // namespace
