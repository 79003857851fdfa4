/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/inflate.c - the contract is in inflate.h.
 *
 * Input bits are kept 56 at least ahead as long as there are so many, which is
 * enough for a whole length and distance (48); a count below zero tells that
 * bits were used that do not exist.
 */
#include "core/fs/unpack/inflate.h"

#include "core/abi/errno.h"
#include "core/fs/unpack/crc32.h"
#include "core/fs/unpack/inflate_code.h"
#include "core/fs/unpack/window.h"

enum {
    /* With two each that the fixed codes name in vain. */
    LITLEN_SYMBOLS = INFLATE_SYMBOLS_MAX,
    DISTANCE_SYMBOLS = 32,
    LENGTH_SYMBOLS = 19, /* of the code that code lengths are written in */
    BLOCK_END = 256,
    REACH = 32768,
    RING = 65536
};

enum { GZIP_FHCRC = 2, GZIP_FEXTRA = 4, GZIP_FNAME = 8, GZIP_FCOMMENT = 16 };

struct bits {
    uint64_t value; /* the next bit lowest; above count, 0 or what follows */
    int count;
};

struct inflate {
    struct unpack_input *in;
    struct unpack_sink *out;
    struct unpack_sink tap; /* checksums what the window flushes to out */
    struct bits bits;
    struct unpack_window window;
    uint32_t crc;
    uint32_t size; /* of the output, modulo 2^32 */
    struct crc32_tables crc_tables;
    struct inflate_code litlen;
    struct inflate_code distance;
    uint32_t litlen_entries[LITLEN_SYMBOLS];
    uint32_t distance_entries[DISTANCE_SYMBOLS];
    uint32_t length_entries[LENGTH_SYMBOLS];
    uint8_t lengths[LITLEN_SYMBOLS + DISTANCE_SYMBOLS];
    uint8_t ring[RING];
};

size_t inflate_state_size(void)
{
    return sizeof(struct inflate);
}

static int fail(struct inflate *z, const char *why)
{
    return unpack_input_fail(z->in, -EINVAL, why);
}

static int fail_cut(struct inflate *z)
{
    return unpack_input_cut(z->in, "gzip: it ends inside a member");
}

/* --- bits --------------------------------------------------------------- */

/* Near the seam of two spans, or the end. */
static struct bits refill_slowly(struct unpack_input *in, struct bits b)
{
    if (b.count >= 48)
        return b;
    if (unpack_input_need(in, 8) < 0)
        return b; /* the error comes up when bits are missing */
    for (; b.count <= 55 && in->at < in->end; b.count += 8)
        b.value |= (uint64_t)*in->at++ << b.count;
    return b;
}

static inline struct bits refill(struct unpack_input *in, struct bits b)
{
    if (in->end - in->at < 8)
        return refill_slowly(in, b);
    b.value |= load_le64(in->at) << b.count;
    in->at += (63 - b.count) >> 3;
    b.count |= 56;
    return b;
}

static inline struct bits drop(struct bits b, uint32_t count)
{
    b.value >>= count;
    b.count -= (int)count;
    return b;
}

static inline uint32_t low_bits(struct bits b, uint32_t count)
{
    return (uint32_t)b.value & ((UINT32_C(1) << count) - 1);
}

/* Takes count <= 16 bits. Returns them or -errno. */
static int take_bits(struct inflate *z, uint32_t count)
{
    uint32_t value;

    z->bits = refill(z->in, z->bits);
    value = low_bits(z->bits, count);
    z->bits = drop(z->bits, count);
    return z->bits.count < 0 ? fail_cut(z) : (int)value;
}

/* Takes a byte, the bits standing at a byte's boundary. Returns it or -errno.
 * Once the bits are used up, the input stands at the next byte. */
static int take_byte(struct inflate *z)
{
    int byte;

    if (z->bits.count > 0) {
        byte = (int)low_bits(z->bits, 8);
        z->bits = drop(z->bits, 8);
        return byte;
    }
    z->bits.value = 0;
    byte = unpack_input_byte(z->in);
    return byte < 0 ? fail_cut(z) : byte;
}

static void align_to_byte(struct inflate *z)
{
    z->bits = drop(z->bits, (uint32_t)z->bits.count & 7);
}

/* --- blocks ------------------------------------------------------------- */

static inline uint32_t add_extra(uint32_t entry, struct bits b)
{
    uint32_t count = entry >> ENTRY_EXTRA_SHIFT & 0xf;

    return (entry >> ENTRY_VALUE_SHIFT) + low_bits(b, count);
}

