/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/store.c - names and nodes of the store; contract in store.h.
 */
#include "core/fs/store.h"

#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/base/string.h"
#include "core/fs/store_impl.h"
#include "core/mem/cache.h"

static struct mem_cache node_cache;

void store_init_all(void)
{
    cache_init(&node_cache, "store node", sizeof(struct store_node), 16);
}

static bool is_directory(const struct store_node *node)
{
    return (node->attributes.mode & LX_S_IFMT) == LX_S_IFDIR;
}

static struct store_node *make_node(struct store *store,
                                    const struct store_attributes *attributes)
{
    struct store_node *node = mem_alloc(&node_cache, MEM_WAIT | MEM_ZERO, NULL);

    if (node == NULL)
        return NULL;
    vm_object_init(&node->object, &store_pager_ops);
    list_init(&node->all);
    list_init(&node->names);
    node->attributes = *attributes;
    node->ino = store->next_ino++;
    list_push_back(&store->nodes, &node->all);
    return node;
}

static void free_node(struct store_node *node)
{
    struct list *link;

    while ((link = list_pop_front(&node->names)) != NULL) {
        struct store_name *name = list_entry(link, struct store_name, link);

        kmem_free(name, sizeof(*name) + name->size);
    }
    store_drop_content(node);
    list_remove(&node->all);
    mem_free(&node_cache, node);
}

int store_init(struct store *store)
{
    static const struct store_attributes attributes = {.mode =
                                                           LX_S_IFDIR | 0755};

    *store = (struct store){.next_ino = 1};
    list_init(&store->nodes);
    store->root = make_node(store, &attributes);
    if (store->root == NULL)
        return -ENOMEM;
    store->root->parent = store->root;
    store->root->links = 2;
    return 0;
}

void store_fini(struct store *store)
{
    while (!list_is_empty(&store->nodes))
        free_node(list_entry(store->nodes.next, struct store_node, all));
    store->root = NULL;
}

struct store_name *store_find(const struct store_node *dir, const char *text,
                              size_t size)
{
    list_for_each(link, &dir->names)
    {
        struct store_name *name = list_entry(link, struct store_name, link);

        if (name->size == size && mem_equal(name->text, text, size))
            return name;
    }
    return NULL;
}

/* The next component of *path, which moves behind it; size 0 at the end. */
static size_t take_component(const char **path, const char **out)
{
    size_t size = 0;

    while (**path == '/')
        (*path)++;
    *out = *path;
    while ((*path)[size] != '\0' && (*path)[size] != '/')
        size++;
    *path += size;
    return size;
}

/* The directory that path's last component is, or would be, in. */
static int find_parent(struct store *store, const char *path,
                       struct store_node **dir, const char **last,
                       size_t *last_size)
{
    struct store_node *at = store->root;
    const char *part, *next_part, *rest = path;
    size_t size = take_component(&rest, &part), next_size;

    for (;; part = next_part, size = next_size) {
        struct store_name *name;

        if (size > STORE_NAME_MAX)
            return -ENAMETOOLONG;
        if (size == 2 && part[0] == '.' && part[1] == '.')
            return -EINVAL;
        next_size = take_component(&rest, &next_part);
        if (size == 1 && part[0] == '.' && next_size > 0)
            continue;
        if (next_size == 0)
            break;
        name = store_find(at, part, size);
        if (name == NULL)
            return -ENOENT;
        if (!is_directory(name->node))
            return -ENOTDIR;
        at = name->node;
    }
    *dir = at;
    *last = part;
    *last_size = size;
    return 0;
}

static int add_name(struct store_node *dir, const char *text, size_t size,
                    struct store_node *node)
{
    struct store_name *name = kmem_alloc(sizeof(*name) + size, MEM_WAIT, NULL);

    if (name == NULL)
        return -ENOMEM;
    list_init(&name->link);
    name->node = node;
    name->size = size;
    mem_copy(name->text, text, size);
    list_push_back(&dir->names, &name->link);
    if (is_directory(node)) {
        node->parent = dir;
        node->links = 2;
        dir->links++;
    } else {
        node->links++;
    }
    return 0;
}

