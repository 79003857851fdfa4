/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/inflate_code.h - the prefix codes of DEFLATE.
 *
 * A code is looked up by the next INFLATE_ROOT_BITS bits of input; the few
 * codes that are longer are walked bit by bit, canonically, so no table can
 * outgrow its room.
 *
 * Semantics: RFC 1951, 3.2.2.
 */
#ifndef CORE_FS_UNPACK_INFLATE_CODE_H
#define CORE_FS_UNPACK_INFLATE_CODE_H

#include "core/base/defs.h"

enum {
    INFLATE_CODE_BITS_MAX = 15,
    INFLATE_ROOT_BITS = 10,
    INFLATE_SYMBOLS_MAX = 288
};

/*
 * What a code stands for: its length in bits 0-3 (0: no entry), how many extra
 * bits follow in 4-7, the kind in 8-9, a literal or what the extra bits are
 * added to in 16-31.
 */
enum {
    ENTRY_CODE_BITS = 0xf,
    ENTRY_EXTRA_SHIFT = 4,
    ENTRY_KIND = 3 << 8,
    ENTRY_LITERAL = 0 << 8,
    ENTRY_BASE = 1 << 8,
    ENTRY_END = 2 << 8,
    ENTRY_INVALID = 3 << 8,
    ENTRY_VALUE_SHIFT = 16
};

struct inflate_code {
    uint32_t root[1 << INFLATE_ROOT_BITS]; /* by the next bits; 0: look on */
    uint16_t count[INFLATE_CODE_BITS_MAX + 1]; /* of codes, by length */
    uint16_t sorted[INFLATE_SYMBOLS_MAX]; /* the symbols in order of codes */
    const uint32_t *entries;              /* by symbol, without code bits */
};

C_DECLS_BEGIN

/*
 * Makes the canonical code of these lengths, one per symbol, 0 for a symbol
 * without. Returns whether they make one: they fill the space of codes, or are
 * a single code of one bit (3.2.7), or none. entries outlives the code.
 */
bool inflate_code_build(struct inflate_code *c, const uint8_t *lengths,
                        size_t symbols, const uint32_t *entries);

/* Finds the entry of a code longer than INFLATE_ROOT_BITS; ENTRY_INVALID where
 * the bits begin no code. */
uint32_t inflate_code_find_long(const struct inflate_code *c, uint64_t bits);

C_DECLS_END

/* The entry of the code that the lowest bits begin with. */
static inline uint32_t inflate_code_find(const struct inflate_code *c,
                                         uint64_t bits)
{
    uint32_t entry = c->root[bits & ((1 << INFLATE_ROOT_BITS) - 1)];

    return entry != 0 ? entry : inflate_code_find_long(c, bits);
}

#endif /* CORE_FS_UNPACK_INFLATE_CODE_H */
