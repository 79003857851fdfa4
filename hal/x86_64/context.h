/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/context.h - between context.c and context.S.
 */
#ifndef HAL_X86_64_CONTEXT_H
#define HAL_X86_64_CONTEXT_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Saves the preserved registers, stores rsp at *from_sp, loads to_sp and the
 * registers saved there, and returns. */
void context_switch(uint64_t *from_sp, uint64_t to_sp);

/* Where a context begins: calls rbx with r12. */
void context_start(void);

/* Makes the stack that ends at stack_top this CPU's boot context; returns
 * where its rsp begins. */
uint64_t context_boot_setup(uint64_t stack_top);

HAL_DECLS_END

#endif /* HAL_X86_64_CONTEXT_H */
