/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/boot_options.h - what the kernel command line asks for
 * (bootparam(7)), and which program init is.
 *
 * Words the kernel does not know are not errors: those of the form name=value
 * become init's environment, unless they name a module's parameter (a dot in
 * name) or one of Linux's own. What follows "--" goes to init as arguments.
 */
#ifndef CORE_PROC_BOOT_OPTIONS_H
#define CORE_PROC_BOOT_OPTIONS_H

#include "core/proc/exec.h"

struct path_ask;

enum { BOOT_WORDS_MAX = 64, BOOT_TEXT_MAX = 4096 };

struct boot_options {
    int log_level;          /* loglevel=N, quiet, debug */
    bool fixed_places;      /* norandmaps */
    const char *strace;     /* strace=FILTER, NULL: off */
    const char *fault_plan; /* fault=PLAN, NULL: none */
    const char *init;       /* rdinit= or init=, NULL: the usual places */
    const char *console;    /* the last console=, or NULL */
    unsigned arg_count;     /* words after "--" */
    const char *args[BOOT_WORDS_MAX];
    unsigned env_count; /* "name=value" words for init; no name twice */
    const char *env[BOOT_WORDS_MAX];
    char text[BOOT_TEXT_MAX]; /* the command line, cut into words */
};

/* A program to start, with memory of its own. */
struct init_command {
    struct exec_args args;
    char *strings; /* EXEC_STRINGS_MAX bytes */
};

C_DECLS_BEGIN

/* Reads a command line; a double-quoted value may hold spaces. */
void boot_options_parse(const char *line, struct boot_options *out);

/*
 * Finds out what to run: the file "cyphera.argv" of the store (NUL-terminated
 * strings, the path first; the file is taken away), else init of the options,
 * else the first that is there of /init, /sbin/init, /etc/init, /bin/init and
 * /bin/sh. 0; -ENOENT; -EINVAL for a damaged cyphera.argv; -E2BIG, -ENOMEM.
 */
MUST_USE int init_command_find(const struct path_ask *ask,
                               const struct boot_options *options,
                               struct init_command *out);
void init_command_free(struct init_command *command);

C_DECLS_END

#endif /* CORE_PROC_BOOT_OPTIONS_H */
