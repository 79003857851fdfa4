/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/types.h - addresses and sizes that every machine shares.
 *
 * Three address spaces, three types; none converts to another by a cast:
 *   paddr_t   physical; also the host offset of guest RAM when hosted
 *   uaddr_t   virtual, in some user address space; never dereferenced
 *   void *    virtual, in the kernel
 */
#ifndef HAL_TYPES_H
#define HAL_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define HAL_DECLS_BEGIN extern "C" {
#define HAL_DECLS_END   }
#else
#define HAL_DECLS_BEGIN
#define HAL_DECLS_END
#endif

#define HAL_MUST_USE __attribute__((warn_unused_result))
#define HAL_NORETURN __attribute__((noreturn))

typedef uint64_t paddr_t;
typedef uint64_t uaddr_t;

/* No frame has this address: page 0 is never handed out. */
#define PADDR_NONE UINT64_C(0)

enum { PAGE_SHIFT = 12, PAGE_SIZE = 1 << PAGE_SHIFT };

/* The most CPUs any machine brings up. */
enum { HAL_CPUS_MAX = 64 };

#endif /* HAL_TYPES_H */
