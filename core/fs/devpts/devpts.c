/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/devpts/devpts.c - contract in devpts.h.
 *
 * A node that was looked up is kept, as its owner and mode may be changed,
 * until its number is looked up for another pair or the file system goes.
 */
#include "core/fs/devpts/devpts.h"

#include "core/abi/errno.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/base/tree.h"
#include "core/dev/chardev.h"
#include "core/dev/pty.h"
#include "core/fs/dir.h"
#include "core/fs/fs_options.h"
#include "core/fs/inode.h"
#include "core/fs/lock.h"
#include "core/mem/cache.h"

#define DEVPTS_MAGIC 0x1cd1u /* statfs(2) */

enum {
    ROOT_NUMBER = 1,
    PTMX_NUMBER = 2,
    FIRST_NUMBER = 3, /* of slave 0 */
    PTMX_MAJOR = 5,
    PTMX_MINOR = 2,
    NAME_MAX = 12,
    POSITION_FIRST = 2 /* of a directory's own entries */
};

static const char ptmx_name[] = "ptmx";

/* What the options say; UINT64_MAX: nothing. */
struct options {
    uint64_t uid, gid, mode, ptmx_mode;
};

struct devpts {
    struct super super; /* first */
    struct options options;
    struct inode *ptmx; /* a reference; const */
    struct tree nodes;  /* struct node, by index; the root's lock */
};

/* A slave's file. */
struct node {
    struct inode inode; /* first */
    struct tree_node by_index;
    unsigned index;
    uint64_t serial; /* of its pair */
};

static struct mem_cache node_cache, super_cache;

static struct devpts *devpts_of(const struct inode *inode)
{
    return container_of(inode->super, struct devpts, super);
}

static struct node *from_tree(struct tree_node *at)
{
    return container_of(at, struct node, by_index);
}

/* --- inodes --------------------------------------------------------------- */

static void free_node(struct rcu_head *head)
{
    struct inode *inode = container_of(head, struct inode, rcu);

    mem_free(&node_cache, container_of(inode, struct node, inode));
}

static void release_inode(struct inode *inode)
{
    lock_free(inode->locks);
    rcu_call(&inode->rcu, free_node);
}

static const struct inode_ops file_ops = {.release = release_inode};

