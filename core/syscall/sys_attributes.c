/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_attributes.c - chmod(2), chown(2), utimensat(2),
 * truncate(2), fallocate(2).
 */
#include "core/abi/errno.h"
#include "core/abi/time.h"
#include "core/fs/anon.h"
#include "core/fs/pipe.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/syscall/dispatch.h"
#include "core/vm/uaccess.h"

#define CWD        ((uint64_t)(int64_t)LX_AT_FDCWD)

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

/* change: NULL is one that makes no sense, which is told last. */
static int change_found(struct thread *self, const struct path *path,
                        const struct inode_change *change)
{
    int error = change != NULL ? mount_may_write(path->mount) : -EINVAL;

    return error != 0 ? error
                      : inode_apply(path_inode(path), self->task->cred, change);
}

/* A file without a place: a pipe's end has nothing to change, and what all
 * others share is not to be changed. */
static int change_none(const struct file *file,
                       const struct inode_change *change)
{
    if (change == NULL)
        return -EINVAL;
    return file->ops->stat == anon_stat ? -EOPNOTSUPP : 0;
}

/* What a descriptor leads to. */
static int change_file(struct thread *self, uint64_t fd,
                       const struct inode_change *change, bool also_places)
{
    struct file *file = also_places ? place_of(self, fd) : file_of(self, fd);
    int error;

    if (file == NULL)
        return -EBADF;
    error = file->path.dentry != NULL ? change_found(self, &file->path, change)
                                      : change_none(file, change);
    file_put(file);
    return error;
}

static int64_t change_at(struct thread *self, uint64_t dirfd, uaddr_t text,
                         unsigned flags, const struct inode_change *change)
{
    unsigned path_flags =
        ((flags & LX_AT_SYMLINK_NOFOLLOW) != 0 ? 0u : PATH_FOLLOW) |
        ((flags & LX_AT_EMPTY_PATH) != 0 ? (unsigned)PATH_EMPTY : 0);
    struct path_arg arg;
    struct path path;
    int error = path_arg_take(self, dirfd, text, path_flags, &arg);

    if (error != 0)
        return error;
    if (arg.dir != NULL && arg.dir->path.dentry == NULL) {
        error = change_none(arg.dir, change);
        path_arg_give(&arg);
        return error;
    }
    error = path_find(&arg.ask, arg.text, &path);
    path_arg_give(&arg);
    if (error != 0)
        return error;
    if (change != NULL && (change->fields & CHANGE_MODE) != 0 &&
        inode_is_link(path_inode(&path)))
        error = -EOPNOTSUPP;
    else
        error = change_found(self, &path, change);
    path_put(&path);
    return error;
}

/* --- chmod ---------------------------------------------------------------- */

static struct inode_change mode_change(uint64_t mode)
{
    return (struct inode_change){.fields = CHANGE_MODE,
                                 .mode = (uint32_t)mode & 07777};
}

int64_t sys_chmod(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = mode_change(args[1]);

    return change_at(self, CWD, args[0], 0, &change);
}

int64_t sys_fchmod(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = mode_change(args[1]);

    return change_file(self, args[0], &change, false);
}

int64_t sys_fchmodat(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = mode_change(args[2]);

    return change_at(self, args[0], args[1], 0, &change);
}

