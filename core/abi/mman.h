/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/mman.h - memory mappings: mmap(2), mprotect(2), mremap(2), msync(2),
 * madvise(2), mlock(2).
 */
#ifndef CORE_ABI_MMAN_H
#define CORE_ABI_MMAN_H

#include "core/abi/types.h"

#define LX_PROT_NONE           0x0u
#define LX_PROT_READ           0x1u
#define LX_PROT_WRITE          0x2u
#define LX_PROT_EXEC           0x4u
#define LX_PROT_SEM            0x8u
#define LX_PROT_GROWSDOWN      0x01000000u
#define LX_PROT_GROWSUP        0x02000000u

/* One of three kinds, and flags. */
#define LX_MAP_SHARED          0x01u
#define LX_MAP_PRIVATE         0x02u
#define LX_MAP_SHARED_VALIDATE 0x03u
#define LX_MAP_TYPE            0x0fu
#define LX_MAP_FIXED           0x10u
#define LX_MAP_ANONYMOUS       0x20u
#define LX_MAP_32BIT           0x40u
#define LX_MAP_GROWSDOWN       0x0100u
#define LX_MAP_DENYWRITE       0x0800u
#define LX_MAP_EXECUTABLE      0x1000u
#define LX_MAP_LOCKED          0x2000u
#define LX_MAP_NORESERVE       0x4000u
#define LX_MAP_POPULATE        0x8000u
#define LX_MAP_NONBLOCK        0x10000u
#define LX_MAP_STACK           0x20000u
#define LX_MAP_HUGETLB         0x40000u
#define LX_MAP_SYNC            0x80000u
#define LX_MAP_FIXED_NOREPLACE 0x100000u
#define LX_MAP_HUGE_SHIFT      26
#define LX_MAP_HUGE_MASK       0x3fu

#define LX_MREMAP_MAYMOVE      1u
#define LX_MREMAP_FIXED        2u
#define LX_MREMAP_DONTUNMAP    4u

#define LX_MS_ASYNC            1u
#define LX_MS_INVALIDATE       2u
#define LX_MS_SYNC             4u

#define LX_MADV_NORMAL         0
#define LX_MADV_RANDOM         1
#define LX_MADV_SEQUENTIAL     2
#define LX_MADV_WILLNEED       3
#define LX_MADV_DONTNEED       4
#define LX_MADV_FREE           8
#define LX_MADV_REMOVE         9
#define LX_MADV_DONTFORK       10
#define LX_MADV_DOFORK         11
#define LX_MADV_MERGEABLE      12
#define LX_MADV_UNMERGEABLE    13
#define LX_MADV_HUGEPAGE       14
#define LX_MADV_NOHUGEPAGE     15
#define LX_MADV_DONTDUMP       16
#define LX_MADV_DODUMP         17
#define LX_MADV_WIPEONFORK     18
#define LX_MADV_KEEPONFORK     19
#define LX_MADV_COLD           20
#define LX_MADV_PAGEOUT        21
#define LX_MADV_POPULATE_READ  22
#define LX_MADV_POPULATE_WRITE 23

#define LX_MCL_CURRENT         1u
#define LX_MCL_FUTURE          2u
#define LX_MCL_ONFAULT         4u
#define LX_MLOCK_ONFAULT       1u

#endif /* CORE_ABI_MMAN_H */
