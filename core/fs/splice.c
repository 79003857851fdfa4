/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/splice.c - contract in splice.h.
 *
 * A pipe's lock is held while its pages are filled from a file or written to
 * one: files do not wait for anything but locks and memory. Who has to wait for
 * bytes or room does so without locks and tries again.
 */
#include "core/fs/splice.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/uio.h"
#include "core/fs/pipe_impl.h"
#include "core/mem/page.h"
#include "core/vm/uaccess.h"

/* Waits until one of events, an error or a hang-up holds of file: 0, -EAGAIN
 * (it is not to wait), -EINTR. */
static int wait_for(struct file *file, unsigned events, bool is_patient)
{
    struct waiter waiter;
    struct wait_set set;
    int error = 0;

    if (!is_patient || (file_flags(file) & LX_O_NONBLOCK) != 0)
        return -EAGAIN;
    events |= LX_POLLERR | LX_POLLHUP;
    wait_set_init(&set);
    wait_set_waiter(&set, &waiter, events);
    waitq_add(file->ops->waitq(file), &waiter);
    while (error == 0) {
        wait_set_reset(&set);
        if ((file_poll(file) & events) != 0)
            break;
        error = wait_set_sleep(&set, WAIT_FOREVER);
    }
    waitq_remove(&waiter);
    return error;
}

/* --- a pipe and a file ---------------------------------------------------- */

/* Fills free slots from file: bytes, 0 at its end, -EAGAIN (no room). */
static ssize_t fill_pipe(struct pipe *pipe, struct file *file,
                         uint64_t *position, uint64_t size) REQUIRES(pipe->lock)
{
    ssize_t done = 0, moved = -EAGAIN;

    if (pipe->readers == 0)
        return -EPIPE;
    while (size > 0 && !pipe_is_full(pipe)) {
        struct pipe_buffer buffer = {.flags = PIPE_OWN};
        struct user_cursor to = {.left = min_u64(size, PAGE_SIZE)};

        buffer.page = pipe_take_page(pipe);
        if (buffer.page == NULL) {
            moved = -ENOMEM;
            break;
        }
        to.kernel = page_data(buffer.page);
        moved = file->ops->read(file, &to, position);
        if (moved <= 0) {
            pipe_give_page(pipe, buffer.page);
            break;
        }
        buffer.size = (unsigned)moved;
        pipe_push(pipe, &buffer);
        done += moved;
        size -= (uint64_t)moved;
    }
    return done > 0 ? done : moved;
}

static ssize_t file_to_pipe(struct file *file, uint64_t *position,
                            struct file *end, uint64_t size, bool is_patient)
{
    struct pipe *pipe = pipe_of(end);
    bool was_empty, is_full;
    ssize_t done;
    int error;

    for (;;) {
        mutex_lock(&pipe->lock);
        was_empty = pipe_used(pipe) == 0;
        is_full = pipe_is_full(pipe);
        done = fill_pipe(pipe, file, position, size);
        mutex_unlock(&pipe->lock);
        if (done > 0)
            pipe_tell_readers(pipe, was_empty);
        if (done != -EAGAIN)
            return done;
        error = is_full ? wait_for(end, LX_POLLOUT, is_patient)
                        : wait_for(file, LX_POLLIN, true);
        if (error != 0)
            return error;
    }
}

/* Kernel memory that may be written to a file as far as order says. */
static struct user_cursor cursor_of(const struct splice_order *order,
                                    char *from, uint64_t size)
{
    return (struct user_cursor){.kernel = from,
                                .left = size,
                                .is_limited = order->is_limited,
                                .size_max = order->size_max,
                                .writer = order->writer};
}

/* Writes what the pipe has: bytes, 0 (no writer is left), -EAGAIN (it is
 * empty; then *is_empty, or the file cannot take any). */
static ssize_t drain_pipe(struct pipe *pipe, struct file *file,
                          uint64_t *position, struct splice_order *order)
    REQUIRES(pipe->lock)
{
    ssize_t done = 0, moved = pipe->writers > 0 ? -EAGAIN : 0;
    uint64_t size = order->size;

    while (size > 0 && pipe_used(pipe) > 0) {
        struct pipe_buffer *buffer = pipe_at(pipe, 0);
        struct user_cursor from =
            cursor_of(order, (char *)page_data(buffer->page) + buffer->start,
                      min_u64(buffer->size, size));

        moved = file->ops->write(file, &from, position);
        order->is_beyond |= from.is_beyond;
        if (moved <= 0)
            break;
        buffer->start += (unsigned)moved;
        buffer->size -= (unsigned)moved;
        if (buffer->size == 0)
            pipe_pop(pipe);
        done += moved;
        size -= (uint64_t)moved;
    }
    return done > 0 ? done : moved;
}

