/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz_zstd.c - any bytes as a zstd frame, skippable ones before
 * it.
 */
#include <stdlib.h>

#include "core/fs/unpack/bytes.h"
#include "core/fs/unpack/zstd.h"
#include "targets/fuzz/fuzz.h"

/* A larger window differs from these in its size alone, and takes the time of
 * many runs to get. */
enum { WINDOW_MAX = 1 << 20 };

static struct fuzz_pieces pieces;

static bool is_skippable(struct unpack_input *in)
{
    return unpack_input_need(in, ZSTD_MAGIC_SIZE) >= ZSTD_MAGIC_SIZE &&
           (load_le32(in->at) & 0xfffffff0) == ZSTD_MAGIC_SKIPPABLE;
}

static int decode_frame(void *state, struct unpack_input *in,
                        struct unpack_sink *out)
{
    size_t size = 0;
    void *window;
    int error = 0;

    while (error == 0 && is_skippable(in))
        error = zstd_skip(in);
    if (error == 0)
        error = zstd_begin(state, in, &size);
    if (error != 0 || size > WINDOW_MAX)
        return error;
    window = fuzz_alloc(size);
    error = zstd_decode(state, window, out);
    free(window);
    return error;
}

/* Decodes the bytes, read in place or not. */
static struct fuzz_outcome decode(const uint8_t *bytes, size_t size,
                                  size_t piece, bool in_place)
{
    void *state = fuzz_alloc(zstd_state_size());
    struct fuzz_outcome outcome;
    struct unpack_input in;
    struct fuzz_sink sink;

    fuzz_pieces_init(&pieces, bytes, size, piece);
    fuzz_sink_init(&sink, &outcome);
    unpack_input_init(&in, in_place ? &pieces.memory.source : &pieces.reader);
    outcome.error = decode_frame(state, &in, &sink.sink);
    outcome.why = in.why;
    fuzz_pieces_fini(&pieces);
    free(state);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_outcome whole, cut;

    if (size == 0)
        return 0;
    whole = decode(data + 1, size - 1, 0, true);
    cut = decode(data + 1, size - 1, 1 + data[0] / 2, (data[0] & 1) != 0);
    fuzz_compare(&whole, &cut);
    return 0;
}
