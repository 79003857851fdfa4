/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/window.h - a decoder's output: a ring that is its memory of
 * what came before, and a buffer of what its sink is still to get.
 */
#ifndef CORE_FS_UNPACK_WINDOW_H
#define CORE_FS_UNPACK_WINDOW_H

#include "core/fs/unpack/bytes.h"
#include "core/fs/unpack/source.h"

struct unpack_window {
    uint8_t *ring;
    size_t size;   /* of the ring, > 0 */
    size_t reach;  /* the furthest look back, <= size */
    size_t at;     /* where the next byte goes, < size */
    size_t unsent; /* the first byte that the sink has not got, <= at */
    bool wrapped;  /* has the whole ring been written? */
    struct unpack_sink *out;
};

C_DECLS_BEGIN

/* Gives the sink what it has not got. Returns 0 or what the sink returned, as
 * do all below. */
MUST_USE int unpack_window_flush(struct unpack_window *w);

/* The ring is full: flushes it and goes on at its start. */
MUST_USE int unpack_window_wrap(struct unpack_window *w);

/* unpack_window_append() of much, or at the end of the ring. */
MUST_USE int unpack_window_append_slowly(struct unpack_window *w,
                                         const uint8_t *bytes, size_t size);

/* Appends size times the same byte. */
MUST_USE int unpack_window_fill(struct unpack_window *w, uint8_t byte,
                                size_t size);

/* unpack_window_repeat() at the seams of the ring, or of a short distance. */
MUST_USE int unpack_window_repeat_slowly(struct unpack_window *w,
                                         size_t distance, size_t size);

C_DECLS_END

/* Is there a byte that far back? */
static inline bool unpack_window_reaches(const struct unpack_window *w,
                                         size_t distance)
{
    return distance - 1 < (w->wrapped ? w->reach : min_size(w->at, w->reach));
}

/* Appends one byte. */
MUST_USE static inline int unpack_window_put(struct unpack_window *w,
                                             uint8_t byte)
{
    w->ring[w->at++] = byte;
    return w->at < w->size ? 0 : unpack_window_wrap(w);
}

/* Appends size bytes from elsewhere. */
MUST_USE static inline int
unpack_window_append(struct unpack_window *w, const uint8_t *bytes, size_t size)
{
    if (size > 64 || size >= w->size - w->at)
        return unpack_window_append_slowly(w, bytes, size);
    copy_forward(w->ring + w->at, bytes, size);
    w->at += size;
    return 0;
}

/* Appends size > 0 bytes that repeat those from distance bytes back, which
 * must be reached; size may be larger than distance. */
MUST_USE static inline int unpack_window_repeat(struct unpack_window *w,
                                                size_t distance, size_t size)
{
    if (distance < 8 || distance > w->at || size >= w->size - w->at)
        return unpack_window_repeat_slowly(w, distance, size);
    copy_forward(w->ring + w->at, w->ring + w->at - distance, size);
    w->at += size;
    return 0;
}

#endif /* CORE_FS_UNPACK_WINDOW_H */
