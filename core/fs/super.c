/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/super.c - contract in super.h.
 */
#include "core/fs/super.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/dentry.h"

static const struct lock_class registry_class = {"file systems",
                                                 LOCK_RANK_FILE};
static const struct lock_class rename_class = {"rename", LOCK_RANK_RENAME};

static struct {
    struct spinlock lock;
    struct list types GUARDED_BY(lock);
} registry;

static uint64_t last_device; /* minor numbers of major 0; atomic */

void super_init_all(void)
{
    spin_init(&registry.lock, &registry_class);
    list_init(&registry.types);
}

void fs_register(struct fs_type *type)
{
    list_init(&type->link);
    spin_lock(&registry.lock);
    list_push_back(&registry.types, &type->link);
    spin_unlock(&registry.lock);
}

/* Kinds stay for good, so they may be looked at without the lock. */
const struct fs_type *fs_next(const struct fs_type *type)
{
    const struct list *next;

    spin_lock(&registry.lock);
    next = type != NULL ? type->link.next : registry.types.next;
    spin_unlock(&registry.lock);
    return next != &registry.types
               ? list_entry(next, const struct fs_type, link)
               : NULL;
}

const struct fs_type *fs_find(const char *name)
{
    const struct fs_type *type = fs_next(NULL);

    while (type != NULL && !str_equal(type->name, name))
        type = fs_next(type);
    return type;
}

void super_init(struct super *super, const struct fs_type *type,
                const struct super_ops *ops, uint32_t magic)
{
    *super = (struct super){
        .type = type,
        .ops = ops,
        .device = __atomic_add_fetch(&last_device, 1, __ATOMIC_RELAXED),
        .magic = magic,
        .block_size = 4096,
        .size_max = INT64_MAX,
    };
    refcount_init(&super->refs, 1);
    mutex_init(&super->rename_lock, &rename_class);
}

int super_set_root(struct super *super, struct inode *root)
{
    super->root = dentry_create_root(root);
    return super->root != NULL ? 0 : -ENOMEM;
}

void super_get(struct super *super)
{
    refcount_get(&super->refs);
}

void super_put(struct super *super)
{
    if (!refcount_put(&super->refs))
        return;
    if (super->root != NULL) {
        while (dentry_shrink(super) > 0)
            ;
        dentry_put(super->root);
    }
    super->ops->release(super);
}
