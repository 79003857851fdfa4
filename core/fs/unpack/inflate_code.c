/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/inflate_code.c - the contract is in inflate_code.h.
 */
#include "core/fs/unpack/inflate_code.h"

#include "core/base/string.h"

static uint32_t reverse_bits(uint32_t value, unsigned count)
{
    uint32_t reversed = 0;

    for (; count > 0; count--, value >>= 1)
        reversed = reversed << 1 | (value & 1);
    return reversed;
}

/* Counts the codes of each length. Returns whether they fill the space of
 * codes exactly; a single code of one bit may also stand alone (RFC 1951,
 * 3.2.7), and so may none at all. */
static bool count_codes(struct inflate_code *c, const uint8_t *lengths,
                        size_t symbols)
{
    unsigned bits, used = 0;
    int left = 1;
    size_t i;

    for (bits = 0; bits <= INFLATE_CODE_BITS_MAX; bits++)
        c->count[bits] = 0;
    for (i = 0; i < symbols; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    for (bits = 1; bits <= INFLATE_CODE_BITS_MAX; bits++) {
        used += c->count[bits];
        left = 2 * left - c->count[bits];
        if (left < 0)
            return false;
    }
    return left == 0 || used == 0 || (used == 1 && c->count[1] == 1);
}

static void enter_code(struct inflate_code *c, uint32_t value, unsigned bits,
                       uint32_t entry)
{
    uint32_t at = reverse_bits(value, bits);

    for (; at < 1 << INFLATE_ROOT_BITS; at += UINT32_C(1) << bits)
        c->root[at] = entry | bits;
}

bool inflate_code_build(struct inflate_code *c, const uint8_t *lengths,
                        size_t symbols, const uint32_t *entries)
{
    uint32_t next[INFLATE_CODE_BITS_MAX + 2], code = 0;
    uint16_t place[INFLATE_CODE_BITS_MAX + 2];
    unsigned bits;
    size_t i;

    if (!count_codes(c, lengths, symbols))
        return false;
    place[1] = 0;
    for (bits = 1; bits <= INFLATE_CODE_BITS_MAX; bits++) {
        next[bits] = code;
        code = (code + c->count[bits]) << 1;
        place[bits + 1] = (uint16_t)(place[bits] + c->count[bits]);
    }
    mem_set(c->root, 0, sizeof(c->root));
    c->entries = entries;
    for (i = 0; i < symbols; i++) {
        bits = lengths[i];
        if (bits == 0)
            continue;
        c->sorted[place[bits]++] = (uint16_t)i;
        if (bits <= INFLATE_ROOT_BITS)
            enter_code(c, next[bits], bits, entries[i]);
        next[bits]++;
    }
    return true;
}

uint32_t inflate_code_find_long(const struct inflate_code *c, uint64_t bits)
{
    uint32_t code = 0, first = 0, index = 0, count;
    unsigned size;

    for (size = 1; size <= INFLATE_CODE_BITS_MAX; size++, bits >>= 1) {
        code |= (uint32_t)bits & 1;
        count = c->count[size];
        if (code - first < count)
            return c->entries[c->sorted[index + code - first]] | size;
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return ENTRY_INVALID | 1;
}
