/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/lock.h - advisory locks: flock(2), fcntl(2) F_SETLK and F_OFD_SETLK.
 *
 * A lock covers a range of a file for its owner: an open file (flock, OFD) or a
 * descriptor table (POSIX: what its process did through any of its
 * descriptors). flock(2)'s and fcntl(2)'s know nothing of each other.
 *
 * Lifetime: an inode's locks come into being with the first lock and go with
 * the inode. Locking: each inode's under a spinlock of its own; who waits is in
 * one list of the system, where deadlocks are looked for.
 */
#ifndef CORE_FS_LOCK_H
#define CORE_FS_LOCK_H

#include "core/base/defs.h"

struct fd_table;
struct file;
struct file_locks;
struct inode;

enum lock_kind { LOCK_FLOCK, LOCK_POSIX, LOCK_OFD };
enum lock_type { LOCK_READ, LOCK_WRITE, LOCK_NONE };

/* A lock asked for, or found. The range is [start, end], in bytes. */
struct lock_request {
    enum lock_kind kind;
    enum lock_type type;
    const void *owner; /* the file, or of LOCK_POSIX the table */
    uint64_t start, end;
    int pid;    /* whom F_GETLK names; -1 of LOCK_OFD */
    bool waits; /* F_SETLKW, no LOCK_NB */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void lock_init_all(void);

/*
 * Sets or (LOCK_NONE) ends what owner has of the range. 0; -EAGAIN: another has
 * it; -EDEADLK: waiting would not end; -EINTR; -ENOLCK or -ENOMEM. May sleep.
 */
MUST_USE int lock_set(struct inode *inode, const struct lock_request *request);

/* F_GETLK: what keeps request from being set, in *request; type LOCK_NONE when
 * nothing does. */
void lock_get(struct inode *inode, struct lock_request *request);

/* The last reference to an open file of inode goes: its locks end. */
void lock_leave_file(struct inode *inode, const struct file *file);

/* A descriptor of file was closed: the table's POSIX locks on it end. */
void lock_close(const struct file *file, const struct fd_table *table);

/* The inode goes. */
void lock_free(struct file_locks *locks);

C_DECLS_END

#endif /* CORE_FS_LOCK_H */
