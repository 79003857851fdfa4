/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_names.c - mkdir(2), mknod(2), symlink(2), link(2),
 * unlink(2), rmdir(2), rename(2).
 */
#include "core/abi/errno.h"
#include "core/fs/names.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"

#define CWD ((uint64_t)(int64_t)LX_AT_FDCWD)

static int64_t create_at(struct thread *self, const uint64_t *where,
                         uint32_t mode, uint64_t rdev, const char *target)
{
    struct path_arg arg;
    int error = path_arg_take(self, where[0], where[1], 0, &arg);

    if (error != 0)
        return error;
    error = name_create(&arg.ask, arg.text, mode, rdev, target);
    path_arg_give(&arg);
    return error;
}

static int64_t make_directory(struct thread *self, uint64_t dirfd, uaddr_t path,
                              uint64_t mode)
{
    const uint64_t where[] = {dirfd, path};

    return create_at(self, where, LX_S_IFDIR | ((uint32_t)mode & 01777), 0,
                     NULL);
}

int64_t sys_mkdir(struct thread *self, const uint64_t *args)
{
    return make_directory(self, CWD, args[0], args[1]);
}

int64_t sys_mkdirat(struct thread *self, const uint64_t *args)
{
    return make_directory(self, args[0], args[1], args[2]);
}

/* Device numbers of mknod(2) are those of stat(2) in 32 bits. */
static int64_t make_node(struct thread *self, uint64_t dirfd, uaddr_t path,
                         uint64_t mode_arg, uint64_t rdev)
{
    const uint64_t where[] = {dirfd, path};
    uint32_t mode = (uint32_t)mode_arg;

    switch (mode & LX_S_IFMT) {
    case 0:
        mode |= LX_S_IFREG;
        break;
    case LX_S_IFREG:
    case LX_S_IFIFO:
    case LX_S_IFSOCK:
        break;
    case LX_S_IFCHR:
    case LX_S_IFBLK:
        return create_at(self, where, mode & (LX_S_IFMT | 07777),
                         (uint32_t)rdev, NULL);
    case LX_S_IFDIR:
        return -EPERM;
    default:
        return -EINVAL;
    }
    return create_at(self, where, mode & (LX_S_IFMT | 07777), 0, NULL);
}

int64_t sys_mknod(struct thread *self, const uint64_t *args)
{
    return make_node(self, CWD, args[0], args[1], args[2]);
}

int64_t sys_mknodat(struct thread *self, const uint64_t *args)
{
    return make_node(self, args[0], args[1], args[2], args[3]);
}

static int64_t make_link(struct thread *self, uaddr_t target, uint64_t dirfd,
                         uaddr_t path)
{
    const uint64_t where[] = {dirfd, path};
    struct path_arg arg;
    int64_t result = path_arg_here(self, target, 0, &arg);

    if (result != 0)
        return result;
    result = create_at(self, where, LX_S_IFLNK | 0777, 0, arg.text);
    path_arg_give(&arg);
    return result;
}

int64_t sys_symlink(struct thread *self, const uint64_t *args)
{
    return make_link(self, args[0], CWD, args[1]);
}

int64_t sys_symlinkat(struct thread *self, const uint64_t *args)
{
    return make_link(self, args[0], args[1], args[2]);
}

/* --- link ----------------------------------------------------------------- */

/* to_error: what is wrong with to, which is told after what from says. */
static int link_found(const struct path_arg *from, const struct path_arg *to,
                      bool is_empty_ok, int to_error)
{
    struct path path;
    int error;

    if (from->text[0] == '\0' && !is_empty_ok)
        return -ENOENT;
    if (from->dir != NULL && from->dir->path.dentry == NULL)
        return -EXDEV;
    error = path_find(&from->ask, from->text, &path);
    if (error != 0)
        return error;
    error = to_error != 0 ? to_error : name_link(&path, &to->ask, to->text);
    path_put(&path);
    return error;
}

