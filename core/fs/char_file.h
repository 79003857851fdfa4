/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/char_file.h - open files of character devices.
 *
 * Bytes go through kernel memory in chunks; a signal ends a long transfer
 * between two of them (random(4)). lseek(2) stays at 0.
 */
#ifndef CORE_FS_CHAR_FILE_H
#define CORE_FS_CHAR_FILE_H

#include "core/fs/file.h"

enum { CHAR_CHUNK = 4096 }; /* bytes that a device is asked for at once */

C_DECLS_BEGIN

/*
 * open(2) of a device node: number as stat(2) has it, flags LX_O_*. *out has
 * one reference and no path yet. 0, -ENXIO (no such device), -ENFILE, -ENOMEM,
 * or what the device says. May sleep.
 */
MUST_USE int char_open(uint64_t number, unsigned flags, struct file **out);

C_DECLS_END

#endif /* CORE_FS_CHAR_FILE_H */
