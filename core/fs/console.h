/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/console.h - init's three streams as files, and /dev/console.
 *
 * Where a terminal sits behind the HAL's streams, all three are one open file
 * of the console's terminal (core/dev/console.h); it becomes nobody's
 * controlling terminal by being opened (console(4)). Otherwise bytes pass as
 * they are, and /dev/console is the first two of them.
 */
#ifndef CORE_FS_CONSOLE_H
#define CORE_FS_CONSOLE_H

#include "core/fs/file.h"
#include "hal/platform.h"

C_DECLS_BEGIN

/* Connects to the HAL's streams and registers the devices. Once, at boot; 0,
 * -EBUSY, -ENOMEM. */
MUST_USE int console_init(void);

/* The file of a stream, with a reference for the caller. */
struct file *console_file(enum hal_stream stream);

C_DECLS_END

#endif /* CORE_FS_CONSOLE_H */
