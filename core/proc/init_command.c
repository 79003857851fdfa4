/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/init_command.c - which program is init; contract in
 * boot_options.h.
 */
#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/store.h"
#include "core/mem/cache.h"
#include "core/proc/boot_options.h"

static const char argv_file[] = "cyphera.argv";

/* The environment that Linux gives to init. */
static const char *const environment[] = {"HOME=/", "TERM=linux"};

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

static int add_environment(struct init_command *command)
{
    int error = 0;

    for (size_t i = 0; i < COUNT_OF(environment) && error == 0; i++) {
        command->args.envc++;
        error = add_string(command, environment[i]);
    }
    return error;
}

/* Takes the strings of the file as they are. */
static int take_argv_file(struct store *store, struct store_node *node,
                          struct init_command *command)
{
    uint64_t size = store_size(node);
    size_t got;

    if (size > EXEC_STRINGS_MAX)
        return -E2BIG;
    got = store_read(node, 0, command->strings, (size_t)size);
    if (got < 2 || got != size || command->strings[0] == '\0' ||
        command->strings[got - 1] != '\0')
        return -EINVAL;
    command->args.strings_size = got;
    for (size_t i = 0; i < got; i++)
        command->args.argc += command->strings[i] == '\0';
    return store_unlink(store, argv_file);
}

/* The first usual place that is there: 0, -ENOENT, -ENOMEM. */
static int find_usual(struct store *store, const char **out)
{
    static const char *const places[] = {"/init", "/sbin/init", "/etc/init",
                                         "/bin/init", "/bin/sh"};
    struct store_node *node;

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        int error = store_lookup(store, places[i], 0, &node);

        *out = places[i];
        if (error == 0 || error == -ENOMEM)
            return error;
    }
    return -ENOENT;
}

static int take_options(struct store *store, const struct boot_options *options,
                        struct init_command *command)
{
    const char *path = options->init;
    int error = path != NULL ? 0 : find_usual(store, &path);

    if (error == 0)
        error = add_argument(command, path);
    for (unsigned i = 0; i < options->arg_count && error == 0; i++)
        error = add_argument(command, options->args[i]);
    return error;
}

int init_command_find(struct store *store, const struct boot_options *options,
                      struct init_command *out)
{
    struct store_node *node;
    int error;

    *out = (struct init_command){0};
    out->strings = kmem_alloc(EXEC_STRINGS_MAX, MEM_WAIT, NULL);
    if (out->strings == NULL)
        return -ENOMEM;
    error = store_lookup(store, argv_file, 0, &node);
    if (error == 0)
        error = take_argv_file(store, node, out);
    else if (error != -ENOMEM)
        error = take_options(store, options, out);
    if (error == 0)
        error = add_environment(out);
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
