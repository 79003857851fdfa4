/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/unpack.c - the contract is in unpack.h.
 */
#include "core/fs/unpack/unpack.h"

#include "core/abi/errno.h"
#include "core/fs/unpack/bytes.h"
#include "core/fs/unpack/inflate.h"
#include "core/fs/unpack/zstd.h"

struct unpack {
    const struct unpack_job *job;
    struct unpack_sink sink; /* feeds packed segments' output to cpio */
    struct unpack_input in;
    struct cpio_reader cpio;
};

enum segment { SEGMENT_PLAIN, SEGMENT_GZIP, SEGMENT_ZSTD, SEGMENT_SKIPPED };

/* What is told by its first bytes and cannot be read. */
struct foreign_format {
    const char *why;
    uint8_t size; /* of magic */
    uint8_t magic[5];
};

enum { MAGIC_SIZE_MAX = 5 };

static const struct foreign_format foreign_formats[] = {
    {"xz is not supported, only gzip and zstd are",
     5,
     {0xfd, '7', 'z', 'X', 'Z'}},
    {"bzip2 is not supported, only gzip and zstd are", 3, {'B', 'Z', 'h'}},
    {"lz4 is not supported, only gzip and zstd are",
     4,
     {0x04, 0x22, 0x4d, 0x18}},
    {"lz4 is not supported, only gzip and zstd are",
     4,
     {0x02, 0x21, 0x4c, 0x18}},
    {"lzma is not supported, only gzip and zstd are", 3, {0x5d, 0x00, 0x00}},
    {"lzop is not supported, only gzip and zstd are", 4, {0x89, 'L', 'Z', 'O'}},
    {"compress is not supported, only gzip and zstd are", 2, {0x1f, 0x9d}},
    {"cpio: it is in the old binary format, not newc", 2, {0xc7, 0x71}},
    {"cpio: it is in the old binary format, not newc", 2, {0x71, 0xc7}},
};

/* The cpio reader failed: its reason is the run's. */
static int fail_cpio(struct unpack *u, int error)
{
    return unpack_input_fail(&u->in, error, u->cpio.why);
}

static void *get_memory(struct unpack *u, size_t size)
{
    const struct unpack_memory *memory = u->job->memory;
    void *got = memory->get(memory->arg, size);

    if (got == NULL)
        (void)unpack_input_fail(&u->in, -ENOMEM,
                                "there is no memory to unpack it");
    return got;
}

static void put_memory(struct unpack *u, void *memory, size_t size)
{
    u->job->memory->put(u->job->memory->arg, memory, size);
}

/* --- segments ----------------------------------------------------------- */

/* A packed segment's output must be archives and padding, nothing else. */
static int feed_unpacked(struct unpack_sink *sink, const uint8_t *bytes,
                         size_t size)
{
    struct unpack *u = container_of(sink, struct unpack, sink);
    const uint8_t *end = bytes + size;
    int error = cpio_feed(&u->cpio, &bytes, end);

    if (error != 0)
        return fail_cpio(u, error);
    if (bytes < end)
        return unpack_input_fail(&u->in, -EINVAL,
                                 "what it unpacks to is no cpio archive");
    return 0;
}

static int unpack_gzip(struct unpack *u)
{
    size_t size = inflate_state_size();
    void *state = get_memory(u, size);
    int error;

    if (state == NULL)
        return -ENOMEM;
    error = inflate_gzip(state, &u->in, &u->sink);
    put_memory(u, state, size);
    return error;
}

static int unpack_zstd(struct unpack *u)
{
    size_t state_size = zstd_state_size(), window_size = 0;
    void *state = get_memory(u, state_size), *window = NULL;
    int error;

    if (state == NULL)
        return -ENOMEM;
    error = zstd_begin(state, &u->in, &window_size);
    if (error != 0)
        goto put_state;
    window = get_memory(u, window_size);
    if (window == NULL) {
        error = -ENOMEM;
        goto put_state;
    }
    error = zstd_decode(state, window, &u->sink);
    put_memory(u, window, window_size);
put_state:
    put_memory(u, state, state_size);
    return error;
}

