/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/fs_options.h - the options of a mount: "name=value,flag,...".
 */
#ifndef CORE_FS_FS_OPTIONS_H
#define CORE_FS_FS_OPTIONS_H

#include "core/base/defs.h"

enum { FS_OPTION_MAX = 256 }; /* bytes of one, with a NUL */

C_DECLS_BEGIN

/* Gives each option to take, value "" where there is none: 0, -EINVAL (one is
 * too long), or what take said. */
MUST_USE int fs_options_parse(const char *options,
                              int (*take)(void *arg, const char *name,
                                          const char *value),
                              void *arg);

/* A number with k, m, g, or % of whole (0: no %). 0 or -EINVAL. */
MUST_USE int fs_option_size(const char *value, uint64_t whole, uint64_t *out);

/* A decimal number of at most max: 0 or -EINVAL. */
MUST_USE int fs_option_number(const char *value, uint64_t max, uint64_t *out);

/* An octal number of at most max: 0 or -EINVAL. */
MUST_USE int fs_option_octal(const char *value, uint64_t max, uint64_t *out);

C_DECLS_END

#endif /* CORE_FS_FS_OPTIONS_H */
