/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_xattr.c - setxattr(2), getxattr(2), listxattr(2),
 * removexattr(2) and their kin.
 *
 * No file system here keeps extended attributes. What may be asked is checked
 * as xattr(7) says; then there is nothing to list, and -EOPNOTSUPP for the
 * rest, as on Linux of a file system without them.
 */
#include "core/abi/errno.h"
#include "core/abi/xattr.h"
#include "core/base/string.h"
#include "core/fs/inode.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

/* Whose attributes: of a path, followed or not, or of a descriptor. */
enum { OF_PATH, OF_LINK, OF_FILE };

static int find(struct thread *self, uint64_t of, int kind, struct path *out)
{
    struct path_arg arg;
    int error =
        path_arg_here(self, of, kind == OF_PATH ? PATH_FOLLOW : 0, &arg);

    if (error != 0)
        return error;
    error = path_find(&arg.ask, arg.text, out);
    path_arg_give(&arg);
    return error;
}

/* The place, with references; out->dentry NULL for a file that has none. */
static int take_place(struct thread *self, uint64_t of, int kind,
                      struct path *out)
{
    struct file *file;

    if (kind != OF_FILE)
        return find(self, of, kind, out);
    file = file_of(self, of);
    if (file == NULL)
        return -EBADF;
    *out = file->path;
    if (out->dentry != NULL)
        path_get(out);
    file_put(file);
    return 0;
}

static void give_place(struct path *path)
{
    if (path->dentry != NULL)
        path_put(path);
}

static int take_name(struct thread *self, uaddr_t from,
                     char name[LX_XATTR_NAME_MAX + 1])
{
    ssize_t length =
        copy_string_in(process_of(self)->as, name, from, LX_XATTR_NAME_MAX + 1);

    if (length == 0 || length == -ENAMETOOLONG)
        return -ERANGE;
    return length < 0 ? (int)length : 0;
}

/* May the caller ask for that attribute (xattr(7))? */
static int check_asker(const struct thread *self, const struct inode *inode,
                       const char *name, bool is_change)
{
    const struct cred *cred = self->task->cred;
    int refusal = is_change ? -EPERM : -ENODATA;

    if (str_starts(name, "security.") || str_starts(name, "system."))
        return 0;
    if (str_starts(name, "trusted."))
        return cred_is_capable(cred, CAP_SYS_ADMIN) ? 0 : refusal;
    if (str_starts(name, "user.")) {
        if (inode_type(inode) != LX_S_IFREG && !inode_is_directory(inode))
            return refusal;
        if (is_change && inode_is_directory(inode) &&
            (inode->mode & LX_S_ISVTX) != 0 && !inode_is_owned(inode, cred))
            return -EPERM;
    }
    return inode_may(inode, cred, is_change ? MAY_WRITE : MAY_READ);
}

static int64_t ask(struct thread *self, const uint64_t *args, int kind,
                   const char *name, bool is_change)
{
    struct path path;
    int error = take_place(self, args[0], kind, &path);

    if (error != 0)
        return error;
    if (path.dentry != NULL && is_change)
        error = mount_may_write(path.mount);
    if (path.dentry != NULL && error == 0)
        error = check_asker(self, path_inode(&path), name, is_change);
    give_place(&path);
    return error != 0 ? error : -EOPNOTSUPP;
}

/* What setxattr(2) would keep. */
static int check_value(struct thread *self, const uint64_t *args)
{
    uint8_t byte;

    if (args[3] > LX_XATTR_SIZE_MAX)
        return -E2BIG;
    for (uint64_t at = 0; at < args[3]; at += PAGE_SIZE)
        if (copy_in(process_of(self)->as, &byte, args[2] + at, 1) != 0)
            return -EFAULT;
    if (args[3] > 0 &&
        copy_in(process_of(self)->as, &byte, args[2] + args[3] - 1, 1) != 0)
        return -EFAULT;
    return 0;
}

static int64_t set(struct thread *self, const uint64_t *args, int kind)
{
    char name[LX_XATTR_NAME_MAX + 1];
    int error;

    if (((unsigned)args[4] & ~(LX_XATTR_CREATE | LX_XATTR_REPLACE)) != 0)
        return -EINVAL;
    error = take_name(self, args[1], name);
    if (error == 0)
        error = check_value(self, args);
    return error != 0 ? error : ask(self, args, kind, name, true);
}

static int64_t get(struct thread *self, const uint64_t *args, int kind)
{
    char name[LX_XATTR_NAME_MAX + 1];
    int error = take_name(self, args[1], name);

    return error != 0 ? error : ask(self, args, kind, name, false);
}

static int64_t take_off(struct thread *self, const uint64_t *args, int kind)
{
    char name[LX_XATTR_NAME_MAX + 1];
    int error = take_name(self, args[1], name);

    return error != 0 ? error : ask(self, args, kind, name, true);
}

/* An empty list fits in any buffer. */
static int64_t list(struct thread *self, const uint64_t *args, int kind)
{
    struct path path;
    int error = take_place(self, args[0], kind, &path);

    if (error == 0)
        give_place(&path);
    return error;
}

int64_t sys_setxattr(struct thread *self, const uint64_t *args)
{
    return set(self, args, OF_PATH);
}

int64_t sys_lsetxattr(struct thread *self, const uint64_t *args)
{
    return set(self, args, OF_LINK);
}

int64_t sys_fsetxattr(struct thread *self, const uint64_t *args)
{
    return set(self, args, OF_FILE);
}

int64_t sys_getxattr(struct thread *self, const uint64_t *args)
{
    return get(self, args, OF_PATH);
}

int64_t sys_lgetxattr(struct thread *self, const uint64_t *args)
{
    return get(self, args, OF_LINK);
}

int64_t sys_fgetxattr(struct thread *self, const uint64_t *args)
{
    return get(self, args, OF_FILE);
}

int64_t sys_listxattr(struct thread *self, const uint64_t *args)
{
    return list(self, args, OF_PATH);
}

int64_t sys_llistxattr(struct thread *self, const uint64_t *args)
{
    return list(self, args, OF_LINK);
}

int64_t sys_flistxattr(struct thread *self, const uint64_t *args)
{
    return list(self, args, OF_FILE);
}

int64_t sys_removexattr(struct thread *self, const uint64_t *args)
{
    return take_off(self, args, OF_PATH);
}

int64_t sys_lremovexattr(struct thread *self, const uint64_t *args)
{
    return take_off(self, args, OF_LINK);
}

int64_t sys_fremovexattr(struct thread *self, const uint64_t *args)
{
    return take_off(self, args, OF_FILE);
}
