/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/ramfs/ramfs.h - files in memory: tmpfs(5), and memfd_create(2).
 *
 * A file's pages are its page cache and have no other home: one copy for read,
 * write, mmap and exec. What is not written takes no page. Directories list
 * the newest name first; a position stays right while names come and go.
 *
 * Options: size=, nr_blocks=, nr_inodes= (with k, m, g or, of size, %), mode=,
 * uid=, gid=. Half of RAM and an inode per two pages of it where none is said;
 * 0 is no limit.
 */
#ifndef CORE_FS_RAMFS_RAMFS_H
#define CORE_FS_RAMFS_RAMFS_H

#include "core/fs/path.h"

C_DECLS_BEGIN

/* Once, after the caches: registers tmpfs and ramfs (which has no limits). */
void ramfs_init_all(void);

/* Gives up the file system of files without names. No such file is left. */
void ramfs_fini_all(void);

/* Pages of all files in memory, and of those those of tmpfs and of files
 * without a name, which Linux calls shared memory. Not in interrupts. */
struct ramfs_counts {
    uint64_t pages, shared;
};
void ramfs_count_pages(struct ramfs_counts *out);

/* A file system of another type that keeps its files so, without limits, with
 * one reference: 0 or -ENOMEM. */
MUST_USE int ramfs_create(const struct fs_type *type, uint32_t magic,
                          uint32_t mode, struct super **out);

/*
 * A file without a name: *out is open for reading and writing, of mode 0777
 * (0666 with LX_F_SEAL_EXEC), with these seals (LX_F_SEAL_*). 0, -ENFILE,
 * -ENOMEM.
 */
MUST_USE int ramfs_open_unnamed(const char *name, unsigned seals,
                                struct cred *cred, struct file **out);

/* F_GET_SEALS of fcntl(2): -EINVAL for what has none. */
MUST_USE int ramfs_seals(const struct file *file);

/* F_ADD_SEALS: 0, -EINVAL, -EPERM (F_SEAL_SEAL, not open for writing), -EBUSY
 * (F_SEAL_WRITE with a mapping that may be written). May sleep. */
MUST_USE int ramfs_add_seals(struct file *file, unsigned seals);

/* May inode be mapped so (LX_PROT_* in *deny: what never)? 0 or -EPERM. */
MUST_USE int ramfs_check_map(const struct file *file, bool is_shared,
                             unsigned prot, unsigned *deny);

C_DECLS_END

#endif /* CORE_FS_RAMFS_RAMFS_H */
