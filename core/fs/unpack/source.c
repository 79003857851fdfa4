/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/source.c - the contract is in source.h.
 */
#include "core/fs/unpack/source.h"

#include "core/abi/errno.h"
#include "core/base/string.h"

static ssize_t show_span(struct unpack_source *source, const uint8_t **bytes)
{
    struct unpack_memory_source *m =
        container_of(source, struct unpack_memory_source, source);
    const struct unpack_span *span;
    size_t left;

    for (; m->next < m->count; m->next++, m->taken = 0) {
        span = &m->spans[m->next];
        left = span->size - m->taken;
        if (left == 0)
            continue;
        *bytes = span->bytes + m->taken;
        m->taken = span->size;
        return (ssize_t)left;
    }
    return 0;
}

static ssize_t read_memory(struct unpack_source *source, void *to, size_t size)
{
    struct unpack_memory_source *m =
        container_of(source, struct unpack_memory_source, source);
    const uint8_t *bytes = NULL;
    ssize_t shown = show_span(source, &bytes);
    size_t count;

    if (shown <= 0)
        return shown;
    count = min_size((size_t)shown, size);
    mem_copy(to, bytes, count);
    m->taken -= (size_t)shown - count;
    return (ssize_t)count;
}

void unpack_memory_source_init(struct unpack_memory_source *source,
                               const struct unpack_span *spans, size_t count)
{
    source->source.read = read_memory;
    source->source.span = show_span;
    source->spans = spans;
    source->count = count;
    source->next = 0;
    source->taken = 0;
}

void unpack_input_init(struct unpack_input *in, struct unpack_source *source)
{
    in->source = source;
    in->at = in->buffer;
    in->end = in->buffer;
    in->end_offset = 0;
    in->error = 0;
    in->why = NULL;
}

/* Notes what the source answered; returns the same. */
static ssize_t note_answer(struct unpack_input *in, ssize_t got)
{
    if (got > 0)
        in->end_offset += (uint64_t)got;
    else
        in->error = (int)got;
    return got;
}

/* Nothing is left in memory: gets some. */
static ssize_t refill_input(struct unpack_input *in)
{
    ssize_t got;

    if (in->source->span != NULL) {
        got = note_answer(in, in->source->span(in->source, &in->at));
        in->end = got > 0 ? in->at + got : in->at;
        return got;
    }
    got = note_answer(
        in, in->source->read(in->source, in->buffer, UNPACK_INPUT_BUFFER));
    ASSERT(got <= UNPACK_INPUT_BUFFER);
    in->at = in->buffer;
    in->end = in->buffer + (got > 0 ? got : 0);
    return got;
}

/* Too few bytes are left in memory: joins them with the next in buffer. A
 * source with spans gives only what is asked for, or the seam would go on. */
static ssize_t join_input(struct unpack_input *in, size_t size)
{
    size_t ready = (size_t)(in->end - in->at);
    size_t room = in->source->span != NULL ? size : UNPACK_INPUT_BUFFER;
    ssize_t got;

    mem_move(in->buffer, in->at, ready);
    in->at = in->buffer;
    while (ready < size) {
        got = note_answer(
            in, in->source->read(in->source, in->buffer + ready, room - ready));
        if (got <= 0)
            break;
        ASSERT((size_t)got <= room - ready);
        ready += (size_t)got;
    }
    in->end = in->buffer + ready;
    return in->error != 0 ? in->error : (ssize_t)ready;
}

ssize_t unpack_input_need(struct unpack_input *in, size_t size)
{
    ssize_t got;

    ASSERT(size > 0 && size <= UNPACK_INPUT_BUFFER);
    if (in->error != 0)
        return in->error;
    if (in->at == in->end) {
        got = refill_input(in);
        if (got <= 0)
            return got;
    }
    if ((size_t)(in->end - in->at) >= size)
        return in->end - in->at;
    return join_input(in, size);
}

int unpack_input_take(struct unpack_input *in, uint8_t *to, uint64_t size)
{
    size_t part;
    ssize_t ready;

    while (size > 0) {
        ready = unpack_input_need(in, 1);
        if (ready <= 0)
            return ready < 0 ? (int)ready : -ENODATA;
        part = (size_t)min_u64((uint64_t)ready, size);
        if (to != NULL) {
            mem_copy(to, in->at, part);
            to += part;
        }
        in->at += part;
        size -= part;
    }
    return 0;
}

int unpack_input_byte(struct unpack_input *in)
{
    ssize_t ready;

    if (in->at == in->end) {
        ready = unpack_input_need(in, 1);
        if (ready <= 0)
            return ready < 0 ? (int)ready : -ENODATA;
    }
    return *in->at++;
}

uint64_t unpack_input_offset(const struct unpack_input *in)
{
    return in->end_offset - (uint64_t)(in->end - in->at);
}

int unpack_input_fail(struct unpack_input *in, int error, const char *why)
{
    if (in->why == NULL)
        in->why = why;
    return error;
}

int unpack_input_cut(struct unpack_input *in, const char *why)
{
    if (in->error != 0)
        return unpack_input_fail(in, in->error, "its bytes cannot be read");
    return unpack_input_fail(in, -ENODATA, why);
}
