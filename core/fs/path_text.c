/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/path_text.c - from a file to its path: getcwd(2), /proc/PID/fd;
 * contract in path.h.
 *
 * The text is built from its end; nothing moves meanwhile.
 */
#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/path.h"

static const char unreachable[] = "(unreachable)";
static const char deleted[] = " (deleted)";

struct writer {
    char *first; /* of the buffer */
    char *at;    /* of the text so far */
    bool is_full;
};

static void put_before(struct writer *writer, const char *text, size_t size)
{
    if (writer->is_full || size > (size_t)(writer->at - writer->first)) {
        writer->is_full = true;
        return;
    }
    writer->at -= size;
    mem_copy(writer->at, text, size);
}

/* Writes the names from at up to root; false: it is not below. */
static bool write_names(struct writer *writer, struct path at,
                        const struct path *root)
{
    while (!path_equal(&at, root)) {
        if (at.dentry == at.mount->root) {
            if (at.mount->parent == at.mount)
                return false;
            at = (struct path){at.mount->parent, at.mount->point};
            continue;
        }
        if (at.dentry->parent == at.dentry)
            return false;
        put_before(writer, at.dentry->name->text, at.dentry->name->size);
        put_before(writer, "/", 1);
        at.dentry = at.dentry->parent;
    }
    return true;
}

/* A file that is nowhere: memfd_create(2) has it with a name. */
static bool is_unnamed(const struct path *path)
{
    return path->dentry->parent == path->dentry &&
           path->dentry != path->dentry->super->root;
}

static void write_all(struct writer *writer, const struct path *path,
                      const struct path *root)
{
    char *end = writer->at;
    const struct dentry_name *name = path->dentry->name;

    if (is_unnamed(path)) {
        put_before(writer, name->text, name->size);
        return;
    }
    if (!write_names(writer, *path, root)) {
        if (writer->at == end)
            put_before(writer, "/", 1);
        put_before(writer, unreachable, sizeof(unreachable) - 1);
    } else if (writer->at == end) {
        put_before(writer, "/", 1);
    }
}

ssize_t path_text(const struct path *path, const struct path *root, char *to,
                  size_t size, const char **out)
{
    struct writer writer = {.first = to, .at = to + size};

    put_before(&writer, "", 1);
    tree_lock();
    if (dentry_is_dropped(path->dentry) || is_unnamed(path))
        put_before(&writer, deleted, sizeof(deleted) - 1);
    write_all(&writer, path, root);
    tree_unlock();
    if (writer.is_full)
        return -ENAMETOOLONG;
    *out = writer.at;
    return (ssize_t)(to + size - 1 - writer.at);
}
