// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/zstd_test.cc - core/fs/unpack/zstd.h.

#include "tests/core/fs/unpack/packing.h"

#include "core/abi/errno.h"
#include "core/fs/unpack/zstd.h"

namespace {

Outcome Decode(const Bytes &bytes, Cut cut = {0, true}, size_t room = SIZE_MAX,
               size_t fails_at = SIZE_MAX)
{
    std::vector<uint64_t> state((zstd_state_size() + 7) / 8);
    Source source(bytes, cut, fails_at);
    Sink sink(room);
    unpack_input in;
    size_t window = 0;
    int error;

    unpack_input_init(&in, source.get());
    error = zstd_begin(state.data(), &in, &window);
    if (error == 0) {
        EXPECT_GT(window, 0u);
        EXPECT_LE(window, 0u + ZSTD_WINDOW_MAX);
        Bytes memory(window);
        error = zstd_decode(state.data(), memory.data(), sink.get());
    }
    EXPECT_EQ(error != 0 && error != -ENOSPC, in.why != nullptr);
    return {error, in.why != nullptr ? in.why : "", unpack_input_offset(&in),
            sink.bytes()};
}

const Bytes kMagic = {0x28, 0xb5, 0x2f, 0xfd};

enum { RAW, RLE, COMPRESSED, RESERVED };

Bytes Block(int type, size_t size, const Bytes &body, bool last = true)
{
    return Little(size << 3 | type << 1 | last, 3) + body;
}

// A frame of a single segment that is to hold size bytes.
Bytes Frame(uint8_t size, const Bytes &blocks)
{
    return kMagic + Bytes{0x20, size} + blocks;
}

// A frame of one compressed block, for the errors in it.
Bytes Compressed(const Bytes &body, uint8_t size = 200)
{
    return Frame(size, Block(COMPRESSED, body.size(), body));
}

// The literal 'a' and one sequence, whose symbols are given, in RLE mode.
Bytes Sequence(uint8_t literals, uint8_t distance, uint8_t match,
               const Bytes &bits, uint8_t size = 200)
{
    return Compressed(
        Bytes{0x08, 'a', 1, 0x54, literals, distance, match} + bits, size);
}

// The same frame with a window of 1 KiB and no size of the content.
Bytes Unsized(Bytes frame)
{
    frame[4] = 0;
    frame[5] = 0;
    return frame;
}

// A literals section of a Huffman code with direct weights.
Bytes Literals(size_t size, const Bytes &packed, int format = 0, int type = 2)
{
    return Little(type | format << 2 | size << 4 | packed.size() << 14, 3) +
           packed;
}

TEST(Zstd, DecodesWhatTheHostsZstdMakes)
{
    int samples = 0;

    for (const auto &row : SampleTable("manifest")) {
        if (row[0].find(".z") == std::string::npos)
            continue;
        Bytes packed = Sample(row[0]), plain = Sample(row[1]);
        int error = -ErrnoNamed(row[2]);
        for (Cut cut : Cuts()) {
            if (cut.piece != 0 && packed.size() + plain.size() > 40000)
                continue;
            Outcome got = Decode(packed, cut);
            EXPECT_EQ(error, got.error) << row[0] << ": " << got.why;
            if (error != 0)
                continue;
            EXPECT_TRUE(plain == got.bytes) << row[0];
            EXPECT_EQ(packed.size(), got.offset);
            samples++;
        }
    }
    EXPECT_GT(samples, 200);
}

TEST(Zstd, StopsRightBehindTheFrame)
{
    for (Cut cut : Cuts()) {
        Bytes frame = Zstd(Text("one"));
        Outcome got = Decode(frame + Text("next"), cut);

        EXPECT_EQ(0, got.error);
        EXPECT_EQ(Text("one"), got.bytes);
        EXPECT_EQ(frame.size(), got.offset);
    }
}

TEST(Zstd, DoesWhatASequenceSays)
{
    // One literal, then 3 bytes from 1 back.
    Outcome got = Decode(Unsized(Sequence(1, 2, 0, {0x04})));

    EXPECT_EQ(0, got.error) << got.why;
    EXPECT_EQ(Text("aaaa"), got.bytes);
    // The same by the newest repeat, which starts as 1.
    got = Decode(Unsized(Sequence(1, 0, 0, {0x01})));
    EXPECT_EQ(0, got.error) << got.why;
    EXPECT_EQ(Text("aaaa"), got.bytes);
}

// The number of sequences takes 1, 2 or 3 bytes.
Bytes Count(uint32_t count)
{
    if (count < 128)
        return Little(count, 1);
    if (count < 0x7f00)
        return Bytes{static_cast<uint8_t>(128 + count / 256),
                     static_cast<uint8_t>(count)};
    return Bytes{255} + Little(count - 0x7f00, 2);
}

TEST(Zstd, DoesAsManySequencesAsABlockSays)
{
    for (uint32_t count : {1, 127, 128, 0x7eff, 0x7f00, 0x7f05}) {
        // Each repeats 3 bytes, from the second newest distance, as there are
        // no literals: from 4 back, then 1, and so on.
        Bytes block = Bytes{0} + Count(count) + Bytes{0x54, 0, 0, 0, 1};
        Bytes frame =
            kMagic + Bytes{0, 80} + Block(RAW, 5, Text("abcde"), false);
        Outcome got = Decode(frame + Block(COMPRESSED, block.size(), block));
        Bytes expected = Text("abcde");

        for (uint32_t i = 0; i < 3 * count; i++)
            expected.push_back(expected.end()[i / 3 % 2 == 0 ? -4 : -1]);
        EXPECT_EQ(0, got.error) << got.why;
        EXPECT_TRUE(expected == got.bytes) << count;
    }
}

TEST(Zstd, DecodesRawAndRleBlocks)
{
    Bytes blocks = Block(RAW, 2, Text("ab"), false) +
                   Block(RLE, 3, Text("c"), false) + Block(RAW, 0, {}, false) +
                   Block(RLE, 1, Text("d"));
    for (Cut cut : Cuts()) {
        Outcome got = Decode(Frame(6, blocks), cut);
        EXPECT_EQ(0, got.error) << got.why;
        EXPECT_EQ(Text("abcccd"), got.bytes);
    }
}

TEST(Zstd, AsksForNoMoreWindowThanTheContentFills)
{
    std::vector<uint64_t> state((zstd_state_size() + 7) / 8);
    // A window of 8 MiB; contents of 1,000 bytes, of 8 MiB less one, and
    // unknown.
    const struct {
        Bytes header;
        size_t window;
    } cases[] = {
        {{0x40, 13 << 3, 0xe8, 0x02}, 1000},
        {{0x80, 13 << 3, 0xff, 0xff, 0x7f, 0}, (8 << 20) - 1},
        {{0x00, 13 << 3}, 8 << 20},
    };

    for (const auto &c : cases) {
        Bytes bytes = kMagic + c.header;
        Source source(bytes);
        unpack_input in;
        size_t window = 0;

        unpack_input_init(&in, source.get());
        EXPECT_EQ(0, zstd_begin(state.data(), &in, &window));
        EXPECT_EQ(c.window, window);
    }
}

struct Bad {
    int error;
    const char *why;
    Bytes bytes;
};

std::vector<Bad> BadHeaders()
{
    return {
        {EINVAL, "zstd: the magic is wrong", Bytes(20)},
        {EINVAL, "zstd: the header has reserved bits",
         kMagic + Bytes{0x28, 1} + Bytes(9)},
        {EINVAL, "zstd: it needs a dictionary",
         kMagic + Bytes{0x21, 9, 1} + Bytes(9)},
        {EINVAL, "zstd: it needs a dictionary",
         kMagic + Bytes{0x23, 0, 0, 0, 1, 1} + Bytes(9)},
        {EFBIG, "zstd: its window is larger than 8 MiB",
         kMagic + Bytes{0x00, 13 << 3 | 1} + Bytes(9)},
        {EFBIG, "zstd: its window is larger than 8 MiB",
         kMagic + Bytes{0x00, 0xff} + Bytes(9)},
        {EFBIG, "zstd: its window is larger than 8 MiB",
         kMagic + Bytes{0xe0} + Repeat(0xff, 8) + Bytes(9)},
        {EINVAL, "zstd: a block is of the reserved type",
         Frame(1, Block(RESERVED, 1, {0}))},
        {EINVAL, "zstd: a block is too large",
         Frame(5, Block(RAW, 6, Bytes(6)))},
        {EINVAL, "zstd: a block is too large",
         kMagic + Bytes{0, 80} + Block(RLE, (128 << 10) + 1, {0})},
        {EBADMSG, "zstd: the content is smaller than declared",
         Frame(3, Block(RAW, 2, Bytes(2)))},
        {EBADMSG, "zstd: the content is larger than declared",
         Frame(3, Block(RAW, 2, Bytes(2), false) + Block(RAW, 2, Bytes(2)))},
        {EBADMSG, "zstd: the checksum does not fit",
         kMagic + Bytes{0x24, 1} + Block(RAW, 1, {'a'}) + Bytes(4)},
        {ENODATA, "zstd: it ends inside a frame",
         Frame(0, Block(RAW, 0, {}, false))},
        {ENODATA, "zstd: it ends inside a frame", Frame(9, Block(RLE, 9, {}))},
    };
}

// RFC 8878, 3.1.1.3.1.
std::vector<Bad> BadLiterals()
{
    return {
        {EINVAL, "zstd: a block has no literals section", Compressed({})},
        {EINVAL, "zstd: the literals' header is cut off",
         Compressed({0x0c, 0})},
        {EINVAL, "zstd: a block has too many literals",
         Compressed(Little(1 | 1 << 2 | 201 << 4, 2) + Bytes{'a'})},
        {EINVAL, "zstd: the literals are cut off", Compressed({3 << 3, 0, 0})},
        {EINVAL, "zstd: the literals are cut off", Compressed({3 << 3 | 1})},
        {EINVAL, "zstd: a Huffman code is repeated before any",
         Compressed(Literals(1, {1}, 0, 3))},
        {EINVAL, "zstd: a Huffman code is cut off",
         Compressed(Literals(1, {}))},
        {EINVAL, "zstd: Huffman weights are cut off",
         Compressed(Literals(1, {127 + 3, 0x11}))},
        {EINVAL, "zstd: Huffman weights are cut off",
         Compressed(Literals(1, {9, 0x11}))},
        {EINVAL, "zstd: a Huffman weight is too large",
         Compressed(Literals(1, {127 + 1, 0xc0}))},
        {EINVAL, "zstd: a Huffman code is too long or empty",
         Compressed(Literals(1, {127 + 1, 0}))},
        {EINVAL, "zstd: a Huffman code is too long or empty",
         Compressed(Literals(1, {127 + 2, 0xbb}))},
        {EINVAL, "zstd: Huffman weights make no code",
         Compressed(Literals(1, {127 + 2, 0x31}))},
        {EINVAL, "zstd: the table of Huffman weights is damaged",
         Compressed(Literals(1, {2, 0xff, 0xff}))},
        {EINVAL, "zstd: the table of Huffman weights is damaged",
         Compressed(Literals(1, {1, 0x00}))},
        {EINVAL, "zstd: Huffman weights are damaged",
         Compressed(Literals(1, {3, 0xf0, 0x03, 0x01}))},
        {EINVAL, "zstd: a stream of literals has no end mark",
         Compressed(Literals(1, {127 + 1, 0x10, 0}))},
        {EINVAL, "zstd: a stream of literals ends elsewhere",
         Compressed(Literals(1, {127 + 1, 0x10, 4}))},
        {EINVAL, "zstd: a stream of literals ends elsewhere",
         Compressed(Literals(2, {127 + 1, 0x10, 2}))},
        {EINVAL, "zstd: literals are too few for four streams",
         Compressed(Literals(5, {127 + 1, 0x10, 1, 0, 1, 0, 1, 0}, 1))},
        {EINVAL, "zstd: literals are too few for four streams",
         Compressed(Literals(9, {127 + 1, 0x10, 1, 0, 1, 0, 1}, 1))},
        {EINVAL, "zstd: a stream of literals is cut off",
         Compressed(Literals(9, {127 + 1, 0x10, 2, 0, 1, 0, 1, 0, 1}, 1))},
    };
}

// RFC 8878, 3.1.1.3.2.
std::vector<Bad> BadSequences()
{
    return {
        {EINVAL, "zstd: a block has no sequences section",
         Compressed({1 << 3, 'a'})},
        {EINVAL, "zstd: the sequences' header is cut off",
         Compressed({0, 0x80})},
        {EINVAL, "zstd: the sequences' header is cut off",
         Compressed({0, 0xff, 0})},
        {EINVAL, "zstd: the sequences' header is cut off", Compressed({0, 1})},
        {EINVAL, "zstd: the sequences' header has reserved bits",
         Compressed({0, 1, 1})},
        {EINVAL, "zstd: bytes follow a block's literals",
         Compressed({0, 0, 1})},
        {EINVAL, "zstd: a sequence symbol is cut off",
         Compressed({0, 1, 0x54, 1, 1})},
        {EINVAL, "zstd: a sequence symbol does not exist",
         Sequence(36, 0, 0, {1})},
        {EINVAL, "zstd: a sequence symbol does not exist",
         Sequence(0, 32, 0, {1})},
        {EINVAL, "zstd: a sequence symbol does not exist",
         Sequence(0, 0, 53, {1})},
        {EINVAL, "zstd: a table of sequences is damaged",
         Compressed({0, 1, 0x80, 0x0f, 0})},
        // Cut off, and with more zeros than there are symbols.
        {EINVAL, "zstd: a table of sequences is damaged",
         Compressed({0, 1, 0x80, 0x00})},
        {EINVAL, "zstd: a table of sequences is damaged",
         Compressed(Bytes{0, 1, 0x80, 0x10, 0xfe} + Repeat(0xff, 9))},
        {EINVAL, "zstd: a table is repeated before any",
         Compressed({0, 1, 0xc0})},
        {EINVAL, "zstd: sequences have no end mark", Sequence(1, 2, 0, {})},
        {EINVAL, "zstd: sequences have no end mark", Sequence(1, 2, 0, {0})},
        {EINVAL, "zstd: sequences are cut off", Sequence(1, 2, 0, {2})},
        {EINVAL, "zstd: sequences end elsewhere", Sequence(1, 2, 0, {8})},
        {EINVAL, "zstd: sequences use too many literals",
         Sequence(2, 2, 0, {4})},
        {EINVAL, "zstd: a block is too large", Sequence(1, 0, 35, {4}, 30)},
        {EINVAL, "zstd: a match looks back too far", Sequence(1, 2, 0, {7})},
        {EINVAL, "zstd: a match looks back too far",
         Sequence(1, 31, 0, {1, 1, 1, 1, 1, 1})},
        // Without literals, 3 means the newest repeat less one: 0.
        {EINVAL, "zstd: a match looks back too far", Sequence(0, 1, 0, {3})},
    };
}

void ExpectBad(const std::vector<Bad> &table)
{
    for (const Bad &bad : table) {
        for (Cut cut : Cuts()) {
            Outcome got = Decode(bad.bytes, cut);
            EXPECT_EQ(-bad.error, got.error) << bad.why;
            EXPECT_EQ(bad.why, got.why);
        }
    }
}

TEST(Zstd, RefusesWhatIsNoFrameAndSaysWhy)
{
    ExpectBad(BadHeaders());
    ExpectBad(BadLiterals());
    ExpectBad(BadSequences());
}

TEST(Zstd, FindsEveryTruncation)
{
    for (const char *name : {"short.z19", "verse.z1", "verse.z19", "one.z3"}) {
        Bytes packed = Sample(name);
        for (size_t size = 0; size < packed.size(); size++) {
            Bytes cut(packed.begin(), packed.begin() + size);
            EXPECT_EQ(-ENODATA, Decode(cut).error) << name << " at " << size;
            EXPECT_EQ(-ENODATA, Decode(cut, {1, false}).error);
        }
    }
}

// A changed byte is noticed, or changes nothing; only in the header may it
// also ask for too much.
TEST(Zstd, NoticesEveryByteThatChanges)
{
    for (const char *name : {"short.z19", "verse.z19"}) {
        Bytes packed = Sample(name), plain = Decode(packed).bytes;
        for (size_t at = 0; at < packed.size(); at++) {
            for (uint8_t mask : {0x01, 0x10, 0x80, 0xff}) {
                Bytes bytes = packed;
                bytes[at] ^= mask;
                Outcome got = Decode(bytes);
                EXPECT_TRUE(got.error == 0 ? plain == got.bytes
                            : got.error == -EINVAL || got.error == -ENODATA ||
                                    got.error == -EBADMSG
                                ? true
                                : got.error == -EFBIG && at < 14)
                    << name << " at " << at << ": " << got.error;
            }
        }
    }
}

TEST(Zstd, PassesOnWhatTheSinkFailsWith)
{
    for (const char *name : {"zeros.z3", "noise.z3", "text.z3", "far.z3"}) {
        EXPECT_EQ(-ENOSPC, Decode(Sample(name), {0, true}, 0).error);
        EXPECT_EQ(-ENOSPC, Decode(Sample(name), {0, true}, 140000).error);
    }
}

TEST(Zstd, PassesOnWhatTheSourceFailsWith)
{
    Bytes packed = Sample("verse.z19");

    for (size_t at = 0; at < packed.size(); at++) {
        Outcome got = Decode(packed, {0, at % 2 == 0}, SIZE_MAX, at);
        EXPECT_EQ(-EIO, got.error);
        EXPECT_EQ("its bytes cannot be read", got.why);
    }
}

int Skip(const Bytes &bytes, Cut cut, uint64_t *offset)
{
    Source source(bytes, cut);
    unpack_input in;
    int error;

    unpack_input_init(&in, source.get());
    error = zstd_skip(&in);
    *offset = unpack_input_offset(&in);
    return error;
}

TEST(Zstd, SkipsSkippableFrames)
{
    uint64_t offset = 0;

    for (Cut cut : Cuts()) {
        for (uint32_t low = 0; low < 16; low++) {
            Bytes magic = Little(0x184d2a50 + low, 4);
            EXPECT_EQ(0,
                      Skip(magic + Little(3, 4) + Text("abcd"), cut, &offset));
            EXPECT_EQ(11u, offset);
        }
        Bytes magic = Little(0x184d2a50, 4);
        EXPECT_EQ(-ENODATA,
                  Skip(magic + Little(5, 4) + Text("abcd"), cut, &offset));
        EXPECT_EQ(-ENODATA, Skip(magic + Repeat(0xff, 4), cut, &offset));
        EXPECT_EQ(-ENODATA, Skip(magic + Repeat(0xff, 3), cut, &offset));
        EXPECT_EQ(-EINVAL,
                  Skip(Little(0x184d2a60, 4) + Bytes(9), cut, &offset));
    }
}

} // namespace
