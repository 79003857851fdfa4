/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/open.c - contract in open.h.
 */
#include "core/fs/open.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/base/format.h"
#include "core/fs/char_file.h"
#include "core/fs/dir.h"
#include "core/fs/lock.h"
#include "core/fs/names.h"
#include "core/fs/pipe.h"
#include "core/id/cred.h"

enum { RETRIES_MAX = 8 }; /* of a name that changes what it is meanwhile */

/* What opening does once, and F_GETFL does not show. */
#define FLAGS_ONCE (LX_O_CREAT | LX_O_EXCL | LX_O_NOCTTY | LX_O_TRUNC)

static bool is_for_writing(unsigned flags)
{
    return (flags & LX_O_ACCMODE) == LX_O_WRONLY ||
           (flags & LX_O_ACCMODE) == LX_O_RDWR;
}

/* The rights that flags need. */
static unsigned access_of(unsigned flags)
{
    static const unsigned access[] = {
        [LX_O_RDONLY] = MAY_READ,
        [LX_O_WRONLY] = MAY_WRITE,
        [LX_O_RDWR] = MAY_READ | MAY_WRITE,
        [LX_O_ACCMODE] = MAY_READ | MAY_WRITE,
    };

    return access[flags & LX_O_ACCMODE] |
           ((flags & LX_O_TRUNC) != 0 ? (unsigned)MAY_WRITE : 0);
}

/* --- files that only stand for a place: O_PATH ---------------------------- */

static const struct file_ops path_file_ops = {0};

static int make_path_file(unsigned flags, struct file **out)
{
    return file_create(&path_file_ops, flags, NULL, out);
}

/* --- what was found ------------------------------------------------------- */

static int check_type(const struct path *path, unsigned flags)
{
    switch (inode_type(path_inode(path))) {
    case LX_S_IFLNK:
        return -ELOOP;
    case LX_S_IFDIR:
        return (access_of(flags) & MAY_WRITE) != 0 ? -EISDIR : 0;
    case LX_S_IFCHR:
    case LX_S_IFBLK:
        return (mount_flags(path->mount) & MOUNT_NO_DEV) != 0 ? -EACCES : 0;
    default:
        return 0;
    }
}

/* Devices, FIFOs and sockets are not part of the file system they are in. */
static bool is_special(const struct inode *inode)
{
    uint32_t type = inode_type(inode);

    return type == LX_S_IFCHR || type == LX_S_IFBLK || type == LX_S_IFIFO ||
           type == LX_S_IFSOCK;
}

/* May cred open it so? is_new: it was made for that. */
static int check_open(const struct path *path, const struct cred *cred,
                      unsigned flags, bool is_new)
{
    const struct inode *inode = path_inode(path);
    int error = check_type(path, flags);

    if (error != 0 || is_new)
        return error;
    error = inode_may(inode, cred, access_of(flags));
    if (error != 0)
        return error;
    if ((flags & LX_O_NOATIME) != 0 && !inode_is_owned(inode, cred))
        return -EPERM;
    if ((access_of(flags) & MAY_WRITE) != 0 && !is_special(inode))
        return mount_may_write(path->mount);
    return 0;
}

