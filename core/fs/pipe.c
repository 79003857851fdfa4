/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pipe.c - contract in pipe.h.
 *
 * Bytes are added to the last page where they fit, so small writes share one;
 * a write that finds no room for all its bytes there begins a new page, which
 * is why one of a page or less is never torn.
 */
#include "core/fs/pipe.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/ioctl.h"
#include "core/abi/limits.h"
#include "core/abi/stat.h"
#include "core/base/string.h"
#include "core/fs/pipe_impl.h"
#include "core/id/cred.h"
#include "core/id/user.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/vm/uaccess.h"
#include "hal/clock.h"

enum { NS_PER_SECOND = 1000000000 };

static const struct lock_class pipe_class = {"pipe", LOCK_RANK_PIPE};

static struct mem_cache pipe_cache;
static uint64_t last_number; /* atomic */

void pipe_init_all(void)
{
    cache_init(&pipe_cache, "pipe", sizeof(struct fifo), 64);
}

void pipe_init(struct pipe *pipe)
{
    refcount_init(&pipe->refs, 1);
    mutex_init(&pipe->lock, &pipe_class);
    waitq_init(&pipe->waitq);
    pipe->slots = 1;
    pipe->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    pipe->made_ns = hal_clock_wall();
}

/* --- the ring ------------------------------------------------------------- */

static bool is_poor(const struct user *user, unsigned slots)
{
    return user != NULL && slots > PIPE_USER_SLOTS_SOFT;
}

/* Charges user for so many slots more or fewer; returns the sum. */
static unsigned charge(struct user *user, int slots)
{
    if (user == NULL)
        return 0;
    return __atomic_add_fetch(&user->pipe_slots, (unsigned)slots,
                              __ATOMIC_RELAXED);
}

int pipe_make_ring(struct pipe *pipe, struct user *user)
{
    unsigned slots = PIPE_SLOTS;

    if (is_poor(user, charge(user, PIPE_SLOTS))) {
        (void)charge(user, PIPE_SLOTS_POOR - PIPE_SLOTS);
        slots = PIPE_SLOTS_POOR;
    }
    pipe->ring = kmem_alloc(slots * sizeof(*pipe->ring), MEM_WAIT, NULL);
    if (pipe->ring == NULL) {
        (void)charge(user, -(int)slots);
        return -ENOMEM;
    }
    if (user != NULL)
        user_get(user);
    pipe->user = user;
    PIPE_STORE(pipe->slots, slots);
    return 0;
}

static void free_ring(struct pipe *pipe) REQUIRES(pipe->lock)
{
    while (pipe_used(pipe) > 0)
        pipe_pop(pipe);
    for (unsigned i = 0; i < PIPE_SPARES; i++) {
        if (pipe->spare[i] != NULL)
            page_put(pipe->spare[i]);
        pipe->spare[i] = NULL;
    }
    (void)charge(pipe->user, -(int)pipe->slots);
    if (pipe->user != NULL)
        user_put(pipe->user);
    kmem_free(pipe->ring, pipe->slots * sizeof(*pipe->ring));
    pipe->ring = NULL;
    pipe->user = NULL;
}

struct page *pipe_take_page(struct pipe *pipe)
{
    for (unsigned i = 0; i < PIPE_SPARES; i++) {
        struct page *page = pipe->spare[i];

        pipe->spare[i] = NULL;
        if (page != NULL)
            return page;
    }
    return page_alloc(0, MEM_WAIT, NULL);
}

void pipe_give_page(struct pipe *pipe, struct page *page)
{
    for (unsigned i = 0; i < PIPE_SPARES; i++)
        if (pipe->spare[i] == NULL) {
            pipe->spare[i] = page;
            return;
        }
    page_put(page);
}

void pipe_push(struct pipe *pipe, const struct pipe_buffer *buffer)
{
    ASSERT(!pipe_is_full(pipe));
    *pipe_at(pipe, pipe_used(pipe)) = *buffer;
    PIPE_STORE(pipe->head, pipe->head + 1);
}

