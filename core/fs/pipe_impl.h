/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pipe_impl.h - what pipe.c, fifo.c and splice.c share.
 */
#ifndef CORE_FS_PIPE_IMPL_H
#define CORE_FS_PIPE_IMPL_H

#include "core/abi/poll.h"
#include "core/fs/file.h"
#include "core/fs/pipe.h"
#include "core/sched/mutex.h"

struct page;
struct user;

enum {
    PIPE_PACKET = 1, /* ends here for a read */
    PIPE_OWN = 2     /* the page is this buffer's alone: it may grow */
};

#define PIPE_READABLE (LX_POLLIN | LX_POLLRDNORM)
#define PIPE_WRITABLE (LX_POLLOUT | LX_POLLWRNORM)

/* Bytes of one page. */
struct pipe_buffer {
    struct page *page; /* a reference */
    unsigned start, size;
    unsigned flags; /* PIPE_* */
};

enum { PIPE_SPARES = 2 };

struct pipe {
    struct refcount refs; /* ends, and a FIFO's inode */
    struct mutex lock;
    struct waitq waitq;
    /* Written under lock, atomic: poll reads them without. Buffers from tail
     * to head are in use, of slots, a power of two; both only count up. */
    unsigned head, tail, slots;
    unsigned readers, writers; /* ends that are open */
    bool was_polled;           /* each write is an event (epoll(7), edge) */
    unsigned reader_opens GUARDED_BY(lock); /* ever */
    unsigned writer_opens; /* ever; written under lock, atomic */
    struct pipe_buffer *ring GUARDED_BY(lock); /* NULL: no end is open */
    struct page *spare[PIPE_SPARES] GUARDED_BY(lock);
    struct user *user GUARDED_BY(lock); /* who pays for ring; or NULL */
    uint64_t number;                    /* of its inode; const */
    uint64_t made_ns;                   /* wall clock; const */
    uint32_t uid, gid;                  /* const */
};

struct fifo {
    struct pipe pipe;
};

#define PIPE_LOAD(field) __atomic_load_n(&(field), __ATOMIC_ACQUIRE)
#define PIPE_STORE(field, value) \
    __atomic_store_n(&(field), value, __ATOMIC_RELEASE)

static inline struct pipe *pipe_of(const struct file *file)
{
    return (struct pipe *)file->data;
}

static inline unsigned pipe_used(const struct pipe *pipe)
{
    return PIPE_LOAD(pipe->head) - PIPE_LOAD(pipe->tail);
}

static inline bool pipe_is_full(const struct pipe *pipe)
{
    return pipe_used(pipe) >= PIPE_LOAD(pipe->slots);
}

/* The buffer that is at-th from the oldest. */
static inline struct pipe_buffer *pipe_at(struct pipe *pipe, unsigned at)
    REQUIRES(pipe->lock)
{
    return &pipe->ring[(pipe->tail + at) & (pipe->slots - 1)];
}

C_DECLS_BEGIN

/* In memory that is zero: a pipe without ends and buffers. */
void pipe_init(struct pipe *pipe);
void pipe_put(struct pipe *pipe); /* may sleep */

/* Gives it a ring paid by user, or by nobody (NULL). 0 or -ENOMEM. */
MUST_USE int pipe_make_ring(struct pipe *pipe, struct user *user)
    REQUIRES(pipe->lock);

/* An end that may read or write (LX_O_ACCMODE in flags) comes. */
void pipe_add_end(struct pipe *pipe, unsigned flags) REQUIRES(pipe->lock);

/* What a pipe's ends do; a FIFO's have no stat. */
extern const struct file_ops pipe_file_ops;
extern const struct file_ops fifo_file_ops;

/* Adds a buffer; there is a free slot. */
void pipe_push(struct pipe *pipe, const struct pipe_buffer *buffer)
    REQUIRES(pipe->lock);

/* Drops the oldest buffer; its page is kept as a spare, or given up. */
void pipe_pop(struct pipe *pipe) REQUIRES(pipe->lock);

/* A page to be filled, with a reference; NULL: no memory. And back. */
MUST_USE struct page *pipe_take_page(struct pipe *pipe) REQUIRES(pipe->lock);
void pipe_give_page(struct pipe *pipe, struct page *page) REQUIRES(pipe->lock);

/* Tells those who wait, after the lock was given: of bytes; of room. */
void pipe_tell_readers(struct pipe *pipe, bool was_empty);
void pipe_tell_writers(struct pipe *pipe, bool was_full);

C_DECLS_END

#endif /* CORE_FS_PIPE_IMPL_H */