/* Feeds plain bytes to cpio until the source ends or something else comes. */
static int unpack_plain(struct unpack *u)
{
    struct unpack_input *in = &u->in;
    ssize_t ready;
    int error;

    if (!cpio_is_between_archives(&u->cpio))
        return unpack_input_fail(in, -EINVAL,
                                 "plain bytes follow half an archive");
    do {
        error = cpio_feed(&u->cpio, &in->at, in->end);
        if (error != 0)
            return fail_cpio(u, error);
        if (in->at < in->end)
            return 0;
        ready = unpack_input_need(in, 1);
    } while (ready > 0);
    if (ready < 0)
        return unpack_input_cut(in, NULL);
    error = cpio_finish(&u->cpio);
    return error != 0 ? fail_cpio(u, error) : 0;
}

/* Tells by the first count > 0 bytes of a segment what it is, or -errno. */
static int tell_segment(struct unpack *u, const uint8_t *bytes, size_t count)
{
    const struct foreign_format *f;
    size_t i;

    if (bytes[0] == '0')
        return SEGMENT_PLAIN;
    if (count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
        return SEGMENT_GZIP;
    if (count >= ZSTD_MAGIC_SIZE && load_le32(bytes) == ZSTD_MAGIC)
        return SEGMENT_ZSTD;
    if (count >= ZSTD_MAGIC_SIZE &&
        (load_le32(bytes) & 0xfffffff0) == ZSTD_MAGIC_SKIPPABLE)
        return SEGMENT_SKIPPED;
    for (i = 0; i < COUNT_OF(foreign_formats); i++) {
        f = &foreign_formats[i];
        if (count >= f->size && mem_equal(bytes, f->magic, f->size))
            return unpack_input_fail(&u->in, -ENOEXEC, f->why);
    }
    return unpack_input_fail(&u->in, -EINVAL,
                             "there is no archive in a format known");
}

static int unpack_segment(struct unpack *u, size_t ready)
{
    int segment = tell_segment(u, u->in.at, ready);

    switch (segment) {
    case SEGMENT_PLAIN:
        return unpack_plain(u);
    case SEGMENT_GZIP:
        return unpack_gzip(u);
    case SEGMENT_ZSTD:
        return unpack_zstd(u);
    case SEGMENT_SKIPPED:
        return zstd_skip(&u->in);
    default:
        return segment;
    }
}

/* Passes over zero bytes. Returns how many bytes of the next segment are ready,
 * at least MAGIC_SIZE_MAX if there are; 0 at the end; -errno. */
static ssize_t find_segment(struct unpack_input *in)
{
    ssize_t ready;

    for (;;) {
        ready = unpack_input_need(in, 1);
        if (ready <= 0)
            return ready;
        while (in->at < in->end && *in->at == 0)
            in->at++;
        if (in->at < in->end)
            return unpack_input_need(in, MAGIC_SIZE_MAX);
    }
}

static int unpack_all(struct unpack *u)
{
    ssize_t ready;
    int error;

    for (;;) {
        ready = find_segment(&u->in);
        if (ready < 0)
            return unpack_input_cut(&u->in, NULL);
        if (ready == 0)
            break;
        error = unpack_segment(u, (size_t)ready);
        if (error != 0)
            return error;
    }
    error = cpio_finish(&u->cpio);
    return error != 0 ? fail_cpio(u, error) : 0;
}

int unpack_initrd(const struct unpack_job *job, struct unpack_report *report)
{
    const struct unpack_memory *memory = job->memory;
    struct unpack *u = memory->get(memory->arg, sizeof(*u));
    int error;

    if (u == NULL) {
        report->why = "there is no memory to unpack it";
        report->offset = 0;
        return -ENOMEM;
    }
    u->job = job;
    u->sink.write = feed_unpacked;
    unpack_input_init(&u->in, job->source);
    cpio_init(&u->cpio, job->ops, job->arg);
    error = unpack_all(u);
    ASSERT(error == 0 || u->in.why != NULL);
    report->why = error != 0 ? u->in.why : NULL;
    report->offset = unpack_input_offset(&u->in);
    memory->put(memory->arg, u, sizeof(*u));
    return error;
}