void pipe_pop(struct pipe *pipe)
{
    const struct pipe_buffer *oldest = pipe_at(pipe, 0);

    ASSERT(pipe_used(pipe) > 0);
    if ((oldest->flags & PIPE_OWN) != 0 && refcount_is_one(&oldest->page->refs))
        pipe_give_page(pipe, oldest->page);
    else
        page_put(oldest->page);
    PIPE_STORE(pipe->tail, pipe->tail + 1);
}

void pipe_tell_readers(struct pipe *pipe, bool was_empty)
{
    if ((was_empty || PIPE_LOAD(pipe->was_polled)) &&
        waitq_is_watched(&pipe->waitq))
        waitq_wake(&pipe->waitq, PIPE_READABLE);
}

void pipe_tell_writers(struct pipe *pipe, bool was_full)
{
    if (was_full && !pipe_is_full(pipe) && waitq_is_watched(&pipe->waitq))
        waitq_wake(&pipe->waitq, PIPE_WRITABLE);
}

/* --- reading -------------------------------------------------------------- */

/* Takes from the oldest buffer; returns bytes, or -EFAULT, then none. *ends:
 * the read is over. */
static ssize_t take_bytes(struct pipe *pipe, struct user_cursor *to, bool *ends)
    REQUIRES(pipe->lock)
{
    struct pipe_buffer *buffer = pipe_at(pipe, 0);
    size_t want = min_u64(buffer->size, to->left);
    const char *from = (const char *)page_data(buffer->page) + buffer->start;
    struct user_cursor ahead = *to;

    if (cursor_copy_out(&ahead, from, want) < want)
        return -EFAULT;
    *to = ahead;
    buffer->start += (unsigned)want;
    buffer->size -= (unsigned)want;
    *ends = (buffer->flags & PIPE_PACKET) != 0; /* the rest of it is lost */
    if (buffer->size == 0 || *ends)
        pipe_pop(pipe);
    return (ssize_t)want;
}

static ssize_t take_all(struct pipe *pipe, struct user_cursor *to)
    REQUIRES(pipe->lock)
{
    ssize_t done = 0, moved;
    bool ends = false;

    while (!ends && to->left > 0 && pipe_used(pipe) > 0) {
        moved = take_bytes(pipe, to, &ends);
        if (moved < 0)
            return done > 0 ? done : moved;
        done += moved;
    }
    if (done == 0)
        return PIPE_LOAD(pipe->writers) > 0 ? -EAGAIN : 0;
    return done;
}

static ssize_t read_pipe(struct file *file, struct user_cursor *to,
                         uint64_t *position)
{
    struct pipe *pipe = pipe_of(file);
    bool has_writers = PIPE_LOAD(pipe->writers) > 0, was_full;
    ssize_t done;

    (void)position;
    if (pipe_used(pipe) == 0) /* looked at after the writers */
        return has_writers ? -EAGAIN : 0;
    if (mutex_lock_killable(&pipe->lock) != 0)
        return -EINTR;
    was_full = pipe_is_full(pipe);
    done = take_all(pipe, to);
    mutex_unlock(&pipe->lock);
    pipe_tell_writers(pipe, was_full);
    return done;
}

/* --- writing -------------------------------------------------------------- */

/* Adds what does not fill a page to the last buffer, if all of it fits:
 * bytes, 0, or -EFAULT. */
static ssize_t add_to_last(struct pipe *pipe, struct user_cursor *from)
    REQUIRES(pipe->lock)
{
    size_t size = from->left % PAGE_SIZE;
    struct user_cursor ahead = *from;
    struct pipe_buffer *last;

    if (size == 0 || pipe_used(pipe) == 0)
        return 0;
    last = pipe_at(pipe, pipe_used(pipe) - 1);
    if (last->flags != PIPE_OWN || last->start + last->size + size > PAGE_SIZE)
        return 0;
    if (cursor_copy_in(&ahead,
                       (char *)page_data(last->page) + last->start + last->size,
                       size) < size)
        return -EFAULT;
    last->size += (unsigned)size;
    *from = ahead;
    return (ssize_t)size;
}