/* A node with one reference, or NULL. */
static struct node *make_node(struct devpts *fs, const struct inode_ops *ops,
                              const struct inode_new *want, uint64_t number)
{
    struct node *node = mem_alloc(&node_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (node == NULL)
        return NULL;
    inode_init(&node->inode, ops, &fs->super, want);
    node->inode.number = number;
    return node;
}

static struct node *find_node(struct devpts *fs, unsigned index)
{
    struct tree_node *at = fs->nodes.root;

    while (at != NULL && from_tree(at)->index != index)
        at = at->child[index > from_tree(at)->index];
    return at != NULL ? from_tree(at) : NULL;
}

static void insert_node(struct devpts *fs, struct node *node)
{
    struct tree_node **link = &fs->nodes.root, *parent = NULL;
    int side = 0;

    while (*link != NULL) {
        parent = *link;
        side = node->index > from_tree(parent)->index;
        link = &parent->child[side];
    }
    tree_insert(&fs->nodes, &node->by_index, parent, side);
}

static uint64_t chosen(uint64_t option, uint64_t otherwise)
{
    return option != UINT64_MAX ? option : otherwise;
}

/* The file of a pair, new or known: 0 or -ENOMEM. */
static int node_of(struct devpts *fs, const struct pty_identity *pty,
                   struct node **out)
{
    const struct inode_new want = {
        .mode = LX_S_IFCHR | (uint32_t)fs->options.mode,
        .uid = (lx_uid_t)chosen(fs->options.uid, pty->uid),
        .gid = (lx_gid_t)chosen(fs->options.gid, pty->gid),
        .rdev = chardev_number(PTY_MAJOR, pty->index),
    };
    struct node *node = find_node(fs, pty->index);

    if (node != NULL && node->serial == pty->serial) {
        *out = node;
        return 0;
    }
    if (node != NULL) {
        tree_remove(&fs->nodes, &node->by_index);
        inode_put(&node->inode);
    }
    node = make_node(fs, &file_ops, &want, FIRST_NUMBER + pty->index);
    if (node == NULL)
        return -ENOMEM;
    node->index = pty->index;
    node->serial = pty->serial;
    insert_node(fs, node);
    *out = node;
    return 0;
}

/* --- the directory -------------------------------------------------------- */

/* The number that name is, as it is written; UINT32_MAX: none. */
static unsigned index_of(const struct name *name)
{
    unsigned index = 0;

    if (name->size == 0 || name->size >= NAME_MAX ||
        (name->text[0] == '0' && name->size > 1))
        return UINT32_MAX;
    for (uint32_t i = 0; i < name->size; i++) {
        char c = name->text[i];

        if (c < '0' || c > '9' || index >= PTY_MAX)
            return UINT32_MAX;
        index = index * 10 + (unsigned)(c - '0');
    }
    return index;
}

static bool is_ptmx(const struct name *name)
{
    return name->size == sizeof(ptmx_name) - 1 &&
           mem_equal(name->text, ptmx_name, name->size);
}

static int look_up(struct inode *dir, const struct name *name,
                   struct inode **out)
{
    struct devpts *fs = devpts_of(dir);
    struct pty_identity pty;
    struct node *node;
    unsigned index;
    int error;

    if (is_ptmx(name)) {
        inode_get(fs->ptmx);
        *out = fs->ptmx;
        return 0;
    }
    index = index_of(name);
    if (index == UINT32_MAX || !pty_next(index, &pty) || pty.index != index)
        return -ENOENT;
    error = node_of(fs, &pty, &node);
    if (error != 0)
        return error;
    inode_get(&node->inode);
    *out = &node->inode;
    return 0;
}

static bool add_entry(struct dir_sink *sink, const char *text, uint64_t number,
                      uint64_t next)
{
    const struct name name = name_of(text, str_length(text, NAME_MAX));

    return sink->add(sink, &name, number, LX_S_IFCHR, next);
}

/* Position POSITION_FIRST is ptmx's, the next slave 0's. */
static int list_names(struct inode *dir, struct file *file,
                      struct dir_sink *sink) NO_TSA
{
    const uint64_t slaves = POSITION_FIRST + 1;
    struct pty_identity pty;
    char text[NAME_MAX];

    (void)dir;
    if (file->position < slaves) {
        if (!add_entry(sink, ptmx_name, PTMX_NUMBER, slaves))
            return 0;
        file->position = slaves;
    }
    while (file->position - slaves < PTY_MAX &&
           pty_next((unsigned)(file->position - slaves), &pty)) {
        format(text, sizeof(text), "%u", pty.index);
        if (!add_entry(sink, text, FIRST_NUMBER + pty.index,
                       slaves + pty.index + 1))
            return 0;
        file->position = slaves + pty.index + 1;
    }
    return 0;
}

static void release_root(struct inode *dir)
{
    struct devpts *fs = devpts_of(dir);
    struct tree_node *at;

    while ((at = tree_first(&fs->nodes)) != NULL) {
        tree_remove(&fs->nodes, at);
        inode_put(&from_tree(at)->inode);
    }
    if (fs->ptmx != NULL)
        inode_put(fs->ptmx);
    release_inode(dir);
}

static const struct inode_ops root_ops = {
    .lookup = look_up,
    .list = list_names,
    .release = release_root,
};

/* --- the file system ------------------------------------------------------ */

static size_t show_options(struct super *super, char *to, size_t size)
{
    const struct options *o =
        &container_of(super, struct devpts, super)->options;
    size_t length = 0;

    if (o->uid != UINT64_MAX)
        length += format(to, size, ",uid=%llu", (unsigned long long)o->uid);
    if (o->gid != UINT64_MAX && length < size)
        length += format(to + length, size - length, ",gid=%llu",
                         (unsigned long long)o->gid);
    if (length < size)
        length += format(
            to + length, size - length, ",mode=%03llo,ptmxmode=%03llo",
            (unsigned long long)o->mode, (unsigned long long)o->ptmx_mode);
    return length;
}

static int take_option(void *arg, const char *name, const char *value)
{
    struct options *o = arg;
    uint64_t max;

    if (str_equal(name, "newinstance"))
        return 0; /* since Linux 4.7 there is nothing else */
    if (str_equal(name, "uid"))
        return fs_option_number(value, UINT32_MAX - 1, &o->uid);
    if (str_equal(name, "gid"))
        return fs_option_number(value, UINT32_MAX - 1, &o->gid);
    if (str_equal(name, "mode"))
        return fs_option_octal(value, 0777, &o->mode);
    if (str_equal(name, "ptmxmode"))
        return fs_option_octal(value, 0777, &o->ptmx_mode);
    if (str_equal(name, "max"))
        return fs_option_number(value, PTY_MAX, &max);
    return -EINVAL;
}

static void release_super(struct super *super)
{
    mem_free(&super_cache, container_of(super, struct devpts, super));
}

static const struct super_ops devpts_super_ops = {
    .show = show_options,
    .release = release_super,
};

/* Root and ptmx: 0 or -ENOMEM. */
static int fill(struct devpts *fs)
{
    const struct inode_new root = {.mode = LX_S_IFDIR | 0755};
    const struct inode_new ptmx = {
        .mode = LX_S_IFCHR | (uint32_t)fs->options.ptmx_mode,
        .rdev = chardev_number(PTMX_MAJOR, PTMX_MINOR),
    };
    struct node *dir = make_node(fs, &root_ops, &root, ROOT_NUMBER);
    struct node *node;
    int error;

    if (dir == NULL)
        return -ENOMEM;
    dir->inode.flags |= INODE_DYNAMIC;
    node = make_node(fs, &file_ops, &ptmx, PTMX_NUMBER);
    if (node != NULL)
        fs->ptmx = &node->inode;
    error = node != NULL ? super_set_root(&fs->super, &dir->inode) : -ENOMEM;
    if (error != 0)
        inode_put(&dir->inode);
    return error;
}

static int mount_devpts(const struct fs_type *type,
                        const struct super_source *source, struct super **out)
{
    struct options options = {UINT64_MAX, UINT64_MAX, 0600, 0};
    struct devpts *fs;
    int error = fs_options_parse(source->options, take_option, &options);

    if (error != 0)
        return error;
    fs = mem_alloc(&super_cache, MEM_WAIT | MEM_ZERO, NULL);
    if (fs == NULL)
        return -ENOMEM;
    super_init(&fs->super, type, &devpts_super_ops, DEVPTS_MAGIC);
    fs->options = options;
    error = fill(fs);
    if (error != 0)
        mem_free(&super_cache, fs);
    else
        *out = &fs->super;
    return error;
}

static struct fs_type devpts_type = {.name = "devpts", .mount = mount_devpts};

void devpts_init_all(void)
{
    cache_init(&node_cache, "pts node", sizeof(struct node), 64);
    cache_init(&super_cache, "devpts", sizeof(struct devpts), 64);
    fs_register(&devpts_type);
}
