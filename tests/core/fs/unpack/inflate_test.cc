// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/inflate_test.cc - core/fs/unpack/inflate.h.

#include "tests/core/fs/unpack/packing.h"

#include "core/abi/errno.h"
#include "core/fs/unpack/inflate.h"

namespace {

Outcome Decode(const Bytes &bytes, Cut cut = {0, true}, size_t room = SIZE_MAX)
{
    std::vector<uint64_t> state((inflate_state_size() + 7) / 8);
    Source source(bytes, cut);
    Sink sink(room);
    unpack_input in;
    int error;

    unpack_input_init(&in, source.get());
    error = inflate_gzip(state.data(), &in, sink.get());
    EXPECT_EQ(error != 0 && error != -ENOSPC, in.why != nullptr);
    return {error, in.why != nullptr ? in.why : "", unpack_input_offset(&in),
            sink.bytes()};
}

// Bits, the first lowest in the first byte.
class Bits {
public:
    Bits &Put(uint32_t value, int count)
    {
        for (; count > 0; count--, value >>= 1, used_++) {
            if (used_ % 8 == 0)
                bytes_.push_back(0);
            bytes_.back() |= (value & 1) << used_ % 8;
        }
        return *this;
    }

    // A code, whose highest bit comes first.
    Bits &Code(uint32_t code, int count)
    {
        while (count > 0)
            Put(code >> --count, 1);
        return *this;
    }

    Bytes bytes() const { return bytes_; }

private:
    Bytes bytes_;
    int used_ = 0;
};

const Bytes kHead = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};

// A member whose blocks these are, with a trailer that fits no content but
// the empty one.
Bytes Member(const Bits &bits)
{
    return kHead + bits.bytes() + Bytes(8);
}

// A last block of the fixed code.
Bits Fixed()
{
    return Bits().Put(1, 1).Put(1, 2);
}

// A last block of its own code, whose lengths are written in the symbols 1 and
// 18, of one bit each.
Bits Dynamic(uint32_t litlens, uint32_t distances)
{
    Bits bits;

    bits.Put(1, 1).Put(2, 2).Put(litlens - 257, 5).Put(distances - 1, 5);
    bits.Put(18 - 4, 4);
    for (int i = 0; i < 18; i++)
        bits.Put(i == 2 || i == 17, 3);
    return bits;
}

Bits &Ones(Bits &bits, int count)
{
    return bits.Put(0, count);
}

Bits &Zeros(Bits &bits, uint32_t count)
{
    for (; count >= 149; count -= 138)
        bits.Put(1, 1).Put(127, 7);
    return bits.Put(1, 1).Put(count - 11, 7);
}

TEST(Inflate, DecodesWhatTheHostsGzipMakes)
{
    int samples = 0;

    for (const auto &row : SampleTable("manifest")) {
        if (row[0].find(".g") == std::string::npos)
            continue;
        Bytes packed = Sample(row[0]), plain = Sample(row[1]);
        for (Cut cut : Cuts()) {
            if (cut.piece != 0 && packed.size() > 9000)
                continue;
            Outcome got = Decode(packed, cut);
            EXPECT_EQ(0, got.error) << row[0] << ": " << got.why;
            EXPECT_TRUE(plain == got.bytes) << row[0];
            EXPECT_EQ(packed.size(), got.offset);
            samples++;
        }
    }
    EXPECT_GT(samples, 100);
}

TEST(Inflate, StopsRightBehindTheMember)
{
    for (Cut cut : Cuts()) {
        Bytes member = Gzip(Text("one"));
        Outcome got = Decode(member + Text("next"), cut);

        EXPECT_EQ(0, got.error);
        EXPECT_EQ(Text("one"), got.bytes);
        EXPECT_EQ(member.size(), got.offset);
    }
}