int64_t sys_fchmodat2(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = mode_change(args[2]);
    unsigned flags = (unsigned)args[3];

    if ((flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    return change_at(self, args[0], args[1], flags, &change);
}

/* --- chown ---------------------------------------------------------------- */

static struct inode_change owner_change(uint64_t uid, uint64_t gid)
{
    struct inode_change change = {
        .fields = CHANGE_OWNER, .uid = (lx_uid_t)uid, .gid = (lx_gid_t)gid};

    if (change.uid != UINT32_MAX)
        change.fields |= CHANGE_UID;
    if (change.gid != UINT32_MAX)
        change.fields |= CHANGE_GID;
    return change;
}

int64_t sys_chown(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = owner_change(args[1], args[2]);

    return change_at(self, CWD, args[0], 0, &change);
}

int64_t sys_lchown(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = owner_change(args[1], args[2]);

    return change_at(self, CWD, args[0], LX_AT_SYMLINK_NOFOLLOW, &change);
}

int64_t sys_fchown(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = owner_change(args[1], args[2]);

    return change_file(self, args[0], &change, false);
}

int64_t sys_fchownat(struct thread *self, const uint64_t *args)
{
    const struct inode_change change = owner_change(args[2], args[3]);
    unsigned flags = (unsigned)args[4];

    if ((flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    return change_at(self, args[0], args[1], flags, &change);
}

/* --- times ---------------------------------------------------------------- */

/* What a time can be kept as: nanoseconds in 64 bits. */
static int64_t clamp_time(int64_t sec, int64_t nsec)
{
    int64_t ns;

    if (__builtin_mul_overflow(sec, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, nsec, &ns))
        return sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static bool is_time(const struct lx_timespec *time)
{
    return time->tv_nsec == UTIME_NOW || time->tv_nsec == UTIME_OMIT ||
           (time->tv_nsec >= 0 && time->tv_nsec < 1000000000);
}

static int64_t value_of(const struct lx_timespec *time)
{
    return time->tv_nsec == UTIME_NOW ? inode_now()
                                      : clamp_time(time->tv_sec, time->tv_nsec);
}

/* What two times ask for; NULL: both now. */
static int time_change(const struct lx_timespec *times,
                       struct inode_change *out)
{
    *out = (struct inode_change){.fields =
                                     CHANGE_ATIME | CHANGE_MTIME | CHANGE_NOW,
                                 .atime = inode_now()};
    out->mtime = out->atime;
    if (times == NULL)
        return 0;
    if (!is_time(&times[0]) || !is_time(&times[1]))
        return -EINVAL;
    if (times[0].tv_nsec == UTIME_NOW && times[1].tv_nsec == UTIME_NOW)
        return 0;
    out->fields = 0;
    if (times[0].tv_nsec != UTIME_OMIT)
        out->fields |= CHANGE_ATIME;
    if (times[1].tv_nsec != UTIME_OMIT)
        out->fields |= CHANGE_MTIME;
    out->atime = value_of(&times[0]);
    out->mtime = value_of(&times[1]);
    return 0;
}

static int64_t set_times(struct thread *self, const uint64_t *where,
                         unsigned flags, const struct lx_timespec *times)
{
    struct inode_change change;
    bool is_sound = time_change(times, &change) == 0;
    const struct inode_change *wanted = is_sound ? &change : NULL;

    if (where[1] == 0 && (int32_t)(uint32_t)where[0] != LX_AT_FDCWD) {
        if (flags != 0)
            return -EINVAL;
        return change_file(self, where[0], wanted, false);
    }
    if ((flags & ~(LX_AT_SYMLINK_NOFOLLOW | LX_AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    return change_at(self, where[0], where[1], flags, wanted);
}

int64_t sys_utimensat(struct thread *self, const uint64_t *args)
{
    struct lx_timespec times[2];

    if (args[2] == 0)
        return set_times(self, args, (unsigned)args[3], NULL);
    if (copy_in(process_of(self)->as, times, args[2], sizeof(times)) != 0)
        return -EFAULT;
    if (times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
        return 0;
    return set_times(self, args, (unsigned)args[3], times);
}

/* utimes(2): microseconds. */
static int64_t set_times_us(struct thread *self, uint64_t dirfd, uaddr_t path,
                            uaddr_t from)
{
    const uint64_t where[] = {dirfd, path};
    struct lx_timeval user[2];
    struct lx_timespec times[2];

    if (from == 0)
        return set_times(self, where, 0, NULL);
    if (copy_in(process_of(self)->as, user, from, sizeof(user)) != 0)
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (user[i].tv_usec < 0 || user[i].tv_usec >= 1000000)
            return -EINVAL;
        times[i].tv_sec = user[i].tv_sec;
        times[i].tv_nsec = user[i].tv_usec * 1000;
    }
    return set_times(self, where, 0, times);
}

int64_t sys_utimes(struct thread *self, const uint64_t *args)
{
    return set_times_us(self, CWD, args[0], args[1]);
}

int64_t sys_futimesat(struct thread *self, const uint64_t *args)
{
    return set_times_us(self, args[0], args[1], args[2]);
}

int64_t sys_utime(struct thread *self, const uint64_t *args)
{
    const uint64_t where[] = {CWD, args[0]};
    struct lx_timespec times[2] = {{0, 0}, {0, 0}};
    int64_t seconds[2];

    if (args[1] == 0)
        return set_times(self, where, 0, NULL);
    if (copy_in(process_of(self)->as, seconds, args[1], sizeof(seconds)) != 0)
        return -EFAULT;
    times[0].tv_sec = seconds[0];
    times[1].tv_sec = seconds[1];
    return set_times(self, where, 0, times);
}

/* --- sizes ---------------------------------------------------------------- */

static int resize_found(struct thread *self, const struct path *path,
                        uint64_t size)
{
    struct inode *inode = path_inode(path);
    int error;

    if (inode_is_directory(inode))
        return -EISDIR;
    if (inode_type(inode) != LX_S_IFREG)
        return -EINVAL;
    error = mount_may_write(path->mount);
    if (error == 0)
        error = inode_may(inode, self->task->cred, MAY_WRITE);
    if (error == 0)
        error = inode_allow_write(inode);
    if (error != 0)
        return error;
    error = io_check_size(self, inode, size);
    if (error == 0)
        error = inode_resize(inode, self->task->cred, size);
    inode_end_write(inode);
    return error;
}

int64_t sys_truncate(struct thread *self, const uint64_t *args)
{
    struct path_arg arg;
    struct path path;
    int error;

    if ((int64_t)args[1] < 0)
        return -EINVAL;
    error = path_arg_here(self, args[0], PATH_FOLLOW, &arg);
    if (error != 0)
        return error;
    error = path_find(&arg.ask, arg.text, &path);
    path_arg_give(&arg);
    if (error != 0)
        return error;
    error = resize_found(self, &path, args[1]);
    path_put(&path);
    return error == -EINTR ? -ERESTART_CALL : error;
}

static bool is_regular(const struct file *file)
{
    return file->path.dentry != NULL &&
           inode_type(path_inode(&file->path)) == LX_S_IFREG;
}

int64_t sys_ftruncate(struct thread *self, const uint64_t *args)
{
    struct file *file;
    int error = -EINVAL;

    if ((int64_t)args[1] < 0)
        return -EINVAL;
    file = file_of(self, args[0]);
    if (file == NULL)
        return -EBADF;
    if (is_regular(file) && file_is_writable(file))
        error = io_check_size(self, path_inode(&file->path), args[1]);
    if (error == 0)
        error =
            inode_resize(path_inode(&file->path), self->task->cred, args[1]);
    file_put(file);
    return error == -EINTR ? -ERESTART_CALL : error;
}

static int allocate(struct inode *inode, unsigned mode, uint64_t offset,
                    uint64_t size)
{
    int error;

    if (inode->ops->allocate == NULL)
        return -EOPNOTSUPP;
    if (offset + size > inode->super->size_max)
        return -EFBIG;
    error = mutex_lock_killable(&inode->lock);
    if (error != 0)
        return error;
    error = inode->ops->allocate(inode, mode, offset, size);
    if (error == 0)
        inode_touch(inode);
    mutex_unlock(&inode->lock);
    return error;
}

static int check_allocate(const struct file *file, unsigned mode)
{
    const unsigned known = LX_FALLOC_FL_KEEP_SIZE | LX_FALLOC_FL_PUNCH_HOLE |
                           LX_FALLOC_FL_COLLAPSE_RANGE |
                           LX_FALLOC_FL_ZERO_RANGE | LX_FALLOC_FL_INSERT_RANGE |
                           LX_FALLOC_FL_UNSHARE_RANGE;

    if ((mode & ~known) != 0)
        return -EOPNOTSUPP;
    if ((mode & LX_FALLOC_FL_PUNCH_HOLE) != 0 &&
        (mode & LX_FALLOC_FL_KEEP_SIZE) == 0)
        return -EOPNOTSUPP;
    if (!file_is_writable(file))
        return -EBADF;
    if (is_regular(file))
        return 0;
    return pipe_is_end(file) ? -ESPIPE : -ENODEV;
}

int64_t sys_fallocate(struct thread *self, const uint64_t *args)
{
    unsigned mode = (unsigned)args[1];
    struct file *file;
    int error;

    file = file_of(self, args[0]);
    if (file == NULL)
        return -EBADF;
    if ((int64_t)args[2] < 0 || (int64_t)args[3] <= 0)
        error = -EINVAL;
    else
        error = check_allocate(file, mode);
    if (error == 0 && (mode & LX_FALLOC_FL_KEEP_SIZE) == 0)
        error = io_check_size(self, path_inode(&file->path), args[2] + args[3]);
    if (error == 0)
        error = allocate(path_inode(&file->path), mode, args[2], args[3]);
    file_put(file);
    return error;
}
