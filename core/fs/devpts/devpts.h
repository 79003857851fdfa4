/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/devpts/devpts.h - the slaves of pseudo-terminals as files (pts(4)).
 *
 * Each mount shows all pseudo-terminals of the machine, by number, and ptmx.
 * A slave's node comes with its pair and goes with it; it belongs to whoever
 * opened the master, or to whom the options uid, gid and mode say. ptmxmode is
 * ptmx's mode.
 *
 * Locking: nodes, and what is in them, by the root directory's lock.
 */
#ifndef CORE_FS_DEVPTS_DEVPTS_H
#define CORE_FS_DEVPTS_DEVPTS_H

#include "core/base/defs.h"

C_DECLS_BEGIN

/* Registers the file system. Once, after super_init_all(). */
void devpts_init_all(void);

C_DECLS_END

#endif /* CORE_FS_DEVPTS_DEVPTS_H */
