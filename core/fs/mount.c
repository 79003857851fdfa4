/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/mount.c - the tree of mounts; contract in mount.h. The calls that
 * change it are in mount_change.c.
 */
#include "core/fs/mount.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/mount_impl.h"
#include "core/fs/path.h"
#include "core/mem/cache.h"

enum { POINT_BUCKETS = 256 };

static const struct lock_class ns_class = {"mounts", LOCK_RANK_MOUNT};

static struct mem_cache mount_cache, ns_cache;
static struct mount *points[POINT_BUCKETS]; /* RCU; tree_write_begin() */
static int last_number;                     /* atomic */

void mount_init_all(void)
{
    cache_init(&mount_cache, "mount", sizeof(struct mount), 16);
    cache_init(&ns_cache, "mount namespace", sizeof(struct mount_ns), 16);
}

static struct mount **bucket_of(const struct mount *parent,
                                const struct dentry *point)
{
    uint64_t mix = point->number * 31 + (unsigned)parent->number;

    return &points[mix % POINT_BUCKETS];
}

struct mount *mount_at(const struct mount *parent, const struct dentry *point)
{
    struct mount *mount = RCU_LOAD(*bucket_of(parent, point));

    while (mount != NULL && (RCU_LOAD(mount->parent) != parent ||
                             RCU_LOAD(mount->point) != point))
        mount = RCU_LOAD(mount->next);
    return mount;
}

int mount_create(struct super *super, struct dentry *root, unsigned flags,
                 const char *source, struct mount **out)
{
    struct mount *mount = mem_alloc(&mount_cache, MEM_WAIT | MEM_ZERO, NULL);
    size_t size = str_length(source, LX_PATH_MAX) + 1;

    if (mount == NULL)
        return -ENOMEM;
    mount->source = kmem_alloc(size, MEM_WAIT, NULL);
    if (mount->source == NULL) {
        mem_free(&mount_cache, mount);
        return -ENOMEM;
    }
    mem_copy(mount->source, source, size - 1);
    mount->source[size - 1] = '\0';
    mount->source_size = size;
    refcount_init(&mount->refs, 1);
    mount->flags = flags & MOUNT_FLAGS;
    super_get(super);
    dentry_get(root);
    mount->super = super;
    mount->root = mount->point = root;
    mount->parent = mount;
    mount->number = __atomic_add_fetch(&last_number, 1, __ATOMIC_RELAXED);
    list_init(&mount->of_ns);
    *out = mount;
    return 0;
}

int mount_create_internal(struct super *super, struct mount **out)
{
    return mount_create(super, super->root, MOUNT_NO_ATIME, "none", out);
}

static void free_mount(struct rcu_head *head)
{
    struct mount *mount = container_of(head, struct mount, rcu);

    kmem_free(mount->source, mount->source_size);
    mem_free(&mount_cache, mount);
}

void mount_get(struct mount *mount)
{
    refcount_get(&mount->refs);
}

void mount_put(struct mount *mount)
{
    if (!refcount_put(&mount->refs))
        return;
    ASSERT(mount->parent == mount);
    dentry_put(mount->root);
    super_put(mount->super);
    rcu_call(&mount->rcu, free_mount);
}

int mount_may_write(const struct mount *mount)
{
    if ((mount_flags(mount) & MOUNT_READ_ONLY) != 0 ||
        __atomic_load_n(&mount->super->is_read_only, __ATOMIC_RELAXED))
        return -EROFS;
    return 0;
}

/* A writer counts before it looks; who takes the right away looks at the counts
 * after that: one of them sees the other. */
int mount_begin_write(struct mount *mount)
{
    int error;

    __atomic_add_fetch(&mount->super->writers, 1, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&mount->writers, 1, __ATOMIC_SEQ_CST);
    error = mount_may_write(mount);
    if (error != 0)
        mount_end_write(mount);
    return error;
}

void mount_end_write(struct mount *mount)
{
    __atomic_sub_fetch(&mount->writers, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&mount->super->writers, 1, __ATOMIC_RELAXED);
}

