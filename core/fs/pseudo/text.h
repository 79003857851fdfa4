/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pseudo/text.h - text that grows: what a pseudo file shows.
 */
#ifndef CORE_FS_PSEUDO_TEXT_H
#define CORE_FS_PSEUDO_TEXT_H

#include "core/base/defs.h"

enum { TEXT_MAX = 4 << 20 }; /* bytes */

struct text {
    char *bytes; /* NULL: none yet */
    size_t size, capacity;
    bool has_failed; /* memory ran out: what was added is lost */
};

C_DECLS_BEGIN

/* Adds what format() makes, or bytes. May sleep. */
void text_add(struct text *text, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_add_bytes(struct text *text, const void *bytes, size_t size);

void text_free(struct text *text);

C_DECLS_END

#endif /* CORE_FS_PSEUDO_TEXT_H */
