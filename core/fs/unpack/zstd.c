/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/zstd.c - frames and blocks; the contract is in zstd.h.
 */
#include "core/fs/unpack/zstd.h"

#include "core/abi/errno.h"
#include "core/fs/unpack/zstd_impl.h"

enum { BLOCK_RAW, BLOCK_RLE, BLOCK_COMPRESSED };

enum {
    HEADER_SINGLE_SEGMENT = 0x20,
    HEADER_RESERVED = 0x08,
    HEADER_CHECKSUM = 0x04,
    HEADER_DICTIONARY = 0x03
};

size_t zstd_state_size(void)
{
    return sizeof(struct zstd);
}

int zstd_fail(struct zstd *z, const char *why)
{
    return unpack_input_fail(z->in, -EINVAL, why);
}

static int fail_cut(struct unpack_input *in)
{
    return unpack_input_cut(in, "zstd: it ends inside a frame");
}

/* Takes a number of size <= 8 bytes. */
static int take_number(struct unpack_input *in, size_t size, uint64_t *number)
{
    uint8_t bytes[8] = {0};

    if (unpack_input_take(in, bytes, size) != 0)
        return fail_cut(in);
    *number = load_le64(bytes);
    return 0;
}

/* --- the frame's header (RFC 8878, 3.1.1.1) ------------------------------ */

static uint64_t window_of_descriptor(unsigned descriptor)
{
    uint64_t base = UINT64_C(1) << (10 + (descriptor >> 3));

    return base + base / 8 * (descriptor & 7);
}

static int read_dictionary(struct zstd *z, unsigned descriptor)
{
    static const uint8_t sizes[4] = {0, 1, 2, 4};
    uint64_t id = 0;
    int error = take_number(z->in, sizes[descriptor & HEADER_DICTIONARY], &id);

    if (error == 0 && id != 0)
        return zstd_fail(z, "zstd: it needs a dictionary");
    return error;
}

static int read_content_size(struct zstd *z, unsigned descriptor)
{
    static const uint8_t sizes[4] = {0, 2, 4, 8};
    bool single = (descriptor & HEADER_SINGLE_SEGMENT) != 0;
    size_t size = sizes[descriptor >> 6];
    int error;

    if (size == 0 && single)
        size = 1;
    z->sized = size > 0;
    error = take_number(z->in, size, &z->content_size);
    if (size == 2)
        z->content_size += 256;
    return error;
}

static int read_header(struct zstd *z)
{
    uint64_t magic = 0, descriptor = 0, window = 0;
    bool single;
    int error = take_number(z->in, ZSTD_MAGIC_SIZE, &magic);

    if (error == 0 && magic != ZSTD_MAGIC)
        return zstd_fail(z, "zstd: the magic is wrong");
    if (error == 0)
        error = take_number(z->in, 1, &descriptor);
    if (error == 0 && (descriptor & HEADER_RESERVED) != 0)
        return zstd_fail(z, "zstd: the header has reserved bits");
    single = (descriptor & HEADER_SINGLE_SEGMENT) != 0;
    if (error == 0 && !single)
        error = take_number(z->in, 1, &window);
    if (error == 0)
        error = read_dictionary(z, (unsigned)descriptor);
    if (error == 0)
        error = read_content_size(z, (unsigned)descriptor);
    if (error != 0)
        return error;
    z->window_size =
        single ? z->content_size : window_of_descriptor((unsigned)window);
    z->checksummed = (descriptor & HEADER_CHECKSUM) != 0;
    return 0;
}

/* How far back a match may look: not beyond what there will be. */
static size_t window_reach(const struct zstd *z)
{
    uint64_t reach = z->window_size;

    if (z->sized)
        reach = min_u64(reach, z->content_size);
    return (size_t)reach;
}

/* The ring is that large, and not empty. */
static size_t window_size(const struct zstd *z)
{
    return max_size(window_reach(z), 1);
}

int zstd_begin(void *state, struct unpack_input *in, size_t *window)
{
    struct zstd *z = state;
    int error;

    z->in = in;
    error = read_header(z);
    if (error != 0)
        return error;
    if (z->window_size > ZSTD_WINDOW_MAX)
        return unpack_input_fail(in, -EFBIG,
                                 "zstd: its window is larger than 8 MiB");
    *window = window_size(z);
    return 0;
}

/* --- blocks (RFC 8878, 3.1.1.2) ------------------------------------------ */

