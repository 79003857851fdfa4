/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/init_command.c - which program is init; contract in
 * boot_options.h.
 */
#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/names.h"
#include "core/mem/cache.h"
#include "core/proc/boot_options.h"

static const char argv_file[] = "cyphera.argv";

/* Adds a string with its NUL: 0 or -E2BIG. */
static int add_string(struct init_command *command, const char *text)
{
    size_t size = str_length(text, EXEC_STRINGS_MAX) + 1;

    if (size > EXEC_STRINGS_MAX - command->args.strings_size)
        return -E2BIG;
    mem_copy(command->strings + command->args.strings_size, text, size);
    command->args.strings_size += size;
    return 0;
}

static int add_argument(struct init_command *command, const char *text)
{
    command->args.argc++;
    return add_string(command, text);
}

static int add_environment(const struct boot_options *options,
                           struct init_command *command)
{
    int error = 0;

    for (unsigned i = 0; i < options->env_count && error == 0; i++) {
        command->args.envc++;
        error = add_string(command, options->env[i]);
    }
    return error;
}

/* Takes the strings of the file as they are, and the file away. */
static int take_argv_file(const struct path_ask *ask, struct inode *inode,
                          struct init_command *command)
{
    uint64_t size = inode_size(inode);
    ssize_t got;

    if (size > EXEC_STRINGS_MAX)
        return -E2BIG;
    got = inode_read(inode, 0, command->strings, (size_t)size);
    if (got < 0)
        return (int)got;
    if (got < 2 || (uint64_t)got != size || command->strings[0] == '\0' ||
        command->strings[got - 1] != '\0')
        return -EINVAL;
    command->args.strings_size = (size_t)got;
    for (ssize_t i = 0; i < got; i++)
        command->args.argc += command->strings[i] == '\0';
    return name_unlink(ask, argv_file);
}

/* The first usual place that is there: 0, -ENOENT, -ENOMEM. */
static int find_usual(const struct path_ask *ask, const char **out)
{
    static const char *const places[] = {"/init", "/sbin/init", "/etc/init",
                                         "/bin/init", "/bin/sh"};
    struct path path;

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        int error = path_find(ask, places[i], &path);

        if (error == 0)
            path_put(&path);
        *out = places[i];
        if (error == 0 || error == -ENOMEM)
            return error;
    }
    return -ENOENT;
}

static int take_options(const struct path_ask *ask,
                        const struct boot_options *options,
                        struct init_command *command)
{
    const char *path = options->init;
    int error = path != NULL ? 0 : find_usual(ask, &path);

    if (error == 0)
        error = add_argument(command, path);
    for (unsigned i = 0; i < options->arg_count && error == 0; i++)
        error = add_argument(command, options->args[i]);
    return error;
}

int init_command_find(const struct path_ask *ask,
                      const struct boot_options *options,
                      struct init_command *out)
{
    struct path path;
    int error;

    *out = (struct init_command){0};
    out->strings = kmem_alloc(EXEC_STRINGS_MAX, MEM_WAIT, NULL);
    if (out->strings == NULL)
        return -ENOMEM;
    error = path_find(ask, argv_file, &path);
    if (error == 0) {
        error = take_argv_file(ask, path_inode(&path), out);
        path_put(&path);
    } else if (error != -ENOMEM) {
        error = take_options(ask, options, out);
    }
    if (error == 0)
        error = add_environment(options, out);
    if (error != 0) {
        init_command_free(out);
        return error;
    }
    out->args.path = out->strings;
    out->args.strings = out->strings;
    return 0;
}

void init_command_free(struct init_command *command)
{
    kmem_free(command->strings, EXEC_STRINGS_MAX);
    command->strings = NULL;
}
