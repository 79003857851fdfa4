/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/ramfs/dir.c - names of files in memory.
 *
 * Positions are handed out downwards, so who lists sees the newest name first
 * and never one that was made after he began.
 */
#include "core/fs/dir.h"
#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/ramfs/ramfs_impl.h"
#include "core/mem/cache.h"

enum { ENTRY_SIZE = 20 }; /* what a name adds to st_size, as on Linux */

static struct ramfs_dir *dir_of(struct inode *inode)
{
    return &ramfs_inode_of(inode)->dir;
}

static struct ramfs_entry *by_name(struct tree_node *node)
{
    return container_of(node, struct ramfs_entry, by_name);
}

static struct ramfs_entry *by_position(struct tree_node *node)
{
    return container_of(node, struct ramfs_entry, by_position);
}

/* Below 0, 0, above: as name comes before, is, comes after the entry's. */
static int compare(const struct name *name, const struct ramfs_entry *entry)
{
    if (name->hash != entry->hash)
        return name->hash < entry->hash ? -1 : 1;
    if (name->size != entry->size)
        return name->size < entry->size ? -1 : 1;
    return __builtin_memcmp(name->text, entry->text, name->size);
}

static struct ramfs_entry *find_entry(struct inode *dir,
                                      const struct name *name)
{
    struct tree_node *node = dir_of(dir)->names.root;

    while (node != NULL) {
        int order = compare(name, by_name(node));

        if (order == 0)
            return by_name(node);
        node = node->child[order > 0];
    }
    return NULL;
}

static struct ramfs_entry *make_entry(const struct name *name)
{
    struct ramfs_entry *entry =
        kmem_alloc(sizeof(*entry) + name->size, MEM_WAIT, NULL);

    if (entry == NULL)
        return NULL;
    entry->hash = name->hash;
    entry->size = name->size;
    mem_copy(entry->text, name->text, name->size);
    return entry;
}

static void free_entry(struct ramfs_entry *entry)
{
    kmem_free(entry, sizeof(*entry) + entry->size);
}

static void insert_by_name(struct ramfs_dir *dir, struct ramfs_entry *entry)
{
    const struct name name = {entry->text, entry->size, entry->hash};
    struct tree_node *at = dir->names.root, *parent = NULL;
    int side = 0;

    while (at != NULL) {
        parent = at;
        side = compare(&name, by_name(at)) > 0;
        at = at->child[side];
    }
    tree_insert(&dir->names, &entry->by_name, parent, side);
}

/* Enters a filled entry, whose name is free, before all others. */
static void link_entry(struct inode *inode, struct ramfs_entry *entry)
{
    struct ramfs_dir *dir = dir_of(inode);
    struct tree_node *first = tree_first(&dir->positions);

    insert_by_name(dir, entry);
    entry->position = dir->next_position--;
    tree_insert(&dir->positions, &entry->by_position, first, 0);
    dir->count++;
    __atomic_store_n(&inode->size, inode->size + ENTRY_SIZE, __ATOMIC_RELEASE);
}

static void unlink_entry(struct inode *inode, struct ramfs_entry *entry)
{
    struct ramfs_dir *dir = dir_of(inode);

    tree_remove(&dir->names, &entry->by_name);
    tree_remove(&dir->positions, &entry->by_position);
    dir->count--;
    __atomic_store_n(&inode->size, inode->size - ENTRY_SIZE, __ATOMIC_RELEASE);
}

static int look_up(struct inode *dir, const struct name *name,
                   struct inode **out)
{
    struct ramfs_entry *entry = find_entry(dir, name);

    if (entry == NULL)
        return -ENOENT;
    inode_get(entry->inode);
    *out = entry->inode;
    return 0;
}

/* Gives inode, whose reference the entry takes, a name. */
static int add_name(struct inode *dir, const struct name *name,
                    struct inode *inode)
{
    struct ramfs_entry *entry = make_entry(name);

    if (entry == NULL)
        return -ENOMEM;
    entry->inode = inode;
    link_entry(dir, entry);
    inode_touch(dir);
    return 0;
}

static int create(struct inode *dir, const struct name *name,
                  const struct inode_new *want, struct inode **out)
{
    struct inode *inode;
    int error = ramfs_make_inode(ramfs_of(dir), want, &inode);

    if (error != 0)
        return error;
    error = add_name(dir, name, inode);
    if (error != 0) {
        inode_put(inode);
        return error;
    }
    if (inode_is_directory(inode))
        inode_add_links(dir, 1);
    inode_get(inode);
    *out = inode;
    return 0;
}

static int create_unnamed(struct inode *dir, const struct inode_new *want,
                          struct inode **out)
{
    int error = ramfs_make_inode(ramfs_of(dir), want, out);

    if (error == 0)
        inode_add_links(*out, -1);
    return error;
}

static int link_inode(struct inode *dir, const struct name *name,
                      struct inode *inode)
{
    int error = add_name(dir, name, inode);

    if (error == 0) {
        inode_get(inode);
        inode_add_links(inode, 1);
    }
    return error;
}

