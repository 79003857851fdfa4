/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_initrd.c - the initrd in guest RAM, init's arguments with it.
 *
 * The arguments travel as one more newc archive (cpio(5), "New ASCII Format")
 * behind the initrd, whose one member "cyphera.argv" holds them, each ended by
 * a NUL byte. Archives begin at multiples of 4 bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"

/* What the kernel must at least be left with beside the initrd. */
enum { LEFT_MIN = 2 << 20, READ_STEP = 1 << 20, PAGE = 4096 };

struct buffer {
    char *data;
    size_t size, room;
};

static bool reserve(struct buffer *b, size_t more)
{
    size_t room = b->size + more;
    char *data;

    if (room <= b->room)
        return true;
    if (room < b->room * 2)
        room = b->room * 2;
    data = realloc(b->data, room);
    if (data == NULL)
        return false;
    b->data = data;
    b->room = room;
    return true;
}

static bool add(struct buffer *b, const void *data, size_t size)
{
    if (size == 0)
        return true;
    if (!reserve(b, size))
        return false;
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return true;
}

static bool pad_to_4(struct buffer *b)
{
    static const char zeros[4];

    return add(b, zeros, -b->size & 3);
}

/* A member's header and name; size is that of the data to come. */
static bool add_header(struct buffer *b, const char *name, unsigned mode,
                       size_t size)
{
    char header[6 + 13 * 8 + 1];
    size_t length = strlen(name) + 1;

    snprintf(header, sizeof(header),
             "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 0u,
             mode, 0u, 0u, 1u, 0u, (unsigned)size, 0u, 0u, 0u, 0u,
             (unsigned)length, 0u);
    return add(b, header, sizeof(header) - 1) && add(b, name, length) &&
           pad_to_4(b);
}

static bool add_arguments(struct buffer *b, char *const *init)
{
    size_t size = 0;

    for (size_t i = 0; init[i] != NULL; i++)
        size += strlen(init[i]) + 1;
    if (!pad_to_4(b) || !add_header(b, "cyphera.argv", S_IFREG | 0400, size))
        return false;
    for (size_t i = 0; init[i] != NULL; i++) {
        if (!add(b, init[i], strlen(init[i]) + 1))
            return false;
    }
    return pad_to_4(b) && add_header(b, "TRAILER!!!", 0, 0);
}

/* Reads all of fd, which may be a pipe; at most limit bytes and a few. */
static int read_file(struct buffer *b, int fd, uint64_t limit)
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return errno;
    if (S_ISDIR(st.st_mode))
        return EISDIR;
    if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > limit)
        return EFBIG;
    if (S_ISREG(st.st_mode) && !reserve(b, (size_t)st.st_size + 1))
        return ENOMEM;
    for (;;) {
        ssize_t got;

        if (b->room - b->size < 2 && !reserve(b, READ_STEP))
            return ENOMEM;
        got = read(fd, b->data + b->size, b->room - b->size);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return errno;
        if (got > 0)
            b->size += (size_t)got;
        if (b->size > limit)
            return EFBIG;
    }
}

static int read_initrd(struct buffer *b, const char *path, uint64_t limit)
{
    char what[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int error;

    snprintf(what, sizeof(what), "--initrd: %s", path);
    if (fd < 0)
        return host_error(what, errno);
    error = read_file(b, fd, limit);
    close(fd);
    if (error == EFBIG) {
        snprintf(what, sizeof(what), "--initrd: %s: does not fit into memory",
                 path);
        return host_error(what, 0);
    }
    return error != 0 ? host_error(what, error) : 0;
}

/* It lies in one range of RAM: the largest. */
static const struct host_range *largest_range(void)
{
    const struct host_facts *facts = host_facts();
    const struct host_range *largest = &facts->ram[0];

    for (size_t i = 1; i < facts->ram_count; i++) {
        if (facts->ram[i].size > largest->size)
            largest = &facts->ram[i];
    }
    return largest;
}

/* The most bytes the initrd may have. */
static uint64_t size_limit(void)
{
    const struct host_facts *facts = host_facts();
    uint64_t largest = largest_range()->size;
    uint64_t total = 0;

    for (size_t i = 0; i < facts->ram_count; i++)
        total += facts->ram[i].size;
    return largest < total - LEFT_MIN ? largest : total - LEFT_MIN;
}

/* Copies b to the last pages of its range. */
static void place(const struct buffer *b)
{
    struct host_facts *facts = host_facts_edit();
    const struct host_range *range = largest_range();
    uint64_t size = (b->size + PAGE - 1) & ~(uint64_t)(PAGE - 1);

    facts->initrd.start = range->start + range->size - size;
    facts->initrd.size = b->size;
    memcpy((char *)host_ram() + facts->initrd.start, b->data, b->size);
}

int host_initrd_load(const struct host_options *options)
{
    uint64_t limit = size_limit();
    struct buffer b = {NULL, 0, 0};
    int error = 0;

    if (options->initrd != NULL)
        error = read_initrd(&b, options->initrd, limit);
    if (error == 0 && options->init != NULL && options->init[0] != NULL &&
        !add_arguments(&b, options->init))
        error = host_error("initrd", ENOMEM);
    if (error == 0 && b.size > limit)
        error = host_error("the initrd does not fit into memory", 0);
    if (error == 0 && b.size > 0)
        place(&b);
    free(b.data);
    return error;
}
