/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd_sequences.c - the sequences section of a block, and its
 * execution; the contract is in zstd_impl.h.
 */
#include "core/fs/unpack/zstd_bits.h"
#include "core/fs/unpack/zstd_impl.h"

enum {
    LITERAL_LENGTH_CODES = 36,
    MATCH_LENGTH_CODES = 53,
    DISTANCE_CODES = 32,
    /* A distance code of more bits looks further back than any window. Up to
     * it, the extra bits of a sequence are 56, and 57 are at hand. */
    DISTANCE_BITS_MAX = 24
};

enum table_mode { MODE_PREDEFINED, MODE_RLE, MODE_PACKED, MODE_REPEAT };

/* Values from base on, a symbol each, each with so many extra bits. */
struct value_code {
    uint32_t base;
    uint8_t extra_bits;
};

/* One of the three kinds of symbols. */
struct symbol_kind {
    struct zstd_symbols symbols;
    const struct value_code *codes; /* NULL: 1 << code, and code bits */
    const int16_t *predefined;
    unsigned predefined_count;
    unsigned predefined_log;
};

struct sequence {
    uint32_t literals;
    uint32_t match;
    uint32_t distance; /* as coded: 1 to 3 are repeats */
};

struct states {
    uint32_t literals;
    uint32_t match;
    uint32_t distance;
};

/* RFC 8878, 3.1.1.3.2.1.1. */
static const struct value_code literal_length_codes[LITERAL_LENGTH_CODES] = {
    {0, 0},     {1, 0},     {2, 0},     {3, 0},      {4, 0},      {5, 0},
    {6, 0},     {7, 0},     {8, 0},     {9, 0},      {10, 0},     {11, 0},
    {12, 0},    {13, 0},    {14, 0},    {15, 0},     {16, 1},     {18, 1},
    {20, 1},    {22, 1},    {24, 2},    {28, 2},     {32, 3},     {40, 3},
    {48, 4},    {64, 6},    {128, 7},   {256, 8},    {512, 9},    {1024, 10},
    {2048, 11}, {4096, 12}, {8192, 13}, {16384, 14}, {32768, 15}, {65536, 16},
};

static const struct value_code match_length_codes[MATCH_LENGTH_CODES] = {
    {3, 0},     {4, 0},     {5, 0},      {6, 0},      {7, 0},      {8, 0},
    {9, 0},     {10, 0},    {11, 0},     {12, 0},     {13, 0},     {14, 0},
    {15, 0},    {16, 0},    {17, 0},     {18, 0},     {19, 0},     {20, 0},
    {21, 0},    {22, 0},    {23, 0},     {24, 0},     {25, 0},     {26, 0},
    {27, 0},    {28, 0},    {29, 0},     {30, 0},     {31, 0},     {32, 0},
    {33, 0},    {34, 0},    {35, 1},     {37, 1},     {39, 1},     {41, 1},
    {43, 2},    {47, 2},    {51, 3},     {59, 3},     {67, 4},     {83, 4},
    {99, 5},    {131, 7},   {259, 8},    {515, 9},    {1027, 10},  {2051, 11},
    {4099, 12}, {8195, 13}, {16387, 14}, {32771, 15}, {65539, 16},
};

/* RFC 8878, 3.1.1.3.2.2. */
static const int16_t literal_length_defaults[] = {
    4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1,  1,  2,  2,
    2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1};
static const int16_t match_length_defaults[] = {
    1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1,  1,  1,  1,  1,  1,  1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,  1,  1,  1,  1,  1,  1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1};
static const int16_t distance_defaults[] = {1, 1, 1, 1, 1,  1,  2,  2,  2, 1,
                                            1, 1, 1, 1, 1,  1,  1,  1,  1, 1,
                                            1, 1, 1, 1, -1, -1, -1, -1, -1};

static const struct symbol_kind literal_lengths = {
    {LITERAL_LENGTH_CODES, 9},
    literal_length_codes,
    literal_length_defaults,
    COUNT_OF(literal_length_defaults),
    6,
};
static const struct symbol_kind match_lengths = {
    {MATCH_LENGTH_CODES, 9},
    match_length_codes,
    match_length_defaults,
    COUNT_OF(match_length_defaults),
    6,
};
static const struct symbol_kind distances = {
    {DISTANCE_CODES, 8},         NULL, distance_defaults,
    COUNT_OF(distance_defaults), 5,
};

