// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/unpack/packing.h - bytes, sources, sinks and archives that the
// tests of core/fs/unpack make.

#ifndef TESTS_CORE_FS_UNPACK_PACKING_H
#define TESTS_CORE_FS_UNPACK_PACKING_H

#include <gtest/gtest.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "core/fs/unpack/cpio.h"
#include "core/fs/unpack/source.h"

using Bytes = std::vector<uint8_t>;

Bytes operator+(Bytes a, const Bytes &b);

// The characters of text, a NUL only where it has one.
Bytes Text(const std::string &text);

// size bytes of n, lowest first.
Bytes Little(uint64_t n, size_t size);

Bytes Repeat(uint8_t byte, size_t size);

// How a test hands its bytes over: in pieces of so many (0: one), shown in
// place or only read.
struct Cut {
    size_t piece;
    bool in_place;
};

const std::vector<Cut> &Cuts();

// A source of bytes, cut. Every piece has memory of its own. A read of the
// byte at fails_at, if that is not past the end, returns -EIO.
class Source {
public:
    explicit Source(const Bytes &bytes, Cut cut = {0, true},
                    size_t fails_at = SIZE_MAX);
    Source(const Source &) = delete;

    struct unpack_source *get() { return &hooked_.source; }

private:
    // What C sees; me leads back.
    struct Hooked {
        unpack_source source;
        Source *me;
    };

    static ssize_t Read(unpack_source *source, void *to, size_t size);
    static ssize_t Span(unpack_source *source, const uint8_t **bytes);

    std::vector<Bytes> pieces_;
    size_t next_ = 0;  // piece
    size_t taken_ = 0; // of it
    size_t given_ = 0;
    size_t fails_at_;
    Hooked hooked_;
};

// A sink that keeps what it gets and fails, with -ENOSPC, beyond room bytes.
class Sink {
public:
    explicit Sink(size_t room = SIZE_MAX);
    Sink(const Sink &) = delete;

    struct unpack_sink *get() { return &hooked_.sink; }
    const Bytes &bytes() const { return bytes_; }

private:
    struct Hooked {
        unpack_sink sink;
        Sink *me;
    };

    static int Write(unpack_sink *sink, const uint8_t *bytes, size_t size);

    Bytes bytes_;
    size_t room_;
    Hooked hooked_;
};

// What a decoder did with some bytes.
struct Outcome {
    int error;
    std::string why;
    uint64_t offset; // where the input was left
    Bytes bytes;     // what came out
};

// A member of a newc archive, field by field.
struct Member {
    std::string name;
    std::string data;
    uint32_t mode = 0100644;
    uint32_t ino = 1, uid = 0, gid = 0, nlink = 1, mtime = 0;
    uint32_t dev_major = 0, dev_minor = 0, rdev_major = 0, rdev_minor = 0;
    std::string magic = "070701";
    uint32_t sum = 0;
    int64_t size = -1;      // as written; -1: what data has
    int64_t name_size = -1; // likewise
};

Bytes Pack(const Member &member);

// The members and a trailer.
Bytes Archive(std::initializer_list<Member> members);

// One gzip member that holds the bytes in stored blocks.
Bytes Gzip(const Bytes &bytes);

// One zstd frame that holds the bytes in raw blocks.
Bytes Zstd(const Bytes &bytes);

// A receiver of members that writes down what it is told, a line for each
// call of entry and archive_end: "name mode/nlink/ino data".
class Receiver {
public:
    Receiver();
    Receiver(const Receiver &) = delete;

    const cpio_ops *ops() const { return &ops_; }
    const std::vector<std::string> &lines() const { return lines_; }
    cpio_entry last = {}; // its name is NULL

    // Which call, counted from 0, is to fail with -ENOSPC.
    int fail_call = -1;
    int calls = 0;

private:
    int Count();
    static int Entry(void *arg, const cpio_entry *entry);
    static int Data(void *arg, const uint8_t *bytes, size_t size);
    static int End(void *arg);
    static int ArchiveEnd(void *arg);

    cpio_ops ops_;
    std::vector<std::string> lines_;
    std::string line_;
    bool in_member_ = false;
    uint64_t left_ = 0;
};

// A file of those that make_samples.py made.
Bytes Sample(const std::string &name);

// The words of each line of such a file.
std::vector<std::vector<std::string>> SampleTable(const std::string &name);

// The errno of that name, of the few that tables use, or 0.
int ErrnoNamed(const std::string &name);

#endif // TESTS_CORE_FS_UNPACK_PACKING_H
