/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/string.h - bytes and C strings of the kernel's own memory.
 *
 * No name of libc's: in the hosted kernel those are the host's. The compiler
 * turns the mem_* calls into its builtins, so no speed is lost.
 */
#ifndef CORE_BASE_STRING_H
#define CORE_BASE_STRING_H

#include "core/base/defs.h"

static inline void mem_copy(void *to, const void *from, size_t size)
{
    __builtin_memcpy(to, from, size);
}

static inline void mem_move(void *to, const void *from, size_t size)
{
    __builtin_memmove(to, from, size);
}

static inline void mem_set(void *to, int byte, size_t size)
{
    __builtin_memset(to, byte, size);
}

static inline bool mem_equal(const void *a, const void *b, size_t size)
{
    return __builtin_memcmp(a, b, size) == 0;
}

C_DECLS_BEGIN

/* Bytes before the NUL, at most max. */
size_t str_length(const char *s, size_t max);

/* Are two NUL-terminated strings the same? */
bool str_equal(const char *a, const char *b);

/* Does s begin with prefix? */
bool str_starts(const char *s, const char *prefix);

/* Copies s and a NUL into size > 0 bytes, cut where it must be; returns the
 * length of s. */
size_t str_copy(char *to, const char *s, size_t size);

/* The value of a digit in any base up to 16; 16 for what is no digit. */
unsigned str_digit(char c);

/*
 * Reads an unsigned number: decimal, 0x hexadecimal, or 0 octal; all of s up to
 * the NUL. Returns 0, -EINVAL for what is no number, -ERANGE for one over max.
 */
MUST_USE int str_to_u64(const char *s, uint64_t max, uint64_t *out);

C_DECLS_END

#endif /* CORE_BASE_STRING_H */
