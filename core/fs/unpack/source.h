/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/source.h - where packed bytes come from and where they go.
 *
 * A source is whatever bytes can be read from in order; a sink takes bytes in
 * order. Between a source and a decoder stands an input: a cursor over bytes
 * that lie in memory, so that decoders pay no call per byte and plain data is
 * never copied. It counts the bytes for error messages and keeps the reason of
 * the first failure.
 *
 * Locking: none; all objects belong to one thread. Whether a call may sleep
 * depends on the source and the sink alone.
 */
#ifndef CORE_FS_UNPACK_SOURCE_H
#define CORE_FS_UNPACK_SOURCE_H

#include "core/base/defs.h"

struct unpack_source {
    /* Takes up to size > 0 bytes. Returns the count, 0 at the end, -errno. */
    ssize_t (*read)(struct unpack_source *source, void *to, size_t size);
    /*
     * Takes all bytes that lie next in one piece and shows them in place; they
     * stay valid and unchanged as long as the source. Returns as read() does.
     * NULL for a source whose bytes are not in memory.
     */
    ssize_t (*span)(struct unpack_source *source, const uint8_t **bytes);
};

struct unpack_sink {
    /* Takes all size > 0 bytes. Returns 0 or -errno, which ends the run. */
    int (*write)(struct unpack_sink *sink, const uint8_t *bytes, size_t size);
};

/* A piece of memory. */
struct unpack_span {
    const uint8_t *bytes;
    size_t size;
};

/* A source over pieces of memory, in order; empty ones are passed over. */
struct unpack_memory_source {
    struct unpack_source source;
    const struct unpack_span *spans;
    size_t count;
    size_t next;  /* index of the span that is not used up */
    size_t taken; /* bytes of it */
};

enum { UNPACK_INPUT_BUFFER = 1024 };

struct unpack_input {
    struct unpack_source *source;
    const uint8_t *at;   /* the next byte; decoders move it up to end */
    const uint8_t *end;  /* of the bytes in memory */
    uint64_t end_offset; /* of end, in the source */
    int error;           /* what the source failed with, or 0 */
    const char *why;     /* reason of the first failure, static, or NULL */
    uint8_t buffer[UNPACK_INPUT_BUFFER]; /* without span(), or a seam of two */
};

C_DECLS_BEGIN

/* Makes a source of count spans, which outlive it. */
void unpack_memory_source_init(struct unpack_memory_source *source,
                               const struct unpack_span *spans, size_t count);

/* Makes an input at the source's first byte, offset 0. */
void unpack_input_init(struct unpack_input *in, struct unpack_source *source);

/*
 * Has at least size <= UNPACK_INPUT_BUFFER bytes ready at in->at, or all there
 * are before the end. Returns how many are ready (0: the end; maybe more than
 * size), or what the source failed with, now and at every later call.
 */
MUST_USE ssize_t unpack_input_need(struct unpack_input *in, size_t size);

/*
 * Takes size bytes, to a copy of them or, with to == NULL, away. Returns 0,
 * -ENODATA when the source ends before, or what the source failed with.
 */
MUST_USE int unpack_input_take(struct unpack_input *in, uint8_t *to,
                               uint64_t size);

/* Takes one byte. Returns 0..255, or as unpack_input_take() fails. */
MUST_USE int unpack_input_byte(struct unpack_input *in);

/* Offset in the source of the byte at in->at. */
uint64_t unpack_input_offset(const struct unpack_input *in);

/* Notes why (static, if none is noted yet) and returns error. */
int unpack_input_fail(struct unpack_input *in, int error, const char *why);

/* The same for bytes that end too early: error is -ENODATA, or the source's
 * own, which the reason then tells. */
int unpack_input_cut(struct unpack_input *in, const char *why);

C_DECLS_END

#endif /* CORE_FS_UNPACK_SOURCE_H */
