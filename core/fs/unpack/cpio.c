/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/cpio.c - the contract is in cpio.h.
 *
 * Each step of the state machine takes what it can of the bytes at hand. What
 * lies there in one piece is used in place; what was cut by the end of a piece
 * is collected in the reader's buffer.
 */
#include "core/fs/unpack/cpio.h"

#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/fs/unpack/bytes.h"

/* The fields behind the magic, each 8 hexadecimal digits. */
enum field {
    FIELD_INO,
    FIELD_MODE,
    FIELD_UID,
    FIELD_GID,
    FIELD_NLINK,
    FIELD_MTIME,
    FIELD_SIZE,
    FIELD_DEV_MAJOR,
    FIELD_DEV_MINOR,
    FIELD_RDEV_MAJOR,
    FIELD_RDEV_MINOR,
    FIELD_NAME_SIZE,
    FIELD_SUM,
    FIELDS
};

enum { MAGIC_SIZE = 6, FIELD_SIZE_BYTES = 8 };

_Static_assert(MAGIC_SIZE + FIELDS * FIELD_SIZE_BYTES == CPIO_HEADER_SIZE,
               "the fields make the header");

static const char trailer_name[] = "TRAILER!!!";

static int fail(struct cpio_reader *r, int error, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    return error;
}

/* Zero bytes that make offset, from a header's start, a multiple of 4. */
static size_t padding_after(size_t offset)
{
    return (0 - offset) & 3;
}

/* An op's answer: it may fail, and then the reader has no reason of its own. */
static int note_answer(struct cpio_reader *r, int error)
{
    ASSERT(error <= 0);
    return error == 0 ? 0 : fail(r, error, "a file could not be made");
}

/*
 * Reads a field, all eight digits at once, one in each byte of a word. Returns
 * whether it is a number: every byte must be the digit that is written for the
 * value found in it, letters being made small first.
 */
static bool parse_field(const uint8_t *text, uint32_t *out)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word = load_le64(text), letters, values, tens;

    letters = word >> 6 & each;
    values = (word & 15 * each) + 9 * letters;
    tens = (values + 6 * each) >> 4 & each;
    if ((values & 0xf0 * each) != 0 ||
        values + '0' * each + ('a' - 10 - '0') * tens != (word | letters << 5))
        return false;
    values = __builtin_bswap64(values);
    values = (values | values >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    values = (values | values >> 8) & UINT64_C(0x0000ffff0000ffff);
    *out = (uint32_t)(values | values >> 16);
    return true;
}

static int check_magic(struct cpio_reader *r, const uint8_t *header)
{
    if (mem_equal(header, "070701", MAGIC_SIZE) ||
        mem_equal(header, "070702", MAGIC_SIZE))
        return 0;
    if (mem_equal(header, "070707", MAGIC_SIZE))
        return fail(r, -ENOEXEC, "cpio: it is in the old format, not newc");
    return fail(r, -EINVAL, "cpio: a member's magic is wrong");
}

static void set_entry(struct cpio_entry *e, const uint32_t *fields)
{
    e->ino = fields[FIELD_INO];
    e->mode = fields[FIELD_MODE];
    e->uid = fields[FIELD_UID];
    e->gid = fields[FIELD_GID];
    e->nlink = fields[FIELD_NLINK];
    e->mtime = fields[FIELD_MTIME];
    e->size = fields[FIELD_SIZE];
    e->dev_major = fields[FIELD_DEV_MAJOR];
    e->dev_minor = fields[FIELD_DEV_MINOR];
    e->rdev_major = fields[FIELD_RDEV_MAJOR];
    e->rdev_minor = fields[FIELD_RDEV_MINOR];
}

static int parse_header(struct cpio_reader *r, const uint8_t *header)
{
    const uint8_t *field = header + MAGIC_SIZE;
    uint32_t fields[FIELDS];
    int error = check_magic(r, header), i;
    bool good = true;

    if (error != 0)
        return error;
    for (i = 0; i < FIELDS; i++, field += FIELD_SIZE_BYTES)
        good &= parse_field(field, &fields[i]);
    if (!good)
        return fail(r, -EINVAL, "cpio: a header has a bad number");
    if (fields[FIELD_NAME_SIZE] > CPIO_NAME_MAX + 1)
        return fail(r, -ENAMETOOLONG, "cpio: a name is too long");
    if (fields[FIELD_NAME_SIZE] < 2)
        return fail(r, -EINVAL, "cpio: a name is empty");
    set_entry(&r->entry, fields);
    r->has_sum = header[MAGIC_SIZE - 1] == '2';
    r->sum = fields[FIELD_SUM];
    r->data_sum = 0;
    r->left = r->entry.size;
    r->name_size = fields[FIELD_NAME_SIZE];
    r->in_archive = true;
    r->state = CPIO_NAME;
    return 0;
}

/* Has the member a sum of its data? Only of a file, and a hard link without
 * data carries the sum of what another one has. */
static bool sum_counts(const struct cpio_reader *r)
{
    return r->has_sum && r->entry.size > 0 &&
           (r->entry.mode & LX_S_IFMT) == LX_S_IFREG;
}

