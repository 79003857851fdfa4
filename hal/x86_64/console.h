/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/console.h - init's streams and the log on the serial ports.
 *
 * COM1 is init's input and output, COM2 its error output where there is one,
 * QEMU's debug port the log where there is one; what is missing falls to COM1.
 */
#ifndef HAL_X86_64_CONSOLE_H
#define HAL_X86_64_CONSOLE_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* Finds the ports; the log works from here on. First thing at boot. */
void console_setup(void);

/* Takes the word cyphera.stdin= of the command line and begins to take input.
 * The lines are set up. Returns 0 or an errno of hal_irq_attach(). */
HAL_MUST_USE int console_start(const char *command_line);

/* Waits for the line that another CPU writes to the log, and lets no other
 * write any more. Interrupts are off. */
void console_close_log(void);

/* Returns when all output has left. */
void console_drain(void);

HAL_DECLS_END

#endif /* HAL_X86_64_CONSOLE_H */
