/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/open.h - making open files of paths: open(2), openat2(2).
 */
#ifndef CORE_FS_OPEN_H
#define CORE_FS_OPEN_H

#include "core/fs/path.h"

struct open_how {
    unsigned flags; /* LX_O_* */
    uint32_t mode;  /* of a new file, before the umask */
};

C_DECLS_BEGIN

/*
 * open(2): *out has one reference and a path. -EINVAL (flags that do not go
 * together), -EACCES, -EEXIST, -EISDIR, -ENOTDIR, -ELOOP, -EROFS, -ETXTBSY,
 * -EPERM (O_NOATIME), -ENXIO, -ENODEV, -ENOSPC, -ENFILE, -EINTR, -EOPNOTSUPP
 * (O_TMPFILE), and path_find()'s. May sleep, in a FIFO for the other end.
 */
MUST_USE int open_path(const struct path_ask *ask, const char *text,
                       const struct open_how *how, struct file **out);

/* Flags that nothing can be opened with, whatever the path: 0, -EINVAL. */
MUST_USE int open_check_flags(unsigned flags);

/* Opens what was found, when cred may: the same without a walk. */
MUST_USE int open_found(const struct path *path, const struct cred *cred,
                        unsigned flags, struct file **out);

/* The last reference to an open file with a path goes: its locks, its right to
 * write, its opener. */
void open_leave(struct file *file);

/* execve(2): opens a regular file to be run; nobody can open it for writing
 * until open_end_exec(). -EACCES (no right, no regular file, a mount without
 * exec), -ETXTBSY, and path_find()'s. */
MUST_USE int open_exec(const struct path_ask *ask, const char *text,
                       struct path *out);
void open_end_exec(const struct path *path);

C_DECLS_END

#endif /* CORE_FS_OPEN_H */
