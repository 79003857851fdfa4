/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/inode.c - what inodes of all file systems have in common; contract in
 * inode.h. Changes of attributes are in attributes.c.
 */
#include "core/fs/inode.h"

#include "core/abi/errno.h"
#include "core/id/cred.h"
#include "hal/clock.h"

static const struct lock_class directory_class = {"directory",
                                                  LOCK_RANK_DIRECTORY};
static const struct lock_class inode_class = {"inode", LOCK_RANK_INODE};

void inode_release_object(struct vm_object *object)
{
    struct inode *inode = container_of(object, struct inode, object);

    inode->ops->release(inode);
}

/* Of what has no pages. */
static int get_no_page(struct vm_object *object, uint64_t index,
                       struct page **out)
{
    (void)object;
    (void)index;
    (void)out;
    return -ENXIO;
}

static const struct vm_pager_ops no_pager_ops = {
    .get_page = get_no_page,
    .release = inode_release_object,
};

void inode_init(struct inode *inode, const struct inode_ops *ops,
                struct super *super, const struct inode_new *want)
{
    bool is_directory = (want->mode & LX_S_IFMT) == LX_S_IFDIR;
    int64_t now = inode_now();

    *inode = (struct inode){
        .ops = ops,
        .super = super,
        .number = __atomic_add_fetch(&super->next_inode, 1, __ATOMIC_RELAXED),
        .mode = want->mode,
        .uid = want->uid,
        .gid = want->gid,
        .links = is_directory ? 2 : 1,
        .rdev = want->rdev,
        .atime = now,
        .mtime = now,
        .ctime = now,
    };
    vm_object_init(&inode->object, &no_pager_ops);
    mutex_init(&inode->lock, is_directory ? &directory_class : &inode_class);
}

void inode_set_pager(struct inode *inode, const struct vm_pager_ops *pager)
{
    ASSERT(pager->release == inode_release_object);
    inode->object.ops = pager;
}

void inode_get(struct inode *inode)
{
    vm_object_get(&inode->object);
}

void inode_put(struct inode *inode)
{
    vm_object_put(&inode->object);
}

struct name name_of(const char *text, size_t size)
{
    struct name name = {.text = text, .size = (uint32_t)size};

    for (size_t i = 0; i < size; i++)
        name.hash = name_hash_byte(name.hash, text[i]);
    return name;
}

int64_t inode_now(void)
{
    return (int64_t)hal_clock_wall();
}

#define LOAD(field) __atomic_load_n(&(field), __ATOMIC_RELAXED)

enum { NS_PER_S = 1000000000 };

/* Rounds to the past, also before 1970. */
static int64_t seconds_of(int64_t ns)
{
    return ns / NS_PER_S - (ns % NS_PER_S < 0);
}

static uint64_t rest_of(int64_t ns)
{
    return (uint64_t)(ns - seconds_of(ns) * NS_PER_S);
}

void inode_stat(struct inode *inode, struct lx_stat *out)
{
    int64_t atime, mtime, ctime;

    if (inode->ops->refresh != NULL)
        inode->ops->refresh(inode);
    atime = LOAD(inode->atime);
    mtime = LOAD(inode->mtime);
    ctime = LOAD(inode->ctime);
    *out = (struct lx_stat){
        .st_dev = inode->super->device,
        .st_ino = inode->number,
        .st_nlink = LOAD(inode->links),
        .st_mode = LOAD(inode->mode),
        .st_uid = LOAD(inode->uid),
        .st_gid = LOAD(inode->gid),
        .st_rdev = inode->rdev,
        .st_size = (int64_t)inode_size(inode),
        .st_blksize = inode->super->block_size,
        .st_blocks = (int64_t)LOAD(inode->blocks),
        .st_atime_sec = (uint64_t)seconds_of(atime),
        .st_atime_nsec = rest_of(atime),
        .st_mtime_sec = (uint64_t)seconds_of(mtime),
        .st_mtime_nsec = rest_of(mtime),
        .st_ctime_sec = (uint64_t)seconds_of(ctime),
        .st_ctime_nsec = rest_of(ctime),
    };
}

void inode_touch_status(struct inode *inode)
{
    __atomic_store_n(&inode->ctime, inode_now(), __ATOMIC_RELAXED);
}

void inode_touch(struct inode *inode)
{
    int64_t now = inode_now();

    __atomic_store_n(&inode->mtime, now, __ATOMIC_RELAXED);
    __atomic_store_n(&inode->ctime, now, __ATOMIC_RELAXED);
}

void inode_add_links(struct inode *inode, int delta)
{
    __atomic_add_fetch(&inode->links, (unsigned)delta, __ATOMIC_RELAXED);
}

/* What capabilities(7) lets pass of what the mode does not. */
static bool may_by_capability(const struct cred *cred, uint32_t mode,
                              unsigned want)
{
    bool is_directory = (mode & LX_S_IFMT) == LX_S_IFDIR;
    const uint32_t any_exec = LX_S_IXUSR | LX_S_IXGRP | LX_S_IXOTH;

    if (is_directory ? (want & MAY_WRITE) == 0 : want == MAY_READ) {
        if (cred_is_capable(cred, CAP_DAC_READ_SEARCH))
            return true;
    }
    if (!is_directory && (want & MAY_EXEC) != 0 && (mode & any_exec) == 0)
        return false;
    return cred_is_capable(cred, CAP_DAC_OVERRIDE);
}

int inode_may(const struct inode *inode, const struct cred *cred, unsigned want)
{
    uint32_t mode = LOAD(inode->mode), granted = mode;

    if (LOAD(inode->uid) == cred->fsuid)
        granted = mode >> 6;
    else if (((mode >> 3 ^ mode) & want) != 0 &&
             cred_is_in_group(cred, LOAD(inode->gid)))
        granted = mode >> 3;
    if ((want & ~granted) == 0 || may_by_capability(cred, mode, want))
        return 0;
    return -EACCES;
}

bool inode_is_owned(const struct inode *inode, const struct cred *cred)
{
    return LOAD(inode->uid) == cred->fsuid || cred_is_capable(cred, CAP_FOWNER);
}

/* --- writers and programs that run ---------------------------------------- */

/* Moves writers by step unless it has the other sign. */
static int move_writers(struct inode *inode, int step)
{
    int old = LOAD(inode->writers);

    do {
        if (step > 0 ? old < 0 : old > 0)
            return -ETXTBSY;
    } while (!__atomic_compare_exchange_n(&inode->writers, &old, old + step,
                                          true, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED));
    return 0;
}

int inode_allow_write(struct inode *inode)
{
    return move_writers(inode, 1);
}

void inode_end_write(struct inode *inode)
{
    __atomic_sub_fetch(&inode->writers, 1, __ATOMIC_RELEASE);
}

int inode_deny_write(struct inode *inode)
{
    return move_writers(inode, -1);
}

void inode_end_deny(struct inode *inode)
{
    __atomic_add_fetch(&inode->writers, 1, __ATOMIC_RELEASE);
}
