/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/xxhash64.c - the contract is in xxhash64.h.
 */
#include "core/fs/unpack/xxhash64.h"

#include "core/fs/unpack/bytes.h"

/* The five primes of the algorithm. */
#define PRIME_1 UINT64_C(0x9e3779b185ebca87)
#define PRIME_2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME_3 UINT64_C(0x165667b19e3779f9)
#define PRIME_4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME_5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t rotate_left(uint64_t n, unsigned by)
{
    return n << by | n >> (64 - by);
}

static uint64_t add_word(uint64_t lane, uint64_t word)
{
    return rotate_left(lane + word * PRIME_2, 31) * PRIME_1;
}

static void add_stripes(struct xxhash64 *hash, const uint8_t *bytes,
                        size_t count)
{
    uint64_t a = hash->lanes[0], b = hash->lanes[1];
    uint64_t c = hash->lanes[2], d = hash->lanes[3];

    for (; count > 0; count--, bytes += 32) {
        a = add_word(a, load_le64(bytes));
        b = add_word(b, load_le64(bytes + 8));
        c = add_word(c, load_le64(bytes + 16));
        d = add_word(d, load_le64(bytes + 24));
    }
    hash->lanes[0] = a;
    hash->lanes[1] = b;
    hash->lanes[2] = c;
    hash->lanes[3] = d;
}

void xxhash64_init(struct xxhash64 *hash)
{
    hash->lanes[0] = PRIME_1 + PRIME_2;
    hash->lanes[1] = PRIME_2;
    hash->lanes[2] = 0;
    hash->lanes[3] = 0 - PRIME_1;
    hash->size = 0;
}

void xxhash64_update(struct xxhash64 *hash, const uint8_t *bytes, size_t size)
{
    size_t kept = (size_t)(hash->size % sizeof(hash->tail)), part;

    if (size == 0)
        return;
    hash->size += size;
    if (kept > 0) {
        part = min_size(sizeof(hash->tail) - kept, size);
        mem_copy(hash->tail + kept, bytes, part);
        if (kept + part < sizeof(hash->tail))
            return;
        add_stripes(hash, hash->tail, 1);
        bytes += part;
        size -= part;
    }
    add_stripes(hash, bytes, size / 32);
    mem_copy(hash->tail, bytes + size / 32 * 32, size % 32);
}

static uint64_t merge_lanes(const struct xxhash64 *hash)
{
    const uint64_t *lanes = hash->lanes;
    uint64_t h = rotate_left(lanes[0], 1) + rotate_left(lanes[1], 7) +
                 rotate_left(lanes[2], 12) + rotate_left(lanes[3], 18);
    size_t i;

    for (i = 0; i < 4; i++)
        h = (h ^ add_word(0, lanes[i])) * PRIME_1 + PRIME_4;
    return h;
}

uint64_t xxhash64_value(const struct xxhash64 *hash)
{
    const uint8_t *at = hash->tail;
    const uint8_t *end = at + hash->size % sizeof(hash->tail);
    uint64_t h = hash->size >= 32 ? merge_lanes(hash) : PRIME_5;

    h += hash->size;
    for (; end - at >= 8; at += 8)
        h = rotate_left(h ^ add_word(0, load_le64(at)), 27) * PRIME_1 + PRIME_4;
    if (end - at >= 4) {
        h = rotate_left(h ^ load_le32(at) * PRIME_1, 23) * PRIME_2 + PRIME_3;
        at += 4;
    }
    for (; at < end; at++)
        h = rotate_left(h ^ *at * PRIME_5, 11) * PRIME_1;
    h = (h ^ h >> 33) * PRIME_2;
    h = (h ^ h >> 29) * PRIME_3;
    return h ^ h >> 32;
}
