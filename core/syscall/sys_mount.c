/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_mount.c - mount(2), umount2(2), pivot_root(2), sync(2) and
 * its kin.
 */
#include "core/abi/errno.h"
#include "core/abi/limits.h"
#include "core/abi/mount.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/proc/files.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"

#define PROPAGATION \
    (LX_MS_UNBINDABLE | LX_MS_PRIVATE | LX_MS_SLAVE | LX_MS_SHARED)

/* mount(2)'s strings, in memory of their own; type may be NULL. */
struct mount_args {
    char *source, *type, *options;
    struct path at; /* references */
    unsigned flags;
};

/* A string argument; 0 stands for an empty one. */
static int take_string(struct thread *self, uaddr_t from, char **out)
{
    char *text = path_buffer();
    ssize_t length = 0;

    if (text == NULL)
        return -ENOMEM;
    text[0] = '\0';
    if (from != 0)
        length = copy_string_in(process_of(self)->as, text, from, LX_PATH_MAX);
    if (length < 0) {
        path_buffer_free(text);
        return length == -ENAMETOOLONG ? -EINVAL : (int)length;
    }
    *out = text;
    return 0;
}

/* Options may fill a page to its end, and need no NUL. */
static int take_options(struct thread *self, uaddr_t from, char **out)
{
    char *text = path_buffer();
    size_t got = 0;

    if (text == NULL)
        return -ENOMEM;
    if (from != 0)
        got = copy_in_some(process_of(self)->as, text, from, LX_PATH_MAX - 1);
    if (from != 0 && got == 0) {
        path_buffer_free(text);
        return -EFAULT;
    }
    text[got] = '\0';
    *out = text;
    return 0;
}

static void free_args(struct mount_args *mount)
{
    path_buffer_free(mount->source);
    path_buffer_free(mount->type);
    path_buffer_free(mount->options);
}

static int find_target(struct thread *self, uaddr_t text, unsigned flags,
                       struct path *out)
{
    struct path_arg arg;
    int error = path_arg_here(self, text, flags, &arg);

    if (error != 0)
        return error;
    error = path_find(&arg.ask, arg.text, out);
    path_arg_give(&arg);
    return error;
}

static int find_source(struct thread *self, const struct mount_args *mount,
                       struct path *out)
{
    const struct path_ask ask = {.cred = self->task->cred,
                                 .context = self->task->fs,
                                 .flags = PATH_FOLLOW};

    if (mount->source[0] == '\0')
        return -EINVAL;
    return path_find(&ask, mount->source, out);
}

static unsigned mount_flags_of(unsigned flags)
{
    unsigned kept = flags & MOUNT_FLAGS;

    if ((flags & (LX_MS_NOATIME | LX_MS_STRICTATIME)) == 0)
        kept |= MOUNT_RELATIME;
    if ((flags & LX_MS_STRICTATIME) != 0)
        kept &= ~(unsigned)(MOUNT_RELATIME | MOUNT_NO_ATIME);
    return kept;
}

static int mount_new(struct mount_ns *ns, const struct mount_args *mount)
{
    const struct super_source source = {mount->source, mount->options,
                                        (mount->flags & LX_MS_RDONLY) != 0};
    const struct fs_type *type;
    struct super *super;
    int error;

    if (mount->type[0] == '\0')
        return -EINVAL;
    type = fs_find(mount->type);
    if (type == NULL)
        return -ENODEV;
    error = type->mount(type, &source, &super);
    if (error != 0)
        return error;
    error = mount_attach(ns, super, &mount->at, mount_flags_of(mount->flags),
                         mount->source);
    super_put(super);
    return error;
}

static int mount_other(struct thread *self, const struct mount_args *mount)
{
    struct mount_ns *ns = self->task->ns->mounts;
    bool is_recursive = (mount->flags & LX_MS_REC) != 0;
    struct path from;
    int error = find_source(self, mount, &from);

    if (error != 0)
        return error;
    error = (mount->flags & LX_MS_BIND) != 0
                ? mount_bind(ns, &from, &mount->at, is_recursive)
                : mount_move(ns, &from, &mount->at);
    path_put(&from);
    return error;
}

/* All mounts are private, and stay so. */
static int set_propagation(const struct mount_args *mount)
{
    unsigned kind = mount->flags & PROPAGATION;

    if (!is_power_of_two(kind) ||
        (mount->flags & ~(PROPAGATION | LX_MS_REC | LX_MS_SILENT)) != 0 ||
        mount->at.dentry != mount->at.mount->root)
        return -EINVAL;
    return kind == LX_MS_PRIVATE || kind == LX_MS_SLAVE ? 0 : -EINVAL;
}

