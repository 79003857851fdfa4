/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/inode_read.c - a file's bytes for the kernel itself; contract in
 * inode.h.
 */
#include "core/base/string.h"
#include "core/fs/inode.h"

static ssize_t read_page(struct inode *inode, uint64_t offset, void *to,
                         size_t size)
{
    struct vm_object *object = &inode->object;
    struct page *page;
    int error = object->ops->get_page(object, offset / PAGE_SIZE, &page);

    if (error != 0)
        return error;
    mem_copy(to, (const char *)page_data(page) + offset % PAGE_SIZE, size);
    page_put(page);
    return (ssize_t)size;
}

ssize_t inode_read(struct inode *inode, uint64_t offset, void *to, size_t size)
{
    uint64_t end = inode_size(inode);
    size_t done = 0;

    while (done < size && offset < end) {
        size_t part = (size_t)min_u64(PAGE_SIZE - offset % PAGE_SIZE,
                                      min_u64(size - done, end - offset));
        ssize_t got = read_page(inode, offset, (char *)to + done, part);

        if (got < 0)
            return done > 0 ? (ssize_t)done : got;
        done += part;
        offset += part;
    }
    return (ssize_t)done;
}
