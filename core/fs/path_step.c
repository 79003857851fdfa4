/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/path_step.c - the steps of a walk: names, "..", mounts, links.
 *
 * Each step does the same for both kinds of walk; only what a place is (with or
 * without references) and where a name is looked for differ.
 */
#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/atime.h"
#include "core/fs/path_impl.h"

static bool has_flag(const struct walk *walk, unsigned flag)
{
    return (walk->ask->flags & flag) != 0;
}

/* Makes fresh the walk's place; a slow walk gives it the references. */
static void go_to(struct walk *walk, const struct path *fresh)
{
    if (!walk->fast)
        path_put(&walk->at);
    walk->at = *fresh;
}

int walk_to_root(struct walk *walk)
{
    if (has_flag(walk, PATH_BENEATH))
        return -EXDEV;
    if (has_flag(walk, PATH_NO_MOUNTS) && walk->root.mount != walk->at.mount)
        return -EXDEV;
    if (!walk->fast)
        path_get(&walk->root);
    go_to(walk, &walk->root);
    return 0;
}

void walk_pop(struct walk *walk)
{
    struct link_frame *frame = &walk->frames[--walk->depth];

    walk->rest = frame->rest;
    if (frame->link != NULL)
        inode_put(frame->link);
    if (frame->buffer != NULL)
        path_buffer_free(frame->buffer);
}

/* --- mounts --------------------------------------------------------------- */

/* The mount on a place, with a reference for a slow walk, or NULL. */
static struct mount *covering(const struct walk *walk, const struct path *at)
{
    struct mount *mount;

    if (__atomic_load_n(&at->dentry->mounts, __ATOMIC_RELAXED) == 0)
        return NULL;
    if (walk->fast)
        return mount_at(at->mount, at->dentry);
    tree_lock();
    mount = mount_at(at->mount, at->dentry);
    if (mount != NULL)
        mount_get(mount);
    tree_unlock();
    return mount;
}

/* From a place to the root of what is mounted there, and so on. */
static int go_down(const struct walk *walk, struct path *at)
{
    struct mount *mount;

    while ((mount = covering(walk, at)) != NULL) {
        struct path fresh = {mount, mount->root};

        if (!walk->fast) {
            dentry_get(fresh.dentry);
            path_put(at);
        }
        *at = fresh;
        if (has_flag(walk, PATH_NO_MOUNTS))
            return -EXDEV;
    }
    return 0;
}

/* From the root of a mount to the place it is at; false: it is nowhere. */
static bool go_up(const struct walk *walk, struct path *at)
{
    struct path fresh;

    if (walk->fast) {
        fresh.mount = RCU_LOAD(at->mount->parent);
        fresh.dentry = RCU_LOAD(at->mount->point);
        if (fresh.mount == at->mount)
            return false;
        *at = fresh;
        return true;
    }
    tree_lock();
    fresh = (struct path){at->mount->parent, at->mount->point};
    if (fresh.mount != at->mount)
        path_get(&fresh);
    tree_unlock();
    if (fresh.mount == at->mount)
        return false;
    path_put(at);
    *at = fresh;
    return true;
}

/* at is no mount's root: its directory. */
static void go_to_parent(const struct walk *walk, struct path *at)
{
    struct dentry *parent;

    if (walk->fast) {
        at->dentry = RCU_LOAD(at->dentry->parent);
        return;
    }
    tree_lock();
    parent = at->dentry->parent;
    dentry_get(parent);
    tree_unlock();
    dentry_put(at->dentry);
    at->dentry = parent;
}

/* ".." */
static int walk_up(struct walk *walk)
{
    struct mount *mount = walk->at.mount;

    for (;;) {
        if (path_equal(&walk->at, &walk->root))
            return has_flag(walk, PATH_BENEATH) ? -EXDEV : 0;
        if (walk->at.dentry != walk->at.mount->root)
            break;
        if (!go_up(walk, &walk->at))
            return 0;
    }
    go_to_parent(walk, &walk->at);
    if (has_flag(walk, PATH_NO_MOUNTS) && walk->at.mount != mount)
        return -EXDEV;
    return go_down(walk, &walk->at);
}

