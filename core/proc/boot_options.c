/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/boot_options.c - contract in boot_options.h.
 */
#include "core/proc/boot_options.h"

#include "core/base/log.h"
#include "core/base/string.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Cuts the next word out of *at and ends it with a NUL; NULL at the end. Quotes
 * keep spaces together and vanish.
 */
static char *take_word(char **at)
{
    char *from = *at, *word, *to;
    bool quoted = false;

    while (is_space(*from))
        from++;
    if (*from == '\0')
        return NULL;
    word = to = from;
    for (; *from != '\0' && (quoted || !is_space(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    if (*from != '\0')
        from++;
    *to = '\0';
    *at = from;
    return word;
}

/* The value when word is "name=value". */
static const char *value_of(const char *word, const char *name)
{
    size_t length = str_length(name, BOOT_TEXT_MAX);

    return str_starts(word, name) && word[length] == '=' ? word + length + 1
                                                         : NULL;
}

static void take_level(const char *text, struct boot_options *out)
{
    uint64_t level;

    if (str_to_u64(text, LOG_DEBUG + 1, &level) == 0)
        out->log_level = (int)level;
}

static void take_option(const char *word, struct boot_options *out)
{
    const char *value;

    if (str_equal(word, "quiet"))
        out->log_level = LOG_CONSOLE_QUIET;
    else if (str_equal(word, "debug"))
        out->log_level = LOG_DEBUG + 1;
    else if ((value = value_of(word, "loglevel")) != NULL)
        take_level(value, out);
    else if ((value = value_of(word, "strace")) != NULL)
        out->strace = value;
    else if ((value = value_of(word, "fault")) != NULL)
        out->fault_plan = value;
    else if ((value = value_of(word, "rdinit")) != NULL)
        out->init = value;
    else if ((value = value_of(word, "init")) != NULL && out->init == NULL)
        out->init = value;
}

void boot_options_parse(const char *line, struct boot_options *out)
{
    bool is_for_init = false;
    char *at, *word;

    mem_set(out, 0, sizeof(*out));
    out->log_level = LOG_CONSOLE_DEFAULT;
    (void)str_copy(out->text, line, sizeof(out->text));
    at = out->text;
    while ((word = take_word(&at)) != NULL) {
        if (!is_for_init && str_equal(word, "--"))
            is_for_init = true;
        else if (!is_for_init)
            take_option(word, out);
        else if (out->arg_count < BOOT_WORDS_MAX)
            out->args[out->arg_count++] = word;
    }
}