/* Begins a page: bytes, -EAGAIN (no slot), -ENOMEM, -EFAULT. */
static ssize_t add_page(struct pipe *pipe, struct user_cursor *from,
                        unsigned flags) REQUIRES(pipe->lock)
{
    struct pipe_buffer buffer = {.flags = flags};
    struct user_cursor ahead = *from;

    if (pipe_is_full(pipe))
        return -EAGAIN;
    buffer.page = pipe_take_page(pipe);
    if (buffer.page == NULL)
        return -ENOMEM;
    buffer.size = (unsigned)min_u64(from->left, PAGE_SIZE);
    if (cursor_copy_in(&ahead, page_data(buffer.page), buffer.size) <
        buffer.size) {
        pipe_give_page(pipe, buffer.page);
        return -EFAULT;
    }
    pipe_push(pipe, &buffer);
    *from = ahead;
    return buffer.size;
}

static ssize_t add_all(struct pipe *pipe, struct user_cursor *from,
                       bool is_packet) REQUIRES(pipe->lock)
{
    unsigned flags = is_packet ? PIPE_OWN | PIPE_PACKET : PIPE_OWN;
    ssize_t done = 0, moved = 0;

    if (PIPE_LOAD(pipe->readers) == 0)
        return -EPIPE;
    if (!is_packet)
        moved = add_to_last(pipe, from);
    while (moved >= 0 && from->left > 0) {
        done += moved;
        moved = add_page(pipe, from, flags);
    }
    if (moved >= 0)
        return done + moved;
    return done > 0 ? done : moved;
}

static ssize_t write_pipe(struct file *file, struct user_cursor *from,
                          uint64_t *position)
{
    struct pipe *pipe = pipe_of(file);
    bool was_empty;
    ssize_t done;

    (void)position;
    if (mutex_lock_killable(&pipe->lock) != 0)
        return -EINTR;
    was_empty = pipe_used(pipe) == 0;
    done = add_all(pipe, from, (file_flags(file) & LX_O_DIRECT) != 0);
    mutex_unlock(&pipe->lock);
    if (done > 0)
        pipe_tell_readers(pipe, was_empty);
    return done;
}

/* --- the rest of its operations ------------------------------------------- */

/* A FIFO that nobody has written to since it was opened is not hung up; that
 * count is where other files have their position. */
static unsigned poll_pipe(struct file *file) NO_TSA
{
    struct pipe *pipe = pipe_of(file);
    unsigned mode = file_flags(file) & LX_O_ACCMODE, events = 0;

    PIPE_STORE(pipe->was_polled, true);
    if (mode != LX_O_WRONLY) {
        if (PIPE_LOAD(pipe->writers) == 0 &&
            PIPE_LOAD(pipe->writer_opens) != (unsigned)file->position)
            events |= LX_POLLHUP;
        if (pipe_used(pipe) > 0)
            events |= PIPE_READABLE;
    }
    if (mode != LX_O_RDONLY) {
        if (!pipe_is_full(pipe))
            events |= PIPE_WRITABLE;
        if (PIPE_LOAD(pipe->readers) == 0)
            events |= LX_POLLERR;
    }
    return events;
}

static struct waitq *pipe_waitq(struct file *file)
{
    return &pipe_of(file)->waitq;
}

static void stat_pipe(struct file *file, struct lx_stat *out)
{
    const struct pipe *pipe = pipe_of(file);
    uint64_t seconds = pipe->made_ns / NS_PER_SECOND;
    uint64_t ns = pipe->made_ns % NS_PER_SECOND;

    *out = (struct lx_stat){
        .st_ino = pipe->number,
        .st_nlink = 1,
        .st_mode = LX_S_IFIFO | LX_S_IRUSR | LX_S_IWUSR,
        .st_uid = pipe->uid,
        .st_gid = pipe->gid,
        .st_blksize = PAGE_SIZE,
        .st_atime_sec = seconds,
        .st_atime_nsec = ns,
        .st_mtime_sec = seconds,
        .st_mtime_nsec = ns,
        .st_ctime_sec = seconds,
        .st_ctime_nsec = ns,
    };
}

