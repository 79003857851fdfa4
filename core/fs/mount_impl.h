/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/mount_impl.h - what the files about mounts share. See mount.h.
 */
#ifndef CORE_FS_MOUNT_IMPL_H
#define CORE_FS_MOUNT_IMPL_H

#include "core/fs/mount.h"

C_DECLS_BEGIN

/* A mount that is nowhere, with one reference: 0 or -ENOMEM. */
MUST_USE int mount_create(struct super *super, struct dentry *root,
                          unsigned flags, const char *source,
                          struct mount **out);

/* Attaches one that is nowhere; the namespace gets a reference of its own.
 * ns->lock. */
void mount_enter(struct mount_ns *ns, struct mount *mount,
                 const struct path *at);

/* Takes one off its place and out of ns, onto the list gone. ns->lock. */
void mount_leave(struct mount_ns *ns, struct mount *mount, struct list *gone);

/* Drops what the namespace and the tree held of those. No lock is held. */
void mount_drop(struct list *gone);

C_DECLS_END

#endif /* CORE_FS_MOUNT_IMPL_H */
