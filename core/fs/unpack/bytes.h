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

/* copy_forward() of less than 8 bytes. */
static inline void copy_few(uint8_t *to, const uint8_t *from, size_t size)
{
    uint32_t first, last;

    if (size >= 4) {
        first = load_le32(from);
        last = load_le32(from + size - 4);
        mem_copy(to, &first, sizeof(first));
        mem_copy(to + size - 4, &last, sizeof(last));
        return;
    }
    for (; size > 0; size--)
        *to++ = *from++;
}

/*
 * Copies size bytes, 8 at a time, the last 8 perhaps over some of those before.
 * from lies at least 8 bytes away from to; below it, the bytes repeat with that
 * period.
 */
static inline void copy_forward(uint8_t *to, const uint8_t *from, size_t size)
{
    size_t done;

    if (size < 8) {
        copy_few(to, from, size);
        return;
    }
    for (done = 0; done + 8 <= size; done += 8)
        mem_copy(to + done, from + done, 8);
    mem_copy(to + size - 8, from + size - 8, 8);
}

#endif /* CORE_FS_UNPACK_BYTES_H */
