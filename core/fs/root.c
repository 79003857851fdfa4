/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/root.c - contract in root.h.
 */
#include "core/fs/root.h"

#include "core/fs/devfs/devfs.h"
#include "core/fs/devpts/devpts.h"
#include "core/fs/lock.h"
#include "core/fs/pages.h"
#include "core/fs/path.h"
#include "core/fs/pseudo/pseudo.h"
#include "core/fs/ramfs/ramfs.h"
#include "core/mem/page.h"

void fs_init_all(void)
{
    super_init_all();
    dentry_init_all(page_total_count());
    mount_init_all();
    context_init_all();
    path_init_all();
    lock_init_all();
    pages_init_all();
    ramfs_init_all();
    devpts_init_all();
    devfs_init_all();
    pseudo_init_all();
}

void root_destroy(struct mount_ns *ns)
{
    devfs_fini_all();
    ramfs_fini_all();
    mount_ns_put(ns);
}

int root_create(struct mount_ns **ns, struct fs_context **context)
{
    static const struct super_source source = {"rootfs", "", false};
    const struct fs_type *type = fs_find("ramfs");
    struct super *super;
    struct path root;
    int error = type->mount(type, &source, &super);

    if (error != 0)
        return error;
    error = mount_ns_create(super, source.device, ns);
    if (error != 0) {
        super_put(super);
        return error;
    }
    mount_ns_root(*ns, &root);
    error = context_create(&root, context);
    path_put(&root);
    if (error != 0)
        mount_ns_put(*ns);
    return error;
}
