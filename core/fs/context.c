/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/context.c - contract in context.h.
 */
#include "core/fs/context.h"

#include "core/abi/errno.h"
#include "core/fs/path.h"
#include "core/mem/cache.h"

enum { UMASK_FIRST = 022, UMASK_BITS = 0777 };

static const struct lock_class context_class = {"fs context", LOCK_RANK_FILE};

static struct mem_cache context_cache;

void context_init_all(void)
{
    cache_init(&context_cache, "fs context", sizeof(struct fs_context), 16);
}

static struct fs_context *make_context(const struct path *root,
                                       const struct path *cwd, unsigned mask)
{
    struct fs_context *context = mem_alloc(&context_cache, MEM_WAIT, NULL);

    if (context == NULL)
        return NULL;
    refcount_init(&context->refs, 1);
    spin_init(&context->lock, &context_class);
    path_get(root);
    path_get(cwd);
    context->root = *root;
    context->cwd = *cwd;
    context->umask = mask;
    return context;
}

int context_create(const struct path *root, struct fs_context **out)
{
    *out = make_context(root, root, UMASK_FIRST);
    return *out != NULL ? 0 : -ENOMEM;
}

int context_copy(struct fs_context *from, struct fs_context **out)
{
    struct path root, cwd;

    context_root(from, &root);
    context_cwd(from, &cwd);
    *out = make_context(&root, &cwd, context_umask(from));
    path_put(&root);
    path_put(&cwd);
    return *out != NULL ? 0 : -ENOMEM;
}

void context_get(struct fs_context *context)
{
    refcount_get(&context->refs);
}

void context_put(struct fs_context *context)
{
    if (!refcount_put(&context->refs))
        return;
    path_put(&context->root);
    path_put(&context->cwd);
    mem_free(&context_cache, context);
}

bool context_is_shared(const struct fs_context *context)
{
    return !refcount_is_one(&context->refs);
}

static void read_path(struct fs_context *context, const struct path *from,
                      struct path *out)
{
    spin_lock(&context->lock);
    *out = *from;
    path_get(out);
    spin_unlock(&context->lock);
}

void context_root(struct fs_context *context, struct path *out)
{
    read_path(context, &context->root, out);
}

void context_cwd(struct fs_context *context, struct path *out)
{
    read_path(context, &context->cwd, out);
}

static void write_path(struct fs_context *context, struct path *to,
                       const struct path *fresh)
{
    struct path old;

    path_get(fresh);
    spin_lock(&context->lock);
    old = *to;
    *to = *fresh;
    spin_unlock(&context->lock);
    path_put(&old);
}

void context_set_root(struct fs_context *context, const struct path *root)
{
    write_path(context, &context->root, root);
}

void context_set_cwd(struct fs_context *context, const struct path *cwd)
{
    write_path(context, &context->cwd, cwd);
}

unsigned context_replace(struct fs_context *context, const struct path *from,
                         const struct path *to)
{
    unsigned count = 0;

    spin_lock(&context->lock);
    if (path_equal(&context->root, from)) {
        path_get(to);
        context->root = *to;
        count++;
    }
    if (path_equal(&context->cwd, from)) {
        path_get(to);
        context->cwd = *to;
        count++;
    }
    spin_unlock(&context->lock);
    return count;
}

unsigned context_set_umask(struct fs_context *context, unsigned mask)
{
    return __atomic_exchange_n(&context->umask, mask & UMASK_BITS,
                               __ATOMIC_RELAXED);
}
