/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/root.h - the first file system, at boot.
 */
#ifndef CORE_FS_ROOT_H
#define CORE_FS_ROOT_H

#include "core/base/defs.h"

struct fs_context;
struct mount_ns;

C_DECLS_BEGIN

/* Once, after the caches: all of core/fs but descriptors. */
void fs_init_all(void);

/* An empty ramfs, the namespace it is the root of, and a context there; each
 * with a reference for the caller. 0 or -ENOMEM. */
MUST_USE int root_create(struct mount_ns **ns, struct fs_context **context);

/* The machine's end, in checked builds: every file system goes, and the
 * reference to ns. Nobody uses files any more. May sleep. */
void root_destroy(struct mount_ns *ns);

C_DECLS_END

#endif /* CORE_FS_ROOT_H */
