/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/fcntl.h - opening and directory-relative calls: open(2), fcntl(2),
 * openat(2), access(2), lseek(2).
 */
#ifndef CORE_ABI_FCNTL_H
#define CORE_ABI_FCNTL_H

#include "core/abi/types.h"

#define LX_O_ACCMODE             0x000003u
#define LX_O_RDONLY              0x000000u
#define LX_O_WRONLY              0x000001u
#define LX_O_RDWR                0x000002u
#define LX_O_CREAT               0x000040u
#define LX_O_EXCL                0x000080u
#define LX_O_NOCTTY              0x000100u
#define LX_O_TRUNC               0x000200u
#define LX_O_APPEND              0x000400u
#define LX_O_NONBLOCK            0x000800u
#define LX_O_DSYNC               0x001000u
#define LX_O_ASYNC               0x002000u
#define LX_O_DIRECT              0x004000u
#define LX_O_LARGEFILE           0x008000u /* set in F_GETFL of every 64-bit open */
#define LX_O_DIRECTORY           0x010000u
#define LX_O_NOFOLLOW            0x020000u
#define LX_O_NOATIME             0x040000u
#define LX_O_CLOEXEC             0x080000u
#define LX_O_SYNC                0x101000u
#define LX_O_PATH                0x200000u
#define LX_O_TMPFILE             0x410000u

/* In place of a directory's descriptor: the working directory. */
#define LX_AT_FDCWD              (-100)

#define LX_AT_SYMLINK_NOFOLLOW   0x100u
#define LX_AT_EACCESS            0x200u
#define LX_AT_REMOVEDIR          0x200u
#define LX_AT_SYMLINK_FOLLOW     0x400u
#define LX_AT_NO_AUTOMOUNT       0x800u
#define LX_AT_EMPTY_PATH         0x1000u
#define LX_AT_STATX_FORCE_SYNC   0x2000u
#define LX_AT_STATX_DONT_SYNC    0x4000u
#define LX_AT_STATX_SYNC_AS_STAT 0x0000u
#define LX_AT_RECURSIVE          0x8000u

/* renameat2(2) */
#define LX_RENAME_NOREPLACE      1u
#define LX_RENAME_EXCHANGE       2u
#define LX_RENAME_WHITEOUT       4u

/* openat2(2) */
#define LX_RESOLVE_NO_XDEV       0x01u
#define LX_RESOLVE_NO_MAGICLINKS 0x02u
#define LX_RESOLVE_NO_SYMLINKS   0x04u
#define LX_RESOLVE_BENEATH       0x08u
#define LX_RESOLVE_IN_ROOT       0x10u
#define LX_RESOLVE_CACHED        0x20u

struct lx_open_how {
    uint64_t flags;
    uint64_t mode;
    uint64_t resolve;
};
LX_SIZE_IS(struct lx_open_how, 24);

/* fallocate(2) */
#define LX_FALLOC_FL_KEEP_SIZE      0x01u
#define LX_FALLOC_FL_PUNCH_HOLE     0x02u
#define LX_FALLOC_FL_COLLAPSE_RANGE 0x08u
#define LX_FALLOC_FL_ZERO_RANGE     0x10u
#define LX_FALLOC_FL_INSERT_RANGE   0x20u
#define LX_FALLOC_FL_UNSHARE_RANGE  0x40u

/* posix_fadvise(2) */
#define LX_POSIX_FADV_NORMAL        0
#define LX_POSIX_FADV_RANDOM        1
#define LX_POSIX_FADV_SEQUENTIAL    2
#define LX_POSIX_FADV_WILLNEED      3
#define LX_POSIX_FADV_DONTNEED      4
#define LX_POSIX_FADV_NOREUSE       5

/* flock(2) */
#define LX_LOCK_SH                  1u
#define LX_LOCK_EX                  2u
#define LX_LOCK_NB                  4u
#define LX_LOCK_UN                  8u

/* fcntl(2), advisory locks */
#define LX_F_RDLCK                  0
#define LX_F_WRLCK                  1
#define LX_F_UNLCK                  2

struct lx_flock {
    int16_t l_type;
    int16_t l_whence; /* and four bytes that mean nothing */
    int64_t l_start;
    int64_t l_len;
    lx_pid_t l_pid; /* four more */
};
LX_SIZE_IS(struct lx_flock, 32);

/* memfd_create(2) */
#define LX_MFD_CLOEXEC         1u
#define LX_MFD_ALLOW_SEALING   2u
#define LX_MFD_HUGETLB         4u
#define LX_MFD_NOEXEC_SEAL     8u
#define LX_MFD_EXEC            16u

/* F_ADD_SEALS of fcntl(2) */
#define LX_F_SEAL_SEAL         0x01u
#define LX_F_SEAL_SHRINK       0x02u
#define LX_F_SEAL_GROW         0x04u
#define LX_F_SEAL_WRITE        0x08u
#define LX_F_SEAL_FUTURE_WRITE 0x10u
#define LX_F_SEAL_EXEC         0x20u

#define LX_F_DUPFD             0
#define LX_F_GETFD             1
#define LX_F_SETFD             2
#define LX_F_GETFL             3
#define LX_F_SETFL             4
#define LX_F_GETLK             5
#define LX_F_SETLK             6
#define LX_F_SETLKW            7
#define LX_F_SETOWN            8
#define LX_F_GETOWN            9
#define LX_F_SETSIG            10
#define LX_F_GETSIG            11
#define LX_F_SETOWN_EX         15
#define LX_F_GETOWN_EX         16
#define LX_F_OFD_GETLK         36
#define LX_F_OFD_SETLK         37
#define LX_F_OFD_SETLKW        38
#define LX_F_SETLEASE          1024
#define LX_F_GETLEASE          1025
#define LX_F_DUPFD_CLOEXEC     1030
#define LX_F_SETPIPE_SZ        1031
#define LX_F_GETPIPE_SZ        1032
#define LX_F_ADD_SEALS         1033
#define LX_F_GET_SEALS         1034
#define LX_FD_CLOEXEC          1

/* close_range(2) */
#define LX_CLOSE_RANGE_UNSHARE 2u
#define LX_CLOSE_RANGE_CLOEXEC 4u

#define LX_F_OK                0u
#define LX_X_OK                1u
#define LX_W_OK                2u
#define LX_R_OK                4u

#define LX_SEEK_SET            0
#define LX_SEEK_CUR            1
#define LX_SEEK_END            2
#define LX_SEEK_DATA           3
#define LX_SEEK_HOLE           4

#endif /* CORE_ABI_FCNTL_H */
