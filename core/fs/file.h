/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/file.h - open files, and the table of a process's descriptors.
 *
 * What a file stands for is passive: its read and write never block but say
 * -EAGAIN; the blocking loop exists once, in file_read() and file_write().
 *
 * Lifetime: a file is reference counted, one count per descriptor and per call
 * in progress; the last put releases it, in thread context.
 * Locking: flags and ops are constant here; the table has one spinlock.
 */
#ifndef CORE_FS_FILE_H
#define CORE_FS_FILE_H

#include "core/base/refcount.h"
#include "core/sync/spinlock.h"

struct aspace;
struct file;
struct lx_stat;
struct user_cursor;
struct vm_object;
struct waitq;

struct file_ops {
    /* Moves bytes and advances the cursor: bytes moved, 0 at the end,
     * -EAGAIN, -EFAULT when not even the first byte could be moved, or what
     * the object says. NULL: -EINVAL. */
    ssize_t (*read)(struct file *file, struct user_cursor *to);
    ssize_t (*write)(struct file *file, struct user_cursor *from);
    /* LX_POLL* bits that hold now; the queue tells of changes. */
    unsigned (*poll)(struct file *file);
    struct waitq *(*waitq)(struct file *file);
    /* Fills all of *out. */
    void (*stat)(struct file *file, struct lx_stat *out);
    /* ioctl(2): 0 or -errno; arg is an address in as or a value. NULL:
     * -ENOTTY for every request. */
    int (*ioctl)(struct file *file, struct aspace *as, unsigned request,
                 uint64_t arg);
    /* The last reference went; NULL: nothing to do. */
    void (*release)(struct file *file);
};

struct file {
    struct refcount refs;
    const struct file_ops *ops; /* const */
    unsigned flags;             /* LX_O_*; const */
};

enum { FD_TABLE_MAX = 64 };

struct fd_table {
    struct spinlock lock;
    struct file *files[FD_TABLE_MAX] GUARDED_BY(lock);
};

C_DECLS_BEGIN

void file_init(struct file *file, const struct file_ops *ops, unsigned flags);
void file_get(struct file *file);
void file_put(struct file *file);

/*
 * read(2): at most to->left bytes, waiting for the first. Bytes, 0 at the end,
 * -EBADF (not open for reading), -EAGAIN (LX_O_NONBLOCK), -EINTR (the caller is
 * being killed), or what the object says. Not atomic.
 */
MUST_USE ssize_t file_read(struct file *file, struct user_cursor *to);

/* write(2): all of from->left, waiting for room; fewer only where an error came
 * after the first byte. Errors as file_read(). Not atomic. */
MUST_USE ssize_t file_write(struct file *file, struct user_cursor *from);

void fd_table_init(struct fd_table *table);

/* Closes all. The table's users are gone. */
void fd_table_fini(struct fd_table *table);

/* The file of fd with a reference for the caller, or NULL. */
MUST_USE struct file *fd_get(struct fd_table *table, int fd);

/* Puts file, whose reference it takes, at the lowest free descriptor. Returns
 * that, or -EMFILE (the reference is the caller's still). */
MUST_USE int fd_install(struct fd_table *table, struct file *file);

C_DECLS_END

#endif /* CORE_FS_FILE_H */
