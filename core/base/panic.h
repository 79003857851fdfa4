/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/panic.h - the end, when the kernel finds itself broken.
 *
 * Never for what user code, an image or a device did: those get an errno.
 */
#ifndef CORE_BASE_PANIC_H
#define CORE_BASE_PANIC_H

#include "core/base/defs.h"

enum { EXIT_PANIC = 120 }; /* what hal_power_off() is told */

C_DECLS_BEGIN

/* Prints "panic: ..." with CPU and a symbolised backtrace on the log and
 * powers off with EXIT_PANIC. A panic inside a panic prints one line. */
NORETURN void panic(const char *fmt, ...) PRINTF(1, 2);

C_DECLS_END

#endif /* CORE_BASE_PANIC_H */