static int control_pipe(struct file *file, struct aspace *as, unsigned request,
                        uint64_t arg)
{
    struct pipe *pipe = pipe_of(file);
    int32_t count = 0;

    if (request != LX_FIONREAD)
        return -ENOTTY;
    if (mutex_lock_killable(&pipe->lock) != 0)
        return -EINTR;
    for (unsigned i = 0; i < pipe_used(pipe); i++)
        count += (int32_t)pipe_at(pipe, i)->size;
    mutex_unlock(&pipe->lock);
    return copy_out_struct(as, arg, &count);
}

/* --- ends ----------------------------------------------------------------- */

void pipe_add_end(struct pipe *pipe, unsigned flags)
{
    if ((flags & LX_O_ACCMODE) != LX_O_WRONLY) {
        PIPE_STORE(pipe->readers, pipe->readers + 1);
        pipe->reader_opens++;
    }
    if ((flags & LX_O_ACCMODE) != LX_O_RDONLY) {
        PIPE_STORE(pipe->writers, pipe->writers + 1);
        PIPE_STORE(pipe->writer_opens, pipe->writer_opens + 1);
    }
}

static void forget_end(struct pipe *pipe, unsigned flags) REQUIRES(pipe->lock)
{
    if ((flags & LX_O_ACCMODE) != LX_O_WRONLY)
        PIPE_STORE(pipe->readers, pipe->readers - 1);
    if ((flags & LX_O_ACCMODE) != LX_O_RDONLY)
        PIPE_STORE(pipe->writers, pipe->writers - 1);
    if (pipe->readers == 0 && pipe->writers == 0)
        free_ring(pipe);
}

void pipe_put(struct pipe *pipe)
{
    if (refcount_put(&pipe->refs))
        mem_free(&pipe_cache, container_of(pipe, struct fifo, pipe));
}

/* An end goes, and its reference. */
static void drop_end(struct pipe *pipe, unsigned flags)
{
    mutex_lock(&pipe->lock);
    forget_end(pipe, flags);
    mutex_unlock(&pipe->lock);
    if (waitq_is_watched(&pipe->waitq))
        waitq_wake(&pipe->waitq,
                   PIPE_READABLE | PIPE_WRITABLE | LX_POLLERR | LX_POLLHUP);
    pipe_put(pipe);
}

static void release_end(struct file *file)
{
    drop_end(pipe_of(file), file_flags(file));
}

const struct file_ops pipe_file_ops = {
    .read = read_pipe,
    .write = write_pipe,
    .poll = poll_pipe,
    .waitq = pipe_waitq,
    .stat = stat_pipe,
    .ioctl = control_pipe,
    .release = release_end,
    .is_stream = true,
};

const struct file_ops fifo_file_ops = {
    .read = read_pipe,
    .write = write_pipe,
    .poll = poll_pipe,
    .waitq = pipe_waitq,
    .ioctl = control_pipe,
    .release = release_end,
    .is_stream = true,
};

bool pipe_is_end(const struct file *file)
{
    return file->ops == &pipe_file_ops || file->ops == &fifo_file_ops;
}

/* --- making one ----------------------------------------------------------- */

