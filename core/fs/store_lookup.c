/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/store_lookup.c - path_resolution(7) in the store.
 *
 * No recursion: the path still to walk stands in a buffer, and a link's target
 * is put in front of what is left of it.
 */
#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/base/string.h"
#include "core/fs/store_impl.h"
#include "core/mem/cache.h"

struct walk {
    struct store *store;
    struct store_node *at;
    size_t from;    /* rest[from..] is still to walk; ends with a NUL */
    unsigned links; /* followed so far */
    unsigned flags;
    char *rest; /* STORE_PATH_MAX bytes */
};

/* Puts target in front of what is left. */
static int splice_target(struct walk *walk, const char *target, size_t size)
{
    size_t left = str_length(walk->rest + walk->from, STORE_PATH_MAX);

    if (++walk->links > STORE_LINKS_MAX)
        return -ELOOP;
    if (size == 0)
        return -ENOENT;
    if (size + left + 1 > STORE_PATH_MAX)
        return -ENAMETOOLONG;
    mem_move(walk->rest + size, walk->rest + walk->from, left + 1);
    mem_copy(walk->rest, target, size);
    walk->from = 0;
    if (target[0] == '/')
        walk->at = walk->store->root;
    return 0;
}

/* Goes through one component of size bytes at walk->from. */
static int walk_component(struct walk *walk, size_t size)
{
    const char *text = walk->rest + walk->from;
    struct store_name *name;
    const char *target;
    size_t target_size = 0;
    bool is_last;

    if ((walk->at->attributes.mode & LX_S_IFMT) != LX_S_IFDIR)
        return -ENOTDIR;
    if (size > STORE_NAME_MAX)
        return -ENAMETOOLONG;
    walk->from += size;
    if (size == 1 && text[0] == '.')
        return 0;
    if (size == 2 && text[0] == '.' && text[1] == '.') {
        walk->at = walk->at->parent;
        return 0;
    }
    name = store_find(walk->at, text, size);
    if (name == NULL)
        return -ENOENT;
    is_last = walk->rest[walk->from] == '\0';
    target = store_target(name->node, &target_size);
    if (target != NULL && !(is_last && (walk->flags & STORE_NOFOLLOW) != 0))
        return splice_target(walk, target, target_size);
    walk->at = name->node;
    return 0;
}

static int walk_path(struct walk *walk)
{
    for (;;) {
        const char *at = walk->rest + walk->from;
        size_t size = 0;
        int error;

        while (at[size] != '\0' && at[size] != '/')
            size++;
        if (size > 0) {
            error = walk_component(walk, size);
            if (error != 0)
                return error;
            continue;
        }
        if (at[0] == '\0')
            return 0;
        /* A slash: what it follows must be a directory. */
        if ((walk->at->attributes.mode & LX_S_IFMT) != LX_S_IFDIR)
            return -ENOTDIR;
        walk->from++;
    }
}

int store_lookup(struct store *store, const char *path, unsigned flags,
                 struct store_node **out)
{
    struct walk walk = {.store = store, .at = store->root, .flags = flags};
    size_t size = str_length(path, STORE_PATH_MAX);
    int error;

    if (size == 0)
        return -ENOENT;
    if (size == STORE_PATH_MAX)
        return -ENAMETOOLONG;
    walk.rest = kmem_alloc(STORE_PATH_MAX, MEM_WAIT, NULL);
    if (walk.rest == NULL)
        return -ENOMEM;
    mem_copy(walk.rest, path, size + 1);
    error = walk_path(&walk);
    kmem_free(walk.rest, STORE_PATH_MAX);
    if (error == 0)
        *out = walk.at;
    return error;
}
