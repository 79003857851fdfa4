/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/bytes.h - numbers and short copies in byte streams.
 *
 * gzip and zstd store little-endian numbers, as x86-64 does, so a load is a
 * copy of any alignment.
 */
#ifndef CORE_FS_UNPACK_BYTES_H
#define CORE_FS_UNPACK_BYTES_H

#include "core/base/string.h"

/* What copy_coarse() may write and read beyond the bytes it was asked for. */
enum { COARSE_SLACK = 8 };

static inline uint16_t load_le16(const uint8_t *from)
{
    uint16_t n;

    mem_copy(&n, from, sizeof(n));
    return n;
}

static inline uint32_t load_le32(const uint8_t *from)
{
    uint32_t n;

    mem_copy(&n, from, sizeof(n));
    return n;
}

static inline uint64_t load_le64(const uint8_t *from)
{
    uint64_t n;

    mem_copy(&n, from, sizeof(n));
    return n;
}

/*
 * Copies size bytes, 8 at a time and so up to COARSE_SLACK beyond. from lies
 * at least 8 bytes away from to; below it, the bytes repeat with that period.
 */
static inline void copy_coarse(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t done = 0;

    do {
        mem_copy(to + done, from + done, 8);
        done += 8;
    } while (done < size);
}

#endif /* CORE_FS_UNPACK_BYTES_H */
