/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz.c - the contract is in fuzz.h.
 *
 * It also ends the kernel's code where that finds itself broken: there is no
 * machine here to panic on.
 */
#include "targets/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs/unpack/bytes.h"

void assert_failed(const char *expr, const char *file, int line)
{
    fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expr);
    abort();
}

void *fuzz_alloc(size_t size)
{
    void *memory = malloc(size);

    if (memory == NULL)
        abort();
    return memory;
}

static ssize_t read_pieces(struct unpack_source *source, void *to, size_t size)
{
    struct fuzz_pieces *p = container_of(source, struct fuzz_pieces, reader);

    return p->memory.source.read(&p->memory.source, to, size);
}

void fuzz_pieces_init(struct fuzz_pieces *p, const uint8_t *bytes, size_t size,
                      size_t piece)
{
    size_t part;
    uint8_t *copy;

    if (piece == 0 || size / piece >= FUZZ_PIECES_MAX)
        piece = size + 1;
    p->count = 0;
    for (; size > 0; size -= part, bytes += part) {
        part = min_size(size, piece);
        copy = fuzz_alloc(part);
        memcpy(copy, bytes, part);
        p->spans[p->count++] = (struct unpack_span){copy, part};
    }
    unpack_memory_source_init(&p->memory, p->spans, p->count);
    p->reader.read = read_pieces;
    p->reader.span = NULL;
}

void fuzz_pieces_fini(struct fuzz_pieces *p)
{
    size_t i;

    for (i = 0; i < p->count; i++)
        free((void *)p->spans[i].bytes);
}

void fuzz_outcome_add(struct fuzz_outcome *o, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    o->size += size;
    for (; size > 0; size--)
        o->hash = (o->hash ^ *at++) * UINT64_C(0x100000001b3);
}

static int write_outcome(struct unpack_sink *sink, const uint8_t *bytes,
                         size_t size)
{
    struct fuzz_outcome *o =
        container_of(sink, struct fuzz_sink, sink)->outcome;
    size_t room = (size_t)(FUZZ_OUTPUT_MAX - o->size);

    fuzz_outcome_add(o, bytes, min_size(size, room));
    return size > room ? -EFBIG : 0;
}

void fuzz_sink_init(struct fuzz_sink *s, struct fuzz_outcome *outcome)
{
    s->sink.write = write_outcome;
    s->outcome = outcome;
    *outcome = (struct fuzz_outcome){0, NULL, 0, UINT64_C(0xcbf29ce484222325)};
}

static void print_outcome(const struct fuzz_outcome *o)
{
    fprintf(stderr, "error %d (%s), %llu bytes, hash %llx\n", o->error,
            o->why != NULL ? o->why : "no reason", (unsigned long long)o->size,
            (unsigned long long)o->hash);
}

void fuzz_compare(const struct fuzz_outcome *a, const struct fuzz_outcome *b)
{
    if (a->error == b->error && a->why == b->why && a->size == b->size &&
        a->hash == b->hash)
        return;
    print_outcome(a);
    print_outcome(b);
    abort();
}