TEST(Inflate, ObeysTheFlagsOfTheHeader)
{
    Bytes body = Gzip(Text("flags"));
    Bytes head = {0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 3, 2, 0, 'e', 'x'};
    Bytes rest(body.begin() + 10, body.end());

    head = head + Text("name") + Bytes{0} + Text("comment") + Bytes{0};
    // The low half of the CRC-32 of head.
    Outcome got = Decode(head + Little(0x1613, 2) + rest);
    EXPECT_EQ(0, got.error) << got.why;
    EXPECT_EQ(Text("flags"), got.bytes);
    got = Decode(head + Little(0x1612, 2) + rest);
    EXPECT_EQ(-EBADMSG, got.error);
    EXPECT_EQ("gzip: the header's CRC does not fit", got.why);
}

TEST(Inflate, AcceptsACodeOfOneBitThatStandsAlone)
{
    Bits bits = Dynamic(257, 1);

    Ones(Zeros(bits, 256), 2).Put(0, 1);
    Outcome got = Decode(Member(bits));
    EXPECT_EQ(0, got.error) << got.why;
    EXPECT_EQ(Bytes(), got.bytes);
}

TEST(Inflate, RepeatsWhatHasJustBeenWritten)
{
    // "ab", then 10 bytes from 2 back (RFC 1951, 3.2.3).
    Bits bits = Fixed();
    bits.Code(0x30 + 'a', 8).Code(0x30 + 'b', 8).Code(264 - 256, 7).Code(1, 5);
    Outcome got = Decode(Member(bits.Code(0, 7)));

    EXPECT_EQ(-EBADMSG, got.error);
    EXPECT_EQ(Text("abababababab"), got.bytes);
}

struct Bad {
    int error;
    const char *why;
    Bytes bytes;
};

std::vector<Bad> BadMembers()
{
    Bytes good = Gzip(Text("good"));
    Bytes crc = good, size = good, stored = good;
    Bits unused = Dynamic(257, 1), endless = Dynamic(257, 1);
    Bits too_long = Dynamic(257, 1), crowded = Dynamic(257, 1);
    Bits crowded_distances = Dynamic(257, 3), lengths;
    Bits nothing_before;

    crc[crc.size() - 8] ^= 1;
    size[size.size() - 4] ^= 1;
    stored[13] ^= 1;
    Ones(Zeros(unused, 256), 2).Put(1, 1);
    Zeros(endless, 258);
    Zeros(Zeros(too_long, 250), 11);
    Ones(Zeros(Ones(crowded, 2), 254), 2);
    Ones(Zeros(crowded_distances, 256), 4);
    lengths.Put(5, 3).Put(0, 10).Put(0, 4).Put(0xfff, 12);
    // The symbols 16 and 0, of one bit each.
    nothing_before.Put(5, 3).Put(0, 10).Put(0, 4).Put(1, 3).Put(0, 6).Put(1, 3);
    nothing_before.Put(1, 1);

    return {
        {EINVAL, "gzip: the magic is wrong", Bytes{0x1f, 0x8c} + Bytes(20)},
        {EINVAL, "gzip: the method is not deflate",
         Bytes{0x1f, 0x8b, 7} + Bytes(20)},
        {EINVAL, "gzip: the header has reserved flags",
         Bytes{0x1f, 0x8b, 8, 0x20} + Bytes(20)},
        {EINVAL, "gzip: a block is of the reserved type",
         Member(Bits().Put(7, 3))},
        {EINVAL, "gzip: a stored block's size is damaged", stored},
        {EINVAL, "gzip: a match looks back too far",
         Member(Fixed().Code(1, 7).Code(0, 5))},
        {EINVAL, "gzip: a match looks back too far",
         Member(Fixed().Code(0x30, 8).Code(1, 7).Code(1, 5))},
        {EINVAL, "gzip: a code means nothing",
         Member(Fixed().Code(0xc0 + 286 - 280, 8))},
        {EINVAL, "gzip: a code means nothing",
         Member(Fixed().Code(0x30, 8).Code(1, 7).Code(30, 5))},
        {EINVAL, "gzip: a code means nothing", Member(unused)},
        {EINVAL, "gzip: a block names too many symbols",
         Member(Bits().Put(5, 3).Put(30, 5).Put(0, 9))},
        {EINVAL, "gzip: a block names too many symbols",
         Member(Bits().Put(5, 3).Put(0, 5).Put(30, 5).Put(0, 4))},
        {EINVAL, "gzip: the code of code lengths is no code", Member(lengths)},
        {EINVAL, "gzip: a run of code lengths repeats nothing",
         Member(nothing_before)},
        {EINVAL, "gzip: a run of code lengths is too long", Member(too_long)},
        {EINVAL, "gzip: a block cannot end", Member(endless)},
        {EINVAL, "gzip: code lengths make no code", Member(crowded)},
        {EINVAL, "gzip: code lengths make no code", Member(crowded_distances)},
        {EBADMSG, "gzip: the CRC does not fit", crc},
        {EBADMSG, "gzip: the size does not fit", size},
        {ENODATA, "gzip: it ends inside a member", Bytes{0x1f, 0x8b}},
        {ENODATA, "gzip: it ends inside a member",
         Bytes{0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 3, 0xff, 0xff, 1}},
        {ENODATA, "gzip: it ends inside a member",
         Bytes{0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3} + Repeat('n', 5000)},
    };
}

