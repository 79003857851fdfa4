/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/context.h - kernel stacks, and switching between them.
 *
 * A context is a stack and the registers that a call preserves. Its size and
 * guard belong to the HAL (16 KiB bare, 64 KiB and more hosted): running off
 * the end stops in a guard page with a message, not in a neighbour.
 */
#ifndef HAL_CONTEXT_H
#define HAL_CONTEXT_H

#include "hal/types.h"

struct hal_context; /* opaque */

HAL_DECLS_BEGIN

/*
 * Makes a context that, first switched to, calls entry(arg) with interrupts
 * off; entry never returns. Returns 0 or -ENOMEM. May sleep.
 */
HAL_MUST_USE int hal_context_create(void (*entry)(void *arg), void *arg,
                                    struct hal_context **out);

/* Frees it. No CPU may run on it; it was switched away from for good, or never
 * ran. May sleep. */
void hal_context_destroy(struct hal_context *context);

/* Frames of core_frames_alloc() that serve contexts and stay when these are
 * gone, so as to serve others. They grow with the contexts that there were at
 * once. Any context. */
uint64_t hal_context_frames(void);

/* The context this CPU booted on, for its idle thread. Never destroyed. */
struct hal_context *hal_context_boot(void);

/*
 * Saves the running context in from and goes on in to; returns when someone
 * switches back. Interrupts are off, before and after; those pending may be
 * taken when they are next enabled. User FPU state that is live in this CPU is
 * put away, so that to may resume on another CPU.
 */
void hal_context_switch(struct hal_context *from, struct hal_context *to);

/* The same for a context that will never run again: from may be destroyed once
 * another context runs on this CPU. */
HAL_NORETURN void hal_context_leave(struct hal_context *from,
                                    struct hal_context *to);

HAL_DECLS_END

#endif /* HAL_CONTEXT_H */
