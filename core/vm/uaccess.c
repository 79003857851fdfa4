/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/uaccess.c - the contract is in uaccess.h.
 *
 * Each loop moves what can be moved and faults in the page that stopped it, so
 * a pass ends it or moves at least a byte.
 */
#include "core/vm/uaccess.h"

#include "core/abi/errno.h"
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

int clear_out(struct aspace *as, uaddr_t to, size_t size)
{
    size_t done = hal_clear_out(to, size);

    while (done < size) {
        if (aspace_fault(as, to + done, HAL_WRITE) != 0)
            return -EFAULT;
        done += hal_clear_out(to + done, size - done);
    }
    return 0;
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

static void advance(struct user_cursor *cursor, size_t done)
{
    cursor->at += done;
    cursor->left -= done;
}

size_t cursor_copy_in(struct user_cursor *from, void *to, size_t size)
{
    size_t done =
        copy_in_some(from->as, to, from->at, min_u64(size, from->left));

    advance(from, done);
    return done;
}

size_t cursor_copy_out(struct user_cursor *to, const void *from, size_t size)
{
    size_t done = copy_out_some(to->as, to->at, from, min_u64(size, to->left));

    advance(to, done);
    return done;
}
