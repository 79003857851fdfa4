/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz_gzip.c - any bytes as a gzip member.
 */
#include <stdlib.h>

#include "core/fs/unpack/inflate.h"
#include "targets/fuzz/fuzz.h"

static struct fuzz_pieces pieces;

/* Decodes the bytes, read in place or not. */
static struct fuzz_outcome decode(const uint8_t *bytes, size_t size,
                                  size_t piece, bool in_place)
{
    void *state = fuzz_alloc(inflate_state_size());
    struct fuzz_outcome outcome;
    struct unpack_input in;
    struct fuzz_sink sink;

    fuzz_pieces_init(&pieces, bytes, size, piece);
    fuzz_sink_init(&sink, &outcome);
    unpack_input_init(&in, in_place ? &pieces.memory.source : &pieces.reader);
    outcome.error = inflate_gzip(state, &in, &sink.sink);
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
