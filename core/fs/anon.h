/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/anon.h - files without a place in a file system.
 */
#ifndef CORE_FS_ANON_H
#define CORE_FS_ANON_H

#include "core/base/defs.h"

struct file;
struct lx_stat;

C_DECLS_BEGIN

/* What fstat(2) says of them: one inode without a type, root's own. For struct
 * file_ops. */
void anon_stat(struct file *file, struct lx_stat *out);

/* lseek(2) in what has no bytes to seek among, but does not mind: 0. For struct
 * file_ops. */
int64_t anon_seek(struct file *file, int64_t offset, unsigned whence);

C_DECLS_END

#endif /* CORE_FS_ANON_H */