/* The object of a FIFO comes with the first open and goes with the inode. */
static int open_fifo(struct inode *inode, unsigned flags, struct file **out)
{
    struct fifo *fifo = __atomic_load_n(&inode->fifo, __ATOMIC_ACQUIRE);
    struct fifo *none = NULL;

    if (fifo == NULL) {
        fifo = fifo_create();
        if (fifo == NULL)
            return -ENOMEM;
        if (!__atomic_compare_exchange_n(&inode->fifo, &none, fifo, false,
                                         __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            fifo_put(fifo);
            fifo = none;
        }
    }
    return fifo_open(fifo, flags, out);
}

static int make_file(struct inode *inode, unsigned flags, struct file **out)
{
    if (inode->ops->open != NULL)
        return inode->ops->open(inode, flags, out);
    switch (inode_type(inode)) {
    case LX_S_IFDIR:
        return dir_open(inode, flags, out);
    case LX_S_IFCHR:
        return char_open(inode->rdev, flags, out);
    case LX_S_IFIFO:
        return open_fifo(inode, flags, out);
    default:
        return -ENXIO;
    }
}

static bool counts_writers(const struct inode *inode, unsigned flags)
{
    return is_for_writing(flags) && inode_type(inode) == LX_S_IFREG;
}

/* For as long as the file is open: 0, -EROFS, -ETXTBSY. */
static int begin_writing(const struct path *path)
{
    int error = mount_begin_write(path->mount);

    if (error != 0)
        return error;
    error = inode_allow_write(path_inode(path));
    if (error != 0)
        mount_end_write(path->mount);
    return error;
}

static void end_writing(const struct path *path)
{
    inode_end_write(path_inode(path));
    mount_end_write(path->mount);
}

/* O_TRUNC, which is a write even where the file is then only read. */
static int cut_off(struct inode *inode, const struct cred *cred, unsigned flags)
{
    int error;

    if ((flags & LX_O_TRUNC) == 0 || inode_type(inode) != LX_S_IFREG ||
        (inode->flags & INODE_SWALLOWS) != 0)
        return 0;
    error = inode_allow_write(inode);
    if (error != 0)
        return error;
    error = inode_resize(inode, cred, 0);
    inode_end_write(inode);
    return error;
}

/* Everything but permissions. */
static int open_allowed(const struct path *path, const struct cred *cred,
                        unsigned flags, struct file **out)
{
    struct inode *inode = path_inode(path);
    bool counts = counts_writers(inode, flags);
    struct file *file;
    int error = counts ? begin_writing(path) : 0;

    if (error != 0)
        return error;
    error = make_file(inode, flags & (~FLAGS_ONCE | LX_O_NOCTTY), &file);
    if (error == 0) {
        file->flags &= ~FLAGS_ONCE;
        if ((flags & LX_O_DIRECT) != 0 && inode_type(inode) != LX_S_IFREG)
            error = -EINVAL; /* only files of bytes take it */
        else
            error = cut_off(inode, cred, flags);
        if (error != 0)
            file_put(file);
    }
    if (error != 0) {
        if (counts)
            end_writing(path);
        return error;
    }
    path_get(path);
    file->path = *path;
    file->cred = (struct cred *)cred;
    cred_get(file->cred);
    *out = file;
    return 0;
}

static int open_place(const struct path *path, unsigned flags,
                      struct file **out)
{
    int error = make_path_file(
        flags & (LX_O_PATH | LX_O_DIRECTORY | LX_O_NOFOLLOW), out);

    if (error != 0)
        return error;
    path_get(path);
    (*out)->path = *path;
    return 0;
}

int open_found(const struct path *path, const struct cred *cred, unsigned flags,
               struct file **out)
{
    int error;

    if ((flags & LX_O_PATH) != 0)
        return open_place(path, flags, out);
    error = check_open(path, cred, flags, false);
    return error != 0 ? error : open_allowed(path, cred, flags, out);
}

void open_leave(struct file *file)
{
    struct inode *inode = path_inode(&file->path);

    if ((file->flags & LX_O_PATH) != 0)
        return;
    lock_leave_file(inode, file);
    if (counts_writers(inode, file->flags))
        end_writing(&file->path);
    if (file->cred != NULL)
        cred_put(file->cred);
}

/* --- O_CREAT -------------------------------------------------------------- */

/* An open with O_CREAT, in the directory of the last name. */
struct creation {
    const struct path_ask *ask;
    const struct open_how *how;
    struct path_end *end;
};

/* Makes the file if it is not there; *dentry gets a reference either way. */
static int make_locked(const struct creation *creation, struct dentry **dentry,
                       bool *is_new)
{
    struct path_end *end = creation->end;
    const struct cred *cred = creation->ask->cred;
    struct inode *dir = path_inode(&end->dir);
    struct inode_new want;
    int error = dentry_lookup_locked(end->dir.dentry, &end->name, dentry);

    *is_new = false;
    if (error != 0 || dentry_inode(*dentry) != NULL)
        return error;
    error = mount_may_write(end->dir.mount);
    if (error == 0)
        error = name_may_create(dir, cred);
    if (error != 0)
        return error;
    name_fill_new(dir, cred, context_umask(creation->ask->context),
                  LX_S_IFREG | (creation->how->mode & 07777), &want);
    *is_new = true;
    return name_create_at(end->dir.dentry, *dentry, &want);
}

/* Finds or makes the file: its path, with references. */
static int find_or_make(const struct creation *creation, struct path *out,
                        bool *is_new)
{
    struct path_end *end = creation->end;
    struct inode *dir = path_inode(&end->dir);
    struct dentry *dentry = NULL;
    int error;

    *is_new = false;
    if (end->child != NULL && dentry_inode(end->child) != NULL) {
        dentry = end->child;
        dentry_get(dentry);
    } else {
        error = mutex_lock_killable(&dir->lock);
        if (error != 0)
            return error;
        error = make_locked(creation, &dentry, is_new);
        mutex_unlock(&dir->lock);
        if (error != 0) {
            dentry_put(dentry);
            return error;
        }
    }
    mount_get(end->dir.mount);
    *out = (struct path){end->dir.mount, dentry};
    return 0;
}

/* Is it what a walk would not have stopped at: a link to follow, or a place
 * where something is mounted? */
static bool needs_walk(const struct path *path, unsigned flags)
{
    if (__atomic_load_n(&path->dentry->mounts, __ATOMIC_RELAXED) > 0)
        return true;
    return inode_is_link(path_inode(path)) && (flags & LX_O_NOFOLLOW) == 0;
}

/* A result of open_created(): the name is to be walked to instead. */
enum { OPEN_WALK = 1 };

static int open_made(const struct creation *creation, const struct path *path,
                     bool is_new, struct file **out)
{
    const struct cred *cred = creation->ask->cred;
    unsigned flags = creation->how->flags;
    int error;

    if (is_new)
        return open_allowed(path, cred, flags & ~LX_O_TRUNC, out);
    if ((flags & LX_O_EXCL) != 0)
        return -EEXIST;
    if (needs_walk(path, flags))
        return OPEN_WALK;
    if (inode_is_directory(path_inode(path)))
        return -EISDIR;
    error = check_open(path, cred, flags, false);
    return error != 0 ? error : open_allowed(path, cred, flags, out);
}

static int open_created(const struct path_ask *ask, const char *text,
                        const struct open_how *how, struct file **out)
{
    struct path_ask end_ask = *ask;
    struct path_end end;
    struct creation creation = {&end_ask, how, &end};
    struct path path;
    bool is_new;
    int error;

    if ((how->flags & LX_O_EXCL) != 0)
        end_ask.flags &= ~(unsigned)PATH_FOLLOW;
    error = path_find_end(&end_ask, text, &end);
    if (error != 0)
        return error;
    if (end.kind != LAST_NAME && (how->flags & LX_O_EXCL) != 0)
        error = -EEXIST;
    else if (end.kind != LAST_NAME || end.has_slash)
        error = -EISDIR;
    else
        error = find_or_make(&creation, &path, &is_new);
    if (error == 0) {
        error = open_made(&creation, &path, is_new, out);
        path_put(&path);
    }
    path_end_put(&end);
    return error;
}

/* --- O_TMPFILE ------------------------------------------------------------ */

static int make_unnamed(const struct path *dir, const struct path_ask *ask,
                        const struct open_how *how, struct path *out)
{
    struct inode *parent = path_inode(dir), *inode;
    struct inode_new want;
    char text[24];
    int error = mount_may_write(dir->mount);

    if (error == 0)
        error = name_may_create(parent, ask->cred);
    if (error == 0 && parent->ops->create_unnamed == NULL)
        error = -EOPNOTSUPP;
    if (error != 0)
        return error;
    name_fill_new(parent, ask->cred, context_umask(ask->context),
                  LX_S_IFREG | (how->mode & 07777), &want);
    error = parent->ops->create_unnamed(parent, &want, &inode);
    if (error != 0)
        return error;
    if ((how->flags & LX_O_EXCL) == 0)
        inode->flags |= INODE_LINKABLE;
    format(text, sizeof(text), "#%llu", (unsigned long long)inode->number);
    out->dentry = dentry_create_unnamed(inode, dir->dentry, text);
    if (out->dentry == NULL) {
        inode_put(inode);
        return -ENOMEM;
    }
    mount_get(dir->mount);
    out->mount = dir->mount;
    return 0;
}

static int open_unnamed(const struct path_ask *ask, const char *text,
                        const struct open_how *how, struct file **out)
{
    struct path_ask dir_ask = *ask;
    struct path dir, path;
    int error;

    dir_ask.flags |= PATH_DIRECTORY;
    error = path_find(&dir_ask, text, &dir);
    if (error != 0)
        return error;
    error = make_unnamed(&dir, ask, how, &path);
    if (error == 0) {
        error = open_allowed(&path, ask->cred, how->flags, out);
        path_put(&path);
    }
    path_put(&dir);
    return error;
}

/* --- open(2) -------------------------------------------------------------- */

#define TMPFILE_BIT (LX_O_TMPFILE & ~LX_O_DIRECTORY)

int open_check_flags(unsigned flags)
{
    if ((flags & LX_O_PATH) != 0)
        return 0;
    if ((flags & LX_O_CREAT) != 0 && (flags & LX_O_DIRECTORY) != 0)
        return -EINVAL;
    if ((flags & TMPFILE_BIT) == 0)
        return 0;
    if ((flags & LX_O_DIRECTORY) == 0 || (flags & LX_O_ACCMODE) == LX_O_RDONLY)
        return -EINVAL;
    return 0;
}

static int open_walked(const struct path_ask *ask, const char *text,
                       unsigned flags, struct file **out)
{
    struct path_ask whole = *ask;
    struct path path;
    int error;

    if ((flags & LX_O_DIRECTORY) != 0)
        whole.flags |= PATH_DIRECTORY;
    if ((flags & LX_O_NOFOLLOW) != 0)
        whole.flags &= ~(unsigned)PATH_FOLLOW;
    error = path_find(&whole, text, &path);
    if (error != 0)
        return error;
    if ((flags & (LX_O_CREAT | LX_O_PATH)) == LX_O_CREAT &&
        inode_is_directory(path_inode(&path)))
        error = -EISDIR;
    else
        error = open_found(&path, ask->cred, flags, out);
    path_put(&path);
    return error;
}

int open_path(const struct path_ask *ask, const char *text,
              const struct open_how *how, struct file **out)
{
    struct path_ask whole = *ask;
    int error = open_check_flags(how->flags);

    if (error != 0)
        return error;
    whole.flags |= PATH_FOLLOW;
    if ((how->flags & LX_O_PATH) == 0 && (how->flags & TMPFILE_BIT) != 0)
        return open_unnamed(&whole, text, how, out);
    if ((how->flags & (LX_O_CREAT | LX_O_PATH)) != LX_O_CREAT)
        return open_walked(&whole, text, how->flags, out);
    if ((how->flags & LX_O_NOFOLLOW) != 0)
        whole.flags &= ~(unsigned)PATH_FOLLOW;
    for (unsigned i = 0; i < RETRIES_MAX; i++) {
        error = open_created(&whole, text, how, out);
        if (error != OPEN_WALK)
            return error;
        error = open_walked(&whole, text, how->flags, out);
        if (error != -ENOENT)
            return error;
    }
    return error;
}

int open_exec(const struct path_ask *ask, const char *text, struct path *out)
{
    struct inode *inode;
    struct path found;
    int error = path_find(ask, text, &found);

    if (error != 0)
        return error;
    inode = path_inode(&found);
    if (inode_is_link(inode))
        error = -ELOOP;
    else if (inode_type(inode) != LX_S_IFREG ||
             (mount_flags(found.mount) & MOUNT_NO_EXEC) != 0)
        error = -EACCES;
    else
        error = inode_may(inode, ask->cred, MAY_EXEC);
    if (error == 0)
        error = inode_deny_write(inode);
    if (error != 0)
        path_put(&found);
    else
        *out = found;
    return error;
}

void open_end_exec(const struct path *path)
{
    inode_end_deny(path_inode(path));
    path_put(path);
}
