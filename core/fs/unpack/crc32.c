/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/crc32.c - the contract is in crc32.h.
 */
#include "core/fs/unpack/crc32.h"

#include "core/fs/unpack/bytes.h"

/* x^32+x^26+x^23+x^22+x^16+x^12+x^11+x^10+x^8+x^7+x^5+x^4+x^2+x+1, with the
 * lowest bit for the highest power. */
#define CRC32_POLYNOMIAL UINT32_C(0xedb88320)

void crc32_tables_init(struct crc32_tables *tables)
{
    uint32_t crc;
    unsigned byte, i;

    for (byte = 0; byte < 256; byte++) {
        crc = byte;
        for (i = 0; i < 8; i++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? CRC32_POLYNOMIAL : 0);
        tables->of[0][byte] = crc;
    }
    for (byte = 0; byte < 256; byte++) {
        crc = tables->of[0][byte];
        for (i = 1; i < 8; i++) {
            crc = (crc >> 8) ^ tables->of[0][crc & 0xff];
            tables->of[i][byte] = crc;
        }
    }
}

uint32_t crc32_update(const struct crc32_tables *tables, uint32_t crc,
                      const uint8_t *bytes, size_t size)
{
    const uint32_t(*of)[256] = tables->of;
    uint64_t word;

    crc = ~crc;
    for (; size >= 8; size -= 8, bytes += 8) {
        word = load_le64(bytes) ^ crc;
        crc = of[7][word & 0xff] ^ of[6][word >> 8 & 0xff] ^
              of[5][word >> 16 & 0xff] ^ of[4][word >> 24 & 0xff] ^
              of[3][word >> 32 & 0xff] ^ of[2][word >> 40 & 0xff] ^
              of[1][word >> 48 & 0xff] ^ of[0][word >> 56];
    }
    for (; size > 0; size--, bytes++)
        crc = (crc >> 8) ^ of[0][(crc ^ *bytes) & 0xff];
    return ~crc;
}
