/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_stat.c - stat(2) and its kin, statx(2), access(2),
 * readlink(2), statfs(2).
 */
#include "core/abi/errno.h"
#include "core/abi/mount.h"
#include "core/abi/statx.h"
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/fs/atime.h"
#include "core/fs/pipe.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

void file_stat(struct file *file, struct lx_stat *out)
{
    if (file->ops->stat != NULL)
        file->ops->stat(file, out);
    else
        inode_stat(path_inode(&file->path), out);
}

static unsigned follow_of(unsigned flags)
{
    return ((flags & LX_AT_SYMLINK_NOFOLLOW) != 0 ? 0u : PATH_FOLLOW) |
           ((flags & LX_AT_EMPTY_PATH) != 0 ? (unsigned)PATH_EMPTY : 0);
}

static int stat_at(struct thread *self, uint64_t dirfd, uaddr_t path,
                   unsigned flags, struct lx_stat *out)
{
    struct path_arg arg;
    int error = path_arg_take(self, dirfd, path, follow_of(flags), &arg);

    if (error != 0)
        return error;
    if (arg.text[0] == '\0' && arg.dir != NULL)
        file_stat(arg.dir, out);
    else
        error = path_stat(&arg.ask, arg.text, out);
    path_arg_give(&arg);
    return error;
}

static int64_t stat_out(struct thread *self, int error, uaddr_t to,
                        const struct lx_stat *stat)
{
    return error != 0 ? error : copy_out_struct(process_of(self)->as, to, stat);
}

#define CWD ((uint64_t)(int64_t)LX_AT_FDCWD)

int64_t sys_stat(struct thread *self, const uint64_t *args)
{
    struct lx_stat stat;

    return stat_out(self, stat_at(self, CWD, args[0], 0, &stat), args[1],
                    &stat);
}

int64_t sys_lstat(struct thread *self, const uint64_t *args)
{
    struct lx_stat stat;

    return stat_out(self,
                    stat_at(self, CWD, args[0], LX_AT_SYMLINK_NOFOLLOW, &stat),
                    args[1], &stat);
}

int64_t sys_fstat(struct thread *self, const uint64_t *args)
{
    struct file *file = place_of(self, args[0]);
    struct lx_stat stat;

    if (file == NULL)
        return -EBADF;
    file_stat(file, &stat);
    file_put(file);
    return stat_out(self, 0, args[1], &stat);
}

int64_t sys_newfstatat(struct thread *self, const uint64_t *args)
{
    const unsigned known =
        LX_AT_EMPTY_PATH | LX_AT_NO_AUTOMOUNT | LX_AT_SYMLINK_NOFOLLOW;
    unsigned flags = (unsigned)args[3];
    struct lx_stat stat;

    if ((flags & ~known) != 0)
        return -EINVAL;
    return stat_out(self, stat_at(self, args[0], args[1], flags, &stat),
                    args[2], &stat);
}

/* --- statx ---------------------------------------------------------------- */

static struct lx_statx_timestamp time_of(uint64_t sec, uint64_t nsec)
{
    return (struct lx_statx_timestamp){(int64_t)sec, (uint32_t)nsec, 0};
}

static void fill_statx(const struct lx_stat *stat, struct lx_statx *out)
{
    *out = (struct lx_statx){
        .stx_mask = LX_STATX_BASIC_STATS,
        .stx_blksize = (uint32_t)stat->st_blksize,
        .stx_nlink = (uint32_t)stat->st_nlink,
        .stx_uid = stat->st_uid,
        .stx_gid = stat->st_gid,
        .stx_mode = (uint16_t)stat->st_mode,
        .stx_ino = stat->st_ino,
        .stx_size = (uint64_t)stat->st_size,
        .stx_blocks = (uint64_t)stat->st_blocks,
        .stx_atime = time_of(stat->st_atime_sec, stat->st_atime_nsec),
        .stx_ctime = time_of(stat->st_ctime_sec, stat->st_ctime_nsec),
        .stx_mtime = time_of(stat->st_mtime_sec, stat->st_mtime_nsec),
        .stx_rdev_major = chardev_major(stat->st_rdev),
        .stx_rdev_minor = chardev_minor(stat->st_rdev),
        .stx_dev_major = chardev_major(stat->st_dev),
        .stx_dev_minor = chardev_minor(stat->st_dev),
    };
}