static ssize_t pipe_to_file(struct file *end, struct file *file,
                            uint64_t *position, struct splice_order *order)
{
    struct pipe *pipe = pipe_of(end);
    bool was_full, is_empty;
    ssize_t done;
    int error;

    for (;;) {
        mutex_lock(&pipe->lock);
        was_full = pipe_is_full(pipe);
        is_empty = pipe_used(pipe) == 0;
        done = drain_pipe(pipe, file, position, order);
        mutex_unlock(&pipe->lock);
        pipe_tell_writers(pipe, was_full);
        if (done != -EAGAIN)
            return done;
        error = is_empty ? wait_for(end, LX_POLLIN, order->is_patient)
                         : wait_for(file, LX_POLLOUT, true);
        if (error != 0)
            return error;
    }
}

/* --- two pipes ------------------------------------------------------------ */

static void lock_both(struct pipe *a, struct pipe *b) NO_TSA
{
    mutex_lock(a < b ? &a->lock : &b->lock);
    mutex_lock(a < b ? &b->lock : &a->lock);
}

static void unlock_both(struct pipe *a, struct pipe *b) NO_TSA
{
    mutex_unlock(&a->lock);
    mutex_unlock(&b->lock);
}

/* Size bytes of buffer as another buffer of the same page. */
static struct pipe_buffer share_buffer(const struct pipe_buffer *buffer,
                                       uint64_t size)
{
    struct pipe_buffer shared = *buffer;

    page_get(buffer->page);
    shared.flags &= ~(unsigned)PIPE_OWN;
    shared.size = (unsigned)min_u64(size, buffer->size);
    return shared;
}

/* Pages change hands. Both locks. */
static ssize_t pass_buffers(struct pipe *from, struct pipe *to,
                            uint64_t size) NO_TSA
{
    ssize_t done = 0;

    while (size > 0 && pipe_used(from) > 0 && !pipe_is_full(to)) {
        struct pipe_buffer *buffer = pipe_at(from, 0);
        struct pipe_buffer shared = share_buffer(buffer, size);

        pipe_push(to, &shared);
        buffer->start += shared.size;
        buffer->size -= shared.size;
        buffer->flags &= ~(unsigned)PIPE_OWN;
        if (buffer->size == 0)
            pipe_pop(from);
        done += shared.size;
        size -= shared.size;
    }
    return done;
}

/* Pages are in both afterwards. Both locks. */
static ssize_t copy_buffers(struct pipe *from, struct pipe *to,
                            uint64_t size) NO_TSA
{
    ssize_t done = 0;

    for (unsigned i = 0; i < pipe_used(from) && size > 0 && !pipe_is_full(to);
         i++) {
        struct pipe_buffer shared = share_buffer(pipe_at(from, i), size);

        pipe_push(to, &shared);
        done += shared.size;
        size -= shared.size;
    }
    return done;
}

/* A move between pipes, as it stands: bytes, 0 at the end, -EPIPE, -EAGAIN with
 * the file to wait for. */
struct between {
    struct file *from, *to;
    ssize_t (*move)(struct pipe *from, struct pipe *to, uint64_t size);
    struct file *awaited;
};

static ssize_t try_between(struct between *b, uint64_t size) NO_TSA
{
    struct pipe *from = pipe_of(b->from), *to = pipe_of(b->to);
    bool was_full, was_empty;
    ssize_t done;

    lock_both(from, to);
    was_full = pipe_is_full(from);
    was_empty = pipe_used(to) == 0;
    if (to->readers == 0) {
        done = -EPIPE;
    } else if (pipe_used(from) == 0) {
        done = from->writers > 0 ? -EAGAIN : 0;
        b->awaited = b->from;
    } else {
        done = pipe_is_full(to) ? -EAGAIN : b->move(from, to, size);
        b->awaited = b->to;
    }
    unlock_both(from, to);
    pipe_tell_writers(from, was_full);
    if (done > 0)
        pipe_tell_readers(to, was_empty);
    return done;
}

static ssize_t move_between(struct between *b, uint64_t size, bool is_patient)
{
    ssize_t done;
    int error;

    for (;;) {
        done = try_between(b, size);
        if (done != -EAGAIN)
            return done;
        error =
            wait_for(b->awaited, b->awaited == b->from ? LX_POLLIN : LX_POLLOUT,
                     is_patient);
        if (error != 0)
            return error;
    }
}

static int check_ends(const struct file *from, const struct file *to)
{
    if (!file_is_readable(from) || !file_is_writable(to))
        return -EBADF;
    if (pipe_is_end(from) && pipe_is_end(to) && pipe_of(from) == pipe_of(to))
        return -EINVAL;
    return 0;
}

ssize_t splice_tee(struct file *from, struct file *to, uint64_t size,
                   bool is_patient)
{
    struct between b = {.from = from, .to = to, .move = copy_buffers};
    int error = check_ends(from, to);

    if (error != 0)
        return error;
    if (!pipe_is_end(from) || !pipe_is_end(to))
        return -EINVAL;
    return size == 0 ? 0 : move_between(&b, size, is_patient);
}

/* --- any two -------------------------------------------------------------- */

/* A position for a side that is no pipe: the one given, or in *own a copy of
 * the file's. */
