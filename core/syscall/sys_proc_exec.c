/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_exec.c - execve(2), execveat(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/proc/exec.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"

static int64_t execute(struct thread *self, const struct exec_call *call)
{
    int error = call->path[0] == '\0' ? -ENOENT : exec_user(self->task, call);

    return error == -EINTR ? -ERESTART_NOINTR : error;
}

int64_t sys_execve(struct thread *self, const uint64_t *args)
{
    struct exec_call call = {.argv = args[1], .envp = args[2]};
    int64_t result;
    char *path;

    result = path_take(self, args[0], &path);
    if (result != 0)
        return result;
    call.path = path;
    result = execute(self, &call);
    path_give(path);
    return result;
}

/* What comes of a path that starts at a descriptor: none is a directory's or a
 * program's yet. */
static int refuse_fd(struct thread *self, uint64_t fd, const char *path)
{
    struct file *file = file_of(self, fd);

    if (file == NULL)
        return -EBADF;
    file_put(file);
    return path[0] == '\0' ? -EACCES : -ENOTDIR;
}

int64_t sys_execveat(struct thread *self, const uint64_t *args)
{
    struct exec_call call = {.argv = args[2], .envp = args[3]};
    unsigned flags = (unsigned)args[4];
    bool from_cwd = (int32_t)(uint32_t)args[0] == LX_AT_FDCWD;
    int64_t result;
    char *path;

    if ((flags & ~(LX_AT_EMPTY_PATH | LX_AT_SYMLINK_NOFOLLOW)) != 0)
        return -EINVAL;
    result = path_take(self, args[1], &path);
    if (result != 0)
        return result;
    call.path = path;
    call.no_follow = (flags & LX_AT_SYMLINK_NOFOLLOW) != 0;
    if (path[0] == '\0' && (flags & LX_AT_EMPTY_PATH) == 0)
        result = -ENOENT;
    else if (path[0] == '\0' && from_cwd)
        result = -EACCES; /* a directory */
    else if (path[0] != '/' && !from_cwd)
        result = refuse_fd(self, args[0], path);
    else
        result = execute(self, &call);
    path_give(path);
    return result;
}
