/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/fd_table.h - the table of a process's descriptors.
 *
 * Lifetime: a table is shared by the threads that clone(2) with CLONE_FILES
 * made, and reference counted.
 * Locking: one spinlock for changes; look-ups of its own threads need none.
 */
#ifndef CORE_FS_FD_TABLE_H
#define CORE_FS_FD_TABLE_H

#include "core/base/refcount.h"
#include "core/fs/file.h"
#include "core/sync/rcu.h"
#include "core/sync/spinlock.h"

/* A table is a row of chunks, each made when its first descriptor is. */
enum {
    FD_CHUNK = 64,
    FD_CHUNKS_FIRST = 4,  /* that a table has room for from the start */
    FD_CHUNKS_MAX = 8188, /* and at the end: one kmem_alloc() is a row */
    FD_MAX = FD_CHUNK * FD_CHUNKS_MAX
};

struct fd_chunk {
    struct file *files[FD_CHUNK]; /* written under lock; readers: RCU */
    uint64_t used;                /* a bit per descriptor */
    uint64_t close_on_exec;       /* the same */
};

/* Readers find rows, chunks and files by RCU. A chunk stays while the table
 * does. */
struct fd_row {
    unsigned count; /* const */
    struct rcu_head rcu;
    struct fd_chunk *chunks[]; /* count of them */
};

struct fd_table {
    struct refcount refs;
    struct spinlock lock;
    struct fd_row *row;             /* written under lock; readers: RCU */
    unsigned full GUARDED_BY(lock); /* chunks before this one have no room */
    struct fd_row first; /* with room for FD_CHUNKS_FIRST; stays the last */
};

/* The file of a descriptor for the time of a call, with a reference where it
 * needs one. */
struct fd_loan {
    struct file *file; /* NULL: none */
    bool is_counted;
};

/* Where a descriptor may be put: the lowest free one in [first, limit). */
struct fd_place {
    unsigned first;
    uint64_t limit; /* RLIMIT_NOFILE */
    bool close_on_exec;
};

C_DECLS_BEGIN

/* Once, after the caches. */
void fd_init_all(void);

/* An empty one with one reference: 0 or -ENOMEM. */
MUST_USE int fd_table_create(struct fd_table **out);

/* fork(2): a table of its own with the same files. 0 or -ENOMEM. */
MUST_USE int fd_table_copy(struct fd_table *from, struct fd_table **out);

void fd_table_get(struct fd_table *table);

/* The last put closes all. May sleep. */
void fd_table_put(struct fd_table *table);

/* Descriptors are below this now; never falls. */
unsigned fd_table_size(const struct fd_table *table);

/* Does somebody else hold it too? */
bool fd_table_is_shared(const struct fd_table *table);

/*
 * The file of fd, for one of the threads whose table it is, until
 * fd_give_back(), which comes before the call ends: without lock, and as long
 * as the table is not shared without reference.
 */
MUST_USE struct fd_loan fd_borrow(struct fd_table *table, int fd);

static inline void fd_give_back(struct fd_loan loan)
{
    if (loan.is_counted)
        file_put(loan.file);
}

/* The file of fd with a reference for the caller, or NULL. */
MUST_USE struct file *fd_get(struct fd_table *table, int fd);

/* Puts file, whose reference it takes, where place says. Returns the
 * descriptor, or -EMFILE, -ENOMEM (the reference is the caller's still). */
MUST_USE int fd_install(struct fd_table *table, struct file *file,
                        const struct fd_place *place);

/* dup2(2): puts file, whose reference it takes, at fd < FD_MAX, closing what
 * was there. fd, or -ENOMEM (the reference is the caller's still). */
MUST_USE int fd_replace(struct fd_table *table, unsigned fd, struct file *file,
                        bool close_on_exec);

/* close(2): 0 or -EBADF. */
MUST_USE int fd_close(struct fd_table *table, int fd);

/* F_GETFD of fcntl(2): whether exec closes it, or -EBADF. F_SETFD: 0, -EBADF.
 */
MUST_USE int fd_closes_on_exec(struct fd_table *table, int fd);
MUST_USE int fd_set_close_on_exec(struct fd_table *table, int fd, bool value);

/* close_range(2): closes those from first to last, or marks them. */
void fd_close_range(struct fd_table *table, unsigned first, unsigned last,
                    bool only_marks);

/* The lowest descriptor in use from first on, or -1. */
int fd_next(struct fd_table *table, unsigned first);

/* execve(2): closes those that are marked. */
void fd_close_marked(struct fd_table *table);

C_DECLS_END

#endif /* CORE_FS_FD_TABLE_H */