static inline struct bits drop_extra(struct bits b, uint32_t entry)
{
    return drop(b, entry >> ENTRY_EXTRA_SHIFT & 0xf);
}

static int fail_code(struct inflate *z, struct bits b)
{
    return b.count < 0 ? fail_cut(z) : fail(z, "gzip: a code means nothing");
}

/* Repeats the length that entry stands for from the distance that the bits
 * tell. Returns 0 or -errno; *bits goes on behind. */
static inline int repeat_match(struct inflate *z, uint32_t entry,
                               struct bits *bits)
{
    struct bits b = *bits;
    uint32_t length = add_extra(entry, b), distance;

    b = drop_extra(b, entry);
    entry = inflate_code_find(&z->distance, b.value);
    b = drop(b, entry & ENTRY_CODE_BITS);
    distance = add_extra(entry, b);
    b = drop_extra(b, entry);
    *bits = b;
    if ((entry & ENTRY_KIND) != ENTRY_BASE || b.count < 0)
        return fail_code(z, b);
    if (!unpack_window_reaches(&z->window, distance))
        return fail(z, "gzip: a match looks back too far");
    return unpack_window_repeat(&z->window, distance, length);
}

/* The codes of a block up to its end (RFC 1951, 3.2.3). */
static int inflate_codes(struct inflate *z)
{
    struct bits b = z->bits;
    uint32_t entry, kind;
    int error = 0;

    while (error == 0) {
        b = refill(z->in, b);
        entry = inflate_code_find(&z->litlen, b.value);
        b = drop(b, entry & ENTRY_CODE_BITS);
        kind = entry & ENTRY_KIND;
        if (kind == ENTRY_LITERAL && b.count >= 0)
            error = unpack_window_put(&z->window,
                                      (uint8_t)(entry >> ENTRY_VALUE_SHIFT));
        else if (kind == ENTRY_BASE)
            error = repeat_match(z, entry, &b);
        else if (kind == ENTRY_END && b.count >= 0)
            break;
        else
            error = fail_code(z, b);
    }
    z->bits = b;
    return error;
}

static int inflate_stored(struct inflate *z)
{
    int size, inverse, byte, error = 0;
    size_t part, left;
    ssize_t ready;

    align_to_byte(z);
    size = take_bits(z, 16);
    inverse = size < 0 ? size : take_bits(z, 16);
    if (inverse < 0)
        return inverse;
    if (size != (inverse ^ 0xffff))
        return fail(z, "gzip: a stored block's size is damaged");
    for (left = (size_t)size; left > 0 && z->bits.count > 0; left--) {
        byte = take_byte(z);
        error = unpack_window_put(&z->window, (uint8_t)byte);
        if (error != 0)
            return error;
    }
    if (z->bits.count == 0)
        z->bits.value = 0; /* the input moves on without the bits */
    for (; left > 0 && error == 0; left -= part) {
        ready = unpack_input_need(z->in, 1);
        if (ready <= 0)
            return fail_cut(z);
        part = min_size(left, (size_t)ready);
        error = unpack_window_append(&z->window, z->in->at, part);
        z->in->at += part;
    }
    return error;
}

static int inflate_fixed(struct inflate *z)
{
    bool built;

    mem_set(z->lengths, 8, 144);
    mem_set(z->lengths + 144, 9, 112);
    mem_set(z->lengths + 256, 7, 24);
    mem_set(z->lengths + 280, 8, 8);
    built = inflate_code_build(&z->litlen, z->lengths, LITLEN_SYMBOLS,
                               z->litlen_entries);
    mem_set(z->lengths, 5, DISTANCE_SYMBOLS);
    built &= inflate_code_build(&z->distance, z->lengths, DISTANCE_SYMBOLS,
                                z->distance_entries);
    ASSERT(built);
    return inflate_codes(z);
}

/* Reads the code that the code lengths are written in, to z->litlen. */
static int read_length_code(struct inflate *z, int count)
{
    static const uint8_t order[LENGTH_SYMBOLS] = {
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LENGTH_SYMBOLS] = {0};
    int i, length;

    for (i = 0; i < count; i++) {
        length = take_bits(z, 3);
        if (length < 0)
            return length;
        lengths[order[i]] = (uint8_t)length;
    }
    if (!inflate_code_build(&z->litlen, lengths, LENGTH_SYMBOLS,
                            z->length_entries))
        return fail(z, "gzip: the code of code lengths is no code");
    return 0;
}

