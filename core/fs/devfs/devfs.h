/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/devfs/devfs.h - a node for every device that has a name: devtmpfs.
 *
 * A ramfs that is filled when it is mounted first; every later mount shows the
 * same.
 */
#ifndef CORE_FS_DEVFS_DEVFS_H
#define CORE_FS_DEVFS_DEVFS_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/* Registers devtmpfs. Once, after ramfs_init_all(). */
void devfs_init_all(void);

/* Gives up what later mounts would show. At the machine's end. */
void devfs_fini_all(void);

C_DECLS_END

#endif /* CORE_FS_DEVFS_DEVFS_H */
