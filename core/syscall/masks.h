/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/masks.h - the signal mask that a call brings along: ppoll(2),
 * pselect(2), epoll_pwait(2).
 */
#ifndef CORE_SYSCALL_MASKS_H
#define CORE_SYSCALL_MASKS_H

#include "core/base/defs.h"
#include "hal/types.h"

struct thread;

C_DECLS_BEGIN

/* Puts the mask at from, of size bytes, in force for this call; 0: none. 0,
 * -EINVAL, -EFAULT. May sleep. */
MUST_USE int mask_take(struct thread *self, uaddr_t from, uint64_t size);

/* The end of the call: the old mask comes back, at once or, when a signal cut
 * the call short, after its handler. */
void mask_give_back(struct thread *self, bool was_interrupted);

C_DECLS_END

#endif /* CORE_SYSCALL_MASKS_H */
