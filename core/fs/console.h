/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/console.h - init's three streams as files.
 *
 * Bytes pass as they are. There is no line discipline yet: also where a
 * terminal sits behind the streams, ioctl(2) says ENOTTY.
 */
#ifndef CORE_FS_CONSOLE_H
#define CORE_FS_CONSOLE_H

#include "core/fs/file.h"
#include "hal/platform.h"

C_DECLS_BEGIN

/* Connects to the HAL's streams. Once, at boot. */
void console_init(void);

/* The file of a stream, with a reference for the caller. */
struct file *console_file(enum hal_stream stream);

C_DECLS_END

#endif /* CORE_FS_CONSOLE_H */
