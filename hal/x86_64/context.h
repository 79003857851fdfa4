/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/context.h - between context.c and context.S.
 */
#ifndef HAL_X86_64_CONTEXT_H
#define HAL_X86_64_CONTEXT_H

#include "hal/types.h"

struct cpu_block;

HAL_DECLS_BEGIN

/* Saves the preserved registers, stores rsp at *from_sp, loads to_sp and the
 * registers saved there, and returns. */
void context_switch(uint64_t *from_sp, uint64_t to_sp);

/* Where a context begins: calls rbx with r12. */
void context_start(void);

/* Makes the stack that ends at stack_top the boot context of a CPU, whose rsp
 * begins at the context. */
void context_boot_setup(struct cpu_block *block, uint64_t stack_top);

HAL_DECLS_END

#endif /* HAL_X86_64_CONTEXT_H */
