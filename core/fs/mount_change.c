/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/mount_change.c - mount(2), umount2(2), pivot_root(2); contract in
 * mount.h.
 */
#include "core/abi/errno.h"
#include "core/abi/mount.h"
#include "core/fs/mount_impl.h"
#include "core/fs/path.h"

/* May something be attached there? ns->lock. */
static int check_place(struct mount_ns *ns, const struct path *at) NO_TSA
{
    if (at->mount->ns != ns)
        return -EINVAL;
    if (dentry_is_dropped(at->dentry))
        return -ENOENT;
    return ns->count < MOUNTS_MAX ? 0 : -ENOSPC;
}

/* What is on top of a place: another mount's root, as often as need be. */
static void find_top(struct path *at)
{
    struct mount *mount;

    rcu_read_lock();
    while ((mount = mount_at(at->mount, at->dentry)) != NULL) {
        at->mount = mount;
        at->dentry = mount->root;
    }
    rcu_read_unlock();
}

/* Attaches a mount that is nowhere and drops the caller's reference. */
static int attach(struct mount_ns *ns, struct mount *mount,
                  const struct path *where) NO_TSA
{
    struct path at = *where;
    int error;

    mutex_lock(&ns->lock);
    find_top(&at); /* ns->lock keeps it */
    error = check_place(ns, &at);
    if (error == 0 && inode_is_directory(path_inode(&at)) !=
                          inode_is_directory(dentry_inode(mount->root)))
        error = -ENOTDIR;
    if (error == 0 && at.mount->super == mount->super &&
        at.mount->root == mount->root && at.dentry == at.mount->root)
        error = -EBUSY;
    if (error == 0)
        mount_enter(ns, mount, &at);
    mutex_unlock(&ns->lock);
    mount_put(mount);
    return error;
}

int mount_attach(struct mount_ns *ns, struct super *super,
                 const struct path *at, unsigned flags, const char *source)
{
    struct mount *mount;
    int error = mount_create(super, super->root, flags, source, &mount);

    return error != 0 ? error : attach(ns, mount, at);
}

/* --- bind ----------------------------------------------------------------- */

/* The copy of a tree of mounts, in the making: children of from that lie below
 * its root are entered below to. ns->lock. */
static int copy_children(struct mount_ns *ns, struct mount *from,
                         struct mount *to, const struct mount *end) NO_TSA
{
    list_for_each(link, &ns->mounts)
    {
        struct mount *child = list_entry(link, struct mount, of_ns), *copy;
        struct path at = {to, child->point};
        int error;

        if (child == end)
            break;
        if (child->parent != from || child == from ||
            !dentry_is_below(child->point, to->root))
            continue;
        error = mount_create(child->super, child->root, mount_flags(child),
                             child->source, &copy);
        if (error != 0)
            return error;
        mount_enter(ns, copy, &at);
        mount_put(copy);
        error = copy_children(ns, child, copy, end);
        if (error != 0)
            return error;
    }
    return 0;
}

int mount_bind(struct mount_ns *ns, const struct path *from,
               const struct path *at, bool is_recursive) NO_TSA
{
    struct mount *mount;
    int error =
        mount_create(from->mount->super, from->dentry, mount_flags(from->mount),
                     from->mount->source, &mount);

    if (error != 0)
        return error;
    if (from->mount->ns != ns) {
        mount_put(mount);
        return -EINVAL;
    }
    mount_get(mount);
    error = attach(ns, mount, at);
    if (error == 0 && is_recursive) {
        mutex_lock(&ns->lock);
        error = copy_children(ns, from->mount, mount, mount);
        mutex_unlock(&ns->lock);
    }
    mount_put(mount);
    return error;
}

/* --- move, remount, umount ------------------------------------------------ */

/* Is mount below the other, or it itself? ns->lock. */
static bool is_mount_below(const struct mount *mount, const struct mount *other)
{
    while (mount != other && mount->parent != mount)
        mount = mount->parent;
    return mount == other;
}

/* Puts those below a mount that was moved behind it: parents come first. */
static void reorder(struct mount_ns *ns, struct mount *moved) NO_TSA
{
    struct list later;

    list_init(&later);
    list_for_each_safe(link, &ns->mounts)
    {
        struct mount *mount = list_entry(link, struct mount, of_ns);

        if (mount != moved && is_mount_below(mount, moved)) {
            list_remove(link);
            list_push_back(&later, link);
        }
    }
    while (!list_is_empty(&later))
        list_push_back(&ns->mounts, list_pop_front(&later));
}

static int move_locked(struct mount_ns *ns, struct mount *mount,
                       struct path *at, struct list *gone) NO_TSA
{
    int error;

    find_top(at);
    error = check_place(ns, at);
    if (error != 0)
        return error;
    if (mount->ns != ns || mount->parent == mount)
        return -EINVAL;
    if (inode_is_directory(path_inode(at)) !=
        inode_is_directory(dentry_inode(mount->root)))
        return -ENOTDIR;
    if (is_mount_below(at->mount, mount))
        return -ELOOP;
    mount_leave(ns, mount, gone);
    list_remove(&mount->of_ns);
    mount_enter(ns, mount, at);
    reorder(ns, mount);
    return 0;
}

int mount_move(struct mount_ns *ns, const struct path *from,
               const struct path *to)
{
    struct path at = *to, old = {0};
    struct list gone;
    int error;

    if (from->dentry != from->mount->root)
        return -EINVAL;
    list_init(&gone);
    mutex_lock(&ns->lock);
    error = move_locked(ns, from->mount, &at, &gone);
    if (error == 0)
        old = from->mount->left;
    mutex_unlock(&ns->lock);
    if (error == 0) {
        path_put(&old);
        mount_put(from->mount); /* mount_enter() took another */
    }
    return error;
}