/* --- tables ------------------------------------------------------------- */

/* Puts what a symbol stands for in its place. */
static void resolve_symbols(struct zstd_table *table,
                            const struct symbol_kind *kind)
{
    struct zstd_cell *cell = table->cells;
    struct zstd_cell *end = cell + (UINT32_C(1) << table->log);
    uint32_t symbol;

    for (; cell < end; cell++) {
        symbol = cell->value;
        ASSERT(symbol < kind->symbols.count);
        if (kind->codes != NULL) {
            cell->value = kind->codes[symbol].base;
            cell->extra_bits = kind->codes[symbol].extra_bits;
        } else {
            cell->value = UINT32_C(1) << symbol;
            cell->extra_bits = (uint8_t)symbol;
        }
    }
}

/* A table with one state, that gives one symbol for ever. */
static int read_rle_table(struct zstd *z, struct zstd_table *table,
                          struct unpack_span *from,
                          const struct symbol_kind *kind)
{
    if (from->size == 0)
        return zstd_fail(z, "zstd: a sequence symbol is cut off");
    table->log = 0;
    table->valid = true;
    table->cells[0] = (struct zstd_cell){.value = *zstd_span_take(from, 1)};
    if (table->cells[0].value >= kind->symbols.count)
        return zstd_fail(z, "zstd: a sequence symbol does not exist");
    resolve_symbols(table, kind);
    return 0;
}

static int read_table(struct zstd *z, struct zstd_table *table,
                      enum table_mode mode, struct unpack_span *from,
                      const struct symbol_kind *kind)
{
    switch (mode) {
    case MODE_PREDEFINED:
        zstd_fse_build(table, kind->predefined_log, kind->predefined,
                       kind->predefined_count);
        break;
    case MODE_RLE:
        return read_rle_table(z, table, from, kind);
    case MODE_PACKED:
        if (!zstd_fse_read(table, from, kind->symbols))
            return zstd_fail(z, "zstd: a table of sequences is damaged");
        break;
    case MODE_REPEAT:
        if (!table->valid)
            return zstd_fail(z, "zstd: a table is repeated before any");
        return 0;
    }
    resolve_symbols(table, kind);
    return 0;
}

static int read_tables(struct zstd *z, struct unpack_span *from)
{
    unsigned modes;
    int error;

    if (from->size == 0)
        return zstd_fail(z, "zstd: the sequences' header is cut off");
    modes = *zstd_span_take(from, 1);
    if ((modes & 3) != 0)
        return zstd_fail(z, "zstd: the sequences' header has reserved bits");
    error = read_table(z, &z->literal_lengths, (enum table_mode)(modes >> 6),
                       from, &literal_lengths);
    if (error == 0)
        error = read_table(z, &z->distances, (enum table_mode)(modes >> 4 & 3),
                           from, &distances);
    if (error == 0)
        error =
            read_table(z, &z->match_lengths, (enum table_mode)(modes >> 2 & 3),
                       from, &match_lengths);
    return error;
}

/* --- sequences ---------------------------------------------------------- */

/* Takes the number of sequences, of 1 to 3 bytes. Returns it or -EINVAL. */
static int read_count(struct zstd *z, struct unpack_span *from)
{
    const uint8_t *bytes = from->bytes;
    unsigned size;

    if (from->size == 0)
        return zstd_fail(z, "zstd: a block has no sequences section");
    size = bytes[0] < 128 ? 1 : bytes[0] < 255 ? 2 : 3;
    if (from->size < size)
        return zstd_fail(z, "zstd: the sequences' header is cut off");
    (void)zstd_span_take(from, size);
    if (size == 1)
        return bytes[0];
    if (size == 2)
        return (bytes[0] - 128) * 256 + bytes[1];
    return load_le16(bytes + 1) + 0x7f00;
}

/* What the states stand for, extra bits included. Refills before. */
static inline struct sequence
read_sequence(const struct zstd *z, struct zstd_bits *b, const struct states *s)
{
    const struct zstd_cell *distance = &z->distances.cells[s->distance];
    const struct zstd_cell *match = &z->match_lengths.cells[s->match];
    const struct zstd_cell *literals = &z->literal_lengths.cells[s->literals];
    struct sequence seq = {0, 0, 0};

    if (distance->extra_bits > DISTANCE_BITS_MAX)
        return seq; /* distance 0 is none */
    zstd_bits_refill(b);
    seq.distance = distance->value + zstd_bits_take(b, distance->extra_bits);
    seq.match = match->value + zstd_bits_take(b, match->extra_bits);
    seq.literals = literals->value + zstd_bits_take(b, literals->extra_bits);
    return seq;
}

