/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_proc_exec.c - execve(2), execveat(2).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/proc/exec.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"

/* "/dev/fd/" and a number, a slash and a path */
enum { FD_NAME_SIZE = 24 };

static int64_t execute(struct thread *self, const struct exec_call *call)
{
    int error = exec_user(self->task, call);

    return error == -EINTR ? -ERESTART_NOINTR : error;
}

int64_t sys_execve(struct thread *self, const uint64_t *args)
{
    struct exec_call call = {
        .argv = args[1], .envp = args[2], .path_flags = PATH_FOLLOW};
    struct path_arg arg;
    int64_t result = path_arg_here(self, args[0], 0, &arg);

    if (result != 0)
        return result;
    call.path = call.name = arg.text;
    result = execute(self, &call);
    path_arg_give(&arg);
    return result;
}

/* What a script below a descriptor is told of where it is. */
static int64_t execute_below(struct thread *self, struct exec_call *call,
                             const struct path_arg *arg, int fd)
{
    size_t size = FD_NAME_SIZE + str_length(arg->text, LX_PATH_MAX) + 1;
    int marked = fd_closes_on_exec(self->task->files, fd);
    char *name = kmem_alloc(size, MEM_WAIT, NULL);
    int64_t result;

    if (name == NULL)
        return -ENOMEM;
    format(name, size, arg->text[0] != '\0' ? "/dev/fd/%d/%s" : "/dev/fd/%d%s",
           fd, arg->text);
    call->name = name;
    call->is_hidden = marked > 0;
    result = execute(self, call);
    kmem_free(name, size);
    return result;
}

/* What is said of unknown flags: a path that cannot be read comes first. */
static int refuse_flags(struct thread *self, uaddr_t path, unsigned flags)
{
    struct path_arg arg;
    int error = path_arg_here(self, path, flags, &arg);

    if (error != 0)
        return error;
    path_arg_give(&arg);
    return -EINVAL;
}

int64_t sys_execveat(struct thread *self, const uint64_t *args)
{
    struct exec_call call = {.argv = args[2], .envp = args[3]};
    unsigned flags = (unsigned)args[4];
    struct path_arg arg;
    int64_t result;

    if ((flags & LX_AT_SYMLINK_NOFOLLOW) == 0)
        call.path_flags |= PATH_FOLLOW;
    if ((flags & LX_AT_EMPTY_PATH) != 0)
        call.path_flags |= PATH_EMPTY;
    if ((flags & ~(LX_AT_EMPTY_PATH | LX_AT_SYMLINK_NOFOLLOW)) != 0)
        return refuse_flags(self, args[1], call.path_flags);
    result = path_arg_take(self, args[0], args[1], call.path_flags, &arg);
    if (result != 0)
        return result;
    call.path = call.name = arg.text;
    call.start = arg.ask.start;
    if (arg.dir == NULL)
        result = execute(self, &call);
    else if (arg.dir->path.dentry == NULL)
        result = -EACCES;
    else
        result = execute_below(self, &call, &arg, (int)(uint32_t)args[0]);
    path_arg_give(&arg);
    return result;
}
