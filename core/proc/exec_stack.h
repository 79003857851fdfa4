/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_stack.h - what a program finds on its stack when it starts
 * (x86-64 psABI 3.4.1; getauxval(3)).
 */
#ifndef CORE_PROC_EXEC_STACK_H
#define CORE_PROC_EXEC_STACK_H

#include "core/base/defs.h"
#include "hal/types.h"

struct aspace;
struct elf_image;
struct exec_args;

C_DECLS_BEGIN

/*
 * Maps the stack into as, which is active on this CPU, and writes arguments,
 * environment and auxiliary vector. Sets *stack to the first rsp. 0, -ENOMEM,
 * -EFAULT. May sleep.
 */
MUST_USE int exec_stack_build(struct aspace *as, const struct elf_image *image,
                              uaddr_t bias, const struct exec_args *args,
                              uaddr_t *stack);

C_DECLS_END

#endif /* CORE_PROC_EXEC_STACK_H */
