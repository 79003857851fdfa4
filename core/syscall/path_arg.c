/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/path_arg.c - path arguments; contract in args.h.
 */
#include "core/abi/errno.h"
#include "core/syscall/args.h"
#include "core/vm/uaccess.h"

static int take_text(const struct thread *self, uaddr_t from,
                     struct path_arg *out)
{
    struct aspace *as = process_of(self)->as;
    ssize_t length = copy_string_in(as, out->small, from, PATH_SMALL);

    out->buffer = NULL;
    out->text = out->small;
    if (length != -ENAMETOOLONG)
        return length < 0 ? (int)length : 0;
    out->buffer = path_buffer();
    if (out->buffer == NULL)
        return -ENOMEM;
    out->text = out->buffer;
    length = copy_string_in(as, out->buffer, from, LX_PATH_MAX);
    if (length >= 0)
        return 0;
    path_buffer_free(out->buffer);
    return (int)length;
}

/* The descriptor that a relative path begins at. */
static int take_dir(const struct thread *self, uint64_t dirfd,
                    struct path_arg *out)
{
    out->dir = place_of(self, dirfd);
    if (out->dir == NULL)
        return -EBADF;
    if (out->dir->path.dentry == NULL && out->text[0] != '\0')
        return -ENOTDIR;
    out->ask.start = &out->dir->path;
    return 0;
}

int path_arg_take(const struct thread *self, uint64_t dirfd, uaddr_t from,
                  unsigned flags, struct path_arg *out)
{
    int error = take_text(self, from, out);

    if (error != 0)
        return error;
    out->dir = NULL;
    out->ask = (struct path_ask){
        .cred = self->task->cred, .context = self->task->fs, .flags = flags};
    if (out->text[0] == '\0' && (flags & PATH_EMPTY) == 0)
        error = -ENOENT;
    else if ((out->text[0] != '/' || (flags & PATH_IN_ROOT) != 0) &&
             (int32_t)(uint32_t)dirfd != LX_AT_FDCWD)
        error = take_dir(self, dirfd, out);
    if (error != 0)
        path_arg_give(out);
    return error;
}

void path_arg_give(struct path_arg *arg)
{
    if (arg->dir != NULL)
        file_put(arg->dir);
    if (arg->buffer != NULL)
        path_buffer_free(arg->buffer);
}
