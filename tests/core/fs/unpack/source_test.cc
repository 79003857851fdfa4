// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/source_test.cc - core/fs/unpack/source.h.

#include "tests/core/fs/unpack/packing.h"

#include "core/abi/errno.h"

namespace {

const uint8_t kLetters[] = "abcdefghij";
const unpack_span kSpans[] = {{kLetters, 3},
                              {nullptr, 0},
                              {kLetters + 3, 1},
                              {kLetters + 4, 6},
                              {kLetters, 0}};

std::string Taken(unpack_input *in, size_t size)
{
    std::string text(size, '?');

    EXPECT_EQ(
        0, unpack_input_take(in, reinterpret_cast<uint8_t *>(&text[0]), size));
    return text;
}

TEST(MemorySource, ReadsAcrossSpansAndPassesEmptyOnes)
{
    unpack_memory_source m;
    char to[16] = {};

    unpack_memory_source_init(&m, kSpans, 5);
    EXPECT_EQ(2, m.source.read(&m.source, to, 2));
    EXPECT_EQ(1, m.source.read(&m.source, to + 2, 9));
    EXPECT_EQ(1, m.source.read(&m.source, to + 3, 9));
    EXPECT_EQ(6, m.source.read(&m.source, to + 4, 6));
    EXPECT_STREQ("abcdefghij", to);
    EXPECT_EQ(0, m.source.read(&m.source, to, 1));
    EXPECT_EQ(0, m.source.read(&m.source, to, 1));
}

TEST(MemorySource, ShowsWhatIsLeftOfASpanInPlace)
{
    unpack_memory_source m;
    const uint8_t *bytes = nullptr;
    char to[2];

    unpack_memory_source_init(&m, kSpans, 5);
    EXPECT_EQ(1, m.source.read(&m.source, to, 1));
    EXPECT_EQ(2, m.source.span(&m.source, &bytes));
    EXPECT_EQ(kLetters + 1, bytes);
    EXPECT_EQ(1, m.source.span(&m.source, &bytes));
    EXPECT_EQ(6, m.source.span(&m.source, &bytes));
    EXPECT_EQ(kLetters + 4, bytes);
    EXPECT_EQ(0, m.source.span(&m.source, &bytes));
}

TEST(Input, GivesEveryByteOnceHoweverItIsCut)
{
    for (Cut cut : Cuts()) {
        Source source(Text("0123456789"), cut);
        unpack_input in;

        unpack_input_init(&in, source.get());
        EXPECT_EQ(0u, unpack_input_offset(&in));
        EXPECT_EQ('0', unpack_input_byte(&in));
        EXPECT_LE(4, unpack_input_need(&in, 4));
        EXPECT_EQ(0, memcmp(in.at, "1234", 4));
        EXPECT_EQ(1u, unpack_input_offset(&in));
        EXPECT_EQ("12", Taken(&in, 2));
        EXPECT_EQ(0, unpack_input_take(&in, nullptr, 3));
        EXPECT_EQ(6u, unpack_input_offset(&in));
        EXPECT_EQ(4, unpack_input_need(&in, 100));
        EXPECT_EQ("6789", Taken(&in, 4));
        EXPECT_EQ(0, unpack_input_need(&in, 1));
        EXPECT_EQ(-ENODATA, unpack_input_byte(&in));
        EXPECT_EQ(10u, unpack_input_offset(&in));
    }
}

TEST(Input, ShowsAWholeSpanInPlace)
{
    unpack_memory_source m;
    unpack_input in;

    unpack_memory_source_init(&m, kSpans, 5);
    unpack_input_init(&in, &m.source);
    EXPECT_EQ(3, unpack_input_need(&in, 1));
    EXPECT_EQ(kLetters, in.at);
    in.at = in.end;
    EXPECT_EQ(1, unpack_input_need(&in, 1));
    in.at = in.end;
    EXPECT_EQ(6, unpack_input_need(&in, 6));
    EXPECT_EQ(kLetters + 4, in.at);
}

TEST(Input, TakeTellsWhenTheSourceEndsBefore)
{
    Source source(Text("abc"));
    uint8_t to[8];
    unpack_input in;

    unpack_input_init(&in, source.get());
    EXPECT_EQ(0, unpack_input_take(&in, to, 0));
    EXPECT_EQ(-ENODATA, unpack_input_take(&in, to, 4));
    EXPECT_EQ(-ENODATA, unpack_input_take(&in, nullptr, UINT64_MAX));
    EXPECT_EQ(-ENODATA, unpack_input_cut(&in, "it is cut"));
    EXPECT_STREQ("it is cut", in.why);
}

TEST(Input, AFailureOfTheSourceStays)
{
    for (Cut cut : Cuts()) {
        Source source(Text("abcdefgh"), cut, 3);
        uint8_t to[8];
        unpack_input in;

        unpack_input_init(&in, source.get());
        EXPECT_EQ("abc", Taken(&in, 3));
        EXPECT_EQ(-EIO, unpack_input_byte(&in));
        EXPECT_EQ(-EIO, unpack_input_need(&in, 2));
        EXPECT_EQ(-EIO, unpack_input_take(&in, to, 1));
        EXPECT_EQ(-EIO, unpack_input_cut(&in, "it is cut"));
        EXPECT_STREQ("its bytes cannot be read", in.why);
    }
    Source source(Text("abcdefgh"), {1, true}, 3);
    unpack_input in;
    unpack_input_init(&in, source.get());
    EXPECT_EQ(-EIO, unpack_input_need(&in, 4));
}

TEST(Input, KeepsTheFirstReason)
{
    Source source({});
    unpack_input in;

    unpack_input_init(&in, source.get());
    EXPECT_EQ(nullptr, in.why);
    EXPECT_EQ(-EINVAL, unpack_input_fail(&in, -EINVAL, "first"));
    EXPECT_EQ(-EBADMSG, unpack_input_fail(&in, -EBADMSG, "second"));
    EXPECT_STREQ("first", in.why);
}

} // namespace
