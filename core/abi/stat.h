/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/stat.h - what stat(2) tells of a file; modes of inode(7).
 */
#ifndef CORE_ABI_STAT_H
#define CORE_ABI_STAT_H

#include "core/abi/types.h"

#define LX_S_IFMT   0170000u
#define LX_S_IFSOCK 0140000u
#define LX_S_IFLNK  0120000u
#define LX_S_IFREG  0100000u
#define LX_S_IFBLK  0060000u
#define LX_S_IFDIR  0040000u
#define LX_S_IFCHR  0020000u
#define LX_S_IFIFO  0010000u
#define LX_S_ISUID  0004000u
#define LX_S_ISGID  0002000u
#define LX_S_ISVTX  0001000u
#define LX_S_IRWXU  0000700u
#define LX_S_IRUSR  0000400u
#define LX_S_IWUSR  0000200u
#define LX_S_IXUSR  0000100u
#define LX_S_IRWXG  0000070u
#define LX_S_IRGRP  0000040u
#define LX_S_IWGRP  0000020u
#define LX_S_IXGRP  0000010u
#define LX_S_IRWXO  0000007u
#define LX_S_IROTH  0000004u
#define LX_S_IWOTH  0000002u
#define LX_S_IXOTH  0000001u

/* stat(2) as x86-64 has it. Padding is zero: it goes to user space. */
struct lx_stat {
    uint64_t st_dev;
    uint64_t st_ino;
    uint64_t st_nlink;
    lx_mode_t st_mode;
    lx_uid_t st_uid;
    lx_gid_t st_gid;
    uint32_t pad;
    uint64_t st_rdev;
    int64_t st_size;
    int64_t st_blksize;
    int64_t st_blocks; /* of 512 bytes */
    uint64_t st_atime_sec;
    uint64_t st_atime_nsec;
    uint64_t st_mtime_sec;
    uint64_t st_mtime_nsec;
    uint64_t st_ctime_sec;
    uint64_t st_ctime_nsec;
    int64_t unused[3];
};
LX_SIZE_IS(struct lx_stat, 144);

#endif /* CORE_ABI_STAT_H */