TEST(Inflate, RefusesWhatIsNoMemberAndSaysWhy)
{
    for (const Bad &bad : BadMembers()) {
        for (Cut cut : Cuts()) {
            Outcome got = Decode(bad.bytes, cut);
            EXPECT_EQ(-bad.error, got.error) << bad.why;
            EXPECT_EQ(bad.why, got.why);
        }
    }
}

TEST(Inflate, FindsEveryTruncation)
{
    for (const char *name : {"short.g9", "verse.g1", "verse.g9", "one.g6"}) {
        Bytes packed = Sample(name);
        for (size_t size = 0; size < packed.size(); size++) {
            Bytes cut(packed.begin(), packed.begin() + size);
            EXPECT_EQ(-ENODATA, Decode(cut).error) << name << " at " << size;
            EXPECT_EQ(-ENODATA, Decode(cut, {1, false}).error);
        }
    }
}

// A changed byte is noticed, or is one that means nothing: the time, the name,
// the system.
TEST(Inflate, NoticesEveryByteThatChanges)
{
    for (const char *name : {"short.g9", "verse.g9"}) {
        Bytes packed = Sample(name), plain = Decode(packed).bytes;
        for (size_t at = 0; at < packed.size(); at++) {
            for (uint8_t mask : {0x01, 0x10, 0x80, 0xff}) {
                Bytes bytes = packed;
                bytes[at] ^= mask;
                Outcome got = Decode(bytes);
                EXPECT_TRUE(got.error == 0 ? plain == got.bytes
                                           : got.error == -EINVAL ||
                                                 got.error == -ENODATA ||
                                                 got.error == -EBADMSG)
                    << name << " at " << at << ": " << got.error;
            }
        }
    }
}

TEST(Inflate, PassesOnWhatTheSinkFailsWith)
{
    for (const char *name : {"zeros.g6", "noise.g6", "text.g6"}) {
        EXPECT_EQ(-ENOSPC, Decode(Sample(name), {0, true}, 0).error);
        EXPECT_EQ(-ENOSPC, Decode(Sample(name), {0, true}, 70000).error);
    }
}

TEST(Inflate, PassesOnWhatTheSourceFailsWith)
{
    std::vector<uint64_t> state((inflate_state_size() + 7) / 8);
    Bytes packed = Sample("verse.g9");

    for (size_t at = 0; at < packed.size(); at++) {
        Source source(packed, {0, at % 2 == 0}, at);
        Sink sink;
        unpack_input in;

        unpack_input_init(&in, source.get());
        EXPECT_EQ(-EIO, inflate_gzip(state.data(), &in, sink.get()));
        EXPECT_STREQ("its bytes cannot be read", in.why);
    }
}

} // namespace
