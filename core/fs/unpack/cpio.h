/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/cpio.h - the reader of "new ASCII" cpio archives.
 *
 * Semantics: cpio(5), "New ASCII Format" (070701) and "New CRC Format"
 * (070702, whose sums are verified where a file has data). Archives follow one
 * another; zero bytes before, between and after them, and between their
 * members, are padding. An archive ends with a member TRAILER!!!, which is not
 * reported.
 *
 * The reader is fed bytes as they come, in pieces of any size, and calls back.
 * Whole runs of data are shown where they lie in the piece. Nothing is judged
 * but the format: names may be absolute or hold "..", a size may exceed what
 * will come, members of any type may have data, and hard links are members
 * with the same ino and dev, of which usually the last has the data.
 *
 * Lifetime, locking: all state is in the struct; one thread uses it.
 */
#ifndef CORE_FS_UNPACK_CPIO_H
#define CORE_FS_UNPACK_CPIO_H

#include "core/base/defs.h"

enum {
    CPIO_NAME_MAX = 4095, /* bytes of a name, as PATH_MAX of Linux has it */
    CPIO_HEADER_SIZE = 110
};

struct cpio_entry {
    const char *name; /* NUL-terminated, not empty; only for the call */
    size_t name_length;
    uint32_t ino;
    uint32_t mode; /* type and permissions, as st_mode; not checked */
    uint32_t uid;
    uint32_t gid;
    uint32_t nlink;
    uint32_t mtime; /* seconds since 1970 */
    uint32_t size;  /* of the data that will come, if the archive holds it */
    uint32_t dev_major, dev_minor;   /* where ino is unique */
    uint32_t rdev_major, rdev_minor; /* of a device node */
};

/* Each returns 0, or -errno, which ends the run. arg is the caller's. */
struct cpio_ops {
    /* A member begins. */
    int (*entry)(void *arg, const struct cpio_entry *entry);
    /* Its next size > 0 bytes: a file's contents, a symbolic link's target.
     * They are valid for the call only. */
    int (*data)(void *arg, const uint8_t *bytes, size_t size);
    /* It has had all its data, and the right sum. */
    int (*end)(void *arg);
    /* An archive ended: inode numbers mean something else in the next. May be
     * NULL. */
    int (*archive_end)(void *arg);
};

enum cpio_state { CPIO_BETWEEN, CPIO_HEADER, CPIO_NAME, CPIO_DATA };

struct cpio_reader {
    const struct cpio_ops *ops;
    void *arg;
    const char *why; /* reason of the failure, static, or NULL */
    enum cpio_state state;
    bool in_archive; /* a member was seen, and TRAILER!!! not yet */
    bool is_trailer; /* the member being read is one */
    bool has_sum;
    uint32_t sum;      /* of the data, as the header has it */
    uint32_t data_sum; /* of the data so far */
    uint32_t left;     /* bytes of data still to come */
    size_t padding;    /* bytes to pass over before anything else */
    size_t collected;  /* bytes of buffer */
    size_t name_size;  /* with the NUL */
    struct cpio_entry entry;
    char buffer[CPIO_NAME_MAX + 1]; /* a header or name that came in pieces */
};

C_DECLS_BEGIN

/* Starts before any archive. ops and arg outlive the reader. */
void cpio_init(struct cpio_reader *reader, const struct cpio_ops *ops,
               void *arg);

/*
 * Reads on from *at up to end and moves *at along; *at is left before end only
 * by a failure, or where no archive is being read and a byte comes that begins
 * none. Returns 0, or with the reason noted:
 *   -EINVAL        bytes that are no member of an archive
 *   -ENOEXEC       the "old character" format (070707)
 *   -ENAMETOOLONG  a name longer than CPIO_NAME_MAX
 *   -EBADMSG       data whose sum does not fit (070702)
 *   else what an op returned.
 * After a failure the reader is of no more use.
 */
MUST_USE int cpio_feed(struct cpio_reader *reader, const uint8_t **at,
                       const uint8_t *end);

/* Is no archive being read? */
bool cpio_is_between_archives(const struct cpio_reader *reader);

/* There are no more bytes. Returns 0, or -ENODATA, with the reason noted, when
 * an archive has begun and not ended. */
MUST_USE int cpio_finish(struct cpio_reader *reader);

C_DECLS_END

#endif /* CORE_FS_UNPACK_CPIO_H */
