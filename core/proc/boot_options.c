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

/* Linux's own, which mean nothing here and never reach init. */
static const char *const linux_names[] = {
    "acpi",      "audit",       "clocksource",
    "earlycon",  "earlyprintk", "ignore_loglevel",
    "initrd",    "ip",          "isolcpus",
    "lpj",       "maxcpus",     "mem",
    "memmap",    "mitigations", "nohz",
    "nr_cpus",   "panic",       "pci",
    "reboot",    "resume",      "root",
    "rootdelay", "rootflags",   "rootfstype",
    "selinux",   "tsc",         "tsc_early_khz",
    "vdso",      "vga",
};

/* The length of a word's name, when it is "name=value"; 0: it is not. */
static size_t name_length(const char *word)
{
    size_t length = 0;

    while (word[length] != '\0' && word[length] != '=')
        length++;
    return word[length] == '=' ? length : 0;
}

static bool is_same_name(const char *word, const char *other, size_t length)
{
    return str_length(other, length + 1) > length - 1 &&
           mem_equal(word, other, length) &&
           (other[length] == '=' || other[length] == '\0');
}

static bool is_for_env(const char *word, size_t length)
{
    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++)
        if (word[i] == '.')
            return false;
    for (size_t i = 0; i < COUNT_OF(linux_names); i++)
        if (is_same_name(word, linux_names[i], length))
            return false;
    return true;
}

/* The last of a name counts, at the place of the first. */
static void take_env(const char *word, struct boot_options *out)
{
    size_t length = name_length(word);

    if (!is_for_env(word, length))
        return;
    for (unsigned i = 0; i < out->env_count; i++)
        if (is_same_name(word, out->env[i], length)) {
            out->env[i] = word;
            return;
        }
    if (out->env_count < BOOT_WORDS_MAX)
        out->env[out->env_count++] = word;
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
    else if (str_equal(word, "norandmaps"))
        out->fixed_places = true;
    else if ((value = value_of(word, "loglevel")) != NULL)
        take_level(value, out);
    else if ((value = value_of(word, "strace")) != NULL)
        out->strace = value;
    else if ((value = value_of(word, "fault")) != NULL)
        out->fault_plan = value;
    else if ((value = value_of(word, "console")) != NULL)
        out->console = value;
    else if ((value = value_of(word, "rdinit")) != NULL)
        out->init = value;
    else if ((value = value_of(word, "init")) != NULL)
        out->init = out->init == NULL ? value : out->init;
    else
        take_env(word, out);
}

void boot_options_parse(const char *line, struct boot_options *out)
{
    bool is_for_init = false;
    char *at, *word;

    mem_set(out, 0, sizeof(*out));
    out->env[out->env_count++] = "HOME=/"; /* what Linux gives to init */
    out->env[out->env_count++] = "TERM=linux";
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