/* What an inode loses with a name: a directory is gone then. */
static void drop_links(struct inode *dir, struct inode *inode)
{
    if (inode_is_directory(inode)) {
        inode_add_links(inode, -2);
        inode_add_links(dir, -1);
    } else {
        inode_add_links(inode, -1);
    }
    inode_touch_status(inode);
}

static bool is_empty(struct inode *dir)
{
    return dir_of(dir)->count == 0;
}

static int unlink_name(struct inode *dir, const struct name *name,
                       struct inode *inode)
{
    struct ramfs_entry *entry = find_entry(dir, name);

    ASSERT(entry != NULL && entry->inode == inode);
    if (inode_is_directory(inode) && !is_empty(inode))
        return -ENOTEMPTY;
    unlink_entry(dir, entry);
    free_entry(entry);
    drop_links(dir, inode);
    inode_touch(dir);
    inode_put(inode); /* the caller has it still */
    return 0;
}

static void touch_moved(const struct inode_rename *what)
{
    inode_touch(what->from_dir);
    inode_touch(what->to_dir);
    inode_touch_status(what->inode);
}

/* A directory that goes from one to the other takes its ".." along. */
static void move_link(const struct inode_rename *what, int direction)
{
    inode_add_links(what->from_dir, -direction);
    inode_add_links(what->to_dir, direction);
}

static int exchange(const struct inode_rename *what)
{
    struct ramfs_entry *from = find_entry(what->from_dir, &what->from);
    struct ramfs_entry *to = find_entry(what->to_dir, &what->to);

    ASSERT(from != NULL && to != NULL);
    from->inode = what->victim;
    to->inode = what->inode;
    move_link(what, (int)inode_is_directory(what->inode) -
                        (int)inode_is_directory(what->victim));
    touch_moved(what);
    inode_touch_status(what->victim);
    return 0;
}

static int rename_name(const struct inode_rename *what)
{
    struct ramfs_entry *from, *to, *fresh;

    if (what->exchanges)
        return exchange(what);
    if (what->victim != NULL && inode_is_directory(what->victim) &&
        !is_empty(what->victim))
        return -ENOTEMPTY;
    fresh = make_entry(&what->to);
    if (fresh == NULL)
        return -ENOMEM;
    from = find_entry(what->from_dir, &what->from);
    to = find_entry(what->to_dir, &what->to);
    ASSERT(from != NULL && (to != NULL) == (what->victim != NULL));
    if (to != NULL) {
        unlink_entry(what->to_dir, to);
        free_entry(to);
        drop_links(what->to_dir, what->victim);
        inode_put(what->victim); /* the caller has it still */
    }
    fresh->inode = from->inode;
    unlink_entry(what->from_dir, from);
    free_entry(from);
    link_entry(what->to_dir, fresh);
    if (inode_is_directory(what->inode))
        move_link(what, 1);
    touch_moved(what);
    return 0;
}

/* The first entry at or after a position, or NULL. */
static struct ramfs_entry *entry_from(struct ramfs_dir *dir, uint64_t position)
{
    struct tree_node *node = dir->positions.root;
    struct ramfs_entry *found = NULL;

    while (node != NULL) {
        bool is_before = by_position(node)->position < position;

        if (!is_before)
            found = by_position(node);
        node = node->child[is_before];
    }
    return found;
}

static int list_names(struct inode *dir, struct file *file,
                      struct dir_sink *sink) NO_TSA
{
    struct ramfs_entry *entry = entry_from(dir_of(dir), file->position);

    while (entry != NULL) {
        const struct name name = {entry->text, entry->size, entry->hash};
        struct tree_node *next;

        if (!sink->add(sink, &name, entry->inode->number,
                       inode_type(entry->inode), entry->position + 1))
            return 0;
        file->position = entry->position + 1;
        next = tree_next(&entry->by_position);
        entry = next != NULL ? by_position(next) : NULL;
    }
    return 0;
}

/* Takes any entry out of a directory, or NULL. */
static struct ramfs_entry *take_entry(struct inode *dir)
{
    struct tree_node *node = dir_of(dir)->names.root;

    if (node == NULL)
        return NULL;
    unlink_entry(dir, by_name(node));
    return by_name(node);
}

/* The names of a directory that goes with its file system. Those of a directory
 * in it become its own first, so that no call goes deeper than this. */
static void release_dir(struct inode *dir)
{
    struct ramfs_entry *entry, *inner;

    while ((entry = take_entry(dir)) != NULL) {
        struct inode *inode = entry->inode;

        if (inode_is_directory(inode) && refcount_is_one(&inode->object.refs))
            while ((inner = take_entry(inode)) != NULL)
                link_entry(dir, inner);
        inode_put(inode);
        free_entry(entry);
    }
    ramfs_release(dir);
}

const struct inode_ops ramfs_dir_ops = {
    .lookup = look_up,
    .create = create,
    .create_unnamed = create_unnamed,
    .link = link_inode,
    .unlink = unlink_name,
    .rename = rename_name,
    .list = list_names,
    .release = release_dir,
};
