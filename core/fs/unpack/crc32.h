/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/crc32.h - the CRC-32 of gzip (RFC 1952, section 8).
 *
 * Eight bytes are folded at a time through eight tables, which are computed
 * into the caller's memory rather than kept in the image.
 */
#ifndef CORE_FS_UNPACK_CRC32_H
#define CORE_FS_UNPACK_CRC32_H

#include "core/base/defs.h"

/* of[k][b]: what byte b changes in the CRC when k more bytes follow it. */
struct crc32_tables {
    uint32_t of[8][256];
};

C_DECLS_BEGIN

/* Computes the tables. */
void crc32_tables_init(struct crc32_tables *tables);

/* The CRC of what crc is the CRC of (0: of nothing) and size bytes more. */
uint32_t crc32_update(const struct crc32_tables *tables, uint32_t crc,
                      const uint8_t *bytes, size_t size);

C_DECLS_END

#endif /* CORE_FS_UNPACK_CRC32_H */