static int decode_raw(struct zstd *z, size_t size)
{
    int error = 0;
    ssize_t ready;
    size_t part;

    for (; size > 0 && error == 0; size -= part) {
        ready = unpack_input_need(z->in, 1);
        if (ready <= 0)
            return fail_cut(z->in);
        part = min_size(size, (size_t)ready);
        error = unpack_window_append(&z->window, z->in->at, part);
        z->in->at += part;
    }
    return error;
}

static int decode_rle(struct zstd *z, size_t size)
{
    int byte = unpack_input_byte(z->in);

    if (byte < 0)
        return fail_cut(z->in);
    return unpack_window_fill(&z->window, (uint8_t)byte, size);
}

/* Has the block in one piece, where it lies if it does. */
static int gather_block(struct zstd *z, size_t size, struct unpack_span *block)
{
    struct unpack_input *in = z->in;

    block->size = size;
    if ((size_t)(in->end - in->at) >= size) {
        block->bytes = in->at;
        in->at += size;
        return 0;
    }
    block->bytes = z->block;
    return unpack_input_take(in, z->block, size) != 0 ? fail_cut(in) : 0;
}

static int decode_compressed(struct zstd *z, size_t size)
{
    struct unpack_span block;
    int error = gather_block(z, size, &block);

    if (error == 0)
        error = zstd_read_literals(z, &block);
    if (error == 0)
        error = zstd_do_sequences(z, &block);
    return error;
}

/* Decodes one block. Returns 1 after the last, 0 after another, or -errno. */
static int decode_block(struct zstd *z)
{
    uint64_t header = 0;
    int error = take_number(z->in, 3, &header);
    size_t size = (size_t)(header >> 3);

    if (error != 0)
        return error;
    if (size > z->block_max)
        return zstd_fail(z, "zstd: a block is too large");
    switch (header >> 1 & 3) {
    case BLOCK_RAW:
        error = decode_raw(z, size);
        break;
    case BLOCK_RLE:
        error = decode_rle(z, size);
        break;
    case BLOCK_COMPRESSED:
        error = decode_compressed(z, size);
        break;
    default:
        return zstd_fail(z, "zstd: a block is of the reserved type");
    }
    if (error == 0)
        error = unpack_window_flush(&z->window);
    return error != 0 ? error : (int)(header & 1);
}

/* --- the frame ---------------------------------------------------------- */

static int tap_output(struct unpack_sink *tap, const uint8_t *bytes,
                      size_t size)
{
    struct zstd *z = container_of(tap, struct zstd, tap);

    z->produced += size;
    if (z->sized && z->produced > z->content_size)
        return unpack_input_fail(z->in, -EBADMSG,
                                 "zstd: the content is larger than declared");
    if (z->checksummed)
        xxhash64_update(&z->hash, bytes, size);
    return z->out->write(z->out, bytes, size);
}

static int check_end(struct zstd *z)
{
    uint64_t stored = 0;
    int error;

    if (z->sized && z->produced != z->content_size)
        return unpack_input_fail(z->in, -EBADMSG,
                                 "zstd: the content is smaller than declared");
    if (!z->checksummed)
        return 0;
    error = take_number(z->in, 4, &stored);
    if (error == 0 && (uint32_t)xxhash64_value(&z->hash) != stored)
        return unpack_input_fail(z->in, -EBADMSG,
                                 "zstd: the checksum does not fit");
    return error;
}

int zstd_decode(void *state, void *window, struct unpack_sink *out)
{
    struct zstd *z = state;
    int last;

    z->out = out;
    z->tap.write = tap_output;
    z->window = (struct unpack_window){.ring = window,
                                       .size = window_size(z),
                                       .reach = window_reach(z),
                                       .out = &z->tap};
    z->produced = 0;
    xxhash64_init(&z->hash);
    z->block_max = (size_t)min_u64(z->window_size, ZSTD_BLOCK_MAX);
    z->repeats[0] = 1;
    z->repeats[1] = 4;
    z->repeats[2] = 8;
    z->literal_lengths.valid = false;
    z->match_lengths.valid = false;
    z->distances.valid = false;
    z->huffman_bits = 0;

    do
        last = decode_block(z);
    while (last == 0);
    return last < 0 ? last : check_end(z);
}

int zstd_skip(struct unpack_input *in)
{
    uint64_t header = 0;
    int error = take_number(in, 8, &header);

    if (error != 0)
        return error;
    if ((header & 0xfffffff0) != ZSTD_MAGIC_SKIPPABLE)
        return unpack_input_fail(in, -EINVAL, "zstd: the magic is wrong");
    return unpack_input_take(in, NULL, header >> 32) != 0 ? fail_cut(in) : 0;
}
