/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_script.c - contract in exec_script.h.
 */
#include "core/proc/exec_script.h"

#include "core/abi/errno.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool exec_script_is(const char *head, size_t size)
{
    return size >= 2 && head[0] == '#' && head[1] == '!';
}

int exec_script_parse(const char *head, size_t size, struct exec_script *out)
{
    size_t at = 2, end, name_end;
    bool is_whole;

    for (end = at; end < size && head[end] != '\n' && head[end] != '\0'; end++)
        continue;
    /* A shorter file ends its line where it ends. */
    is_whole = end < EXEC_HEAD;
    if (!is_whole)
        end--; /* Linux keeps the last byte for a NUL */
    while (end > at && is_blank(head[end - 1]))
        end--;
    while (at < end && is_blank(head[at]))
        at++;
    for (name_end = at; name_end < end && !is_blank(head[name_end]); name_end++)
        continue;
    if (name_end == at || (name_end == end && !is_whole))
        return -ENOEXEC;
    *out = (struct exec_script){.interpreter = head + at,
                                .interpreter_length = name_end - at};
    for (at = name_end; at < end && is_blank(head[at]); at++)
        continue;
    if (at < end) {
        out->argument = head + at;
        out->argument_length = end - at;
    }
    return 0;
}
