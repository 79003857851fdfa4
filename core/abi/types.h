/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/types.h - what the headers of this folder share.
 *
 * Every name of this folder but the error numbers begins with lx_ or LX_: its
 * value or layout is visible to user space. tests/abi compares each with the
 * host's headers. A pointer of user space is a uint64_t here.
 */
#ifndef CORE_ABI_TYPES_H
#define CORE_ABI_TYPES_H

#include <stdint.h>

/* Holds the layout fixed at compile time, in C and in C++. */
#ifdef __cplusplus
#define LX_SIZE_IS(type, size) static_assert(sizeof(type) == (size), #type)
#else
#define LX_SIZE_IS(type, size) _Static_assert(sizeof(type) == (size), #type)
#endif

typedef int32_t lx_pid_t;
typedef uint32_t lx_uid_t;
typedef uint32_t lx_gid_t;
typedef uint32_t lx_mode_t;
typedef int64_t lx_off_t;
typedef int64_t lx_time_t;

#endif /* CORE_ABI_TYPES_H */
