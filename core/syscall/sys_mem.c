/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_mem.c - brk(2), mmap(2), munmap(2), mprotect(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/mman.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/aspace.h"

int64_t sys_brk(struct thread *self, const uint64_t *args)
{
    return (int64_t)aspace_brk(process_of(self)->as, args[0]);
}

/* No kind of file that can be open has pages to map yet; what mmap(2) says of
 * such a descriptor, in Linux's order. */
static int64_t refuse_file(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[4]);
    int64_t result = -ENODEV;

    if (file == NULL)
        return -EBADF;
    if (args[1] == 0)
        result = -EINVAL;
    else if ((file->flags & LX_O_ACCMODE) == LX_O_WRONLY)
        result = -EACCES;
    file_put(file);
    return result;
}

int64_t sys_mmap(struct thread *self, const uint64_t *args)
{
    struct map_request request = {
        .addr = args[0],
        .size = args[1],
        .prot = (unsigned)args[2],
        .flags = (unsigned)args[3],
        .offset = args[5],
    };
    uaddr_t at;
    int error;

    if (args[5] % PAGE_SIZE != 0)
        return -EINVAL;
    if ((request.flags & LX_MAP_ANONYMOUS) == 0)
        return refuse_file(self, args);
    error = aspace_map(process_of(self)->as, &request, &at);
    return error != 0 ? error : (int64_t)at;
}

int64_t sys_munmap(struct thread *self, const uint64_t *args)
{
    return aspace_unmap(process_of(self)->as, args[0], args[1]);
}

int64_t sys_mprotect(struct thread *self, const uint64_t *args)
{
    return aspace_protect(process_of(self)->as, args[0], args[1],
                          (unsigned)args[2]);
}
