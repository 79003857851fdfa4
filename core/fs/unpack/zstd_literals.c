/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd_literals.c - the literals section of a block and the
 * Huffman code it may be written in; the contract is in zstd_impl.h.
 */
#include "core/abi/errno.h"
#include "core/fs/unpack/zstd_bits.h"
#include "core/fs/unpack/zstd_impl.h"

enum literals_type {
    LITERALS_RAW,
    LITERALS_RLE,
    LITERALS_COMPRESSED, /* a Huffman code comes with them */
    LITERALS_TREELESS    /* the one of the block before is used */
};

enum {
    STREAMS = 4,
    JUMP_TABLE_SIZE = 6,
    WEIGHTS_MAX = 255, /* the last of 256 symbols' is implied */
    WEIGHTS_FSE_LOG_MAX = 6,
    WEIGHT_SYMBOLS = ZSTD_HUFFMAN_BITS_MAX + 1,
    PER_REFILL = 5 /* codes of 11 bits that 57 hold */
};

struct literals_header {
    enum literals_type type;
    size_t size;   /* of the literals */
    size_t packed; /* bytes that hold them, a Huffman code included */
    bool four;     /* streams, not one */
};

/* --- the Huffman code --------------------------------------------------- */

/* The table of the code whose weights these are, the last one implied (RFC
 * 8878, 4.2.1). */
static int build_huffman(struct zstd *z, uint8_t *weights, unsigned count)
{
    uint32_t starts[ZSTD_HUFFMAN_BITS_MAX + 2] = {0}, sum = 0, rest, at, i;
    unsigned bits, weight, symbol;

    for (symbol = 0; symbol < count; symbol++)
        sum += UINT32_C(1) << weights[symbol] >> 1;
    if (sum == 0 || sum >= 1 << ZSTD_HUFFMAN_BITS_MAX)
        return zstd_fail(z, "zstd: a Huffman code is too long or empty");
    bits = zstd_log2(sum) + 1;
    rest = (UINT32_C(1) << bits) - sum;
    if (!is_power_of_two(rest))
        return zstd_fail(z, "zstd: Huffman weights make no code");
    weights[count++] = (uint8_t)(zstd_log2(rest) + 1);

    for (symbol = 0; symbol < count; symbol++)
        starts[weights[symbol] + 1] += UINT32_C(1) << weights[symbol] >> 1;
    for (weight = 1; weight <= bits; weight++)
        starts[weight + 1] += starts[weight];
    for (symbol = 0; symbol < count; symbol++) {
        weight = weights[symbol];
        at = starts[weight];
        starts[weight] += UINT32_C(1) << weight >> 1;
        for (i = at; i < starts[weight]; i++)
            z->huffman[i] = (struct zstd_huffman_cell){
                (uint8_t)symbol, (uint8_t)(bits + 1 - weight)};
    }
    z->huffman_bits = bits;
    return 0;
}

/* Weights as half bytes. Returns how many, or -EINVAL. */
static int read_direct_weights(struct zstd *z, struct unpack_span *from,
                               unsigned count, uint8_t *weights)
{
    const uint8_t *bytes;
    unsigned i;

    if (from->size < (count + 1) / 2)
        return zstd_fail(z, "zstd: Huffman weights are cut off");
    bytes = zstd_span_take(from, (count + 1) / 2);
    for (i = 0; i < count; i++) {
        weights[i] = i % 2 == 0 ? bytes[i / 2] >> 4 : bytes[i / 2] & 0xf;
        if (weights[i] > ZSTD_HUFFMAN_BITS_MAX)
            return zstd_fail(z, "zstd: a Huffman weight is too large");
    }
    return (int)count;
}

/*
 * Decodes weights by two states in turn. When the bits run out, the other
 * state still has one to give. Returns how many, or 0 for too many.
 */
static unsigned decode_weights(const struct zstd_table *table,
                               struct zstd_bits *b, uint8_t *weights)
{
    const struct zstd_cell *cells = table->cells, *cell;
    uint32_t states[2];
    unsigned count = 0;

    states[0] = zstd_bits_take(b, table->log);
    states[1] = zstd_bits_take(b, table->log);
    if (zstd_bits_overrun(b))
        return 0;
    while (count < WEIGHTS_MAX - 1) {
        cell = &cells[states[count % 2]];
        weights[count] = (uint8_t)cell->value;
        zstd_bits_refill(b);
        states[count % 2] = cell->next + zstd_bits_take(b, cell->next_bits);
        count++;
        if (zstd_bits_overrun(b)) {
            weights[count] = (uint8_t)cells[states[count % 2]].value;
            return count + 1;
        }
    }
    return 0;
}

/* Weights packed by FSE in size bytes. Returns how many, or -EINVAL. */
static int read_packed_weights(struct zstd *z, struct unpack_span *from,
                               size_t size, uint8_t *weights)
{
    static const struct zstd_symbols symbols = {WEIGHT_SYMBOLS,
                                                WEIGHTS_FSE_LOG_MAX};
    struct unpack_span packed;
    struct zstd_bits bits;
    unsigned count;

    if (from->size < size)
        return zstd_fail(z, "zstd: Huffman weights are cut off");
    packed.bytes = zstd_span_take(from, size);
    packed.size = size;
    if (!zstd_fse_read(&z->weights, &packed, symbols) ||
        !zstd_bits_init(&bits, packed.bytes, packed.size))
        return zstd_fail(z, "zstd: the table of Huffman weights is damaged");
    count = decode_weights(&z->weights, &bits, weights);
    if (count == 0)
        return zstd_fail(z, "zstd: Huffman weights are damaged");
    return (int)count;
}

