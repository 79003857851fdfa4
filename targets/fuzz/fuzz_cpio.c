/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz_cpio.c - any bytes as an initrd: cpio archives, and the
 * segments they may be packed in.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/fs/unpack/unpack.h"
#include "core/fs/unpack/zstd.h"
#include "targets/fuzz/fuzz.h"

enum { MEMORY_MAX = 2 << 20 };

/* Who gets the members, and holds the reader to its contract. */
struct receiver {
    struct fuzz_outcome outcome;
    bool in_member;
    uint64_t left;   /* data that the member is still to have */
    size_t memory;   /* bytes that are got and not put */
    uint32_t fields; /* of the last entry, to give them some use */
};

static struct fuzz_pieces pieces;

static void require(bool holds)
{
    if (!holds)
        abort();
}

static int get_entry(void *arg, const struct cpio_entry *e)
{
    struct receiver *r = arg;

    require(!r->in_member);
    require(e->name_length > 0 && e->name_length <= CPIO_NAME_MAX);
    require(strlen(e->name) == e->name_length);
    r->in_member = true;
    r->left = e->size;
    r->fields = e->ino ^ e->mode ^ e->uid ^ e->gid ^ e->nlink ^ e->mtime ^
                e->dev_major ^ e->dev_minor ^ e->rdev_major ^ e->rdev_minor;
    fuzz_outcome_add(&r->outcome, &r->fields, sizeof(r->fields));
    fuzz_outcome_add(&r->outcome, e->name, e->name_length + 1);
    return 0;
}

static int get_data(void *arg, const uint8_t *bytes, size_t size)
{
    struct receiver *r = arg;

    require(r->in_member && size > 0 && size <= r->left);
    r->left -= size;
    fuzz_outcome_add(&r->outcome, bytes, size);
    return 0;
}

static int get_end(void *arg)
{
    struct receiver *r = arg;

    require(r->in_member && r->left == 0);
    r->in_member = false;
    return 0;
}

static int get_archive_end(void *arg)
{
    struct receiver *r = arg;

    require(!r->in_member);
    fuzz_outcome_add(&r->outcome, "end", 4);
    return 0;
}

static const struct cpio_ops receiver_ops = {get_entry, get_data, get_end,
                                             get_archive_end};

static void *get_memory(void *arg, size_t size)
{
    struct receiver *r = arg;

    require(size > 0 && size <= ZSTD_WINDOW_MAX);
    if (size > MEMORY_MAX)
        return NULL;
    r->memory += size;
    return fuzz_alloc(size);
}

static void put_memory(void *arg, void *memory, size_t size)
{
    struct receiver *r = arg;

    require(size <= r->memory);
    r->memory -= size;
    free(memory);
}

/* Unpacks the bytes, read in place or not. */
static struct fuzz_outcome unpack(const uint8_t *bytes, size_t size,
                                  size_t piece, bool in_place)
{
    struct receiver r = {.in_member = false};
    struct unpack_memory memory = {get_memory, put_memory, &r};
    struct unpack_job job = {NULL, &memory, &receiver_ops, &r};
    struct unpack_report report;
    struct fuzz_sink sink;

    fuzz_pieces_init(&pieces, bytes, size, piece);
    fuzz_sink_init(&sink, &r.outcome);
    job.source = in_place ? &pieces.memory.source : &pieces.reader;
    r.outcome.error = unpack_initrd(&job, &report);
    r.outcome.why = report.why;
    fuzz_pieces_fini(&pieces);

    require((r.outcome.error == 0) == (report.why == NULL));
    require(r.outcome.error != 0 || (report.offset == size && !r.in_member));
    require(report.offset <= size);
    require(r.memory == 0);
    return r.outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_outcome whole, cut;

    if (size == 0)
        return 0;
    whole = unpack(data + 1, size - 1, 0, true);
    cut = unpack(data + 1, size - 1, 1 + data[0] / 2, (data[0] & 1) != 0);
    fuzz_compare(&whole, &cut);
    return 0;
}
