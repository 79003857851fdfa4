/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/unpack/unpack.h - the initramfs: cpio archives, packed or not.
 *
 * An initrd is a row of segments, each plain cpio, a gzip member or a zstd
 * frame, told apart by their magic, with any number of zero bytes before,
 * between and after them. What they unpack to is one row of cpio archives
 * (core/fs/unpack/cpio.h). An archive may go on from one packed segment to the
 * next (as pzstd makes them), but not into or out of plain bytes.
 */
#ifndef CORE_FS_UNPACK_UNPACK_H
#define CORE_FS_UNPACK_UNPACK_H

#include "core/fs/unpack/cpio.h"
#include "core/fs/unpack/source.h"

/* Where working memory comes from, and what it is for. */
struct unpack_memory {
    /* Returns size bytes aligned to 16, or NULL. At most ZSTD_WINDOW_MAX
     * for a zstd frame's window, 512 KiB for anything else. */
    void *(*get)(void *arg, size_t size);
    /* Takes back what get() gave. */
    void (*put)(void *arg, void *memory, size_t size);
    void *arg;
};

struct unpack_job {
    struct unpack_source *source;
    const struct unpack_memory *memory;
    const struct cpio_ops *ops; /* who gets the members */
    void *arg;                  /* of ops */
};

/* For one line of log: "initrd: %s at byte %lu". */
struct unpack_report {
    const char *why; /* static; NULL after success */
    uint64_t offset; /* how far the source was read */
};

C_DECLS_BEGIN

/*
 * Unpacks all of job->source. No segment at all is no error. All memory is
 * given back before it returns. May sleep if source, memory or ops do. Returns
 * 0, or, with the reason in *report:
 *   -EINVAL        damaged or foreign bytes
 *   -ENOEXEC       a format that is known but not read (xz, bzip2, lz4, ...,
 *                  old cpio)
 *   -ENODATA       an archive or a segment ends too early
 *   -EBADMSG       a checksum does not fit
 *   -ENAMETOOLONG  a name longer than CPIO_NAME_MAX
 *   -EFBIG         a zstd frame's window is larger than ZSTD_WINDOW_MAX
 *   -ENOMEM        job->memory gave none
 *   else what the source or an op returned.
 * What was reported to ops before a failure stays reported.
 */
MUST_USE int unpack_initrd(const struct unpack_job *job,
                           struct unpack_report *report);

C_DECLS_END

#endif /* CORE_FS_UNPACK_UNPACK_H */
