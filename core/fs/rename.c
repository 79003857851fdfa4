/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/rename.c - renameat2(2); contract in names.h.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/names_impl.h"

/* A rename in progress; both directories are locked from lock_both() on. */
struct rename {
    const struct cred *cred;
    unsigned flags;
    struct path_end from, to;
    struct inode *from_dir, *to_dir;
    struct dentry *source, *target; /* references */
};

static bool has(const struct rename *rename, unsigned flag)
{
    return (rename->flags & flag) != 0;
}

/* Locks both, a parent before its child; unrelated ones by number. */
static void lock_both(struct rename *rename) NO_TSA
{
    struct inode *first = rename->from_dir, *second = rename->to_dir;
    struct dentry *from = rename->from.dir.dentry, *to = rename->to.dir.dentry;

    if (first == second) {
        mutex_lock(&first->lock);
        return;
    }
    mutex_lock(&first->super->rename_lock);
    if (dentry_is_below(from, to) ||
        (!dentry_is_below(to, from) && second->number < first->number)) {
        first = rename->to_dir;
        second = rename->from_dir;
    }
    mutex_lock(&first->lock);
    mutex_lock_nested(&second->lock);
}

static void unlock_both(struct rename *rename) NO_TSA
{
    mutex_unlock(&rename->to_dir->lock);
    if (rename->from_dir == rename->to_dir)
        return;
    mutex_unlock(&rename->from_dir->lock);
    mutex_unlock(&rename->from_dir->super->rename_lock);
}

/* Finds both names: what rename(2) says of them alone. */
static int look_up(struct rename *rename)
{
    int error = dentry_lookup_locked(rename->from.dir.dentry,
                                     &rename->from.name, &rename->source);

    if (error != 0)
        return error;
    if (dentry_inode(rename->source) == NULL)
        return -ENOENT;
    error = dentry_lookup_locked(rename->to.dir.dentry, &rename->to.name,
                                 &rename->target);
    if (error != 0)
        return error;
    if (has(rename, LX_RENAME_NOREPLACE) &&
        dentry_inode(rename->target) != NULL)
        return -EEXIST;
    if (has(rename, LX_RENAME_EXCHANGE) && dentry_inode(rename->target) == NULL)
        return -ENOENT;
    return 0;
}

static bool is_directory(const struct dentry *dentry)
{
    const struct inode *inode = dentry_inode(dentry);

    return inode != NULL && inode_is_directory(inode);
}

static int check_slashes(const struct rename *rename)
{
    bool exchanges = has(rename, LX_RENAME_EXCHANGE);

    if (exchanges && !is_directory(rename->target) && rename->to.has_slash)
        return -ENOTDIR;
    if (is_directory(rename->source))
        return 0;
    if (rename->from.has_slash || (!exchanges && rename->to.has_slash))
        return -ENOTDIR;
    return 0;
}

/* A directory cannot become part of itself. */
static int check_ancestors(const struct rename *rename)
{
    if (dentry_is_below(rename->to.dir.dentry, rename->source))
        return -EINVAL;
    if (dentry_is_below(rename->from.dir.dentry, rename->target))
        return has(rename, LX_RENAME_EXCHANGE) ? -EINVAL : -ENOTEMPTY;
    return 0;
}

/* A directory that gets another parent is written itself: its "..". */
static int check_moved(const struct rename *rename, const struct dentry *moved)
{
    if (rename->from_dir == rename->to_dir || !is_directory(moved))
        return 0;
    return inode_may(dentry_inode(moved), rename->cred, MAY_WRITE);
}

static int check_rights(const struct rename *rename)
{
    bool source_is = is_directory(rename->source);
    bool exchanges = has(rename, LX_RENAME_EXCHANGE);
    int error = name_may_delete(rename->from_dir, rename->source, rename->cred,
                                source_is);

    if (error != 0)
        return error;
    if (dentry_inode(rename->target) == NULL)
        error = name_may_create(rename->to_dir, rename->cred);
    else
        error = name_may_delete(rename->to_dir, rename->target, rename->cred,
                                exchanges ? is_directory(rename->target)
                                          : source_is);
    if (error == 0)
        error = check_moved(rename, rename->source);
    if (error == 0 && exchanges)
        error = check_moved(rename, rename->target);
    return error;
}

/* Only a directory that goes is locked, which the analysis cannot follow. */
static int move(struct rename *rename) NO_TSA
{
    bool exchanges = has(rename, LX_RENAME_EXCHANGE);
    struct inode *victim = dentry_inode(rename->target);
    bool locks = victim != NULL && !exchanges && inode_is_directory(victim);
    const struct inode_rename what = {
        .from_dir = rename->from_dir,
        .to_dir = rename->to_dir,
        .from = rename->from.name,
        .to = rename->to.name,
        .inode = dentry_inode(rename->source),
        .victim = victim,
        .exchanges = exchanges,
    };
    int error;

    if (name_is_mount_point(rename->source) ||
        name_is_mount_point(rename->target))
        return -EBUSY;
    if (rename->from_dir->ops->rename == NULL)
        return -EPERM;
    if (locks)
        mutex_lock_nested(&victim->lock);
    error = rename->from_dir->ops->rename(&what);
    if (error == 0 && locks)
        __atomic_or_fetch(&victim->flags, INODE_DEAD, __ATOMIC_RELAXED);
    if (locks)
        mutex_unlock(&victim->lock);
    if (error == 0)
        dentry_move(rename->source, rename->target, exchanges);
    return error;
}

static int rename_locked(struct rename *rename)
{
    int error = look_up(rename);

    if (error == 0)
        error = check_slashes(rename);
    if (error == 0)
        error = check_ancestors(rename);
    if (error != 0)
        return error;
    if (dentry_inode(rename->source) == dentry_inode(rename->target))
        return 0; /* two names of one file: nothing is done */
    error = check_rights(rename);
    return error != 0 ? error : move(rename);
}

static int rename_ends(struct rename *rename)
{
    int error;

    if (rename->from.dir.mount != rename->to.dir.mount)
        return -EXDEV;
    if (rename->from.kind != LAST_NAME)
        return -EBUSY;
    if (rename->to.kind != LAST_NAME)
        return has(rename, LX_RENAME_NOREPLACE) ? -EEXIST : -EBUSY;
    error = mount_may_write(rename->from.dir.mount);
    if (error != 0)
        return error;
    rename->from_dir = path_inode(&rename->from.dir);
    rename->to_dir = path_inode(&rename->to.dir);
    lock_both(rename);
    error = rename_locked(rename);
    unlock_both(rename);
    dentry_put(rename->source);
    dentry_put(rename->target);
    return error;
}

int name_rename(const struct path_ask *from, const char *from_text,
                const struct path_ask *to, const char *to_text, unsigned flags)
{
    struct rename rename;
    int error;

    rename.cred = from->cred;
    rename.flags = flags;
    rename.source = rename.target = NULL;
    error = path_find_end(from, from_text, &rename.from);
    if (error != 0)
        return error;
    error = path_find_end(to, to_text, &rename.to);
    if (error == 0) {
        error = rename_ends(&rename);
        path_end_put(&rename.to);
    }
    path_end_put(&rename.from);
    return error;
}
