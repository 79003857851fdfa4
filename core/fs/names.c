/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/names.c - making and removing names; contract in names.h.
 */
#include "core/fs/names.h"

#include "core/abi/errno.h"
#include "core/fs/names_impl.h"
#include "core/id/cred.h"

int name_may_create(const struct inode *dir, const struct cred *cred)
{
    if ((dir->flags & INODE_DEAD) != 0)
        return -ENOENT;
    return inode_may(dir, cred, MAY_WRITE | MAY_EXEC);
}

/* The sticky bit: only owners of file or directory take a name away. */
static bool is_kept_by_sticky(const struct inode *dir,
                              const struct inode *inode,
                              const struct cred *cred)
{
    return (inode_mode(dir) & LX_S_ISVTX) != 0 && inode->uid != cred->fsuid &&
           dir->uid != cred->fsuid && !cred_is_capable(cred, CAP_FOWNER);
}

int name_may_delete(const struct inode *dir, const struct dentry *dentry,
                    const struct cred *cred, bool wants_directory)
{
    const struct inode *inode = dentry_inode(dentry);
    int error = inode_may(dir, cred, MAY_WRITE | MAY_EXEC);

    if (error != 0)
        return error;
    if (is_kept_by_sticky(dir, inode, cred))
        return -EPERM;
    if (wants_directory && !inode_is_directory(inode))
        return -ENOTDIR;
    if (!wants_directory && inode_is_directory(inode))
        return -EISDIR;
    return (dir->flags & INODE_DEAD) != 0 ? -ENOENT : 0;
}

void name_fill_new(const struct inode *dir, const struct cred *cred,
                   unsigned umask, uint32_t mode, struct inode_new *out)
{
    bool inherits = (inode_mode(dir) & LX_S_ISGID) != 0;

    *out = (struct inode_new){
        .mode = mode & ~umask,
        .uid = cred->fsuid,
        .gid = inherits ? dir->gid : cred->fsgid,
    };
    if (!inherits)
        return;
    if ((mode & LX_S_IFMT) == LX_S_IFDIR)
        out->mode |= LX_S_ISGID;
    else if ((mode & (LX_S_ISGID | LX_S_IXGRP)) == (LX_S_ISGID | LX_S_IXGRP) &&
             !cred_is_in_group(cred, dir->gid) &&
             !cred_is_capable(cred, CAP_FSETID))
        out->mode &= ~LX_S_ISGID;
}

int name_create_at(struct dentry *dir, struct dentry *dentry,
                   const struct inode_new *want)
{
    struct inode *parent = dentry_inode(dir), *inode;
    const struct dentry_name *own = dentry->name;
    const struct name name = {own->text, own->size, own->hash};
    int error;

    if (parent->ops->create == NULL)
        return (want->mode & LX_S_IFMT) == LX_S_IFREG ? -EACCES : -EPERM;
    error = parent->ops->create(parent, &name, want, &inode);
    if (error == -ENOSPC && dentry_shrink(parent->super) > 0)
        error = parent->ops->create(parent, &name, want, &inode);
    if (error == 0)
        dentry_fill(dentry, inode);
    return error;
}

/* What the last component says before anybody looks for it. */
static int check_new_end(const struct path_end *end)
{
    return end->kind == LAST_NAME ? 0 : -EEXIST;
}

/* The dentry for a new name, negative; the directory's lock is held. */
static int find_free(const struct path_end *end, bool is_directory,
                     struct dentry **out)
{
    struct dentry *dentry = NULL;
    int error = dentry_lookup_locked(end->dir.dentry, &end->name, &dentry);

    if (error != 0)
        return error;
    if (dentry_inode(dentry) != NULL)
        error = -EEXIST;
    else if (end->has_slash && !is_directory)
        error = -ENOENT;
    else
        error = mount_may_write(end->dir.mount);
    if (error != 0)
        dentry_put(dentry);
    else
        *out = dentry;
    return error;
}

/* mknod(2): who may write may make all but devices. */
static int check_device(const struct cred *cred, uint32_t mode)
{
    uint32_t type = mode & LX_S_IFMT;

    if ((type != LX_S_IFCHR && type != LX_S_IFBLK) ||
        cred_is_capable(cred, CAP_MKNOD))
        return 0;
    return -EPERM;
}

int name_create(const struct path_ask *ask, const char *text, uint32_t mode,
                uint64_t rdev, const char *target)
{
    bool is_directory = (mode & LX_S_IFMT) == LX_S_IFDIR;
    struct dentry *dentry = NULL;
    struct inode_new want;
    struct path_end end;
    struct inode *dir;
    int error = path_find_end(ask, text, &end);

    if (error != 0)
        return error;
    dir = path_inode(&end.dir);
    error = check_new_end(&end);
    if (error != 0 || mutex_lock_killable(&dir->lock) != 0) {
        path_end_put(&end);
        return error != 0 ? error : -EINTR;
    }
    error = find_free(&end, is_directory, &dentry);
    if (error == 0)
        error = name_may_create(dir, ask->cred);
    if (error == 0)
        error = check_device(ask->cred, mode);
    if (error == 0) {
        unsigned umask = target != NULL ? 0 : context_umask(ask->context);

        name_fill_new(dir, ask->cred, umask, mode, &want);
        want.rdev = rdev;
        want.target = target;
        error = name_create_at(end.dir.dentry, dentry, &want);
    }
    mutex_unlock(&dir->lock);
    dentry_put(dentry);
    path_end_put(&end);
    return error;
}