static int do_mount(struct thread *self, const struct mount_args *mount)
{
    if (!cred_is_capable(self->task->cred, CAP_SYS_ADMIN))
        return -EPERM;
    if ((mount->flags & LX_MS_REMOUNT) != 0)
        return mount_change(&mount->at, mount_flags_of(mount->flags),
                            (mount->flags & LX_MS_BIND) != 0, mount->options);
    if ((mount->flags & (LX_MS_BIND | LX_MS_MOVE)) != 0 &&
        (mount->flags & PROPAGATION) == 0)
        return mount_other(self, mount);
    if ((mount->flags & PROPAGATION) != 0)
        return set_propagation(mount);
    return mount_new(self->task->ns->mounts, mount);
}

int64_t sys_mount(struct thread *self, const uint64_t *args)
{
    struct mount_args mount = {.flags = (unsigned)args[3]};
    int error;

    if ((mount.flags & LX_MS_MGC_MSK) == LX_MS_MGC_VAL)
        mount.flags &= ~LX_MS_MGC_MSK;
    error = take_string(self, args[2], &mount.type);
    if (error == 0)
        error = take_string(self, args[0], &mount.source);
    if (error == 0)
        error = take_options(self, args[4], &mount.options);
    if (error == 0)
        error = find_target(self, args[1], PATH_FOLLOW, &mount.at);
    if (error == 0) {
        error = do_mount(self, &mount);
        path_put(&mount.at);
    }
    free_args(&mount);
    return error;
}

int64_t sys_umount2(struct thread *self, const uint64_t *args)
{
    unsigned flags = (unsigned)args[1];
    struct path path;
    int error;

    if ((flags & ~(LX_MNT_FORCE | LX_MNT_DETACH | LX_MNT_EXPIRE |
                   LX_UMOUNT_NOFOLLOW)) != 0)
        return -EINVAL;
    error =
        find_target(self, args[0],
                    (flags & LX_UMOUNT_NOFOLLOW) != 0 ? 0 : PATH_FOLLOW, &path);
    if (error != 0)
        return error;
    if (!cred_is_capable(self->task->cred, CAP_SYS_ADMIN))
        error = -EPERM;
    else if ((flags & LX_MNT_EXPIRE) != 0 &&
             (flags & (LX_MNT_FORCE | LX_MNT_DETACH)) != 0)
        error = -EINVAL;
    else
        error = mount_detach(self->task->ns->mounts, &path, flags);
    path_put(&path);
    return error;
}

int64_t sys_pivot_root(struct thread *self, const uint64_t *args)
{
    const unsigned flags = PATH_FOLLOW | PATH_DIRECTORY;
    struct path fresh, put_old, root;
    int error;

    if (!cred_is_capable(self->task->cred, CAP_SYS_ADMIN))
        return -EPERM;
    error = find_target(self, args[0], flags, &fresh);
    if (error != 0)
        return error;
    error = find_target(self, args[1], flags, &put_old);
    if (error == 0) {
        context_root(self->task->fs, &root);
        error = mount_pivot(self->task->ns->mounts, &fresh, &put_old, &root);
        if (error == 0)
            process_follow_pivot(&root, &fresh);
        path_put(&root);
        path_put(&put_old);
    }
    path_put(&fresh);
    return error;
}

/* --- sync ----------------------------------------------------------------- */

int64_t sys_sync(struct thread *self, const uint64_t *args)
{
    (void)self;
    (void)args;
    return 0; /* every file system there is has its home in memory */
}

int64_t sys_syncfs(struct thread *self, const uint64_t *args)
{
    struct file *file = file_of(self, args[0]);
    int error = 0;

    if (file == NULL)
        return -EBADF;
    if (file->path.mount != NULL && file->path.mount->super->ops->sync != NULL)
        error = file->path.mount->super->ops->sync(file->path.mount->super);
    file_put(file);
    return error;
}

static int64_t sync_file(struct thread *self, uint64_t fd, bool only_data)
{
    struct file *file = file_of(self, fd);
    int error = -EINVAL;

    if (file == NULL)
        return -EBADF;
    if (file->ops->sync != NULL)
        error = file->ops->sync(file, only_data);
    file_put(file);
    return error;
}

int64_t sys_fsync(struct thread *self, const uint64_t *args)
{
    return sync_file(self, args[0], false);
}

int64_t sys_fdatasync(struct thread *self, const uint64_t *args)
{
    return sync_file(self, args[0], true);
}