/* --- places --------------------------------------------------------------- */

void mount_enter(struct mount_ns *ns, struct mount *mount,
                 const struct path *at) NO_TSA
{
    struct mount **bucket = bucket_of(at->mount, at->dentry);

    ASSERT(mutex_is_held(&ns->lock) && mount->parent == mount);
    mount_get(mount);
    mount_get(at->mount);
    dentry_get(at->dentry);
    __atomic_add_fetch(&at->dentry->mounts, 1, __ATOMIC_RELAXED);
    at->mount->children++;
    list_push_back(&ns->mounts, &mount->of_ns);
    ns->count++;
    tree_write_begin();
    RCU_STORE(mount->ns, ns);
    RCU_STORE(mount->point, at->dentry);
    RCU_STORE(mount->parent, at->mount);
    RCU_STORE(mount->next, *bucket);
    RCU_STORE(*bucket, mount);
    tree_write_end();
}

/* Takes it off its place. */
static void unlink_point(struct mount *mount)
{
    struct mount **at = bucket_of(mount->parent, mount->point);

    tree_write_begin();
    while (*at != mount)
        at = &(*at)->next;
    RCU_STORE(*at, mount->next);
    RCU_STORE(mount->parent, mount);
    RCU_STORE(mount->point, mount->root);
    tree_write_end();
}

void mount_leave(struct mount_ns *ns, struct mount *mount,
                 struct list *gone) NO_TSA
{
    struct mount *parent = mount->parent;
    struct dentry *point = mount->point;

    ASSERT(mutex_is_held(&ns->lock));
    list_remove(&mount->of_ns);
    list_push_back(gone, &mount->of_ns);
    ns->count--;
    mount->left = (struct path){0};
    if (parent != mount) {
        unlink_point(mount);
        __atomic_sub_fetch(&point->mounts, 1, __ATOMIC_RELAXED);
        parent->children--;
        mount->left = (struct path){parent, point};
    }
    RCU_STORE(mount->ns, NULL);
}

void mount_drop(struct list *gone)
{
    struct list *link;

    while ((link = list_pop_front(gone)) != NULL) {
        struct mount *mount = list_entry(link, struct mount, of_ns);

        if (mount->left.mount != NULL)
            path_put(&mount->left);
        mount_put(mount);
    }
}

/* --- namespaces ----------------------------------------------------------- */

int mount_ns_create(struct super *super, const char *source,
                    struct mount_ns **out) NO_TSA
{
    struct mount_ns *ns = mem_alloc(&ns_cache, MEM_WAIT | MEM_ZERO, NULL);
    int error;

    if (ns == NULL)
        return -ENOMEM;
    refcount_init(&ns->refs, 1);
    mutex_init(&ns->lock, &ns_class);
    list_init(&ns->mounts);
    error = mount_create(super, super->root, MOUNT_RELATIME, source, &ns->root);
    if (error != 0) {
        mem_free(&ns_cache, ns);
        return error;
    }
    ns->root->ns = ns;
    mount_get(ns->root);
    list_push_back(&ns->mounts, &ns->root->of_ns);
    ns->count = 1;
    super_put(super);
    *out = ns;
    return 0;
}

void mount_ns_get(struct mount_ns *ns)
{
    refcount_get(&ns->refs);
}

void mount_ns_put(struct mount_ns *ns)
{
    struct list gone;

    if (!refcount_put(&ns->refs))
        return;
    list_init(&gone);
    mutex_lock(&ns->lock);
    while (!list_is_empty(&ns->mounts)) /* the last are children of others */
        mount_leave(ns, list_entry(ns->mounts.prev, struct mount, of_ns),
                    &gone);
    mutex_unlock(&ns->lock);
    mount_drop(&gone);
    mount_put(ns->root);
    mem_free(&ns_cache, ns);
}

void mount_ns_root(struct mount_ns *ns, struct path *out)
{
    mutex_lock(&ns->lock);
    out->mount = ns->root;
    out->dentry = ns->root->root;
    path_get(out);
    mutex_unlock(&ns->lock);
}
