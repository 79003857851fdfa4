/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/uaccess.c - the contract is in uaccess.h.
 *
 * Each loop moves what can be moved and faults in the page that stopped it, so
 * a pass ends it or moves at least a byte.
 */
#include "core/vm/uaccess.h"

#include "core/abi/errno.h"
#include "core/abi/uio.h"
#include "core/base/string.h"
#include "core/vm/aspace.h"
#include "hal/uaccess.h"

size_t copy_in_some(struct aspace *as, void *to, uaddr_t from, size_t size)
{
    size_t done = hal_copy_in(to, from, size);

    while (done < size && aspace_fault(as, from + done, HAL_READ) == 0)
        done += hal_copy_in((char *)to + done, from + done, size - done);
    return done;
}

size_t copy_out_some(struct aspace *as, uaddr_t to, const void *from,
                     size_t size)
{
    size_t done = hal_copy_out(to, from, size);

    while (done < size && aspace_fault(as, to + done, HAL_WRITE) == 0)
        done += hal_copy_out(to + done, (const char *)from + done, size - done);
    return done;
}

int copy_in(struct aspace *as, void *to, uaddr_t from, size_t size)
{
    if (hal_copy_in(to, from, size) == size) /* nearly always */
        return 0;
    return copy_in_some(as, to, from, size) == size ? 0 : -EFAULT;
}

int copy_out(struct aspace *as, uaddr_t to, const void *from, size_t size)
{
    if (hal_copy_out(to, from, size) == size)
        return 0;
    return copy_out_some(as, to, from, size) == size ? 0 : -EFAULT;
}

static size_t clear_out_some(struct aspace *as, uaddr_t to, size_t size)
{
    size_t done = hal_clear_out(to, size);

    while (done < size && aspace_fault(as, to + done, HAL_WRITE) == 0)
        done += hal_clear_out(to + done, size - done);
    return done;
}

int clear_out(struct aspace *as, uaddr_t to, size_t size)
{
    return clear_out_some(as, to, size) == size ? 0 : -EFAULT;
}

ssize_t copy_string_in(struct aspace *as, char *to, uaddr_t from, size_t size)
{
    bool ended = false;
    size_t done = 0;

    while (done < size) {
        done += hal_string_in(to + done, from + done, size - done, &ended);
        if (ended)
            return (ssize_t)(done - 1);
        if (done < size && aspace_fault(as, from + done, HAL_READ) != 0)
            return -EFAULT;
    }
    return -ENAMETOOLONG;
}

/* --- cursors -------------------------------------------------------------- */

/* Goes to the next vector that has bytes; left is not 0. */
static SELDOM void next_vector(struct user_cursor *cursor)
{
    do {
        ASSERT(cursor->more > 0);
        cursor->at = cursor->next->iov_base;
        cursor->span = cursor->next->iov_len;
        cursor->next++;
        cursor->more--;
    } while (cursor->more > 0 && cursor->span == 0);
}

void cursor_init_vectors(struct user_cursor *cursor, struct aspace *as,
                         const struct lx_iovec *vectors, unsigned count,
                         uint64_t limit)
{
    *cursor = (struct user_cursor){.as = as, .next = vectors, .more = count};
    for (unsigned i = 0; i < count && cursor->left < limit; i++)
        cursor->left += min_u64(vectors[i].iov_len, limit - cursor->left);
    if (cursor->left > 0)
        next_vector(cursor);
}

size_t cursor_row(const struct user_cursor *cursor)
{
    return cursor->more > 0 ? min_u64(cursor->span, cursor->left)
                            : cursor->left;
}

/* Passes over size bytes of the row. */
static void advance(struct user_cursor *cursor, size_t size)
{
    if (cursor->as != NULL)
        cursor->at += size;
    else if (cursor->kernel != NULL)
        cursor->kernel += size;
    cursor->left -= size;
    if (cursor->more == 0)
        return;
    cursor->span -= size;
    if (cursor->span == 0 && cursor->left > 0)
        next_vector(cursor);
}

void cursor_skip(struct user_cursor *cursor, uint64_t size)
{
    ASSERT(size <= cursor->left);
    while (size > 0) {
        size_t part = min_u64(size, cursor_row(cursor));

        advance(cursor, part);
        size -= part;
    }
}

/* One row of user memory, as nearly all cursors are? */
static inline bool is_plain(const struct user_cursor *cursor)
{
    return cursor->as != NULL && cursor->more == 0;
}

static size_t move_in(struct user_cursor *from, void *to, size_t size)
{
    if (from->as != NULL)
        return copy_in_some(from->as, to, from->at, size);
    mem_copy(to, from->kernel, size);
    return size;
}

static size_t move_out(struct user_cursor *to, const void *from, size_t size)
{
    if (to->as == NULL && from != NULL)
        mem_copy(to->kernel, from, size);
    else if (to->as == NULL)
        mem_set(to->kernel, 0, size);
    else if (from == NULL)
        return clear_out_some(to->as, to->at, size);
    else
        return copy_out_some(to->as, to->at, from, size);
    return size;
}

static size_t take_bytes(struct user_cursor *from, void *to, size_t size)
{
    size_t done = 0, part, moved;

    size = min_u64(size, from->left);
    do {
        part = min_size(size - done, cursor_row(from));
        moved = move_in(from, (char *)to + done, part);
        advance(from, moved);
        done += moved;
    } while (moved == part && done < size);
    return done;
}

size_t cursor_copy_in(struct user_cursor *from, void *to, size_t size)
{
    if (!is_plain(from))
        return take_bytes(from, to, size);
    size = copy_in_some(from->as, to, from->at, min_u64(size, from->left));
    advance(from, size);
    return size;
}

/* from NULL stands for zero bytes. */
static size_t put_bytes(struct user_cursor *to, const char *from, size_t size)
{
    size_t done = 0, part, moved;

    size = min_u64(size, to->left);
    do {
        part = min_size(size - done, cursor_row(to));
        moved = move_out(to, from == NULL ? NULL : from + done, part);
        advance(to, moved);
        done += moved;
    } while (moved == part && done < size);
    return done;
}

size_t cursor_copy_out(struct user_cursor *to, const void *from, size_t size)
{
    if (!is_plain(to))
        return put_bytes(to, from, size);
    size = copy_out_some(to->as, to->at, from, min_u64(size, to->left));
    advance(to, size);
    return size;
}

size_t cursor_clear_out(struct user_cursor *to, size_t size)
{
    return put_bytes(to, NULL, size);
}
