/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/initramfs.h - the initrd's archives become files.
 *
 * Semantics as Linux documents them (initramfs buffer format): several
 * archives, a later member replaces an earlier one of the same name, hard links
 * share an inode within an archive, and a member whose directory is not there
 * is passed over, with a warning.
 */
#ifndef CORE_FS_INITRAMFS_H
#define CORE_FS_INITRAMFS_H

#include "core/base/defs.h"

struct path_ask;

C_DECLS_BEGIN

/*
 * Unpacks the initrd of hal_boot_facts() where ask's relative paths begin, with
 * its rights; without an initrd nothing happens. The context's umask is 0. 0,
 * -ENOMEM, or what core/fs/unpack/unpack.h says of a damaged one, having logged
 * one line that says where and why. May sleep.
 */
MUST_USE int initramfs_load(const struct path_ask *ask);

C_DECLS_END

#endif /* CORE_FS_INITRAMFS_H */
