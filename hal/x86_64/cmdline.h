/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/cmdline.h - the few words of the command line that the HAL reads.
 *
 * Words are separated by spaces; what follows "--" is init's.
 */
#ifndef HAL_X86_64_CMDLINE_H
#define HAL_X86_64_CMDLINE_H

#include "hal/types.h"

HAL_DECLS_BEGIN

/* What follows head ("mem=") in the last word that begins with it, up to the
 * end of the line; NULL when there is none. */
const char *cmdline_find(const char *line, const char *head);

/* The same of the first such word; the next is found by asking again from
 * there. */
const char *cmdline_first(const char *line, const char *head);

/* Is there the word head followed by value? */
bool cmdline_has(const char *line, const char *head, const char *value);

/* The decimal number after head, times 2^10, 2^20 or 2^30 with K, M or G, at
 * most max; 0 when there is none. */
uint64_t cmdline_number(const char *line, const char *head, uint64_t max);

HAL_DECLS_END

#endif /* HAL_X86_64_CMDLINE_H */
