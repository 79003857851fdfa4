// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/packing.cc - see packing.h.

#include "tests/core/fs/unpack/packing.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/abi/errno.h"

Bytes operator+(Bytes a, const Bytes &b)
{
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

Bytes Text(const std::string &text)
{
    return Bytes(text.begin(), text.end());
}

Bytes Little(uint64_t n, size_t size)
{
    Bytes bytes;

    for (; size > 0; size--, n >>= 8)
        bytes.push_back(static_cast<uint8_t>(n));
    return bytes;
}

Bytes Repeat(uint8_t byte, size_t size)
{
    return Bytes(size, byte);
}

const std::vector<Cut> &Cuts()
{
    static const std::vector<Cut> cuts = {{0, true},  {0, false}, {1, true},
                                          {1, false}, {7, true},  {509, true}};
    return cuts;
}

// --- Source -----------------------------------------------------------------

Source::Source(const Bytes &bytes, Cut cut, size_t fails_at)
    : fails_at_(fails_at), hooked_{{Read, cut.in_place ? Span : nullptr}, this}
{
    size_t piece = cut.piece == 0 ? bytes.size() + 1 : cut.piece;

    for (size_t at = 0; at < bytes.size(); at += piece)
        pieces_.emplace_back(bytes.begin() + at,
                             bytes.begin() +
                                 std::min(bytes.size(), at + piece));
}

ssize_t Source::Span(unpack_source *source, const uint8_t **bytes)
{
    Source *s = reinterpret_cast<Hooked *>(source)->me;
    size_t left;

    if (s->next_ < s->pieces_.size() &&
        s->taken_ == s->pieces_[s->next_].size())
        s->next_++, s->taken_ = 0;
    if (s->given_ >= s->fails_at_)
        return -EIO;
    if (s->next_ == s->pieces_.size())
        return 0;
    left = std::min(s->pieces_[s->next_].size() - s->taken_,
                    s->fails_at_ - s->given_);
    *bytes = s->pieces_[s->next_].data() + s->taken_;
    s->taken_ += left;
    s->given_ += left;
    return static_cast<ssize_t>(left);
}

ssize_t Source::Read(unpack_source *source, void *to, size_t size)
{
    Source *s = reinterpret_cast<Hooked *>(source)->me;
    const uint8_t *bytes = nullptr;
    ssize_t shown = Span(source, &bytes);
    size_t count;

    EXPECT_GT(size, 0u);
    if (shown <= 0)
        return shown;
    count = std::min(static_cast<size_t>(shown), size);
    memcpy(to, bytes, count);
    s->taken_ -= shown - count;
    s->given_ -= shown - count;
    return static_cast<ssize_t>(count);
}

// --- Sink -------------------------------------------------------------------

Sink::Sink(size_t room) : room_(room), hooked_{{Write}, this} {}

int Sink::Write(unpack_sink *sink, const uint8_t *bytes, size_t size)
{
    Sink *s = reinterpret_cast<Hooked *>(sink)->me;

    EXPECT_GT(size, 0u);
    if (size > s->room_)
        return -ENOSPC;
    s->room_ -= size;
    s->bytes_.insert(s->bytes_.end(), bytes, bytes + size);
    return 0;
}

// --- archives ---------------------------------------------------------------

Bytes Pack(const Member &m)
{
    uint32_t size = static_cast<uint32_t>(m.size < 0 ? m.data.size() : m.size);
    uint32_t name_size = static_cast<uint32_t>(
        m.name_size < 0 ? m.name.size() + 1 : m.name_size);
    const uint32_t fields[] = {
        m.ino,        m.mode,    m.uid,       m.gid,       m.nlink,
        m.mtime,      size,      m.dev_major, m.dev_minor, m.rdev_major,
        m.rdev_minor, name_size, m.sum};
    Bytes bytes = Text(m.magic);
    char digits[9];

    for (uint32_t field : fields) {
        snprintf(digits, sizeof(digits), "%08X", field);
        bytes = bytes + Text(digits);
    }
    bytes = bytes + Text(m.name) + Bytes{0};
    bytes.resize((bytes.size() + 3) / 4 * 4);
    bytes = bytes + Text(m.data);
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}

Bytes Archive(std::initializer_list<Member> members)
{
    Bytes bytes;
    Member trailer;

    for (const Member &member : members)
        bytes = bytes + Pack(member);
    trailer.name = "TRAILER!!!";
    trailer.mode = 0;
    trailer.ino = 0;
    return bytes + Pack(trailer);
}

// --- packing ----------------------------------------------------------------

static uint32_t SlowCrc(const Bytes &bytes)
{
    uint32_t crc = ~0u;

    for (uint8_t byte : bytes) {
        crc ^= byte;
        for (int i = 0; i < 8; i++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

Bytes Gzip(const Bytes &bytes)
{
    Bytes out = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    size_t at = 0, part;

    do {
        part = std::min<size_t>(bytes.size() - at, 60000);
        out.push_back(at + part == bytes.size());
        out = out + Little(part, 2) + Little(~part, 2);
        out.insert(out.end(), bytes.begin() + at, bytes.begin() + at + part);
        at += part;
    } while (at < bytes.size());
    return out + Little(SlowCrc(bytes), 4) + Little(bytes.size(), 4);
}

Bytes Zstd(const Bytes &bytes)
{
    Bytes out = {0x28, 0xb5, 0x2f, 0xfd, 0xa0};
    size_t at = 0, part;

    out = out + Little(bytes.size(), 4);
    do {
        part = std::min<size_t>(bytes.size() - at, 100000);
        out = out + Little(part << 3 | (at + part == bytes.size()), 3);
        out.insert(out.end(), bytes.begin() + at, bytes.begin() + at + part);
        at += part;
    } while (at < bytes.size());
    return out;
}

// --- Receiver ---------------------------------------------------------------

Receiver::Receiver() : ops_{Entry, Data, End, ArchiveEnd} {}

int Receiver::Count()
{
    return calls++ == fail_call ? -ENOSPC : 0;
}

int Receiver::Entry(void *arg, const cpio_entry *entry)
{
    Receiver *r = static_cast<Receiver *>(arg);
    std::ostringstream line;

    EXPECT_FALSE(r->in_member_);
    EXPECT_EQ(entry->name_length, strlen(entry->name));
    line << entry->name << " " << std::oct << entry->mode << "/" << std::dec
         << entry->nlink << "/" << entry->ino << " ";
    r->line_ = line.str();
    r->last = *entry;
    r->last.name = nullptr;
    r->left_ = entry->size;
    r->in_member_ = true;
    return r->Count();
}

int Receiver::Data(void *arg, const uint8_t *bytes, size_t size)
{
    Receiver *r = static_cast<Receiver *>(arg);

    EXPECT_TRUE(r->in_member_);
    EXPECT_GT(size, 0u);
    EXPECT_LE(size, r->left_);
    r->left_ -= size;
    r->line_.append(reinterpret_cast<const char *>(bytes), size);
    return r->Count();
}

int Receiver::End(void *arg)
{
    Receiver *r = static_cast<Receiver *>(arg);

    EXPECT_TRUE(r->in_member_);
    EXPECT_EQ(0u, r->left_);
    r->in_member_ = false;
    r->lines_.push_back(r->line_);
    return r->Count();
}

int Receiver::ArchiveEnd(void *arg)
{
    Receiver *r = static_cast<Receiver *>(arg);

    EXPECT_FALSE(r->in_member_);
    r->lines_.push_back("end");
    return r->Count();
}

// --- samples ----------------------------------------------------------------

static std::string SamplePath(const std::string &name)
{
    const char *build = getenv("CYPHERA_BUILD");

    return std::string(build != nullptr ? build : ".") +
           "/gen/unpack_samples/" + name;
}

Bytes Sample(const std::string &name)
{
    std::ifstream in(SamplePath(name), std::ios::binary);

    EXPECT_TRUE(in.good()) << SamplePath(name) << ": run by ctest, or set "
                           << "CYPHERA_BUILD to the build tree";
    in.seekg(0, std::ios::end);
    Bytes bytes(static_cast<size_t>(in.tellg()));
    in.seekg(0);
    in.read(reinterpret_cast<char *>(bytes.data()),
            static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

std::vector<std::vector<std::string>> SampleTable(const std::string &name)
{
    Bytes bytes = Sample(name);
    std::istringstream in(std::string(bytes.begin(), bytes.end()));
    std::vector<std::vector<std::string>> table;
    std::string line, word;

    while (std::getline(in, line)) {
        std::istringstream words(line);
        table.emplace_back();
        while (words >> word)
            table.back().push_back(word);
    }
    return table;
}

int ErrnoNamed(const std::string &name)
{
    return name == "EFBIG" ? EFBIG : 0;
}
