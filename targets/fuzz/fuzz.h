/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz.h - what the fuzz targets share.
 *
 * A target is a libFuzzer program over the kernel's own code, compiled with
 * ASan and UBSan as one program with it. A run's input is one byte of choices
 * and then the bytes that the code gets. Each target runs the code twice, on
 * the bytes in one piece and on the same bytes in small ones: the outcome must
 * be the same, so a fault that only a seam brings out shows too.
 *
 *   make_corpus.py DIR    writes seeds to DIR/<target>/
 *   fuzz_<target> DIR/<target> -max_total_time=60
 */
#ifndef TARGETS_FUZZ_FUZZ_H
#define TARGETS_FUZZ_FUZZ_H

#include "core/fs/unpack/source.h"

enum {
    FUZZ_PIECES_MAX = 1 << 16,
    FUZZ_OUTPUT_MAX = 1 << 18 /* where a sink ends the run, with -EFBIG */
};

/* What a run came to: equal runs have equal outcomes. */
struct fuzz_outcome {
    int error;
    const char *why;
    uint64_t size; /* of what was delivered */
    uint64_t hash; /* of that, however it was cut */
};

/* A source that shows size bytes in pieces of at most `piece`, each in memory
 * of its own, so that ASan sees a step over its edge. */
struct fuzz_pieces {
    struct unpack_memory_source memory;
    struct unpack_source reader; /* the same without span() */
    struct unpack_span spans[FUZZ_PIECES_MAX];
    size_t count;
};

/* A sink that keeps no more than the outcome. */
struct fuzz_sink {
    struct unpack_sink sink;
    struct fuzz_outcome *outcome;
};

C_DECLS_BEGIN

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Cuts the bytes into a source; piece 0: one piece. */
void fuzz_pieces_init(struct fuzz_pieces *p, const uint8_t *bytes, size_t size,
                      size_t piece);

void fuzz_pieces_fini(struct fuzz_pieces *p);

/* Starts an outcome, to which the sink will add what it gets. */
void fuzz_sink_init(struct fuzz_sink *s, struct fuzz_outcome *outcome);

/* Adds size bytes to what was delivered. */
void fuzz_outcome_add(struct fuzz_outcome *o, const void *bytes, size_t size);

/* Aborts, with both on stderr, unless they are equal. */
void fuzz_compare(const struct fuzz_outcome *a, const struct fuzz_outcome *b);

/* Memory of exactly size bytes, or the end of the program. */
void *fuzz_alloc(size_t size);

C_DECLS_END

#endif /* TARGETS_FUZZ_FUZZ_H */