static inline uint32_t next_state(const struct zstd_table *table,
                                  uint32_t state, struct zstd_bits *b)
{
    const struct zstd_cell *cell = &table->cells[state];

    return cell->next + zstd_bits_take(b, cell->next_bits);
}

static inline void next_states(const struct zstd *z, struct zstd_bits *b,
                               struct states *s)
{
    zstd_bits_refill(b);
    s->literals = next_state(&z->literal_lengths, s->literals, b);
    s->match = next_state(&z->match_lengths, s->match, b);
    s->distance = next_state(&z->distances, s->distance, b);
}

/*
 * The distance that a coded one means, which becomes the newest of the last
 * three (RFC 8878, 3.1.1.5). Without literals, the newest itself cannot be
 * meant and the codes of repeats move on by one. Returns 0 for none.
 */
static inline uint32_t resolve_distance(uint32_t *repeats,
                                        const struct sequence *seq)
{
    uint32_t which = seq->distance - 1, distance;

    if (seq->distance > ZSTD_REPEATS) {
        distance = seq->distance - ZSTD_REPEATS;
    } else {
        which += seq->literals == 0;
        if (which == 0)
            return repeats[0];
        distance = which < ZSTD_REPEATS ? repeats[which] : repeats[0] - 1;
    }
    if (which != 1)
        repeats[2] = repeats[1];
    repeats[1] = repeats[0];
    repeats[0] = distance;
    return distance;
}

/* Appends the literals and the match of one sequence, and takes them off
 * *literals and *room. Returns 0 or -errno. */
static inline int do_sequence(struct zstd *z, const struct sequence *seq,
                              struct unpack_span *literals, size_t *room)
{
    uint32_t distance;
    int error = 0;

    if (seq->distance == 0)
        return zstd_fail(z, "zstd: a match looks back too far");
    if (seq->literals > literals->size)
        return zstd_fail(z, "zstd: sequences use too many literals");
    if (seq->match > *room)
        return zstd_fail(z, "zstd: a block is too large");
    *room -= seq->match;
    if (seq->literals > 0)
        error = unpack_window_append(
            &z->window, zstd_span_take(literals, seq->literals), seq->literals);
    distance = resolve_distance(z->repeats, seq);
    if (error != 0)
        return error;
    if (!unpack_window_reaches(&z->window, distance))
        return zstd_fail(z, "zstd: a match looks back too far");
    return unpack_window_repeat(&z->window, distance, seq->match);
}

static int do_all(struct zstd *z, struct zstd_bits *b, int count,
                  struct unpack_span *literals)
{
    size_t room = z->block_max - z->literals_size;
    struct sequence seq;
    struct states s;
    int error = 0;

    s.literals = zstd_bits_take(b, z->literal_lengths.log);
    s.distance = zstd_bits_take(b, z->distances.log);
    s.match = zstd_bits_take(b, z->match_lengths.log);
    for (; count > 0 && error == 0; count--) {
        seq = read_sequence(z, b, &s);
        if (count > 1)
            next_states(z, b, &s);
        if (zstd_bits_overrun(b))
            return zstd_fail(z, "zstd: sequences are cut off");
        error = do_sequence(z, &seq, literals, &room);
    }
    if (error != 0)
        return error;
    zstd_bits_refill(b);
    if (!zstd_bits_done(b))
        return zstd_fail(z, "zstd: sequences end elsewhere");
    return 0;
}

int zstd_do_sequences(struct zstd *z, struct unpack_span *from)
{
    struct unpack_span literals = {z->literals, z->literals_size};
    struct zstd_bits bits;
    int count = read_count(z, from), error;

    if (count < 0)
        return count;
    if (count == 0 && from->size > 0)
        return zstd_fail(z, "zstd: bytes follow a block's literals");
    if (count > 0) {
        error = read_tables(z, from);
        if (error != 0)
            return error;
        if (!zstd_bits_init(&bits, from->bytes, from->size))
            return zstd_fail(z, "zstd: sequences have no end mark");
        error = do_all(z, &bits, count, &literals);
        if (error != 0)
            return error;
    }
    return unpack_window_append(&z->window, literals.bytes, literals.size);
}
