/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/loop.h - a user thread's life: run, trap, handle, again.
 */
#ifndef CORE_SYSCALL_LOOP_H
#define CORE_SYSCALL_LOOP_H

#include "core/base/defs.h"

struct thread;

C_DECLS_BEGIN

/* Runs the user side of self, the running thread, until it ends. */
NORETURN void user_loop(struct thread *self);

C_DECLS_END

#endif /* CORE_SYSCALL_LOOP_H */