/* --- links ---------------------------------------------------------------- */

/* The target of a link, in *buffer if it is not constant. */
static int read_target(struct walk *walk, struct inode *link,
                       const char **target, char **buffer)
{
    ssize_t size;

    *buffer = NULL;
    *target = link->target;
    if (*target != NULL)
        return 0;
    if (link->ops->read_target == NULL)
        return -EINVAL;
    if (walk->fast)
        return WALK_SLOWLY;
    *buffer = path_buffer();
    if (*buffer == NULL)
        return -ENOMEM;
    size = link->ops->read_target(link, *buffer, LX_PATH_MAX - 1);
    if (size < 0) {
        path_buffer_free(*buffer);
        return (int)size;
    }
    (*buffer)[size] = '\0';
    *target = *buffer;
    return 0;
}

/* A link that leads to a place by itself (proc(5)). */
static int jump(struct walk *walk, struct inode *link)
{
    struct path fresh;
    int error;

    if (has_flag(walk, PATH_NO_JUMPS))
        return -ELOOP;
    if (has_flag(walk, PATH_BENEATH | PATH_IN_ROOT))
        return -EXDEV;
    if (walk->fast)
        return WALK_SLOWLY;
    error = link->ops->jump(link, walk->ask->cred, &fresh);
    if (error != 0)
        return error;
    if (has_flag(walk, PATH_NO_MOUNTS) && fresh.mount != walk->at.mount) {
        path_put(&fresh);
        return -EXDEV;
    }
    go_to(walk, &fresh);
    return 0;
}

/* Follows a link in the place the walk is at. */
static int follow(struct walk *walk, struct inode *link)
{
    struct link_frame *frame = &walk->frames[walk->depth];
    const char *target = NULL;
    char *buffer;
    int error;

    if (walk->links++ == PATH_LINKS_MAX || has_flag(walk, PATH_NO_LINKS))
        return -ELOOP;
    atime_touch_at(walk->at.mount, link);
    if (link->ops->jump != NULL)
        return jump(walk, link);
    error = read_target(walk, link, &target, &buffer);
    if (error != 0)
        return error;
    *frame = (struct link_frame){walk->rest, NULL, buffer};
    walk->depth++;
    walk->rest = target;
    if (!walk->fast) {
        inode_get(link);
        frame->link = link;
    }
    if (target[0] == '\0')
        return -ENOENT;
    return target[0] == '/' ? walk_to_root(walk) : 0;
}

/* --- names ---------------------------------------------------------------- */

/* One name of a path. */
struct component {
    struct name name;
    bool is_last;
    bool has_slash; /* behind it */
};

/* Is nothing left of the links around this one? */
static bool is_end(const struct walk *walk)
{
    for (unsigned i = walk->depth; i > 0; i--)
        if (walk->frames[i - 1].rest[0] != '\0')
            return false;
    return true;
}

/* The next name, in *out; false: there is none. */
static bool next_component(struct walk *walk, struct component *out)
{
    const char *at = walk->rest;
    uint32_t hash = 0;

    while (*at == '/')
        at++;
    while (*at == '\0' && walk->depth > 0) {
        walk_pop(walk);
        at = walk->rest;
        while (*at == '/')
            at++;
    }
    if (*at == '\0')
        return false;
    out->name.text = at;
    for (; *at != '\0' && *at != '/'; at++)
        hash = name_hash_byte(hash, *at);
    out->name.size = (uint32_t)(at - out->name.text);
    out->name.hash = hash;
    out->has_slash = *at == '/';
    while (*at == '/')
        at++;
    walk->rest = at;
    out->is_last = *at == '\0' && is_end(walk);
    return true;
}

static bool is_dot(const struct name *name)
{
    return name->size == 1 && name->text[0] == '.';
}

static bool is_dot_dot(const struct name *name)
{
    return name->size == 2 && name->text[0] == '.' && name->text[1] == '.';
}

