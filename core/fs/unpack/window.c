/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/window.c - the contract is in window.h.
 */
#include "core/fs/unpack/window.h"

int unpack_window_flush(struct unpack_window *w)
{
    size_t from = w->unsent;

    ASSERT(from <= w->at && w->at <= w->size);
    w->unsent = w->at;
    if (from == w->at)
        return 0;
    return w->out->write(w->out, w->ring + from, w->at - from);
}

int unpack_window_wrap(struct unpack_window *w)
{
    int error = unpack_window_flush(w);

    ASSERT(w->at == w->size);
    w->at = 0;
    w->unsent = 0;
    w->wrapped = true;
    return error;
}

int unpack_window_append_slowly(struct unpack_window *w, const uint8_t *bytes,
                                size_t size)
{
    size_t part;
    int error = 0;

    while (size > 0 && error == 0) {
        part = min_size(size, w->size - w->at);
        mem_copy(w->ring + w->at, bytes, part);
        w->at += part;
        bytes += part;
        size -= part;
        if (w->at == w->size)
            error = unpack_window_wrap(w);
    }
    return error;
}

int unpack_window_fill(struct unpack_window *w, uint8_t byte, size_t size)
{
    size_t part;
    int error = 0;

    while (size > 0 && error == 0) {
        part = min_size(size, w->size - w->at);
        mem_set(w->ring + w->at, byte, part);
        w->at += part;
        size -= part;
        if (w->at == w->size)
            error = unpack_window_wrap(w);
    }
    return error;
}

/* Copies forward byte by byte, so that a short distance repeats. */
static void copy_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
    for (; size > 0; size--)
        *to++ = *from++;
}

/* Copies size bytes of the ring that its end does not cut. From less than 8
 * bytes away, on either side, they go one by one. */
static void copy_within(struct unpack_window *w, size_t from, size_t distance,
                        size_t size)
{
    uint8_t *ring = w->ring;

    if (distance == 1)
        mem_set(ring + w->at, ring[from], size);
    else if (distance < 8 || distance + 8 > w->size)
        copy_bytes(ring + w->at, ring + from, size);
    else
        copy_forward(ring + w->at, ring + from, size);
}

int unpack_window_repeat_slowly(struct unpack_window *w, size_t distance,
                                size_t size)
{
    size_t from, part;
    int error = 0;

    ASSERT(unpack_window_reaches(w, distance));
    while (size > 0 && error == 0) {
        from =
            w->at >= distance ? w->at - distance : w->at + w->size - distance;
        part = min_size(size, w->size - max_size(w->at, from));
        copy_within(w, from, distance, part);
        w->at += part;
        size -= part;
        if (w->at == w->size)
            error = unpack_window_wrap(w);
    }
    return error;
}