/* Reads one code length or a run of them to lengths[*at], *at < count. */
static int read_length(struct inflate *z, size_t *at, size_t count)
{
    static const uint8_t run_bits[3] = {2, 3, 7};
    static const uint8_t run_base[3] = {3, 3, 11};
    uint32_t entry, symbol;
    uint8_t length = 0;
    int run;

    z->bits = refill(z->in, z->bits);
    entry = inflate_code_find(&z->litlen, z->bits.value);
    z->bits = drop(z->bits, entry & ENTRY_CODE_BITS);
    if (z->bits.count < 0 || (entry & ENTRY_KIND) != ENTRY_LITERAL)
        return fail_code(z, z->bits);
    symbol = entry >> ENTRY_VALUE_SHIFT;
    if (symbol < 16) {
        z->lengths[(*at)++] = (uint8_t)symbol;
        return 0;
    }
    if (symbol == 16 && *at == 0)
        return fail(z, "gzip: a run of code lengths repeats nothing");
    if (symbol == 16)
        length = z->lengths[*at - 1];
    run = take_bits(z, run_bits[symbol - 16]);
    if (run < 0)
        return run;
    run += run_base[symbol - 16];
    if ((size_t)run > count - *at)
        return fail(z, "gzip: a run of code lengths is too long");
    mem_set(z->lengths + *at, length, (size_t)run);
    *at += (size_t)run;
    return 0;
}

static int inflate_dynamic(struct inflate *z)
{
    int header = take_bits(z, 14), error;
    size_t litlens, distances, at = 0;

    if (header < 0)
        return header;
    litlens = ((size_t)header & 31) + 257;
    distances = ((size_t)header >> 5 & 31) + 1;
    if (litlens > LITLEN_SYMBOLS - 2 || distances > DISTANCE_SYMBOLS - 2)
        return fail(z, "gzip: a block names too many symbols");
    error = read_length_code(z, (header >> 10) + 4);
    while (error == 0 && at < litlens + distances)
        error = read_length(z, &at, litlens + distances);
    if (error != 0)
        return error;
    if (z->lengths[BLOCK_END] == 0)
        return fail(z, "gzip: a block cannot end");
    if (!inflate_code_build(&z->litlen, z->lengths, litlens,
                            z->litlen_entries) ||
        !inflate_code_build(&z->distance, z->lengths + litlens, distances,
                            z->distance_entries))
        return fail(z, "gzip: code lengths make no code");
    return inflate_codes(z);
}

static int inflate_blocks(struct inflate *z)
{
    int header, error = 0;

    do {
        header = take_bits(z, 3);
        if (header < 0)
            return header;
        switch (header >> 1) {
        case 0:
            error = inflate_stored(z);
            break;
        case 1:
            error = inflate_fixed(z);
            break;
        case 2:
            error = inflate_dynamic(z);
            break;
        default:
            error = fail(z, "gzip: a block is of the reserved type");
            break;
        }
    } while (error == 0 && (header & 1) == 0);
    return error != 0 ? error : unpack_window_flush(&z->window);
}

/* --- the gzip member ---------------------------------------------------- */

/* Takes a byte of the header. Returns it or -errno. */
static int header_byte(struct inflate *z)
{
    int got = unpack_input_byte(z->in);
    uint8_t byte = (uint8_t)got;

    if (got < 0)
        return fail_cut(z);
    z->crc = crc32_update(&z->crc_tables, z->crc, &byte, 1);
    return got;
}

/* Takes count bytes of the header, to bytes unless that is NULL. */
static int header_bytes(struct inflate *z, uint8_t *bytes, size_t count)
{
    size_t i;
    int byte;

    for (i = 0; i < count; i++) {
        byte = header_byte(z);
        if (byte < 0)
            return byte;
        if (bytes != NULL)
            bytes[i] = (uint8_t)byte;
    }
    return 0;
}

static int skip_string(struct inflate *z)
{
    int byte;

    do
        byte = header_byte(z);
    while (byte > 0);
    return byte;
}

static int skip_extra(struct inflate *z)
{
    uint8_t size[2] = {0};
    int error = header_bytes(z, size, sizeof(size));

    return error != 0 ? error : header_bytes(z, NULL, load_le16(size));
}

static int check_header_crc(struct inflate *z)
{
    uint32_t crc = z->crc & 0xffff;
    uint8_t stored[2] = {0};
    int error = header_bytes(z, stored, sizeof(stored));

    if (error == 0 && load_le16(stored) != crc)
        return unpack_input_fail(z->in, -EBADMSG,
                                 "gzip: the header's CRC does not fit");
    return error;
}