/* The dentry of a name where the walk is, with a reference for a slow one. */
static int find_child(struct walk *walk, const struct name *name,
                      struct dentry **out)
{
    if (name->size > LX_NAME_MAX)
        return -ENAMETOOLONG;
    if (!walk->fast)
        return dentry_lookup(walk->at.dentry, name, out);
    *out = dentry_find(walk->at.dentry, name);
    return *out != NULL ? 0 : WALK_SLOWLY;
}

/* Goes to a positive child, whose reference a slow walk gives away. */
static int enter_child(struct walk *walk, struct dentry *child)
{
    struct path fresh = {walk->at.mount, child};

    if (!walk->fast)
        mount_get(fresh.mount);
    go_to(walk, &fresh);
    return go_down(walk, &walk->at);
}

static int walk_down(struct walk *walk, const struct component *part)
{
    struct dentry *child = NULL;
    struct inode *inode;
    int error = find_child(walk, &part->name, &child);

    if (error != 0)
        return error;
    inode = dentry_inode(child);
    if (inode == NULL) {
        error = -ENOENT;
    } else if (inode_is_link(inode) &&
               (!part->is_last || walk->must_be_directory ||
                has_flag(walk, PATH_FOLLOW))) {
        error = follow(walk, inode);
    } else {
        return enter_child(walk, child);
    }
    if (!walk->fast)
        dentry_put(child);
    return error;
}

/* May names be looked for where the walk is? */
static int may_search(const struct walk *walk)
{
    const struct inode *dir = dentry_inode(walk->at.dentry);

    if (dir->ops->lookup == NULL)
        return -ENOTDIR;
    return inode_may(dir, walk->ask->cred, MAY_EXEC);
}

/* Keeps the last name for who asked for it. */
static void keep_end(struct walk *walk, const struct component *part)
{
    struct path_end *end = walk->end;

    end->kind = is_dot(&part->name)       ? LAST_DOT
                : is_dot_dot(&part->name) ? LAST_DOT_DOT
                                          : LAST_NAME;
    end->name = part->name;
    end->has_slash = part->has_slash || walk->must_be_directory;
    if (walk->depth > 0 && part->name.size <= LX_NAME_MAX) {
        mem_copy(end->copy, part->name.text, part->name.size);
        end->name.text = end->copy;
    }
}

/* The last name of a walk that stops before it: 0 when it does, or WALK_ON when
 * it was a link. */
enum { WALK_ON = 2 };

static int walk_end(struct walk *walk, const struct component *part)
{
    struct dentry *child = NULL;
    struct inode *inode;
    int error;

    keep_end(walk, part);
    if (!has_flag(walk, PATH_FOLLOW) || walk->end->kind != LAST_NAME)
        return 0;
    error = find_child(walk, &part->name, &child);
    if (error != 0)
        return error;
    inode = dentry_inode(child);
    if (inode == NULL || !inode_is_link(inode) || inode->ops->jump != NULL) {
        walk->child = child;
        return 0;
    }
    walk->must_be_directory = walk->must_be_directory || part->has_slash;
    error = follow(walk, inode);
    if (!walk->fast)
        dentry_put(child);
    return error != 0 ? error : WALK_ON;
}

/* What is wrong with where the walk ended. */
static int check_end(const struct walk *walk)
{
    if (walk->end != NULL) {
        walk->end->kind = LAST_ROOT;
        walk->end->name = (struct name){.text = ""};
        walk->end->has_slash = true;
        return 0;
    }
    if ((walk->must_be_directory || has_flag(walk, PATH_DIRECTORY)) &&
        !inode_is_directory(dentry_inode(walk->at.dentry)))
        return -ENOTDIR;
    return 0;
}

int walk_names(struct walk *walk)
{
    struct component part;
    int error;

    while (next_component(walk, &part)) {
        error = may_search(walk);
        if (error == 0 && part.is_last && walk->end != NULL) {
            error = walk_end(walk, &part);
            if (error != WALK_ON)
                return error;
            continue;
        }
        if (part.is_last)
            walk->must_be_directory = walk->must_be_directory || part.has_slash;
        if (error == 0 && is_dot_dot(&part.name))
            error = walk_up(walk);
        else if (error == 0 && !is_dot(&part.name))
            error = walk_down(walk, &part);
        if (error != 0)
            return error;
    }
    return check_end(walk);
}
