/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/xxhash64.h - XXH64 with seed 0, the checksum of zstd.
 *
 * Semantics: the xxHash fast digest algorithm's description, version 0.1.1,
 * "XXH64 algorithm description"; named by RFC 8878, section 3.1.1.
 */
#ifndef CORE_FS_UNPACK_XXHASH64_H
#define CORE_FS_UNPACK_XXHASH64_H

#include "core/base/defs.h"

struct xxhash64 {
    uint64_t lanes[4];
    uint64_t size;    /* of all bytes so far */
    uint8_t tail[32]; /* the last size % 32 of them */
};

C_DECLS_BEGIN

/* Starts over with no bytes. */
void xxhash64_init(struct xxhash64 *hash);

/* Goes on with size bytes. */
void xxhash64_update(struct xxhash64 *hash, const uint8_t *bytes, size_t size);

/* The hash of all bytes so far. */
uint64_t xxhash64_value(const struct xxhash64 *hash);

C_DECLS_END

#endif /* CORE_FS_UNPACK_XXHASH64_H */