struct fifo *fifo_create(void)
{
    struct fifo *fifo = mem_alloc(&pipe_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (fifo != NULL)
        pipe_init(&fifo->pipe);
    return fifo;
}

void fifo_put(struct fifo *fifo)
{
    pipe_put(&fifo->pipe);
}

/* Is user one whose pipes are counted? */
static struct user *payer_of(const struct cred *cred)
{
    return cred_is_capable(cred, CAP_SYS_RESOURCE) ||
                   cred_is_capable(cred, CAP_SYS_ADMIN)
               ? NULL
               : cred->user;
}

/* The two files, for which pipe has an end and a reference each. */
static int make_files(struct pipe *pipe, unsigned flags, struct file *ends[2])
{
    struct file *reader, *writer;
    int error = file_create(
        &pipe_file_ops, (flags & LX_O_NONBLOCK) | LX_O_RDONLY, pipe, &reader);

    if (error != 0) {
        drop_end(pipe, LX_O_RDONLY);
        drop_end(pipe, LX_O_WRONLY);
        return error;
    }
    error = file_create(&pipe_file_ops, flags | LX_O_WRONLY, pipe, &writer);
    if (error != 0) {
        file_put(reader);
        drop_end(pipe, LX_O_WRONLY);
        return error;
    }
    ends[0] = reader;
    ends[1] = writer;
    return 0;
}

int pipe_create(const struct cred *cred, unsigned flags, struct file *ends[2])
{
    struct fifo *fifo = fifo_create();
    struct pipe *pipe;
    int error;

    if (fifo == NULL)
        return -ENOMEM;
    pipe = &fifo->pipe;
    pipe->uid = cred->fsuid;
    pipe->gid = cred->fsgid;
    mutex_lock(&pipe->lock);
    error = pipe_make_ring(pipe, payer_of(cred));
    if (error == 0)
        pipe_add_end(pipe, LX_O_RDWR);
    mutex_unlock(&pipe->lock);
    if (error != 0) {
        pipe_put(pipe);
        return error;
    }
    refcount_get(&pipe->refs);
    return make_files(pipe, flags, ends);
}

/* --- its size ------------------------------------------------------------- */

int pipe_size(struct file *file)
{
    return (int)(PIPE_LOAD(pipe_of(file)->slots) * PAGE_SIZE);
}

static int replace_ring(struct pipe *pipe, unsigned slots) REQUIRES(pipe->lock)
{
    struct pipe_buffer *ring;
    unsigned used = pipe_used(pipe);

    if (used > slots)
        return -EBUSY;
    ring = kmem_alloc(slots * sizeof(*ring), MEM_WAIT, NULL);
    if (ring == NULL)
        return -ENOMEM;
    for (unsigned i = 0; i < used; i++)
        ring[(pipe->tail + i) & (slots - 1)] = *pipe_at(pipe, i);
    kmem_free(pipe->ring, pipe->slots * sizeof(*ring));
    pipe->ring = ring;
    PIPE_STORE(pipe->slots, slots);
    return 0;
}

static int resize(struct pipe *pipe, const struct cred *cred, unsigned slots)
    REQUIRES(pipe->lock)
{
    struct user *payer = payer_of(cred);
    int more = (int)slots - (int)pipe->slots;
    int error = 0;

    if (more > 0 && payer != NULL && slots > PIPE_SLOTS_MAX)
        return -EPERM;
    if (is_poor(payer, charge(pipe->user, more)) && more > 0)
        error = -EPERM;
    if (error == 0)
        error = replace_ring(pipe, slots);
    if (error != 0)
        (void)charge(pipe->user, -more);
    return error;
}

int pipe_set_size(struct file *file, const struct cred *cred, uint64_t size)
{
    struct pipe *pipe = pipe_of(file);
    unsigned slots = 1;
    bool was_full;
    int error;

    if (size > UINT32_C(1) << 31)
        return -EINVAL;
    while ((uint64_t)slots * PAGE_SIZE < size)
        slots *= 2;
    if (slots * sizeof(struct pipe_buffer) > KMEM_MAX)
        return -ENOMEM;
    if (mutex_lock_killable(&pipe->lock) != 0)
        return -EINTR;
    was_full = pipe_is_full(pipe);
    error = resize(pipe, cred, slots);
    mutex_unlock(&pipe->lock);
    pipe_tell_writers(pipe, was_full);
    return error != 0 ? error : (int)(slots * PAGE_SIZE);
}
