/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/cmdline.c - the contract is in cmdline.h.
 */
#include "hal/x86_64/cmdline.h"

#include "core/base/defs.h"
#include "core/base/string.h"

enum { WORD_MAX = 64 };

/* Past the word that line begins with, and the spaces after it. */
static const char *skip_word(const char *line)
{
    while (*line != '\0' && *line != ' ')
        line++;
    while (*line == ' ')
        line++;
    return line;
}

/* Does the word that line begins with end after size bytes? */
static bool ends_after(const char *line, size_t size)
{
    return line[size] == '\0' || line[size] == ' ';
}

const char *cmdline_find(const char *line, const char *head)
{
    const char *found = NULL;

    for (line += *line == ' '; *line != '\0'; line = skip_word(line)) {
        if (str_starts(line, "--") && ends_after(line, 2))
            break;
        if (str_starts(line, head))
            found = line + str_length(head, WORD_MAX);
    }
    return found;
}

const char *cmdline_first(const char *line, const char *head)
{
    for (line += *line == ' '; *line != '\0'; line = skip_word(line)) {
        if (str_starts(line, "--") && ends_after(line, 2))
            break;
        if (str_starts(line, head))
            return line + str_length(head, WORD_MAX);
    }
    return NULL;
}

bool cmdline_has(const char *line, const char *head, const char *value)
{
    const char *at = cmdline_find(line, head);

    return at != NULL && str_starts(at, value) &&
           ends_after(at, str_length(value, WORD_MAX));
}

uint64_t cmdline_number(const char *line, const char *head, uint64_t max)
{
    const char *at = cmdline_find(line, head);
    unsigned shift = 0;
    uint64_t n = 0;

    if (at == NULL)
        return 0;
    for (; *at >= '0' && *at <= '9' && n <= UINT64_MAX / 16; at++)
        n = n * 10 + (uint64_t)(*at - '0');
    if (*at == 'K' || *at == 'k')
        shift = 10;
    else if (*at == 'M' || *at == 'm')
        shift = 20;
    else if (*at == 'G' || *at == 'g')
        shift = 30;
    return n > max >> shift ? max : n << shift;
}