/* --- link ----------------------------------------------------------------- */

static int check_source(const struct inode *dir, const struct inode *inode)
{
    bool is_gone = __atomic_load_n(&inode->links, __ATOMIC_RELAXED) == 0;

    if (dir->ops->link == NULL || inode_is_directory(inode))
        return -EPERM;
    return is_gone && (inode->flags & INODE_LINKABLE) == 0 ? -ENOENT : 0;
}

static int link_at(const struct path *from, const struct path_end *end,
                   const struct cred *cred)
{
    struct inode *dir = path_inode(&end->dir), *inode = path_inode(from);
    struct dentry *dentry = NULL;
    int error = find_free(end, false, &dentry);

    if (error != 0)
        return error;
    if (from->mount != end->dir.mount)
        error = -EXDEV;
    if (error == 0)
        error = name_may_create(dir, cred);
    if (error == 0)
        error = check_source(dir, inode);
    if (error == 0)
        error = dir->ops->link(dir, &end->name, inode);
    if (error == 0) {
        inode_get(inode);
        dentry_fill(dentry, inode);
        inode_touch_status(inode);
    }
    dentry_put(dentry);
    return error;
}

int name_link(const struct path *from, const struct path_ask *ask,
              const char *text)
{
    struct path_end end;
    struct inode *dir;
    int error = path_find_end(ask, text, &end);

    if (error != 0)
        return error;
    dir = path_inode(&end.dir);
    error = check_new_end(&end);
    if (error != 0 || mutex_lock_killable(&dir->lock) != 0) {
        path_end_put(&end);
        return error != 0 ? error : -EINTR;
    }
    error = link_at(from, &end, ask->cred);
    mutex_unlock(&dir->lock);
    path_end_put(&end);
    return error;
}

/* --- unlink and rmdir ----------------------------------------------------- */

/* The dentry of a name that is to go; the directory's lock is held. */
static int find_victim(const struct path_end *end, struct dentry **out)
{
    struct dentry *dentry = NULL;
    int error = mount_may_write(end->dir.mount);

    if (error == 0)
        error = dentry_lookup_locked(end->dir.dentry, &end->name, &dentry);
    if (error != 0)
        return error;
    if (dentry_inode(dentry) == NULL)
        error = -ENOENT;
    if (error != 0)
        dentry_put(dentry);
    else
        *out = dentry;
    return error;
}

bool name_is_mount_point(const struct dentry *dentry)
{
    return __atomic_load_n(&dentry->mounts, __ATOMIC_RELAXED) > 0;
}

/* The name goes, with what it leads to unless that has others. Only a
 * directory is locked, which the analysis cannot follow. */
static int remove_at(const struct path_end *end, struct dentry *dentry,
                     bool is_directory) NO_TSA
{
    struct inode *dir = path_inode(&end->dir), *inode = dentry_inode(dentry);
    int error;

    if (dir->ops->unlink == NULL)
        return -EPERM;
    if (name_is_mount_point(dentry))
        return -EBUSY;
    if (is_directory)
        mutex_lock_nested(&inode->lock);
    error = dir->ops->unlink(dir, &end->name, inode);
    if (error == 0 && is_directory)
        __atomic_or_fetch(&inode->flags, INODE_DEAD, __ATOMIC_RELAXED);
    if (is_directory)
        mutex_unlock(&inode->lock);
    if (error == 0)
        dentry_drop(dentry);
    return error;
}

/* What a slash behind the name of a file to unlink says. */
static int slash_error(const struct dentry *dentry)
{
    return inode_is_directory(dentry_inode(dentry)) ? -EISDIR : -ENOTDIR;
}

static int remove_name(const struct path_ask *ask, const struct path_end *end,
                       bool is_directory)
{
    struct inode *dir = path_inode(&end->dir);
    struct dentry *dentry = NULL;
    int error = mutex_lock_killable(&dir->lock);

    if (error != 0)
        return error;
    error = find_victim(end, &dentry);
    if (error == 0 && end->has_slash && !is_directory)
        error = slash_error(dentry);
    if (error == 0)
        error = name_may_delete(dir, dentry, ask->cred, is_directory);
    if (error == 0)
        error = remove_at(end, dentry, is_directory);
    mutex_unlock(&dir->lock);
    dentry_put(dentry); /* the last reference may free much: without lock */
    return error;
}

int name_unlink(const struct path_ask *ask, const char *text)
{
    struct path_end end;
    int error = path_find_end(ask, text, &end);

    if (error != 0)
        return error;
    error = end.kind == LAST_NAME ? remove_name(ask, &end, false) : -EISDIR;
    path_end_put(&end);
    return error;
}

int name_rmdir(const struct path_ask *ask, const char *text)
{
    static const int errors[] = {[LAST_DOT] = -EINVAL,
                                 [LAST_DOT_DOT] = -ENOTEMPTY,
                                 [LAST_ROOT] = -EBUSY};
    struct path_end end;
    int error = path_find_end(ask, text, &end);

    if (error != 0)
        return error;
    error =
        end.kind == LAST_NAME ? remove_name(ask, &end, true) : errors[end.kind];
    path_end_put(&end);
    return error;
}
