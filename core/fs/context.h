/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/context.h - where a process's paths begin: root, working directory,
 * and the umask of its new files (path_resolution(7), umask(2)).
 *
 * Lifetime: reference counted; shared by the threads that clone(2) with
 * CLONE_FS made. Locking: a spinlock of its own.
 */
#ifndef CORE_FS_CONTEXT_H
#define CORE_FS_CONTEXT_H

#include "core/base/refcount.h"
#include "core/fs/file.h"
#include "core/sync/spinlock.h"

struct fs_context {
    struct refcount refs;
    struct spinlock lock;
    struct path root GUARDED_BY(lock); /* references */
    struct path cwd GUARDED_BY(lock);
    unsigned umask; /* atomic */
};

C_DECLS_BEGIN

/* Once, after the caches. */
void context_init_all(void);

/* One with root and working directory there, and umask 022: 0 or -ENOMEM. */
MUST_USE int context_create(const struct path *root, struct fs_context **out);

/* fork(2): a copy. 0 or -ENOMEM. */
MUST_USE int context_copy(struct fs_context *from, struct fs_context **out);
void context_get(struct fs_context *context);
void context_put(struct fs_context *context); /* may sleep */
bool context_is_shared(const struct fs_context *context);

/* Both with references. */
void context_root(struct fs_context *context, struct path *out);
void context_cwd(struct fs_context *context, struct path *out);

/* Take references of their own. */
void context_set_root(struct fs_context *context, const struct path *root);
void context_set_cwd(struct fs_context *context, const struct path *cwd);

/* pivot_root(2): what was from becomes to, with references. Returns how many
 * references to from the caller is to drop. Any context. */
MUST_USE unsigned context_replace(struct fs_context *context,
                                  const struct path *from,
                                  const struct path *to);

/* umask(2): sets it, returns the old one. */
unsigned context_set_umask(struct fs_context *context, unsigned mask);

static inline unsigned context_umask(const struct fs_context *context)
{
    return __atomic_load_n(&context->umask, __ATOMIC_RELAXED);
}

C_DECLS_END

#endif /* CORE_FS_CONTEXT_H */
