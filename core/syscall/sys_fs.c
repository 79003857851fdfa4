/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_fs.c - readlink(2), newfstatat (stat(2)).
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/stat.h"
#include "core/fs/store.h"
#include "core/mem/cache.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

int path_take(const struct thread *self, uaddr_t from, char **out)
{
    char *path = kmem_alloc(STORE_PATH_MAX, MEM_WAIT, NULL);
    ssize_t length;

    if (path == NULL)
        return -ENOMEM;
    length = copy_string_in(process_of(self)->as, path, from, STORE_PATH_MAX);
    if (length < 0) {
        path_give(path);
        return (int)length;
    }
    *out = path;
    return 0;
}

void path_give(char *path)
{
    kmem_free(path, STORE_PATH_MAX);
}

static int64_t read_link(struct thread *self, const char *path, uaddr_t to,
                         size_t size)
{
    struct store_node *node;
    const char *target;
    size_t length = 0;
    int error =
        store_lookup(process_of(self)->store, path, STORE_NOFOLLOW, &node);

    if (error != 0)
        return error;
    target = store_target(node, &length);
    if (target == NULL)
        return -EINVAL;
    length = min_size(length, size);
    error = copy_out(process_of(self)->as, to, target, length);
    return error != 0 ? error : (int64_t)length;
}

int64_t sys_readlink(struct thread *self, const uint64_t *args)
{
    int32_t size = (int32_t)(uint32_t)args[2];
    int64_t result;
    char *path;

    if (size <= 0)
        return -EINVAL;
    result = path_take(self, args[0], &path);
    if (result != 0)
        return result;
    result = read_link(self, path, args[1], (size_t)size);
    path_give(path);
    return result;
}

static int stat_fd(struct thread *self, uint64_t fd, struct lx_stat *out)
{
    struct file *file = file_of(self, fd);

    if (file == NULL)
        return -EBADF;
    file->ops->stat(file, out);
    file_put(file);
    return 0;
}

/* A path that does not start at the root starts at the working directory,
 * which is the root, or at a descriptor, none of which is a directory yet. */
static int stat_path(struct thread *self, uint64_t fd, const char *path,
                     unsigned flags, struct lx_stat *out)
{
    bool from_cwd = (int32_t)(uint32_t)fd == LX_AT_FDCWD;
    struct store_node *node;
    int error;

    if (path[0] == '\0' && (flags & LX_AT_EMPTY_PATH) != 0 && !from_cwd)
        return stat_fd(self, fd, out);
    if (path[0] != '/' && path[0] != '\0' && !from_cwd) {
        error = stat_fd(self, fd, out);
        return error != 0 ? error : -ENOTDIR;
    }
    if (path[0] == '\0' && (flags & LX_AT_EMPTY_PATH) != 0)
        path = "/";
    error = store_lookup(
        process_of(self)->store, path,
        (flags & LX_AT_SYMLINK_NOFOLLOW) != 0 ? STORE_NOFOLLOW : 0, &node);
    if (error == 0)
        store_stat(node, out);
    return error;
}

int64_t sys_newfstatat(struct thread *self, const uint64_t *args)
{
    const unsigned known =
        LX_AT_EMPTY_PATH | LX_AT_NO_AUTOMOUNT | LX_AT_SYMLINK_NOFOLLOW;
    unsigned flags = (unsigned)args[3];
    struct lx_stat stat;
    char *path;
    int error;

    if ((flags & ~known) != 0)
        return -EINVAL;
    error = path_take(self, args[1], &path);
    if (error != 0)
        return error;
    error = stat_path(self, args[0], path, flags, &stat);
    path_give(path);
    if (error == 0)
        error = copy_out_struct(process_of(self)->as, args[2], &stat);
    return error;
}