/* The member's data is complete. */
static int end_member(struct cpio_reader *r)
{
    r->padding = padding_after(r->entry.size);
    r->state = CPIO_BETWEEN;
    if (r->is_trailer) {
        r->in_archive = false;
        if (r->ops->archive_end == NULL)
            return 0;
        return note_answer(r, r->ops->archive_end(r->arg));
    }
    if (sum_counts(r) && r->data_sum != r->sum)
        return fail(r, -EBADMSG, "cpio: a file's sum does not fit");
    return note_answer(r, r->ops->end(r->arg));
}

static int parse_name(struct cpio_reader *r, const char *name)
{
    size_t length = r->name_size - 1;
    int error = 0;

    if (str_length(name, r->name_size) != length)
        return fail(r, -EINVAL, "cpio: a name does not end where it should");
    r->padding = padding_after(CPIO_HEADER_SIZE + r->name_size);
    r->is_trailer = str_equal(name, trailer_name);
    if (!r->is_trailer) {
        r->entry.name = name;
        r->entry.name_length = length;
        error = note_answer(r, r->ops->entry(r->arg, &r->entry));
        r->entry.name = NULL;
    }
    r->state = CPIO_DATA;
    return error;
}

/* size bytes in one piece: where they lie, or collected. NULL when they have
 * not all come. */
static const uint8_t *collect(struct cpio_reader *r, const uint8_t **at,
                              const uint8_t *end, size_t size)
{
    const uint8_t *bytes = *at;
    size_t part = min_size((size_t)(end - *at), size - r->collected);

    *at += part;
    if (part == size)
        return bytes;
    mem_copy(r->buffer + r->collected, bytes, part);
    r->collected += part;
    if (r->collected < size)
        return NULL;
    r->collected = 0;
    return (const uint8_t *)r->buffer;
}

static uint32_t add_bytes(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (; size > 0; size--)
        sum += *bytes++;
    return sum;
}

static int read_data(struct cpio_reader *r, const uint8_t **at,
                     const uint8_t *end)
{
    const uint8_t *bytes = *at;
    size_t part = min_size((size_t)(end - bytes), r->left);
    int error = 0;

    *at += part;
    r->left -= (uint32_t)part;
    if (r->has_sum)
        r->data_sum = add_bytes(r->data_sum, bytes, part);
    if (part > 0 && !r->is_trailer)
        error = note_answer(r, r->ops->data(r->arg, bytes, part));
    if (error == 0 && r->left == 0)
        error = end_member(r);
    return error;
}

/* Passes over zero bytes; *at is then at another byte or end. */
static void skip_zeros(const uint8_t **at, const uint8_t *end)
{
    while (end - *at >= 8 && load_le64(*at) == 0)
        *at += 8;
    while (*at < end && **at == 0)
        ++*at;
}

/* One step of at least a byte, or of data that is empty. Stops at a byte that
 * begins no archive, with *foreign set. */
static int step(struct cpio_reader *r, const uint8_t **at, const uint8_t *end,
                bool *foreign)
{
    const uint8_t *bytes;

    switch (r->state) {
    case CPIO_BETWEEN:
        skip_zeros(at, end);
        if (*at == end)
            return 0;
        if (**at == '0')
            r->state = CPIO_HEADER;
        else if (r->in_archive)
            return fail(r, -EINVAL, "cpio: a member's magic is wrong");
        else
            *foreign = true;
        return 0;
    case CPIO_HEADER:
        bytes = collect(r, at, end, CPIO_HEADER_SIZE);
        return bytes != NULL ? parse_header(r, bytes) : 0;
    case CPIO_NAME:
        bytes = collect(r, at, end, r->name_size);
        return bytes != NULL ? parse_name(r, (const char *)bytes) : 0;
    case CPIO_DATA:
        break;
    }
    return read_data(r, at, end);
}

void cpio_init(struct cpio_reader *reader, const struct cpio_ops *ops,
               void *arg)
{
    /* Not the buffer, which is most of it. */
    mem_set(reader, 0, offsetof(struct cpio_reader, buffer));
    reader->ops = ops;
    reader->arg = arg;
}

int cpio_feed(struct cpio_reader *reader, const uint8_t **at,
              const uint8_t *end)
{
    bool foreign = false;
    size_t part;
    int error = 0;

    while (error == 0 && !foreign) {
        part = min_size(reader->padding, (size_t)(end - *at));
        reader->padding -= part;
        *at += part;
        /* Empty data needs no byte to be complete. */
        if (*at == end && (reader->padding > 0 || reader->state != CPIO_DATA ||
                           reader->left > 0))
            break;
        error = step(reader, at, end, &foreign);
    }
    return error;
}

bool cpio_is_between_archives(const struct cpio_reader *reader)
{
    return reader->state == CPIO_BETWEEN && !reader->in_archive;
}

int cpio_finish(struct cpio_reader *reader)
{
    if (cpio_is_between_archives(reader))
        return 0;
    switch (reader->state) {
    case CPIO_HEADER:
        return fail(reader, -ENODATA, "cpio: it ends inside a header");
    case CPIO_NAME:
        return fail(reader, -ENODATA, "cpio: it ends inside a name");
    case CPIO_DATA:
        return fail(reader, -ENODATA, "cpio: it ends inside a file's data");
    case CPIO_BETWEEN:
        break;
    }
    return fail(reader, -ENODATA, "cpio: it ends without TRAILER!!!");
}
