/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/path.c - walks; contract in path.h. The steps of a walk are in
 * path_step.c.
 *
 * A fast walk holds no references: it is one section of rcu_read_lock(), and
 * whatever it finds, an error too, counts only if nothing moved meanwhile.
 */
#include "core/abi/errno.h"
#include "core/fs/path_impl.h"
#include "core/mem/cache.h"

static struct mem_cache buffer_cache;

void path_init_all(void)
{
    cache_init(&buffer_cache, "path", LX_PATH_MAX, 16);
}

char *path_buffer(void)
{
    return mem_alloc(&buffer_cache, MEM_WAIT, NULL);
}

void path_buffer_free(char *buffer)
{
    mem_free(&buffer_cache, buffer);
}

void path_get(const struct path *path)
{
    mount_get(path->mount);
    dentry_get(path->dentry);
}

void path_put(const struct path *path)
{
    dentry_put(path->dentry);
    mount_put(path->mount);
}

/* Where the walk begins and what is its root, without references. */
static void find_start(struct walk *walk) NO_TSA
{
    struct fs_context *context = walk->ask->context;
    const struct path *start = walk->ask->start;

    spin_lock(&context->lock);
    walk->root = context->root;
    walk->at = start != NULL ? *start : context->cwd;
    if (!walk->fast) {
        path_get(&walk->root);
        path_get(&walk->at);
    }
    spin_unlock(&context->lock);
}

static int start_walk(struct walk *walk, const char *text)
{
    unsigned flags = walk->ask->flags;
    struct path old = walk->root;

    if ((flags & (PATH_BENEATH | PATH_IN_ROOT)) != 0) {
        walk->root = walk->at;
        if (!walk->fast) {
            path_get(&walk->root);
            path_put(&old);
        }
    }
    walk->rest = text;
    if (text[0] == '\0')
        return (flags & PATH_EMPTY) != 0 ? 0 : -ENOENT;
    return text[0] == '/' ? walk_to_root(walk) : 0;
}

static int run_walk(struct walk *walk, const char *text)
{
    int error;

    walk->links = walk->depth = 0;
    walk->must_be_directory = false;
    walk->child = NULL;
    find_start(walk);
    error = start_walk(walk, text);
    return error != 0 ? error : walk_names(walk);
}

/* What a slow walk holds but for its result. */
static void drop_rest(struct walk *walk)
{
    while (walk->depth > 0)
        walk_pop(walk);
    path_put(&walk->root);
}

static void drop_walk(struct walk *walk)
{
    drop_rest(walk);
    dentry_put(walk->child);
    path_put(&walk->at);
}

/* References to what a fast walk found; false: it went away. */
static bool take_found(struct walk *walk)
{
    if (!refcount_get_unless_zero(&walk->at.mount->refs))
        return false;
    if (!refcount_get_unless_zero(&walk->at.dentry->refs)) {
        walk->lost_mount = walk->at.mount;
        return false;
    }
    if (walk->child != NULL && !refcount_get_unless_zero(&walk->child->refs)) {
        walk->lost_mount = walk->at.mount;
        walk->lost_dentry = walk->at.dentry;
        return false;
    }
    return true;
}

/* Gives back what take_found() got before it failed, outside the RCU. */
static void drop_lost(struct walk *walk)
{
    dentry_put(walk->lost_dentry);
    if (walk->lost_mount != NULL)
        mount_put(walk->lost_mount);
}

/*
 * The fast walk; finish, in the same section, looks at the result or takes
 * references. Returns WALK_SLOWLY when the slow one is to be made; else what it
 * found counts.
 */
static int walk_fast(struct walk *walk, const char *text,
                     bool (*finish)(struct walk *walk))
{
    bool took = false;
    int error;

    walk->fast = true;
    walk->lost_mount = NULL;
    walk->lost_dentry = NULL;
    rcu_read_lock();
    walk->seq = tree_seq_read();
    error = run_walk(walk, text);
    if (error == 0)
        took = finish(walk);
    rcu_read_unlock();
    drop_lost(walk);
    if (error == WALK_SLOWLY || (error == 0 && !took))
        return WALK_SLOWLY;
    if (tree_is_same(walk->seq))
        return error;
    if (error == 0 && finish == take_found) {
        dentry_put(walk->child);
        path_put(&walk->at);
    }
    return WALK_SLOWLY;
}

static int walk_slowly(struct walk *walk, const char *text)
{
    int error;

    if ((walk->ask->flags & PATH_CACHED) != 0)
        return -EAGAIN;
    walk->fast = false;
    error = run_walk(walk, text);
    if (error != 0) {
        drop_walk(walk);
        return error;
    }
    return 0;
}

int path_find(const struct path_ask *ask, const char *text, struct path *out)
{
    struct walk walk;
    int error;

    walk.ask = ask;
    walk.end = NULL;
    error = walk_fast(&walk, text, take_found);
    if (error == WALK_SLOWLY) {
        error = walk_slowly(&walk, text);
        if (error == 0)
            drop_rest(&walk);
    }
    if (error == 0)
        *out = walk.at;
    return error;
}

/* stat(2) of what a fast walk found, if that needs no sleep. */
static bool stat_found(struct walk *walk)
{
    struct inode *inode = dentry_inode(walk->at.dentry);

    if (inode->ops->refresh != NULL)
        return false;
    inode_stat(inode, walk->stat);
    return true;
}

int path_stat(const struct path_ask *ask, const char *text, struct lx_stat *out)
{
    struct walk walk;
    int error;

    walk.ask = ask;
    walk.end = NULL;
    walk.stat = out;
    error = walk_fast(&walk, text, stat_found);
    if (error != WALK_SLOWLY)
        return error;
    error = walk_slowly(&walk, text);
    if (error != 0)
        return error;
    inode_stat(path_inode(&walk.at), out);
    drop_walk(&walk);
    return 0;
}

int path_find_end(const struct path_ask *ask, const char *text,
                  struct path_end *out)
{
    struct walk walk;
    int error;

    walk.ask = ask;
    walk.end = out;
    error = walk_fast(&walk, text, take_found);
    if (error == WALK_SLOWLY) {
        error = walk_slowly(&walk, text);
        if (error == 0)
            drop_rest(&walk);
    }
    if (error == 0) {
        out->dir = walk.at;
        out->child = walk.child;
    }
    return error;
}

void path_end_put(struct path_end *end)
{
    dentry_put(end->child);
    path_put(&end->dir);
}
