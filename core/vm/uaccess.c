/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/vm/uaccess.c - the contract is in uaccess.h.
 *
 * Each loop moves what can be moved and faults in the page that stopped it, so
 * a pass ends it or moves at least a byte.
 */
#include "core/vm/uaccess.h"

#include "core/abi/errno.h"
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
    return copy_in_some(as, to, from, size) == size ? 0 : -EFAULT;
}

int copy_out(struct aspace *as, uaddr_t to, const void *from, size_t size)
{
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

void cursor_skip(struct user_cursor *cursor, size_t size)
{
    ASSERT(size <= cursor->left);
    if (cursor->kernel != NULL)
        cursor->kernel += size;
    else
        cursor->at += size;
    cursor->left -= size;
}

size_t cursor_copy_in(struct user_cursor *from, void *to, size_t size)
{
    size_t done = min_u64(size, from->left);

    if (from->kernel != NULL)
        mem_copy(to, from->kernel, done);
    else
        done = copy_in_some(from->as, to, from->at, done);

    cursor_skip(from, done);
    return done;
}

size_t cursor_copy_out(struct user_cursor *to, const void *from, size_t size)
{
    size_t done = min_u64(size, to->left);

    if (to->kernel != NULL)
        mem_copy(to->kernel, from, done);
    else
        done = copy_out_some(to->as, to->at, from, done);

    cursor_skip(to, done);
    return done;
}
