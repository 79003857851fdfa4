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

#define LX_F_DUPFD               0
#define LX_F_GETFD               1
#define LX_F_SETFD               2
#define LX_F_GETFL               3
#define LX_F_SETFL               4
#define LX_F_GETLK               5
#define LX_F_SETLK               6
#define LX_F_SETLKW              7
#define LX_F_SETOWN              8
#define LX_F_GETOWN              9
#define LX_F_DUPFD_CLOEXEC       1030
#define LX_F_SETPIPE_SZ          1031
#define LX_F_GETPIPE_SZ          1032
#define LX_F_ADD_SEALS           1033
#define LX_F_GET_SEALS           1034
#define LX_FD_CLOEXEC            1

#define LX_F_OK                  0u
#define LX_X_OK                  1u
#define LX_W_OK                  2u
#define LX_R_OK                  4u

#define LX_SEEK_SET              0
#define LX_SEEK_CUR              1
#define LX_SEEK_END              2
#define LX_SEEK_DATA             3
#define LX_SEEK_HOLE             4

#endif /* CORE_ABI_FCNTL_H */
