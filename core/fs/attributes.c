/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/attributes.c - chmod(2), chown(2), utimensat(2), truncate(2);
 * contract in inode.h.
 */
#include "core/abi/errno.h"
#include "core/fs/inode.h"
#include "core/id/cred.h"

enum { MODE_BITS = 07777 };

#define LOAD(field)         __atomic_load_n(&(field), __ATOMIC_RELAXED)
#define STORE(field, value) __atomic_store_n(&(field), value, __ATOMIC_RELAXED)

static bool may_give_away(const struct inode *inode, const struct cred *cred,
                          lx_uid_t uid)
{
    return cred_is_capable(cred, CAP_CHOWN) ||
           (LOAD(inode->uid) == cred->fsuid && uid == LOAD(inode->uid));
}

static bool may_regroup(const struct inode *inode, const struct cred *cred,
                        lx_gid_t gid)
{
    return cred_is_capable(cred, CAP_CHOWN) ||
           (LOAD(inode->uid) == cred->fsuid &&
            (gid == LOAD(inode->gid) || cred_is_in_group(cred, gid)));
}

/* utimensat(2): EACCES where write permission would do, EPERM elsewhere. */
static int check_times(const struct inode *inode, const struct cred *cred,
                       const struct inode_change *change)
{
    if (inode_is_owned(inode, cred))
        return 0;
    return (change->fields & CHANGE_NOW) != 0
               ? inode_may(inode, cred, MAY_WRITE)
               : -EPERM;
}

static int check_rights(const struct inode *inode, const struct cred *cred,
                        const struct inode_change *change)
{
    unsigned fields = change->fields;

    if ((fields & CHANGE_UID) != 0 && !may_give_away(inode, cred, change->uid))
        return -EPERM;
    if ((fields & CHANGE_GID) != 0 && !may_regroup(inode, cred, change->gid))
        return -EPERM;
    if ((fields & CHANGE_MODE) != 0 && !inode_is_owned(inode, cred))
        return -EPERM;
    if ((fields & (CHANGE_ATIME | CHANGE_MTIME)) != 0)
        return check_times(inode, cred, change);
    return 0;
}

/* The bits that run a program as another. */
static uint32_t privileges_of(uint32_t mode)
{
    uint32_t bits = mode & LX_S_ISUID;

    if ((mode & LX_S_IXGRP) != 0)
        bits |= mode & LX_S_ISGID;
    return bits;
}

/* The permission bits that come out of it. */
static uint32_t next_mode(const struct inode *inode, const struct cred *cred,
                          const struct inode_change *change)
{
    uint32_t mode = LOAD(inode->mode);
    lx_gid_t gid =
        (change->fields & CHANGE_GID) != 0 ? change->gid : LOAD(inode->gid);

    if ((change->fields & CHANGE_MODE) != 0) {
        mode = (mode & LX_S_IFMT) | (change->mode & MODE_BITS);
        if (!cred_is_in_group(cred, gid) && !cred_is_capable(cred, CAP_FSETID))
            mode &= ~LX_S_ISGID;
    }
    if ((change->fields & CHANGE_OWNER) != 0 &&
        (mode & LX_S_IFMT) != LX_S_IFDIR)
        mode &= ~privileges_of(mode);
    return mode;
}

static void apply(struct inode *inode, const struct inode_change *change,
                  uint32_t mode)
{
    if ((change->fields & CHANGE_UID) != 0)
        STORE(inode->uid, change->uid);
    if ((change->fields & CHANGE_GID) != 0)
        STORE(inode->gid, change->gid);
    STORE(inode->mode, mode);
    if ((change->fields & CHANGE_ATIME) != 0)
        STORE(inode->atime, change->atime);
    if ((change->fields & CHANGE_MTIME) != 0)
        STORE(inode->mtime, change->mtime);
    inode_touch_status(inode);
}

int inode_apply(struct inode *inode, const struct cred *cred,
                const struct inode_change *change)
{
    int error;

    mutex_lock(&inode->lock);
    error = check_rights(inode, cred, change);
    if (error == 0 && inode->ops->change != NULL)
        error = inode->ops->change(inode, change);
    if (error == 0)
        apply(inode, change, next_mode(inode, cred, change));
    mutex_unlock(&inode->lock);
    return error;
}

void inode_drop_privileges(struct inode *inode, const struct cred *cred)
{
    uint32_t mode = LOAD(inode->mode);

    if (privileges_of(mode) == 0 ||
        (cred != NULL && cred_is_capable(cred, CAP_FSETID)))
        return;
    STORE(inode->mode, mode & ~privileges_of(mode));
}

int inode_resize(struct inode *inode, const struct cred *cred, uint64_t size)
{
    int error;

    if (inode->ops->resize == NULL)
        return -EINVAL;
    if (size > inode->super->size_max)
        return -EFBIG;
    error = mutex_lock_killable(&inode->lock);
    if (error != 0)
        return error;
    error = inode->ops->resize(inode, size);
    if (error == 0) {
        inode_drop_privileges(inode, cred);
        inode_touch(inode);
    }
    mutex_unlock(&inode->lock);
    return error;
}