static int read_header(struct inflate *z)
{
    uint8_t fixed[10] = {0};
    int error = header_bytes(z, fixed, sizeof(fixed)), flags = fixed[3];

    if (error != 0)
        return error;
    if (fixed[0] != 0x1f || fixed[1] != 0x8b)
        return fail(z, "gzip: the magic is wrong");
    if (fixed[2] != 8)
        return fail(z, "gzip: the method is not deflate");
    if ((flags & 0xe0) != 0)
        return fail(z, "gzip: the header has reserved flags");
    if ((flags & GZIP_FEXTRA) != 0)
        error = skip_extra(z);
    if (error == 0 && (flags & GZIP_FNAME) != 0)
        error = skip_string(z);
    if (error == 0 && (flags & GZIP_FCOMMENT) != 0)
        error = skip_string(z);
    if (error == 0 && (flags & GZIP_FHCRC) != 0)
        error = check_header_crc(z);
    return error;
}

/* The bits hold 7 bytes at most and the trailer is 8, so none is left over
 * that belongs to what follows the member. */
static int check_trailer(struct inflate *z)
{
    uint8_t stored[8];
    size_t i;
    int byte;

    align_to_byte(z);
    for (i = 0; i < sizeof(stored); i++) {
        byte = take_byte(z);
        if (byte < 0)
            return byte;
        stored[i] = (uint8_t)byte;
    }
    ASSERT(z->bits.count == 0);
    if (load_le32(stored) != z->crc)
        return unpack_input_fail(z->in, -EBADMSG, "gzip: the CRC does not fit");
    if (load_le32(stored + 4) != z->size)
        return unpack_input_fail(z->in, -EBADMSG,
                                 "gzip: the size does not fit");
    return 0;
}

static int tap_output(struct unpack_sink *tap, const uint8_t *bytes,
                      size_t size)
{
    struct inflate *z = container_of(tap, struct inflate, tap);

    z->crc = crc32_update(&z->crc_tables, z->crc, bytes, size);
    z->size += (uint32_t)size;
    return z->out->write(z->out, bytes, size);
}

/* Extra bits grow by one every `step` symbols once all are in use, and each
 * symbol begins where the one before it ends (RFC 1951, 3.2.5). */
static void fill_bases(uint32_t *entries, uint32_t count, uint32_t first,
                       uint32_t step)
{
    uint32_t i, extra, base = first;

    for (i = 0; i < count; i++) {
        extra = i < 2 * step ? 0 : i / step - 1;
        entries[i] =
            base << ENTRY_VALUE_SHIFT | extra << ENTRY_EXTRA_SHIFT | ENTRY_BASE;
        base += UINT32_C(1) << extra;
    }
}

static void fill_entries(struct inflate *z)
{
    uint32_t i;

    for (i = 0; i < BLOCK_END; i++)
        z->litlen_entries[i] = i << ENTRY_VALUE_SHIFT | ENTRY_LITERAL;
    z->litlen_entries[BLOCK_END] = ENTRY_END;
    fill_bases(z->litlen_entries + 257, 28, 3, 4);
    z->litlen_entries[285] = UINT32_C(258) << ENTRY_VALUE_SHIFT | ENTRY_BASE;
    z->litlen_entries[286] = ENTRY_INVALID;
    z->litlen_entries[287] = ENTRY_INVALID;
    fill_bases(z->distance_entries, 30, 1, 2);
    z->distance_entries[30] = ENTRY_INVALID;
    z->distance_entries[31] = ENTRY_INVALID;
    for (i = 0; i < LENGTH_SYMBOLS; i++)
        z->length_entries[i] = i << ENTRY_VALUE_SHIFT | ENTRY_LITERAL;
}

int inflate_gzip(void *state, struct unpack_input *in, struct unpack_sink *out)
{
    struct inflate *z = state;
    int error;

    z->in = in;
    z->out = out;
    z->tap.write = tap_output;
    z->bits = (struct bits){0, 0};
    z->window = (struct unpack_window){
        .ring = z->ring, .size = RING, .reach = REACH, .out = &z->tap};
    z->crc = 0;
    z->size = 0;
    crc32_tables_init(&z->crc_tables);
    fill_entries(z);

    error = read_header(z);
    if (error != 0)
        return error;
    z->crc = 0;
    error = inflate_blocks(z);
    return error != 0 ? error : check_trailer(z);
}
