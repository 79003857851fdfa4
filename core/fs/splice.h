/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/splice.h - moving bytes without user memory: splice(2), tee(2),
 * vmsplice(2), sendfile(2).
 *
 * Between pipes pages change hands; elsewhere the kernel copies them.
 */
#ifndef CORE_FS_SPLICE_H
#define CORE_FS_SPLICE_H

#include "core/base/defs.h"

struct file;
struct user_cursor;

/* One side of a move. */
struct splice_end {
    struct file *file;
    uint64_t *position; /* NULL: the file's own */
};

/* What is asked for. */
struct splice_order {
    uint64_t size;   /* bytes at most */
    bool is_patient; /* waits for pipes too */
    bool is_limited; /* regular files do not grow beyond size_max */
    bool is_beyond;  /* an answer: one would have (SIGXFSZ) */
    uint64_t size_max;
    const struct cred *writer; /* who asks; NULL: who opened the files */
};

C_DECLS_BEGIN

/*
 * splice(2): at most order->size bytes from one end to the other; one of them
 * is a pipe. Waits for the first byte and for room, but for pipes where
 * is_patient is false. Bytes; 0 at the end; -EBADF, -EINVAL (neither is a pipe,
 * both are the same, the file is for appending), -ESPIPE (a position of a
 * pipe), -EAGAIN, -EPIPE, -EINTR, -ENOMEM, -EFBIG, or what the files say. May
 * sleep.
 */
MUST_USE ssize_t splice_move(const struct splice_end *from,
                             const struct splice_end *to,
                             struct splice_order *order);

/* tee(2): the same bytes stay in the first pipe. */
MUST_USE ssize_t splice_tee(struct file *from, struct file *to, uint64_t size,
                            bool is_patient);

/* vmsplice(2): from user memory into a pipe's writing end, or from a reading
 * end to user memory. */
MUST_USE ssize_t splice_memory(struct file *pipe, struct user_cursor *cursor,
                               bool is_patient);

/* sendfile(2): at most order->size bytes of a file with positions to any
 * other, patiently. */
MUST_USE ssize_t splice_send(const struct splice_end *from, struct file *to,
                             struct splice_order *order);

C_DECLS_END

#endif /* CORE_FS_SPLICE_H */
