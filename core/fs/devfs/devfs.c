/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/devfs/devfs.c - contract in devfs.h.
 */
#include "core/fs/devfs/devfs.h"

#include "core/abi/errno.h"
#include "core/abi/mount.h"
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/fs/names.h"
#include "core/fs/ramfs/ramfs.h"

static const struct lock_class devfs_class = {"devfs", LOCK_RANK_EXEC};

static struct {
    struct mutex lock;
    struct super *super GUARDED_BY(lock); /* a reference; NULL: none yet */
} devfs;

/* Makes what is called name in dir unless it is there; *out is its dentry, with
 * a reference. */
static int make_node(struct dentry *dir, const struct name *name,
                     const struct inode_new *want, struct dentry **out)
{
    struct inode *inode = dentry_inode(dir);
    int error;

    mutex_lock(&inode->lock);
    error = dentry_lookup_locked(dir, name, out);
    if (error == 0 && dentry_inode(*out) == NULL) {
        error = name_create_at(dir, *out, want);
        if (error != 0)
            dentry_put(*out);
    }
    mutex_unlock(&inode->lock);
    return error;
}

/* A device's name may have directories in it ("input/event0"). */
static int make_device(struct dentry *root, const struct chardev *device)
{
    const struct inode_new directory = {.mode = LX_S_IFDIR | 0755};
    const struct inode_new node = {
        .mode = LX_S_IFCHR | device->mode,
        .rdev = chardev_number(device->major, device->minor)};
    const char *at = device->name;
    struct dentry *dir = root, *next;
    int error = 0;

    dentry_get(dir);
    for (bool is_last = false; !is_last && error == 0;) {
        size_t size = 0;
        struct name name;

        while (at[size] != '\0' && at[size] != '/')
            size++;
        is_last = at[size] == '\0';
        name = name_of(at, size);
        error = make_node(dir, &name, is_last ? &node : &directory, &next);
        dentry_put(dir);
        dir = next;
        at += size + 1;
    }
    if (error == 0)
        dentry_put(dir);
    return error;
}

static int fill(struct super *super)
{
    struct chardev *device = NULL;
    int error = 0;

    while (error == 0 && (device = chardev_next(device)) != NULL)
        if (device->name != NULL)
            error = make_device(super->root, device);
    return error;
}

static int mount_devfs(const struct fs_type *type,
                       const struct super_source *source, struct super **out)
{
    struct super *super;
    int error = 0;

    (void)source;
    mutex_lock(&devfs.lock);
    if (devfs.super == NULL) {
        error = ramfs_create(type, LX_TMPFS_MAGIC, 0755, &super);
        if (error == 0) {
            error = fill(super);
            if (error == 0)
                devfs.super = super;
            else
                super_put(super);
        }
    }
    if (error == 0) {
        super_get(devfs.super);
        *out = devfs.super;
    }
    mutex_unlock(&devfs.lock);
    return error;
}

static struct fs_type devfs_type = {.name = "devtmpfs", .mount = mount_devfs};

void devfs_init_all(void)
{
    mutex_init(&devfs.lock, &devfs_class);
    fs_register(&devfs_type);
}

void devfs_fini_all(void)
{
    struct super *super;

    mutex_lock(&devfs.lock);
    super = devfs.super;
    devfs.super = NULL;
    mutex_unlock(&devfs.lock);
    if (super != NULL)
        super_put(super);
}