static uint64_t *take_position(const struct splice_end *end, uint64_t *own)
{
    if (end->position != NULL)
        return end->position;
    if (end->file->ops->is_stream)
        return NULL;
    mutex_lock(&end->file->position_lock);
    *own = end->file->position;
    mutex_unlock(&end->file->position_lock);
    return own;
}

static void give_position(const struct splice_end *end, const uint64_t *own,
                          ssize_t done)
{
    if (end->position != NULL || end->file->ops->is_stream || done <= 0)
        return;
    mutex_lock(&end->file->position_lock);
    end->file->position = *own;
    mutex_unlock(&end->file->position_lock);
}

static int check_side(const struct splice_end *end)
{
    if (end->position == NULL)
        return 0;
    if (pipe_is_end(end->file))
        return -ESPIPE;
    return end->file->ops->is_stream ? -EINVAL : 0;
}

static int check_move(const struct splice_end *from,
                      const struct splice_end *to)
{
    int error = check_ends(from->file, to->file);

    if (error == 0)
        error = check_side(from);
    if (error == 0)
        error = check_side(to);
    if (error != 0)
        return error;
    if (!pipe_is_end(from->file) && !pipe_is_end(to->file))
        return -EINVAL;
    if (from->file->ops->read == NULL || from->file->ops->has_units ||
        to->file->ops->write == NULL || to->file->ops->has_units)
        return -EINVAL;
    if (!pipe_is_end(to->file) && (file_flags(to->file) & LX_O_APPEND) != 0)
        return -EINVAL;
    return 0;
}

ssize_t splice_move(const struct splice_end *from, const struct splice_end *to,
                    struct splice_order *order)
{
    struct between b = {
        .from = from->file, .to = to->file, .move = pass_buffers};
    uint64_t own = 0, *position;
    ssize_t done = check_move(from, to);

    if (done != 0 || order->size == 0)
        return done;
    if (pipe_is_end(from->file) && pipe_is_end(to->file))
        return move_between(&b, order->size, order->is_patient);
    if (pipe_is_end(from->file)) {
        position = take_position(to, &own);
        done = pipe_to_file(from->file, to->file, position, order);
        give_position(to, &own, done);
        return done;
    }
    position = take_position(from, &own);
    done = file_to_pipe(from->file, position, to->file, order->size,
                        order->is_patient);
    give_position(from, &own, done);
    return done;
}

ssize_t splice_memory(struct file *pipe, struct user_cursor *cursor,
                      bool is_patient)
{
    if (!pipe_is_end(pipe))
        return -EBADF;
    if (!is_patient)
        cursor->flags |= LX_RWF_NOWAIT;
    return file_is_writable(pipe) ? file_write(pipe, cursor, NULL)
                                  : file_read(pipe, cursor, NULL);
}

/* --- sendfile(2) ---------------------------------------------------------- */

/* A page full of at most size bytes from the file to the other: bytes, 0 at the
 * end. What was read but not written is read again. */
static ssize_t send_page(const struct splice_end *from, struct file *to,
                         struct page *page, uint64_t size,
                         struct splice_order *order)
{
    struct user_cursor buffer = {.kernel = page_data(page),
                                 .left = min_u64(size, PAGE_SIZE)};
    uint64_t ahead = *from->position;
    ssize_t got = from->file->ops->read(from->file, &buffer, &ahead), sent;

    if (got <= 0)
        return got;
    buffer = cursor_of(order, page_data(page), (uint64_t)got);
    sent = file_write(to, &buffer, NULL);
    order->is_beyond |= buffer.is_beyond;
    if (sent > 0)
        *from->position += (uint64_t)sent;
    return sent;
}

/* From the position given. */
static ssize_t send_pages(const struct splice_end *from, struct file *to,
                          struct splice_order *order)
{
    uint64_t size = order->size;
    struct page *page = page_alloc(0, MEM_WAIT, NULL);
    ssize_t done = 0, sent = 0;

    if (page == NULL)
        return -ENOMEM;
    while (size > 0) {
        sent = send_page(from, to, page, size, order);
        if (sent <= 0)
            break;
        done += sent;
        size -= (uint64_t)sent;
    }
    page_put(page);
    return done > 0 ? done : sent;
}

ssize_t splice_send(const struct splice_end *from, struct file *to,
                    struct splice_order *order)
{
    struct splice_end at = *from;
    uint64_t own = 0;
    ssize_t done;

    if (!file_is_readable(from->file) || !file_is_writable(to))
        return -EBADF;
    if (from->file->ops->is_stream)
        return from->position != NULL ? -ESPIPE : -EINVAL;
    if (from->file->ops->read == NULL || to->ops->write == NULL ||
        (file_flags(to) & LX_O_APPEND) != 0)
        return -EINVAL;
    if (order->size == 0)
        return 0;
    at.position = take_position(from, &own);
    done = pipe_is_end(to)
               ? file_to_pipe(from->file, at.position, to, order->size, true)
               : send_pages(&at, to, order);
    give_position(from, &own, done);
    return done;
}