static void remove_name(struct store_name *name)
{
    struct store_node *node = name->node;

    list_remove(&name->link);
    kmem_free(name, sizeof(*name) + name->size);
    node->links--;
    if (node->links == 0)
        free_node(node);
}

/* What stands at the name goes, unless it is a directory: then *kept tells. */
static int clear_place(struct store_node *dir, const char *text, size_t size,
                       struct store_node **kept)
{
    struct store_name *name = store_find(dir, text, size);

    *kept = NULL;
    if (name == NULL)
        return 0;
    if (is_directory(name->node)) {
        *kept = name->node;
        return -EISDIR;
    }
    remove_name(name);
    return 0;
}

int store_create(struct store *store, const char *path,
                 const struct store_attributes *attributes,
                 struct store_node **out)
{
    bool want_directory = (attributes->mode & LX_S_IFMT) == LX_S_IFDIR;
    struct store_node *dir, *kept, *node;
    const char *text;
    size_t size;
    int error = find_parent(store, path, &dir, &text, &size);

    if (error != 0)
        return error;
    if (size == 0 || (size == 1 && text[0] == '.'))
        kept = store->root;
    else
        error = clear_place(dir, text, size, &kept);
    if (kept != NULL) {
        if (!want_directory)
            return -EISDIR;
        kept->attributes = *attributes;
        *out = kept;
        return 0;
    }
    if (error != 0)
        return error;
    node = make_node(store, attributes);
    if (node == NULL)
        return -ENOMEM;
    error = add_name(dir, text, size, node);
    if (error != 0) {
        free_node(node);
        return error;
    }
    *out = node;
    return 0;
}

int store_link(struct store *store, const char *path, struct store_node *node)
{
    struct store_node *dir, *kept;
    const char *text;
    size_t size;
    int error = find_parent(store, path, &dir, &text, &size);

    ASSERT(!is_directory(node));
    if (error != 0)
        return error;
    if (size == 0)
        return -EISDIR;
    node->links++; /* the name that goes may be its last */
    error = clear_place(dir, text, size, &kept);
    if (error == 0)
        error = add_name(dir, text, size, node);
    node->links--;
    return error;
}

int store_unlink(struct store *store, const char *path)
{
    struct store_node *dir, *kept;
    const char *text;
    size_t size;
    int error = find_parent(store, path, &dir, &text, &size);

    if (error != 0)
        return error;
    if (size == 0)
        return -EISDIR;
    if (store_find(dir, text, size) == NULL)
        return -ENOENT;
    return clear_place(dir, text, size, &kept);
}

uint32_t store_mode(const struct store_node *node)
{
    return node->attributes.mode;
}

uint64_t store_size(const struct store_node *node)
{
    return node->size;
}

void store_stat(const struct store_node *node, struct lx_stat *out)
{
    uint64_t time = (uint64_t)node->attributes.mtime;

    *out = (struct lx_stat){
        .st_dev = 1,
        .st_ino = node->ino,
        .st_nlink = node->links,
        .st_mode = node->attributes.mode,
        .st_uid = node->attributes.uid,
        .st_gid = node->attributes.gid,
        .st_rdev = node->attributes.rdev,
        .st_size = (int64_t)node->size,
        .st_blksize = PAGE_SIZE,
        .st_blocks = (int64_t)(round_up(node->size, PAGE_SIZE) / 512),
        .st_atime_sec = time,
        .st_mtime_sec = time,
        .st_ctime_sec = time,
    };
}

const char *store_target(const struct store_node *node, size_t *size)
{
    if ((node->attributes.mode & LX_S_IFMT) != LX_S_IFLNK)
        return NULL;
    *size = (size_t)node->size;
    return node->target != NULL ? node->target : "";
}

struct vm_object *store_object(struct store_node *node)
{
    return &node->object;
}
