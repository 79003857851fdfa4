/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd_impl.h - what the files of the zstd decoder share.
 *
 *   zstd.c            frames and blocks (RFC 8878, 3.1.1)
 *   zstd_literals.c   the literals section, Huffman codes (3.1.1.3.1, 4.2)
 *   zstd_sequences.c  the sequences section and what it does (3.1.1.3.2)
 *   zstd_fse.c        FSE tables (4.1)
 *   zstd_bits.h       the bitstreams that are read backwards
 *
 * A compressed block lies in one piece in memory while it is decoded.
 */
#ifndef CORE_FS_UNPACK_ZSTD_IMPL_H
#define CORE_FS_UNPACK_ZSTD_IMPL_H

#include "core/fs/unpack/source.h"
#include "core/fs/unpack/window.h"
#include "core/fs/unpack/xxhash64.h"

enum {
    ZSTD_BLOCK_MAX = 128 << 10,
    ZSTD_HUFFMAN_BITS_MAX = 11,
    ZSTD_FSE_LOG_MAX = 9,
    ZSTD_FSE_SYMBOLS_MAX = 53, /* match length codes */
    ZSTD_REPEATS = 3
};

/* A state of an FSE decoder. */
struct zstd_cell {
    uint32_t value;     /* what it stands for, the extra bits to be added */
    uint16_t next;      /* the next state, the next bits to be added */
    uint8_t next_bits;  /* how many those are */
    uint8_t extra_bits; /* of the value */
};

struct zstd_table {
    unsigned log; /* the states are 1 << log */
    bool valid;   /* may a block repeat it? */
    struct zstd_cell cells[1 << ZSTD_FSE_LOG_MAX];
};

/* What is known of the symbols of a table. */
struct zstd_symbols {
    unsigned count;
    unsigned log_max;
};

struct zstd_huffman_cell {
    uint8_t symbol;
    uint8_t bits;
};

struct zstd {
    struct unpack_input *in;
    struct unpack_sink *out;
    struct unpack_sink tap; /* checks what the window flushes to out */
    struct unpack_window window;

    uint64_t window_size;  /* as the header has it */
    uint64_t content_size; /* meaningful if sized */
    uint64_t produced;
    bool sized;
    bool checksummed;
    struct xxhash64 hash;
    size_t block_max; /* the most a block may produce */

    /* What a block may take over from the one before it. */
    uint32_t repeats[ZSTD_REPEATS]; /* the last distances, newest first */
    struct zstd_table literal_lengths, match_lengths, distances;
    unsigned huffman_bits; /* 0: none yet */
    struct zstd_huffman_cell huffman[1 << ZSTD_HUFFMAN_BITS_MAX];

    struct zstd_table weights;
    size_t literals_size;
    uint8_t literals[ZSTD_BLOCK_MAX];
    uint8_t block[ZSTD_BLOCK_MAX]; /* where it does not lie in one piece */
};

C_DECLS_BEGIN

/* Notes why the frame is bad. Returns -EINVAL. */
int zstd_fail(struct zstd *z, const char *why);

/* Decodes the literals section at the start of *from into z->literals and
 * moves *from behind it. Returns 0 or -EINVAL, as do the next. */
MUST_USE int zstd_read_literals(struct zstd *z, struct unpack_span *from);

/* Decodes the sequences section, all of *from, and does what it says. May also
 * return what the sink did. */
MUST_USE int zstd_do_sequences(struct zstd *z, struct unpack_span *from);

/* Reads a table's description at the start of *from and moves *from behind it.
 * Each state's value is its symbol. Returns whether it makes a table. */
bool zstd_fse_read(struct zstd_table *table, struct unpack_span *from,
                   struct zstd_symbols symbols);

/* Makes a table of log bits from the count probabilities, which fill it: -1 for
 * "less than 1". Each state's value is its symbol. */
void zstd_fse_build(struct zstd_table *table, unsigned log,
                    const int16_t *probabilities, unsigned count);

C_DECLS_END

/* Takes the first size bytes off a span that has so many. */
static inline const uint8_t *zstd_span_take(struct unpack_span *s, size_t size)
{
    const uint8_t *bytes = s->bytes;

    s->bytes += size;
    s->size -= size;
    return bytes;
}

/* The highest bit set in n > 0. */
static inline unsigned zstd_log2(uint32_t n)
{
    return 31 - (unsigned)__builtin_clz(n);
}

#endif /* CORE_FS_UNPACK_ZSTD_IMPL_H */
