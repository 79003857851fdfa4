/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_mem.c - brk(2), mmap(2) and its kin.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/mman.h"
#include "core/fs/ramfs/ramfs.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/aspace.h"
#include "core/vm/look.h"
#include "core/vm/object.h"
#include "core/vm/uaccess.h"

/* Answers of mincore(2) that are copied out at once. */
enum { IN_CORE_STEP = 256 };

/* The caller's address space, which is told whether he may lock what he likes
 * of it. */
static struct aspace *lockable_aspace(const struct thread *self)
{
    struct aspace *as = process_of(self)->as;

    aspace_set_may_lock(as, cred_is_capable(self->task->cred, CAP_IPC_LOCK));
    return as;
}

int64_t sys_brk(struct thread *self, const uint64_t *args)
{
    return (int64_t)aspace_brk(process_of(self)->as, args[0]);
}

/* What of a mapping of file is denied, now and later; or why it cannot be
 * (mmap(2)). */
static int check_file_map(const struct file *file, struct map_request *request)
{
    unsigned type = request->flags & LX_MAP_TYPE;
    unsigned access = file->flags & LX_O_ACCMODE;
    bool is_shared = type == LX_MAP_SHARED || type == LX_MAP_SHARED_VALIDATE;

    if (access == LX_O_WRONLY || access == LX_O_ACCMODE)
        return -EACCES;
    if (is_shared && access != LX_O_RDWR) {
        if ((request->prot & LX_PROT_WRITE) != 0)
            return -EACCES;
        request->deny |= LX_PROT_WRITE;
    }
    if (file->path.mount != NULL &&
        (mount_flags(file->path.mount) & MOUNT_NO_EXEC) != 0) {
        if ((request->prot & LX_PROT_EXEC) != 0)
            return -EPERM;
        request->deny |= LX_PROT_EXEC;
    }
    return ramfs_check_map(file, is_shared, request->prot, &request->deny);
}

/* The object of a descriptor's file, with a reference. NULL: anonymous memory,
 * which zero(4) gives. */
static int take_object(struct thread *self, uint64_t fd,
                       struct map_request *request)
{
    struct file *file = file_of(self, fd);
    int error;

    if (file == NULL)
        return -EBADF;
    error = check_file_map(file, request);
    if (error == 0)
        error = file->ops->object != NULL
                    ? file->ops->object(file, &request->object)
                    : -ENODEV;
    if (error == 0 && request->object == NULL)
        request->flags |= LX_MAP_ANONYMOUS;
    file_put(file);
    return error == 0
               ? 0
               : aspace_refuse_map(lockable_aspace(self), request, error);
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
    int error = 0;

    if (args[5] % PAGE_SIZE != 0)
        return -EINVAL;
    if ((request.flags & LX_MAP_ANONYMOUS) == 0)
        error = take_object(self, args[4], &request);
    if (error != 0)
        return error;
    error = aspace_map(lockable_aspace(self), &request, &at);
    if (request.object != NULL)
        vm_object_put(request.object);
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

int64_t sys_mremap(struct thread *self, const uint64_t *args)
{
    const struct remap_request request = {
        .addr = args[0],
        .old_size = args[1],
        .new_size = args[2],
        .flags = (unsigned)args[3],
        .to = args[4],
    };
    uaddr_t at;
    int error;

    if ((args[3] & ~UINT64_C(0xffffffff)) != 0)
        return -EINVAL;
    error = aspace_remap(lockable_aspace(self), &request, &at);
    return error != 0 ? error : (int64_t)at;
}

int64_t sys_madvise(struct thread *self, const uint64_t *args)
{
    return aspace_advise(process_of(self)->as, args[0], args[1],
                         (int)(uint32_t)args[2]);
}

int64_t sys_mincore(struct thread *self, const uint64_t *args)
{
    struct aspace *as = process_of(self)->as;
    uaddr_t start = args[0], to = args[2];
    uint64_t count = args[1] / PAGE_SIZE + (args[1] % PAGE_SIZE != 0);
    uint8_t answers[IN_CORE_STEP];
    int n;

    if (start % PAGE_SIZE != 0)
        return -EINVAL;
    if (!is_user_range(start, args[1]))
        return -ENOMEM;
    if (!is_user_range(to, count))
        return -EFAULT;
    for (uint64_t done = 0; done < count; done += (unsigned)n) {
        n = aspace_in_core(as, start + done * PAGE_SIZE,
                           min_size(count - done, IN_CORE_STEP), answers);
        if (n < 0)
            return n;
        if (copy_out(as, to + done, answers, (size_t)n) != 0)
            return -EFAULT;
    }
    return 0;
}

int64_t sys_msync(struct thread *self, const uint64_t *args)
{
    return aspace_sync(process_of(self)->as, args[0], args[1],
                       (unsigned)args[2]);
}

int64_t sys_mlock(struct thread *self, const uint64_t *args)
{
    return aspace_lock(lockable_aspace(self), args[0], args[1], false);
}

int64_t sys_mlock2(struct thread *self, const uint64_t *args)
{
    if ((uint32_t)args[2] & ~LX_MLOCK_ONFAULT)
        return -EINVAL;
    return aspace_lock(lockable_aspace(self), args[0], args[1],
                       (args[2] & LX_MLOCK_ONFAULT) != 0);
}

int64_t sys_munlock(struct thread *self, const uint64_t *args)
{
    return aspace_unlock(process_of(self)->as, args[0], args[1]);
}

int64_t sys_mlockall(struct thread *self, const uint64_t *args)
{
    return aspace_lock_all(lockable_aspace(self), (unsigned)args[0]);
}

int64_t sys_munlockall(struct thread *self, const uint64_t *args)
{
    (void)args;
    aspace_unlock_all(process_of(self)->as);
    return 0;
}
