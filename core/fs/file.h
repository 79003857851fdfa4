/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/file.h - open files.
 *
 * What a file stands for is passive: its read and write never block but say
 * -EAGAIN; the blocking loop exists once, in file_read() and file_write().
 *
 * Lifetime: a file is reference counted, one count per descriptor and per call
 * in progress; the last put releases it, in thread context. What data points
 * at, the wait queue in it above all, lives at least as long as the file.
 * Locking: what is marked const here; flags is atomic; position has a mutex of
 * rank LOCK_RANK_POSITION, outside all other locks of the file's object.
 */
#ifndef CORE_FS_FILE_H
#define CORE_FS_FILE_H

#include "core/base/list.h"
#include "core/base/refcount.h"
#include "core/sched/mutex.h"
#include "core/sync/rcu.h"
#include "core/sync/spinlock.h"

struct aspace;
struct dentry;
struct dir_sink;
struct file;
struct inode;
struct lx_stat;
struct mount;
struct user_cursor;
struct vm_object;
struct waitq;

/* A place in the tree of mounts (core/fs/path.h). */
struct path {
    struct mount *mount;
    struct dentry *dentry;
};

/* All may be NULL but those that say otherwise. */
struct file_ops {
    /*
     * Moves bytes and advances the cursor: bytes moved, 0 at the end,
     * -EAGAIN, -EFAULT when not even the first byte could be moved, or what
     * the object says. *position is where, and is advanced, in a file that has
     * positions (is_stream false); streams leave it alone. May sleep on locks,
     * not for data. NULL: -EINVAL.
     */
    ssize_t (*read)(struct file *file, struct user_cursor *to,
                    uint64_t *position);
    ssize_t (*write)(struct file *file, struct user_cursor *from,
                     uint64_t *position);
    /* LX_POLL* bits that hold now; takes no sleeping lock, but for epoll(7),
     * which takes those of instances. NULL: always ready for reading and
     * writing, as poll(2) has regular files. */
    unsigned (*poll)(struct file *file);
    /* The queue that is woken, with the bits, when poll's answer may have
     * changed. NULL exactly where poll is. */
    struct waitq *(*waitq)(struct file *file);
    /* Fills all of *out. NULL: path's inode answers. */
    void (*stat)(struct file *file, struct lx_stat *out);
    /* ioctl(2): 0 or more, or -errno; arg is an address in as or a value. NULL:
     * -ENOTTY for every request. */
    int (*ioctl)(struct file *file, struct aspace *as, unsigned request,
                 uint64_t arg);
    /* lseek(2) with LX_SEEK_*: the new position or -errno; position_lock is
     * held. NULL: -ESPIPE. */
    int64_t (*seek)(struct file *file, int64_t offset, unsigned whence);
    /* getdents64(2): gives sink entries from file->position on, which it
     * advances, until sink is full. 0 or -errno; position_lock is held. NULL:
     * -ENOTDIR. */
    int (*list)(struct file *file, struct dir_sink *sink);
    /* What mmap(2) maps: *out with a reference, or NULL for anonymous memory; 0
     * or -errno. NULL: -ENODEV. */
    int (*object)(struct file *file, struct vm_object **out);
    /* fsync(2), fdatasync(2). NULL: -EINVAL. */
    int (*sync)(struct file *file, bool only_data);
    /* A descriptor was closed (close(2)): what it reports; the file may live
     * on. */
    int (*flush)(struct file *file);
    /* The last reference went; frees what data is. May sleep. */
    void (*release)(struct file *file);
    /* It has no positions: pread(2) and lseek(2) say -ESPIPE. */
    bool is_stream;
    /* A position may be given and set, but no byte has one: read and write take
     * no notice of it, may wait, and are called without position_lock, which
     * they may take. */
    bool is_placeless;
    /* What is read and written has a size of its own: the object judges also
     * calls of no bytes, and a write is one call of it. */
    bool has_units;
};

struct file {
    struct refcount refs;
    unsigned flags;             /* LX_O_*; atomic: fcntl(2), F_SETFL */
    const struct file_ops *ops; /* const */
    void *data;                 /* what ops make of it; const */
    bool is_allocated;          /* by file_create(); const */
    struct path path;           /* const; with references; dentry NULL: none */
    struct cred *cred;          /* who opened path; const; a reference */
    struct mutex position_lock;
    uint64_t position GUARDED_BY(position_lock);
    struct spinlock watch_lock;
    struct list watches GUARDED_BY(watch_lock); /* of epoll(7) */
    bool was_watched; /* the list was not always empty; atomic */
    bool was_found;   /* somebody may look at it without a reference; atomic */
    struct rcu_head rcu;
};

enum { FILES_MAX = 1 << 20 }; /* in the whole system */

C_DECLS_BEGIN

/* Once, after the caches. */
void file_init_all(void);

/*
 * Makes an open file with one reference, without a path and at position 0: 0,
 * -ENFILE (more than FILES_MAX) or -ENOMEM; then data is still the caller's.
 */
MUST_USE int file_create(const struct file_ops *ops, unsigned flags, void *data,
                         struct file **out);

/* The same in the caller's memory, which outlives it: nothing is freed. */
void file_init(struct file *file, const struct file_ops *ops, unsigned flags,
               void *data);
void file_get(struct file *file);
void file_put(struct file *file);

/*
 * read(2): at most to->left bytes, waiting for the first. Bytes, 0 at the end,
 * -EBADF (not open for reading), -EAGAIN (LX_O_NONBLOCK), -EINTR (a signal), or
 * what the object says. position: NULL for the file's own; pread(2) gives
 * another (-ESPIPE where is_stream). Not atomic.
 */
MUST_USE ssize_t file_read(struct file *file, struct user_cursor *to,
                           uint64_t *position);

/* What ends a read or write that cannot go on: the file's LX_O_NONBLOCK, or
 * LX_RWF_NOWAIT in cursor->flags. */
bool file_must_not_wait(const struct file *file,
                        const struct user_cursor *cursor);

/* write(2): all of from->left, waiting for room; fewer only where an error came
 * after the first byte. position and errors as file_read(). Not atomic. */
MUST_USE ssize_t file_write(struct file *file, struct user_cursor *from,
                            uint64_t *position);

/* LX_POLL* bits that hold now, also where ops have no poll. */
unsigned file_poll(struct file *file);

/* The flags as they are now. */
unsigned file_flags(const struct file *file);

/* Is it open for that? Access mode 3 of open(2) is for neither. */
bool file_is_readable(const struct file *file);
bool file_is_writable(const struct file *file);

C_DECLS_END

#endif /* CORE_FS_FILE_H */
