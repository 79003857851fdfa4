/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/uaccess.h - the kernel's hands in user memory.
 *
 * They work in the address space that hal_mmu_activate() made this CPU's, with
 * the rights user code has there. None resolves a fault: each stops at the
 * first byte it may not touch and says so; core/vm/uaccess.c makes the page
 * present and calls again. An address at or above HAL_USER_TOP, or a range
 * that wraps, is a fault like any other.
 *
 * Any context; interrupts may be on or off.
 */
#ifndef HAL_UACCESS_H
#define HAL_UACCESS_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Copies size bytes from user memory; returns how many were copied: less than
 * size only where the next byte faulted. */
HAL_MUST_USE size_t hal_copy_in(void *to, uaddr_t from, size_t size);

/* Copies size bytes to user memory; same promise. */
HAL_MUST_USE size_t hal_copy_out(uaddr_t to, const void *from, size_t size);

/* Fills user memory with zero bytes; same promise. */
HAL_MUST_USE size_t hal_clear_out(uaddr_t to, size_t size);

/*
 * Copies from user memory up to and including the first NUL, at most size
 * bytes. Returns how many were copied; *ended tells whether the last is NUL.
 * Less than size without *ended: the next byte faulted.
 */
HAL_MUST_USE size_t hal_string_in(char *to, uaddr_t from, size_t size,
                                  bool *ended);

/* Reads the aligned 32-bit word at from with one access (futex(2)). Returns 0,
 * or -EFAULT; *out is set only on success. */
HAL_MUST_USE int hal_user_load32(uaddr_t from, uint32_t *out);

/*
 * Compare and swap of the aligned 32-bit word at addr, one locked access: when
 * it holds *expected it becomes desired. *expected becomes what was there.
 * Returns 0 (whether or not it swapped) or -EFAULT.
 */
HAL_MUST_USE int hal_user_cas32(uaddr_t addr, uint32_t *expected,
                                uint32_t desired);

/* Copies a page of user memory from one frame to another. User code may write
 * the source meanwhile; no tool looks at either frame. */
void hal_copy_page(paddr_t to, paddr_t from);

HAL_DECLS_END

#endif /* HAL_UACCESS_H */