int64_t sys_statx(struct thread *self, const uint64_t *args)
{
    const unsigned sync = LX_AT_STATX_FORCE_SYNC | LX_AT_STATX_DONT_SYNC;
    const unsigned known =
        LX_AT_EMPTY_PATH | LX_AT_NO_AUTOMOUNT | LX_AT_SYMLINK_NOFOLLOW | sync;
    unsigned flags = (unsigned)args[2];
    struct lx_statx statx;
    struct lx_stat stat;
    int error;

    if (((uint32_t)args[3] & LX_STATX__RESERVED) != 0 ||
        (flags & sync) == sync || (flags & ~known) != 0)
        return -EINVAL;
    error = stat_at(self, args[0], args[1], flags, &stat);
    if (error != 0)
        return error;
    fill_statx(&stat, &statx);
    return copy_out_struct(process_of(self)->as, args[4], &statx);
}

/* --- access --------------------------------------------------------------- */

/* Who the caller really is, where that differs from how he acts. */
static int take_real(const struct cred *cred, struct cred **out)
{
    uint64_t effective = cred->uid == 0 ? cred->permitted : 0;
    int error;

    *out = NULL;
    if (cred->uid == cred->fsuid && cred->gid == cred->fsgid &&
        cred->effective == effective)
        return 0;
    error = cred_copy(cred, out);
    if (error != 0)
        return error;
    (*out)->fsuid = cred->uid;
    (*out)->fsgid = cred->gid;
    (*out)->effective = effective;
    return 0;
}

static int check_access(const struct path *path, const struct cred *cred,
                        unsigned mode)
{
    const struct inode *inode = path_inode(path);
    uint32_t type = inode_type(inode);
    int error;

    if ((mode & LX_X_OK) != 0 && type == LX_S_IFREG &&
        (mount_flags(path->mount) & MOUNT_NO_EXEC) != 0)
        return -EACCES;
    error = inode_may(inode, cred, mode);
    if (error == 0 && (mode & LX_W_OK) != 0 &&
        (type == LX_S_IFREG || type == LX_S_IFDIR || type == LX_S_IFLNK))
        error = mount_may_write(path->mount);
    return error;
}

