/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/symbols.h - the names of the kernel's functions, for backtraces.
 *
 * tools/gen_symbols.py makes the table from the first link of a kernel; the
 * second link carries it, in read-only data behind the code. Test programs
 * that are linked flat, and the first link itself, carry an empty one.
 */
#ifndef HAL_COMMON_SYMBOLS_H
#define HAL_COMMON_SYMBOLS_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* How many functions there are. */
extern const uint32_t symbols_count;

/* Where each begins, ascending, in bytes from the linker's symbol
 * symbols_text_start (bare) or __executable_start (hosted). */
extern const uint32_t symbols_offsets[];

/* Where the name of each begins in symbols_text; each ends with a NUL. */
extern const uint32_t symbols_names[];
extern const char symbols_text[];

/*
 * The function that holds the byte at offset from the base named above: the
 * last that begins at or before it. Returns false when there is none; name
 * stays valid, and *distance is in bytes from the function's start. The
 * caller has checked that offset lies in the kernel's code. Any context.
 */
bool symbols_find(uint64_t offset, const char **name, uint64_t *distance);

HAL_DECLS_END

#endif /* HAL_COMMON_SYMBOLS_H */