static int read_huffman(struct zstd *z, struct unpack_span *from)
{
    uint8_t weights[WEIGHTS_MAX + 1];
    unsigned header;
    int count;

    if (from->size == 0)
        return zstd_fail(z, "zstd: a Huffman code is cut off");
    header = *zstd_span_take(from, 1);
    if (header >= 128)
        count = read_direct_weights(z, from, header - 127, weights);
    else
        count = read_packed_weights(z, from, header, weights);
    return count < 0 ? count : build_huffman(z, weights, (unsigned)count);
}

/* --- the literals ------------------------------------------------------- */

static inline uint8_t take_literal(const struct zstd *z, struct zstd_bits *b)
{
    struct zstd_huffman_cell cell =
        z->huffman[zstd_bits_peek(b, z->huffman_bits)];

    b->used += cell.bits;
    return cell.symbol;
}

/* Decodes the count literals of one stream. */
static int decode_stream(struct zstd *z, struct unpack_span stream, uint8_t *to,
                         size_t count)
{
    struct zstd_bits b;
    int i;

    if (!zstd_bits_init(&b, stream.bytes, stream.size))
        return zstd_fail(z, "zstd: a stream of literals has no end mark");
    for (; count >= PER_REFILL; count -= PER_REFILL) {
        zstd_bits_refill(&b);
        for (i = 0; i < PER_REFILL; i++)
            *to++ = take_literal(z, &b);
    }
    zstd_bits_refill(&b);
    for (; count > 0; count--)
        *to++ = take_literal(z, &b);
    zstd_bits_refill(&b);
    if (!zstd_bits_done(&b))
        return zstd_fail(z, "zstd: a stream of literals ends elsewhere");
    return 0;
}

/* Four streams give a quarter each, rounded up, and the last the rest. */
static int decode_four_streams(struct zstd *z, struct unpack_span packed)
{
    size_t part = (z->literals_size + 3) / 4, size, i;
    uint8_t *to = z->literals;
    struct unpack_span stream;
    const uint8_t *jump;
    int error = 0;

    if (packed.size < JUMP_TABLE_SIZE || 3 * part > z->literals_size)
        return zstd_fail(z, "zstd: literals are too few for four streams");
    jump = zstd_span_take(&packed, JUMP_TABLE_SIZE);
    for (i = 0; i < STREAMS - 1 && error == 0; i++, to += part) {
        size = load_le16(jump + 2 * i);
        if (size > packed.size)
            return zstd_fail(z, "zstd: a stream of literals is cut off");
        stream.bytes = zstd_span_take(&packed, size);
        stream.size = size;
        error = decode_stream(z, stream, to, part);
    }
    if (error != 0)
        return error;
    return decode_stream(z, packed, to, z->literals_size - 3 * part);
}

/* Reads the header of 1 to 5 bytes (RFC 8878, 3.1.1.3.1.1). */
static int read_literals_header(struct zstd *z, struct unpack_span *from,
                                struct literals_header *h)
{
    static const uint8_t plain_sizes[4] = {1, 2, 1, 3};
    static const uint8_t plain_shifts[4] = {3, 4, 3, 4};
    static const uint8_t packed_sizes[4] = {3, 3, 4, 5};
    static const uint8_t packed_bits[4] = {10, 10, 14, 18};
    unsigned format, size, i;
    uint64_t word = 0, mask;
    bool plain;

    if (from->size == 0)
        return zstd_fail(z, "zstd: a block has no literals section");
    h->type = (enum literals_type)(from->bytes[0] & 3);
    format = from->bytes[0] >> 2 & 3;
    plain = h->type == LITERALS_RAW || h->type == LITERALS_RLE;
    size = plain ? plain_sizes[format] : packed_sizes[format];
    if (from->size < size)
        return zstd_fail(z, "zstd: the literals' header is cut off");
    for (i = 0; i < size; i++)
        word |= (uint64_t)from->bytes[i] << (8 * i);
    (void)zstd_span_take(from, size);

    h->four = format != 0;
    if (plain) {
        h->size = (size_t)(word >> plain_shifts[format]);
        h->packed = h->type == LITERALS_RLE ? 1 : h->size;
    } else {
        mask = (UINT64_C(1) << packed_bits[format]) - 1;
        h->size = (size_t)(word >> 4 & mask);
        h->packed = (size_t)(word >> (4 + packed_bits[format]) & mask);
    }
    if (h->size > z->block_max)
        return zstd_fail(z, "zstd: a block has too many literals");
    if (h->packed > from->size)
        return zstd_fail(z, "zstd: the literals are cut off");
    return 0;
}

int zstd_read_literals(struct zstd *z, struct unpack_span *from)
{
    struct literals_header h = {0};
    struct unpack_span packed;
    int error = read_literals_header(z, from, &h);

    if (error != 0)
        return error;
    packed.bytes = zstd_span_take(from, h.packed);
    packed.size = h.packed;
    z->literals_size = h.size;
    if (h.type == LITERALS_RAW) {
        mem_copy(z->literals, packed.bytes, h.size);
        return 0;
    }
    if (h.type == LITERALS_RLE) {
        mem_set(z->literals, packed.bytes[0], h.size);
        return 0;
    }
    if (h.type == LITERALS_COMPRESSED)
        error = read_huffman(z, &packed);
    else if (z->huffman_bits == 0)
        error = zstd_fail(z, "zstd: a Huffman code is repeated before any");
    if (error != 0)
        return error;
    if (h.four)
        return decode_four_streams(z, packed);
    return decode_stream(z, packed, z->literals, h.size);
}
