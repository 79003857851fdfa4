// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/cpio_test.cc - core/fs/unpack/cpio.h.

#include "tests/core/fs/unpack/packing.h"

#include <map>

#include "core/abi/errno.h"

namespace {

using Lines = std::vector<std::string>;

// Reads the bytes in pieces of so many; 0: in one. The offset tells where the
// reader stopped.
Outcome Read(const Bytes &bytes, Receiver *receiver, size_t piece = 0)
{
    cpio_reader reader;
    size_t at = 0;
    int error = 0;

    cpio_init(&reader, receiver->ops(), receiver);
    if (piece == 0)
        piece = bytes.size() + 1;
    while (error == 0 && at < bytes.size()) {
        // Memory of its own, so that a step over the end shows.
        Bytes part(bytes.begin() + at,
                   bytes.begin() + std::min(bytes.size(), at + piece));
        const uint8_t *start = part.data(), *end = start + part.size();
        const uint8_t *now = start;
        error = cpio_feed(&reader, &now, end);
        at += now - start;
        if (now < end)
            break;
    }
    if (error == 0 && at == bytes.size())
        error = cpio_finish(&reader);
    EXPECT_EQ(error != 0, reader.why != nullptr);
    return {error, reader.why != nullptr ? reader.why : "", at, {}};
}

Member File(const std::string &name, const std::string &data)
{
    Member m;

    m.name = name;
    m.data = data;
    return m;
}

const size_t kPieces[] = {0, 1, 2, 3, 7, 110, 4096};

TEST(Cpio, ReportsEveryField)
{
    Receiver receiver;
    Member m = File("dev/x", "12345");

    m.mode = 0xfedcba98;
    m.ino = 0x89abcdef;
    m.uid = 0xffffffff;
    m.gid = 0x00000001;
    m.nlink = 0x12345678;
    m.mtime = 0x80000000;
    m.dev_major = 0x0a0b0c0d;
    m.dev_minor = 0x1a1b1c1d;
    m.rdev_major = 0x2a2b2c2d;
    m.rdev_minor = 0x3a3b3c3d;
    EXPECT_EQ(0, Read(Archive({m}), &receiver).error);
    EXPECT_EQ(5u, receiver.last.name_length);
    EXPECT_EQ(0xfedcba98, receiver.last.mode);
    EXPECT_EQ(0x89abcdef, receiver.last.ino);
    EXPECT_EQ(0xffffffff, receiver.last.uid);
    EXPECT_EQ(1u, receiver.last.gid);
    EXPECT_EQ(0x12345678u, receiver.last.nlink);
    EXPECT_EQ(0x80000000, receiver.last.mtime);
    EXPECT_EQ(5u, receiver.last.size);
    EXPECT_EQ(0x0a0b0c0du, receiver.last.dev_major);
    EXPECT_EQ(0x1a1b1c1du, receiver.last.dev_minor);
    EXPECT_EQ(0x2a2b2c2du, receiver.last.rdev_major);
    EXPECT_EQ(0x3a3b3c3du, receiver.last.rdev_minor);
}

TEST(Cpio, ReadsMembersHoweverTheBytesCome)
{
    Member dir = File("d", ""), link = File("d/l", "target"), a, b;

    dir.mode = 040755;
    link.mode = 0120777;
    a = File("d/one", "");
    b = File("d/two", std::string(5000, 'x'));
    a.nlink = b.nlink = 2;
    a.ino = b.ino = 77;
    Bytes bytes = Archive({dir, link, a, b});
    Lines expected = {"d 40755/1/1 ", "d/l 120777/1/1 target",
                      "d/one 100644/2/77 ",
                      "d/two 100644/2/77 " + std::string(5000, 'x'), "end"};

    for (size_t piece : kPieces) {
        Receiver receiver;
        EXPECT_EQ(0, Read(bytes, &receiver, piece).error);
        EXPECT_EQ(expected, receiver.lines()) << piece;
    }
}

TEST(Cpio, ShowsDataWhereItLies)
{
    Bytes bytes = Archive({File("f", std::string(100000, 'x'))});
    Receiver receiver;

    EXPECT_EQ(0, Read(bytes, &receiver).error);
    EXPECT_EQ(4, receiver.calls); // entry, data, end, archive_end
}

TEST(Cpio, PassesOverZerosAroundArchivesAndMembers)
{
    Bytes one = Archive({File("a", "1")}), two = Archive({File("b", "22")});
    Bytes inside = Pack(File("c", "")) + Bytes(500) + Archive({});
    Bytes bytes = Bytes(13) + one + Bytes(512) + two + inside + Bytes(1);

    for (size_t piece : kPieces) {
        Receiver receiver;
        EXPECT_EQ(0, Read(bytes, &receiver, piece).error);
        EXPECT_EQ(Lines({"a 100644/1/1 1", "end", "b 100644/1/1 22", "end",
                         "c 100644/1/1 ", "end"}),
                  receiver.lines());
    }
}

TEST(Cpio, NothingAndZerosAreNoError)
{
    Receiver receiver;

    EXPECT_EQ(0, Read({}, &receiver).error);
    EXPECT_EQ(0, Read(Bytes(777), &receiver).error);
    EXPECT_EQ(0, receiver.calls);
}

TEST(Cpio, ReadsNumbersInEitherCaseOfLetters)
{
    Bytes bytes = Archive({File("f", "")});
    std::string ino = "aBcDeF09";
    Receiver receiver;

    std::copy(ino.begin(), ino.end(), bytes.begin() + 6);
    EXPECT_EQ(0, Read(bytes, &receiver).error);
    EXPECT_EQ(0xabcdef09, receiver.last.ino);
}

// Every byte at every place of a number is a digit or makes the header bad.
TEST(Cpio, TakesDigitsOnlyForNumbers)
{
    const std::string digits = "0123456789abcdefABCDEF";
    Bytes good = Archive({File("f", "")});

    for (int byte = 0; byte < 256; byte++) {
        bool is_digit = byte != 0 && digits.find(static_cast<char>(byte)) !=
                                         std::string::npos;
        for (size_t place = 0; place < 8; place++) {
            Bytes bytes = good;
            Receiver receiver;
            bytes[6 + place] = static_cast<uint8_t>(byte);
            EXPECT_EQ(is_digit ? 0 : -EINVAL, Read(bytes, &receiver).error)
                << byte << " at " << place;
        }
    }
}

TEST(Cpio, VerifiesSums)
{
    Member m = File("s", std::string("\1\2\377", 3));

    m.magic = "070702";
    m.sum = 1 + 2 + 255;
    for (size_t piece : kPieces) {
        Receiver receiver;
        EXPECT_EQ(0, Read(Archive({m}), &receiver, piece).error);
    }
    // The first of two hard links has no data, but the sum of it.
    m.data.clear();
    Receiver linked;
    EXPECT_EQ(0, Read(Archive({m}), &linked).error);
    m.data = "\1";
    Receiver receiver;
    Outcome got = Read(Archive({m}), &receiver);
    EXPECT_EQ(-EBADMSG, got.error);
    EXPECT_EQ("cpio: a file's sum does not fit", got.why);
}

TEST(Cpio, ReadsNamesUpToTheLongest)
{
    std::string name(CPIO_NAME_MAX, 'n');
    Receiver receiver;

    for (size_t piece : kPieces)
        EXPECT_EQ(0, Read(Archive({File(name, "")}), &receiver, piece).error);
    EXPECT_EQ(name + " 100644/1/1 ", receiver.lines()[0]);
    Outcome got = Read(Archive({File(name + "n", "")}), &receiver);
    EXPECT_EQ(-ENAMETOOLONG, got.error);
    EXPECT_EQ("cpio: a name is too long", got.why);
}

TEST(Cpio, StopsAtAByteThatBeginsNoArchive)
{
    Bytes archive = Archive({File("a", "1")});
    Receiver receiver;
    Outcome got = Read(archive + Bytes(9) + Text("x0"), &receiver);

    EXPECT_EQ(0, got.error);
    EXPECT_EQ(archive.size() + 9, got.offset);
    got = Read(Text("x"), &receiver);
    EXPECT_EQ(0, got.error);
    EXPECT_EQ(0u, got.offset);
}

TEST(Cpio, PassesOverATrailersData)
{
    Bytes bytes = Pack(File("TRAILER!!!", "data")) + Archive({File("a", "")});
    Receiver receiver;

    EXPECT_EQ(0, Read(bytes, &receiver).error);
    EXPECT_EQ(Lines({"end", "a 100644/1/1 ", "end"}), receiver.lines());
}

struct Bad {
    int error;
    const char *why;
    Bytes bytes;
};

std::vector<Bad> BadArchives()
{
    Member no_name = File("", ""), empty_name = File("", "");
    Member huge_name = File("h", ""), huge = File("h", "data");
    Member unended = File("abc", ""), nul = File(std::string("a\0b", 3), "");
    Member old = File("o", ""), odd = File("o", "");

    no_name.name_size = 0;
    empty_name.name_size = 1;
    huge_name.name_size = 0xffffffff;
    huge.size = 0xffffffff;
    unended.name_size = 3;
    old.magic = "070707";
    odd.magic = "070703";
    Bytes member = Pack(File("a", "")), digit = member;
    digit[20] = 'g';
    return {
        {EINVAL, "cpio: a member's magic is wrong", Archive({odd})},
        {EINVAL, "cpio: a member's magic is wrong", member + Text("junk")},
        {EINVAL, "cpio: a header has a bad number", digit},
        {EINVAL, "cpio: a name is empty", Archive({no_name})},
        {EINVAL, "cpio: a name is empty", Archive({empty_name})},
        {EINVAL, "cpio: a name does not end where it should",
         Archive({unended})},
        {EINVAL, "cpio: a name does not end where it should", Archive({nul})},
        {ENAMETOOLONG, "cpio: a name is too long", Archive({huge_name})},
        {ENOEXEC, "cpio: it is in the old format, not newc", Archive({old})},
        {ENODATA, "cpio: it ends inside a header", Text("0")},
        {ENODATA, "cpio: it ends inside a name",
         Bytes(member.begin(), member.begin() + 111)},
        {ENODATA, "cpio: it ends inside a file's data", Pack(huge)},
        {ENODATA, "cpio: it ends without TRAILER!!!", member},
        {ENODATA, "cpio: it ends without TRAILER!!!", member + Bytes(600)},
    };
}

TEST(Cpio, RefusesWhatIsNoArchiveAndSaysWhy)
{
    for (const Bad &bad : BadArchives()) {
        for (size_t piece : kPieces) {
            Receiver receiver;
            Outcome got = Read(bad.bytes, &receiver, piece);
            EXPECT_EQ(-bad.error, got.error) << bad.why;
            EXPECT_EQ(bad.why, got.why);
        }
    }
}

TEST(Cpio, FindsEveryTruncation)
{
    Bytes bytes = Archive({File("dir/a", "12345"), File("b", "")});

    for (size_t size = 1; size < bytes.size(); size++) {
        Bytes cut(bytes.begin(), bytes.begin() + size);
        for (size_t piece : {0, 1}) {
            Receiver receiver;
            EXPECT_EQ(-ENODATA, Read(cut, &receiver, piece).error) << size;
        }
    }
}

// There is no sum over a plain archive, so a change may pass; but it ends, and
// as the header says.
TEST(Cpio, EndsWhateverByteChanges)
{
    Bytes good = Archive({File("dir/a", "12345"), File("b", "")});
    int refused = 0;

    for (size_t at = 0; at < good.size(); at++) {
        for (int mask = 1; mask < 256; mask *= 2) {
            Bytes bytes = good;
            Receiver receiver;
            bytes[at] ^= static_cast<uint8_t>(mask);
            int error = Read(bytes, &receiver, at % 3).error;
            EXPECT_TRUE(error == 0 || error == -EINVAL || error == -ENODATA ||
                        error == -ENAMETOOLONG || error == -ENOEXEC ||
                        error == -EBADMSG)
                << at << ": " << error;
            refused += error != 0;
        }
    }
    EXPECT_GT(refused, 1000);
}

TEST(Cpio, PassesOnWhatAnOpFailsWith)
{
    Bytes bytes = Archive({File("a", "1"), File("b", "")});
    Receiver counting;
    int fail_call;

    EXPECT_EQ(0, Read(bytes, &counting).error);
    for (fail_call = 0; fail_call < counting.calls; fail_call++) {
        Receiver receiver;
        receiver.fail_call = fail_call;
        Outcome got = Read(bytes, &receiver);
        EXPECT_EQ(-ENOSPC, got.error);
        EXPECT_EQ("a file could not be made", got.why);
        EXPECT_EQ(fail_call + 1, receiver.calls);
    }
    EXPECT_EQ(6, fail_call);
}

TEST(Cpio, ArchiveEndMayBeNull)
{
    Bytes bytes = Archive({File("a", "1")});
    const uint8_t *at = bytes.data();
    Receiver receiver;
    cpio_ops ops = *receiver.ops();
    cpio_reader reader;

    ops.archive_end = nullptr;
    cpio_init(&reader, &ops, &receiver);
    EXPECT_TRUE(cpio_is_between_archives(&reader));
    EXPECT_EQ(0, cpio_feed(&reader, &at, at + 50));
    EXPECT_FALSE(cpio_is_between_archives(&reader));
    EXPECT_EQ(0, cpio_feed(&reader, &at, bytes.data() + bytes.size()));
    EXPECT_TRUE(cpio_is_between_archives(&reader));
    EXPECT_EQ(Lines({"a 100644/1/1 1"}), receiver.lines());
}

// "name mode nlink" of the listing against what the receiver wrote down.
TEST(Cpio, ReadsWhatTheHostsCpioMakes)
{
    std::map<std::string, std::string> listed;

    for (const auto &row : SampleTable("tree.list"))
        listed[row[0] == "." ? "." : row[0].substr(2)] = row[1] + "/" + row[2];
    ASSERT_EQ(48u, listed.size());
    for (const char *name : {"tree.newc", "tree.crc"}) {
        Receiver receiver;
        size_t twins = 0, data = 0;

        EXPECT_EQ(0, Read(Sample(name), &receiver).error);
        EXPECT_EQ(listed.size() + 1, receiver.lines().size());
        for (const std::string &line : receiver.lines()) {
            if (line == "end")
                continue;
            std::string what = line.substr(0, line.find(' '));
            std::string rest = line.substr(what.size() + 1);
            std::string mode = rest.substr(0, rest.rfind('/', rest.find(' ')));
            EXPECT_EQ(listed[what], mode) << what;
            twins += mode == "104755/2";
            data += mode == "104755/2" ? rest.size() - rest.find(' ') - 1 : 0;
            if (what == "bin/deep/link") {
                EXPECT_EQ("../bin/tool", rest.substr(rest.find(' ') + 1));
            }
        }
        EXPECT_EQ(2u, twins);
        EXPECT_EQ(5000u, data);
    }
}

} // namespace
