/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/mount.h - flags of mount(2) and umount2(2), and what statfs(2)
 * tells.
 */
#ifndef CORE_ABI_MOUNT_H
#define CORE_ABI_MOUNT_H

#include "core/abi/types.h"

#define LX_MS_RDONLY       1u
#define LX_MS_NOSUID       2u
#define LX_MS_NODEV        4u
#define LX_MS_NOEXEC       8u
#define LX_MS_SYNCHRONOUS  16u
#define LX_MS_REMOUNT      32u
#define LX_MS_MANDLOCK     64u
#define LX_MS_DIRSYNC      128u
#define LX_MS_NOSYMFOLLOW  256u
#define LX_MS_NOATIME      1024u
#define LX_MS_NODIRATIME   2048u
#define LX_MS_BIND         4096u
#define LX_MS_MOVE         8192u
#define LX_MS_REC          16384u
#define LX_MS_SILENT       32768u
#define LX_MS_UNBINDABLE   (1u << 17)
#define LX_MS_PRIVATE      (1u << 18)
#define LX_MS_SLAVE        (1u << 19)
#define LX_MS_SHARED       (1u << 20)
#define LX_MS_RELATIME     (1u << 21)
#define LX_MS_STRICTATIME  (1u << 24)
#define LX_MS_LAZYTIME     (1u << 25)
#define LX_MS_MGC_VAL      0xC0ED0000u
#define LX_MS_MGC_MSK      0xffff0000u

#define LX_MNT_FORCE       1u
#define LX_MNT_DETACH      2u
#define LX_MNT_EXPIRE      4u
#define LX_UMOUNT_NOFOLLOW 8u

/* f_flags of statfs(2) */
#define LX_ST_VALID        0x20u
#define LX_ST_RELATIME     0x1000u

#define LX_TMPFS_MAGIC     0x01021994u
#define LX_RAMFS_MAGIC     0x858458f6u
#define LX_PROC_MAGIC      0x9fa0u
#define LX_SYSFS_MAGIC     0x62656572u
#define LX_PIPEFS_MAGIC    0x50495045u
#define LX_ANON_MAGIC      0x09041934u

struct lx_statfs {
    int64_t f_type;
    int64_t f_bsize;
    uint64_t f_blocks;
    uint64_t f_bfree;
    uint64_t f_bavail;
    uint64_t f_files;
    uint64_t f_ffree;
    int32_t f_fsid[2];
    int64_t f_namelen;
    int64_t f_frsize;
    int64_t f_flags;
    int64_t f_spare[4];
};
LX_SIZE_IS(struct lx_statfs, 120);

#endif /* CORE_ABI_MOUNT_H */