static int64_t link_at(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[4], path_flags = 0;
    bool may_be_empty = cred_is_capable(self->task->cred, CAP_DAC_READ_SEARCH);
    struct path_arg from, to;
    int error, to_error;

    if ((flags & ~(LX_AT_SYMLINK_FOLLOW | LX_AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    if ((flags & LX_AT_EMPTY_PATH) != 0)
        path_flags |= PATH_EMPTY;
    if ((flags & LX_AT_SYMLINK_FOLLOW) != 0)
        path_flags |= PATH_FOLLOW;
    error = path_arg_take(self, args[0], args[1], path_flags, &from);
    if (error != 0)
        return error;
    to_error = path_arg_take(self, args[2], args[3], 0, &to);
    error = link_found(&from, &to, may_be_empty, to_error);
    if (to_error == 0)
        path_arg_give(&to);
    path_arg_give(&from);
    return error;
}

int64_t sys_link(struct thread *self, const uint64_t *args)
{
    const uint64_t all[] = {CWD, args[0], CWD, args[1], 0};

    return link_at(self, all);
}

int64_t sys_linkat(struct thread *self, const uint64_t *args)
{
    return link_at(self, args);
}

/* --- unlink --------------------------------------------------------------- */

static int64_t unlink_at(struct thread *self, uint64_t dirfd, uaddr_t path,
                         bool is_directory)
{
    struct path_arg arg;
    int error = path_arg_take(self, dirfd, path, 0, &arg);

    if (error != 0)
        return error;
    error = is_directory ? name_rmdir(&arg.ask, arg.text)
                         : name_unlink(&arg.ask, arg.text);
    path_arg_give(&arg);
    return error;
}

int64_t sys_unlink(struct thread *self, const uint64_t *args)
{
    return unlink_at(self, CWD, args[0], false);
}

int64_t sys_rmdir(struct thread *self, const uint64_t *args)
{
    return unlink_at(self, CWD, args[0], true);
}

int64_t sys_unlinkat(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[2];

    if ((flags & ~LX_AT_REMOVEDIR) != 0)
        return -EINVAL;
    return unlink_at(self, args[0], args[1], flags != 0);
}

/* --- rename --------------------------------------------------------------- */

/* What the old path says where the new one cannot be: that comes first. */
static int old_error(const struct path_arg *from, int to_error)
{
    struct path_end end;
    int error = path_find_end(&from->ask, from->text, &end);

    if (error != 0)
        return error;
    path_end_put(&end);
    return to_error;
}

static int64_t rename_at(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[4];
    struct path_arg from, to;
    int error;

    if ((flags &
         ~(LX_RENAME_NOREPLACE | LX_RENAME_EXCHANGE | LX_RENAME_WHITEOUT)) != 0)
        return -EINVAL;
    if ((flags & (LX_RENAME_NOREPLACE | LX_RENAME_WHITEOUT)) != 0 &&
        (flags & LX_RENAME_EXCHANGE) != 0)
        return -EINVAL;
    if ((flags & LX_RENAME_WHITEOUT) != 0)
        return -EINVAL; /* no file system here has them */
    error = path_arg_take(self, args[0], args[1], 0, &from);
    if (error != 0)
        return error;
    error = path_arg_take(self, args[2], args[3], 0, &to);
    if (error == 0) {
        error = name_rename(&from.ask, from.text, &to.ask, to.text, flags);
        path_arg_give(&to);
    } else {
        error = old_error(&from, error);
    }
    path_arg_give(&from);
    return error;
}

int64_t sys_rename(struct thread *self, const uint64_t *args)
{
    const uint64_t all[] = {CWD, args[0], CWD, args[1], 0};

    return rename_at(self, all);
}

int64_t sys_renameat(struct thread *self, const uint64_t *args)
{
    const uint64_t all[] = {args[0], args[1], args[2], args[3], 0};

    return rename_at(self, all);
}

int64_t sys_renameat2(struct thread *self, const uint64_t *args)
{
    return rename_at(self, args);
}
