/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/statx.h - statx(2).
 */
#ifndef CORE_ABI_STATX_H
#define CORE_ABI_STATX_H

#include "core/abi/types.h"

#define LX_STATX_BASIC_STATS     0x7ffu
#define LX_STATX_BTIME           0x800u
#define LX_STATX_MNT_ID          0x1000u
#define LX_STATX__RESERVED       0x80000000u

#define LX_STATX_ATTR_MOUNT_ROOT 0x2000u

struct lx_statx_timestamp {
    int64_t tv_sec;
    uint32_t tv_nsec;
    int32_t reserved;
};
LX_SIZE_IS(struct lx_statx_timestamp, 16);

struct lx_statx {
    uint32_t stx_mask;
    uint32_t stx_blksize;
    uint64_t stx_attributes;
    uint32_t stx_nlink;
    uint32_t stx_uid;
    uint32_t stx_gid;
    uint16_t stx_mode;
    uint16_t pad1;
    uint64_t stx_ino;
    uint64_t stx_size;
    uint64_t stx_blocks;
    uint64_t stx_attributes_mask;
    struct lx_statx_timestamp stx_atime;
    struct lx_statx_timestamp stx_btime;
    struct lx_statx_timestamp stx_ctime;
    struct lx_statx_timestamp stx_mtime;
    uint32_t stx_rdev_major;
    uint32_t stx_rdev_minor;
    uint32_t stx_dev_major;
    uint32_t stx_dev_minor;
    uint64_t stx_mnt_id;
    uint32_t stx_dio_mem_align;
    uint32_t stx_dio_offset_align;
    uint64_t spare[12];
};
LX_SIZE_IS(struct lx_statx, 256);

#endif /* CORE_ABI_STATX_H */
