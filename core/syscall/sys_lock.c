/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_lock.c - flock(2), and the locks of fcntl(2).
 */
#include "core/abi/errno.h"
#include "core/fs/lock.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

int64_t sys_flock(struct thread *self, const uint64_t *args)
{
    unsigned operation = (unsigned)args[1];
    struct lock_request request = {.kind = LOCK_FLOCK,
                                   .end = UINT64_MAX,
                                   .waits = (operation & LX_LOCK_NB) == 0};
    struct file *file;
    int error = 0;

    switch (operation & ~LX_LOCK_NB) {
    case LX_LOCK_SH:
        request.type = LOCK_READ;
        break;
    case LX_LOCK_EX:
        request.type = LOCK_WRITE;
        break;
    case LX_LOCK_UN:
        request.type = LOCK_NONE;
        break;
    default:
        return -EINVAL;
    }
    file = file_of(self, args[0]);
    if (file == NULL)
        return -EBADF;
    request.owner = file;
    if (file->path.dentry != NULL)
        error = lock_set(path_inode(&file->path), &request);
    file_put(file);
    return error == -EINTR ? -ERESTART_CALL : error;
}

/* --- fcntl ---------------------------------------------------------------- */

static int64_t base_of(struct file *file, int16_t whence) NO_TSA
{
    int64_t base = -1;

    switch (whence) {
    case LX_SEEK_SET:
        return 0;
    case LX_SEEK_CUR:
        mutex_lock(&file->position_lock);
        base = (int64_t)file->position;
        mutex_unlock(&file->position_lock);
        return base;
    case LX_SEEK_END:
        return (int64_t)inode_size(path_inode(&file->path));
    default:
        return -1;
    }
}

/* The bytes that a struct flock means: 0, -EINVAL, -EOVERFLOW. */
static int read_range(struct file *file, const struct lx_flock *user,
                      struct lock_request *out)
{
    int64_t start = base_of(file, user->l_whence), end;

    if (start < 0)
        return -EINVAL;
    if (__builtin_add_overflow(start, user->l_start, &start))
        return -EOVERFLOW;
    if (start < 0)
        return -EINVAL;
    end = INT64_MAX;
    if (user->l_len > 0 && __builtin_add_overflow(start, user->l_len - 1, &end))
        return -EOVERFLOW;
    if (user->l_len < 0) {
        end = start - 1;
        start += user->l_len;
        if (start < 0)
            return -EINVAL;
    }
    out->start = (uint64_t)start;
    out->end = (uint64_t)end;
    return 0;
}

static int read_type(int16_t type, struct lock_request *out)
{
    switch (type) {
    case LX_F_RDLCK:
        out->type = LOCK_READ;
        return 0;
    case LX_F_WRLCK:
        out->type = LOCK_WRITE;
        return 0;
    case LX_F_UNLCK:
        out->type = LOCK_NONE;
        return 0;
    default:
        return -EINVAL;
    }
}

static int64_t tell_lock(struct thread *self, struct file *file,
                         struct lock_request *request, struct lx_flock *user,
                         uaddr_t to)
{
    if (request->type == LOCK_NONE)
        return -EINVAL;
    lock_get(path_inode(&file->path), request);
    if (request->type == LOCK_NONE) {
        user->l_type = LX_F_UNLCK;
    } else {
        user->l_type = request->type == LOCK_READ ? LX_F_RDLCK : LX_F_WRLCK;
        user->l_whence = LX_SEEK_SET;
        user->l_start = (int64_t)request->start;
        user->l_len = request->end == INT64_MAX
                          ? 0
                          : (int64_t)(request->end - request->start + 1);
        user->l_pid = request->pid;
    }
    return copy_out_struct(process_of(self)->as, to, user);
}

/* May a lock of that type be had by a file open so? */
static bool fits_mode(const struct file *file, enum lock_type type)
{
    return !(type == LOCK_READ && !file_is_readable(file)) &&
           !(type == LOCK_WRITE && !file_is_writable(file));
}

/* Another thread may have closed the descriptor, and with it all locks, before
 * request was set: then nobody would end this one. */
static int check_closed(struct thread *self, uint64_t fd, struct file *file,
                        struct lock_request *request)
{
    struct file *now = place_of(self, fd); /* under the table's lock */

    if (now != NULL)
        file_put(now);
    if (now == file)
        return 0;
    request->type = LOCK_NONE;
    if (lock_set(path_inode(&file->path), request) != 0)
        lock_close(file, self->task->files); /* no memory to cut a range */
    return -EBADF;
}

int64_t lock_command(struct thread *self, struct file *file,
                     const uint64_t *args)
{
    unsigned command = (unsigned)args[1];
    uaddr_t arg = args[2];
    bool is_open_file = command >= LX_F_OFD_GETLK;
    struct lock_request request = {
        .kind = is_open_file ? LOCK_OFD : LOCK_POSIX,
        .owner = is_open_file ? (const void *)file : self->task->files,
        .pid = is_open_file ? -1 : process_number(process_of(self)),
        .waits = command == LX_F_SETLKW || command == LX_F_OFD_SETLKW,
    };
    struct lx_flock user;
    int error;

    if (copy_in_struct(process_of(self)->as, &user, arg) != 0)
        return -EFAULT;
    if (is_open_file && user.l_pid != 0)
        return -EINVAL;
    if (file->path.dentry == NULL)
        return -EINVAL;
    error = read_type(user.l_type, &request);
    if (error == 0)
        error = read_range(file, &user, &request);
    if (error != 0)
        return error;
    if (command == LX_F_GETLK || command == LX_F_OFD_GETLK)
        return tell_lock(self, file, &request, &user, arg);
    if (!fits_mode(file, request.type))
        return -EBADF;
    error = lock_set(path_inode(&file->path), &request);
    if (error == 0 && !is_open_file && request.type != LOCK_NONE)
        error = check_closed(self, args[0], file, &request);
    return error == -EINTR ? -ERESTART_CALL : error;
}