/* Makes the file system read-only, unless somebody writes: 0 or -EBUSY. */
static int end_super_writes(struct super *super)
{
    bool was =
        __atomic_exchange_n(&super->is_read_only, true, __ATOMIC_SEQ_CST);

    if (__atomic_load_n(&super->writers, __ATOMIC_SEQ_CST) == 0)
        return 0;
    __atomic_store_n(&super->is_read_only, was, __ATOMIC_RELAXED);
    return -EBUSY;
}

static int change_super(struct super *super, bool is_read_only,
                        const char *options)
{
    bool was = __atomic_load_n(&super->is_read_only, __ATOMIC_RELAXED);
    int error = is_read_only && !was ? end_super_writes(super) : 0;

    if (error != 0)
        return error;
    if (super->ops->remount != NULL)
        error = super->ops->remount(super, options);
    __atomic_store_n(&super->is_read_only, error == 0 ? is_read_only : was,
                     __ATOMIC_RELAXED);
    return error;
}

/* The same for one mount, whose other flags change with that. */
static int change_flags(struct mount *mount, unsigned flags)
{
    unsigned old = __atomic_exchange_n(&mount->flags, flags & MOUNT_FLAGS,
                                       __ATOMIC_SEQ_CST);

    if ((flags & ~old & MOUNT_READ_ONLY) == 0 ||
        __atomic_load_n(&mount->writers, __ATOMIC_SEQ_CST) == 0)
        return 0;
    __atomic_store_n(&mount->flags, old, __ATOMIC_RELAXED);
    return -EBUSY;
}

int mount_change(const struct path *at, unsigned flags, bool is_bind,
                 const char *options)
{
    int error = 0;

    if (at->dentry != at->mount->root)
        return -EINVAL;
    if (!is_bind)
        error = change_super(at->mount->super, (flags & MOUNT_READ_ONLY) != 0,
                             options);
    return error != 0 ? error : change_flags(at->mount, flags);
}

/* Takes mount and all below it off, the deepest first. ns->lock. */
static void leave_all(struct mount_ns *ns, struct mount *mount,
                      struct list *gone) NO_TSA
{
    struct list *link = ns->mounts.prev;

    while (link != &ns->mounts) {
        struct mount *other = list_entry(link, struct mount, of_ns);

        link = link->prev;
        if (other != mount && is_mount_below(other, mount))
            mount_leave(ns, other, gone);
    }
    mount_leave(ns, mount, gone);
}

/* references: those of the namespace and of the caller's path. */
static int detach_locked(struct mount_ns *ns, struct mount *mount,
                         unsigned flags, struct list *gone) NO_TSA
{
    const unsigned idle = 2;

    if (mount->ns != ns || mount->parent == mount)
        return -EINVAL;
    if ((flags & LX_MNT_DETACH) == 0) {
        unsigned refs = __atomic_load_n(&mount->refs.count, __ATOMIC_ACQUIRE);

        if (refs > idle || mount->children > 0)
            return -EBUSY;
        if ((flags & LX_MNT_EXPIRE) != 0 && !mount->is_expiring) {
            mount->is_expiring = true;
            return -EAGAIN;
        }
    }
    leave_all(ns, mount, gone);
    return 0;
}

int mount_detach(struct mount_ns *ns, const struct path *at, unsigned flags)
{
    struct list gone;
    int error;

    if (at->dentry != at->mount->root)
        return -EINVAL;
    list_init(&gone);
    mutex_lock(&ns->lock);
    error = detach_locked(ns, at->mount, flags, &gone);
    mutex_unlock(&ns->lock);
    mount_drop(&gone);
    return error;
}

static int check_pivot(struct mount_ns *ns, const struct path *fresh,
                       const struct path *put_old,
                       const struct path *root) NO_TSA
{
    if (fresh->mount->ns != ns || root->mount->ns != ns ||
        put_old->mount->ns != ns)
        return -EINVAL;
    if (dentry_is_dropped(fresh->dentry))
        return -ENOENT;
    if (fresh->mount == root->mount || put_old->mount == root->mount)
        return -EBUSY;
    if (root->dentry != root->mount->root ||
        root->mount->parent == root->mount ||
        fresh->dentry != fresh->mount->root ||
        fresh->mount->parent == fresh->mount)
        return -EINVAL;
    return is_mount_below(put_old->mount, fresh->mount) ? 0 : -EINVAL;
}

/* The fresh mount goes where the root's was, the root's to put_old. ns->lock.
 */
static void pivot_locked(struct mount_ns *ns, struct mount *fresh,
                         struct mount *old, const struct path *put_old,
                         struct path left[2]) NO_TSA
{
    struct list gone;

    list_init(&gone);
    mount_leave(ns, fresh, &gone);
    mount_leave(ns, old, &gone);
    list_remove(&fresh->of_ns);
    list_remove(&old->of_ns);
    left[0] = fresh->left;
    left[1] = old->left;
    mount_enter(ns, fresh, &left[1]);
    mount_enter(ns, old, put_old);
    reorder(ns, fresh);
}

int mount_pivot(struct mount_ns *ns, const struct path *fresh,
                const struct path *put_old, const struct path *root)
{
    struct path left[2];
    int error;

    mutex_lock(&ns->lock);
    error = check_pivot(ns, fresh, put_old, root);
    if (error == 0)
        pivot_locked(ns, fresh->mount, root->mount, put_old, left);
    mutex_unlock(&ns->lock);
    if (error != 0)
        return error;
    path_put(&left[0]);
    path_put(&left[1]);
    mount_put(fresh->mount); /* mount_enter() took others */
    mount_put(root->mount);
    return 0;
}
