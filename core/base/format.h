/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/format.h - text from values.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %%, with flags - 0 + space #, width,
 * precision (also *), and the lengths hh h l ll z j t. No floating point, no
 * %n.
 */
#ifndef CORE_BASE_FORMAT_H
#define CORE_BASE_FORMAT_H

#include <stdarg.h>

#include "core/base/defs.h"

C_DECLS_BEGIN

/* Writes at most size bytes, the last a NUL when size > 0. Returns the length
 * the whole text would have, as C's snprintf(). */
size_t format(char *to, size_t size, const char *fmt, ...) PRINTF(3, 4);
size_t format_list(char *to, size_t size, const char *fmt, va_list args)
    PRINTF(3, 0);

C_DECLS_END

#endif /* CORE_BASE_FORMAT_H */