static int64_t access_at(struct thread *self, uint64_t dirfd, uaddr_t text,
                         uint64_t mode_arg, unsigned flags)
{
    unsigned mode = (unsigned)mode_arg;
    struct cred *real = NULL;
    struct path_arg arg;
    struct path path;
    int error;

    if ((mode & ~(LX_R_OK | LX_W_OK | LX_X_OK)) != 0)
        return -EINVAL;
    if ((flags &
         ~(LX_AT_EACCESS | LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    error = path_arg_take(self, dirfd, text, follow_of(flags), &arg);
    if (error != 0)
        return error;
    if ((flags & LX_AT_EACCESS) == 0)
        error = take_real(self->task->cred, &real);
    if (real != NULL)
        arg.ask.cred = real;
    if (error == 0 && arg.dir != NULL && arg.dir->path.dentry == NULL) {
        path_arg_give(&arg);
        return 0; /* a pipe's end: its owner may do with it what he likes */
    }
    if (error == 0)
        error = path_find(&arg.ask, arg.text, &path);
    if (error == 0) {
        error = check_access(&path, arg.ask.cred, mode);
        path_put(&path);
    }
    if (real != NULL)
        cred_put(real);
    path_arg_give(&arg);
    return error;
}

int64_t sys_access(struct thread *self, const uint64_t *args)
{
    return access_at(self, CWD, args[0], args[1], 0);
}

int64_t sys_faccessat(struct thread *self, const uint64_t *args)
{
    return access_at(self, args[0], args[1], args[2], 0);
}

int64_t sys_faccessat2(struct thread *self, const uint64_t *args)
{
    return access_at(self, args[0], args[1], args[2], (unsigned)args[3]);
}

/* --- readlink ------------------------------------------------------------- */

static int64_t copy_target(struct thread *self, struct inode *inode, uaddr_t to,
                           size_t size)
{
    const char *target = inode->target;
    char *buffer = NULL;
    ssize_t length;
    int error;

    if (target == NULL) {
        buffer = path_buffer();
        if (buffer == NULL)
            return -ENOMEM;
        length = inode->ops->read_target(inode, buffer, LX_PATH_MAX);
        target = buffer;
    } else {
        length = (ssize_t)str_length(target, LX_PATH_MAX);
    }
    if (length > 0) {
        length = (ssize_t)min_size((size_t)length, size);
        error = copy_out(process_of(self)->as, to, target, (size_t)length);
        if (error != 0)
            length = error;
    }
    if (buffer != NULL)
        path_buffer_free(buffer);
    return length;
}

static int64_t read_link(struct thread *self, uint64_t dirfd, uaddr_t text,
                         uaddr_t to, uint64_t size_arg)
{
    int32_t size = (int32_t)(uint32_t)size_arg;
    struct path_arg arg;
    struct path path;
    int64_t result;

    if (size <= 0)
        return -EINVAL;
    result = path_arg_take(self, dirfd, text, PATH_EMPTY, &arg);
    if (result != 0)
        return result;
    if (arg.text[0] == '\0' && arg.dir == NULL)
        result = -ENOENT;
    else if (arg.dir != NULL && arg.dir->path.dentry == NULL)
        result = -ENOENT;
    else
        result = path_find(&arg.ask, arg.text, &path);
    if (result == 0) {
        if (inode_is_link(path_inode(&path))) {
            atime_touch_at(path.mount, path_inode(&path));
            result = copy_target(self, path_inode(&path), to, (size_t)size);
        } else
            result = arg.text[0] == '\0' ? -ENOENT : -EINVAL;
        path_put(&path);
    }
    path_arg_give(&arg);
    return result;
}

int64_t sys_readlink(struct thread *self, const uint64_t *args)
{
    return read_link(self, CWD, args[0], args[1], args[2]);
}

int64_t sys_readlinkat(struct thread *self, const uint64_t *args)
{
    return read_link(self, args[0], args[1], args[2], args[3]);
}

/* --- statfs --------------------------------------------------------------- */

static int64_t statfs_flags(const struct mount *mount)
{
    unsigned flags = mount_flags(mount);
    int64_t shown = LX_ST_VALID;

    shown |= flags & (MOUNT_READ_ONLY | MOUNT_NO_SUID | MOUNT_NO_DEV |
                      MOUNT_NO_EXEC | MOUNT_NO_ATIME | MOUNT_NO_DIR_ATIME);
    if (mount->super->is_read_only)
        shown |= MOUNT_READ_ONLY;
    return (flags & MOUNT_RELATIME) != 0 ? shown | LX_ST_RELATIME : shown;
}

static int64_t show_statfs(struct thread *self, const struct path *path,
                           uaddr_t to)
{
    struct super *super = path->mount->super;
    struct super_usage usage = {0};
    struct lx_statfs out;

    if (super->ops->usage != NULL)
        super->ops->usage(super, &usage);
    out = (struct lx_statfs){
        .f_type = super->magic,
        .f_bsize = super->block_size,
        .f_blocks = usage.blocks,
        .f_bfree = usage.blocks_free,
        .f_bavail = usage.blocks_free,
        .f_files = usage.files,
        .f_ffree = usage.files_free,
        .f_fsid = {(int32_t)super->device, 0},
        .f_namelen = LX_NAME_MAX,
        .f_frsize = super->block_size,
        .f_flags = statfs_flags(path->mount),
    };
    return copy_out_struct(process_of(self)->as, to, &out);
}

/* What has no place in a file system: pipes have one of their own, and all else
 * shares another. */
static int64_t show_statfs_none(struct thread *self, struct file *file,
                                uaddr_t to)
{
    struct lx_statfs out = {
        .f_type = pipe_is_end(file) ? LX_PIPEFS_MAGIC : LX_ANON_MAGIC,
        .f_bsize = PAGE_SIZE,
        .f_namelen = LX_NAME_MAX,
        .f_frsize = PAGE_SIZE,
        .f_flags = LX_ST_VALID,
    };

    return copy_out_struct(process_of(self)->as, to, &out);
}

int64_t sys_statfs(struct thread *self, const uint64_t *args)
{
    struct path_arg arg;
    struct path path;
    int64_t result = path_arg_here(self, args[0], PATH_FOLLOW, &arg);

    if (result != 0)
        return result;
    result = path_find(&arg.ask, arg.text, &path);
    path_arg_give(&arg);
    if (result != 0)
        return result;
    result = show_statfs(self, &path, args[1]);
    path_put(&path);
    return result;
}

int64_t sys_fstatfs(struct thread *self, const uint64_t *args)
{
    struct file *file = place_of(self, args[0]);
    int64_t result;

    if (file == NULL)
        return -EBADF;
    result = file->path.dentry != NULL ? show_statfs(self, &file->path, args[1])
                                       : show_statfs_none(self, file, args[1]);
    file_put(file);
    return result;
}
