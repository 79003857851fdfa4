/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd_bits.h - bitstreams read from their last bit backwards
 * (RFC 8878, 4.1 and 4.2).
 *
 * The highest bit set in the last byte is the end mark. Eight bytes are kept
 * at hand; reading beyond the first byte gives bits of no meaning and is found
 * by zstd_bits_overrun() afterwards, so it costs nothing per read.
 */
#ifndef CORE_FS_UNPACK_ZSTD_BITS_H
#define CORE_FS_UNPACK_ZSTD_BITS_H

#include "core/fs/unpack/bytes.h"

struct zstd_bits {
    const uint8_t *start; /* the first byte, where reading ends */
    const uint8_t *at;    /* where the bytes at hand come from, >= start */
    uint64_t value;       /* the next bit is the highest not used */
    unsigned used;        /* bits of value; over 64: overrun */
};

/* Begins at the end of size bytes. Returns false when there is no end mark. */
static inline bool zstd_bits_init(struct zstd_bits *b, const uint8_t *bytes,
                                  size_t size)
{
    size_t i;

    if (size == 0 || bytes[size - 1] == 0)
        return false;
    b->start = bytes;
    b->at = bytes;
    b->used = (unsigned)__builtin_clz(bytes[size - 1]) - 24 + 1;
    if (size >= 8) {
        b->at += size - 8;
        b->value = load_le64(b->at);
        return true;
    }
    b->value = 0;
    for (i = 0; i < size; i++)
        b->value |= (uint64_t)bytes[i] << (8 * i);
    b->used += (unsigned)(8 - size) * 8;
    return true;
}

/* Has 57 bits at least at hand again, or all there are. */
static inline void zstd_bits_refill(struct zstd_bits *b)
{
    size_t bytes = min_size(b->used >> 3, (size_t)(b->at - b->start));

    if (bytes == 0)
        return;
    b->at -= bytes;
    b->used -= (unsigned)bytes * 8;
    b->value = load_le64(b->at);
}

/* The next count <= 32 bits. */
static inline uint32_t zstd_bits_peek(const struct zstd_bits *b, unsigned count)
{
    return (uint32_t)(b->value << (b->used & 63) >> 1 >> (63 - count));
}

/* Takes the next count <= 32 bits. */
static inline uint32_t zstd_bits_take(struct zstd_bits *b, unsigned count)
{
    uint32_t bits = zstd_bits_peek(b, count);

    b->used += count;
    return bits;
}

/* Were more bits taken than there are? */
static inline bool zstd_bits_overrun(const struct zstd_bits *b)
{
    return b->used > 64;
}

/* Were all bits taken, and no more? */
static inline bool zstd_bits_done(const struct zstd_bits *b)
{
    return b->at == b->start && b->used == 64;
}

#endif /* CORE_FS_UNPACK_ZSTD_BITS_H */
