/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/machine.h - what the files of the kernel side share, beyond the
 * CPUs of hal/hosted/cpu.h.
 */
#ifndef HAL_HOSTED_MACHINE_H
#define HAL_HOSTED_MACHINE_H

#include "hal/hosted/cpu.h"

/* Of the compiler's instrumentation, none: for code that reads what is not an
 * object (a stack walk) or runs while a stack is being exchanged. */
#if defined(__clang__)
#define HOSTED_RAW \
    __attribute__((no_sanitize("address", "undefined"), \
                   disable_sanitizer_instrumentation))
#else
#define HOSTED_RAW \
    __attribute__((no_sanitize("address", "undefined", "thread")))
#endif

HAL_DECLS_BEGIN

/* context.c: makes the CPU's boot context, runs entry(arg) on it, and returns,
 * on the host thread's own stack, once hosted_context_quit() was called on
 * this CPU. False when there is no memory for a stack. */
bool hosted_context_run(struct hosted_cpu *cpu, void (*entry)(void *arg),
                        void *arg);

/* Leaves whatever context runs here for good. Interrupts are off. */
HAL_NORETURN void hosted_context_quit(struct hosted_cpu *cpu);

/* The stack of the context that runs on this CPU, [*start, *end); false on a
 * stack that is not a context's. */
bool hosted_context_stack(uint64_t *start, uint64_t *end);

/* clock.c: this CPU's deadline may have passed. Interrupts are off. */
void hosted_clock_interrupt(struct hosted_cpu *cpu);

/* lines.c: runs the handlers of the lines raised for this CPU, one at most;
 * true when it ran one. Interrupts are off. */
bool hosted_lines_dispatch(struct hosted_cpu *cpu);

/* platform.c: calls what hal_console_attach() named. Interrupts are off. */
void hosted_console_interrupt(void);

HAL_DECLS_END

#endif /* HAL_HOSTED_MACHINE_H */
