/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pseudo/pseudo.c - directories, links and inodes; contract in
 * pseudo.h.
 *
 * Positions in a directory: from 2 on the table, then what is registered, then
 * from NAMES_AT on the names that come and go.
 */
#include "core/fs/pseudo/pseudo.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "core/fs/dir.h"
#include "core/fs/lock.h"
#include "core/mem/cache.h"

enum { TABLE_AT = 2, REGISTERED_AT = 1 << 10, NAMES_AT = 1 << 20 };

static struct mem_cache super_cache, inode_cache;

static const struct inode_ops pseudo_dir_ops, pseudo_file_inode_ops,
    pseudo_link_ops, pseudo_jump_ops;

void pseudo_init_all(void)
{
    cache_init(&super_cache, "pseudo super", sizeof(struct super), 16);
    cache_init(&inode_cache, "pseudo inode", sizeof(struct pseudo_inode), 64);
}

/* --- inodes --------------------------------------------------------------- */

static const struct inode_ops *ops_of(const struct pseudo_entry *entry)
{
    switch (entry->mode & LX_S_IFMT) {
    case LX_S_IFDIR:
        return &pseudo_dir_ops;
    case LX_S_IFLNK:
        return entry->jump != NULL ? &pseudo_jump_ops : &pseudo_link_ops;
    default:
        return &pseudo_file_inode_ops;
    }
}

static struct pseudo_inode *make_inode(struct super *super,
                                       const struct pseudo_entry *entry)
{
    const struct inode_new want = {.mode = entry->mode};
    struct pseudo_inode *pseudo = mem_alloc(&inode_cache, MEM_WAIT, NULL);

    if (pseudo == NULL)
        return NULL;
    inode_init(&pseudo->inode, ops_of(entry), super, &want);
    pseudo->inode.flags = INODE_SWALLOWS;
    if (entry->dir != NULL && entry->dir->names != NULL)
        pseudo->inode.flags |= INODE_DYNAMIC;
    pseudo->entry = entry;
    pseudo->subject_ops = NULL;
    pseudo->subject = NULL;
    pseudo->number = 0;
    return pseudo;
}

static void refresh(struct inode *inode)
{
    struct pseudo_inode *pseudo = pseudo_of(inode);
    lx_uid_t uid;
    lx_gid_t gid;

    if (pseudo->subject_ops == NULL)
        return;
    pseudo->subject_ops->owner(pseudo->subject, &uid, &gid);
    __atomic_store_n(&inode->uid, uid, __ATOMIC_RELAXED);
    __atomic_store_n(&inode->gid, gid, __ATOMIC_RELAXED);
}

int pseudo_make(struct pseudo_inode *dir, const struct pseudo_entry *entry,
                const struct pseudo_subject_ops *ops, void *subject,
                struct inode **out)
{
    struct pseudo_inode *pseudo = make_inode(dir->inode.super, entry);

    if (pseudo == NULL)
        return -ENOMEM;
    if (ops == NULL) {
        ops = dir->subject_ops;
        subject = dir->subject;
    }
    /* What is below something that comes and goes does so too. */
    if (ops != NULL && entry->dir != NULL)
        pseudo->inode.flags |= INODE_DYNAMIC;
    if (ops != NULL)
        ops->hold(subject);
    pseudo->subject_ops = ops;
    pseudo->subject = subject;
    refresh(&pseudo->inode);
    *out = &pseudo->inode;
    return 0;
}

static void free_inode(struct rcu_head *head)
{
    mem_free(&inode_cache, pseudo_of(container_of(head, struct inode, rcu)));
}

static void release_inode(struct inode *inode)
{
    struct pseudo_inode *pseudo = pseudo_of(inode);

    if (pseudo->subject_ops != NULL)
        pseudo->subject_ops->drop(pseudo->subject);
    lock_free(inode->locks);
    rcu_call(&inode->rcu, free_inode);
}

static int refuse_change(struct inode *inode, const struct inode_change *change)
{
    (void)inode;
    (void)change;
    return -EPERM;
}

/* --- directories ---------------------------------------------------------- */

static bool is_called(const struct pseudo_entry *entry, const struct name *name)
{
    return str_length(entry->name, LX_NAME_MAX + 1) == name->size &&
           mem_equal(entry->name, name->text, name->size);
}

static const struct pseudo_entry *find_entry(const struct pseudo_dir *dir,
                                             const struct name *name)
{
    for (size_t i = 0; i < dir->count; i++)
        if (is_called(&dir->entries[i], name))
            return &dir->entries[i];
    if (dir->registered == NULL)
        return NULL;
    list_for_each(link, dir->registered)
    {
        const struct pseudo_registration *one =
            list_entry(link, struct pseudo_registration, link);

        if (is_called(&one->entry, name))
            return &one->entry;
    }
    return NULL;
}

static int look_up(struct inode *inode, const struct name *name,
                   struct inode **out)
{
    struct pseudo_inode *dir = pseudo_of(inode);
    const struct pseudo_dir *table = dir->entry->dir;
    const struct pseudo_entry *entry = find_entry(table, name);

    if (entry != NULL)
        return pseudo_make(dir, entry, NULL, NULL, out);
    return table->names != NULL ? table->names->lookup(dir, name, out)
                                : -ENOENT;
}

/* As if the look-up had failed: what is not there cannot be (Linux's proc). */
static int refuse_new(struct inode *dir, const struct name *name,
                      const struct inode_new *want, struct inode **out)
{
    (void)dir;
    (void)name;
    (void)want;
    (void)out;
    return -ENOENT;
}

/* Gives an entry; numbers of files that do not exist yet are made up. */
static bool give_entry(struct pseudo_inode *dir,
                       const struct pseudo_entry *entry, struct dir_sink *sink,
                       uint64_t position)
{
    const struct name name = {
        .text = entry->name,
        .size = (uint32_t)str_length(entry->name, LX_NAME_MAX)};

    return sink->add(sink, &name, dir->inode.number << 20 | position,
                     entry->mode & LX_S_IFMT, position + 1);
}

/* The entry at a position below NAMES_AT, or NULL behind the last. */
static const struct pseudo_entry *entry_at(const struct pseudo_dir *dir,
                                           uint64_t position)
{
    uint64_t at = REGISTERED_AT;

    if (position < REGISTERED_AT)
        return position - TABLE_AT < dir->count
                   ? &dir->entries[position - TABLE_AT]
                   : NULL;
    if (dir->registered == NULL)
        return NULL;
    list_for_each(link, dir->registered)
    {
        if (at++ == position)
            return &list_entry(link, struct pseudo_registration, link)->entry;
    }
    return NULL;
}

/* Gives the entries of the table that begins at *position; false: full. */
static bool list_table(struct pseudo_inode *dir, uint64_t *position,
                       struct dir_sink *sink)
{
    const struct pseudo_entry *entry;

    while ((entry = entry_at(dir->entry->dir, *position)) != NULL) {
        if (!give_entry(dir, entry, sink, *position))
            return false;
        (*position)++;
    }
    return true;
}

static void list_changing(struct pseudo_inode *dir, uint64_t *position,
                          struct dir_sink *sink)
{
    const struct pseudo_names *names = dir->entry->dir->names;
    char text[PSEUDO_NAME_MAX];
    uint64_t at = *position - NAMES_AT;
    uint32_t type;

    while (names != NULL && names->next(dir, &at, text, &type)) {
        const struct name name = {
            .text = text, .size = (uint32_t)str_length(text, sizeof(text))};

        if (!sink->add(sink, &name, dir->inode.number << 20 | (NAMES_AT + at),
                       type, NAMES_AT + at + 1))
            return;
        at++;
        *position = NAMES_AT + at;
    }
}

static int list_all(struct inode *inode, struct file *file,
                    struct dir_sink *sink) NO_TSA
{
    struct pseudo_inode *dir = pseudo_of(inode);
    uint64_t *position = &file->position;

    if (*position < REGISTERED_AT) {
        if (!list_table(dir, position, sink))
            return 0;
        *position = REGISTERED_AT;
    }
    if (*position < NAMES_AT) {
        if (!list_table(dir, position, sink))
            return 0;
        *position = NAMES_AT;
    }
    list_changing(dir, position, sink);
    return 0;
}

/* --- links ---------------------------------------------------------------- */

static ssize_t read_target(struct inode *inode, char *to, size_t size)
{
    struct pseudo_inode *pseudo = pseudo_of(inode);

    return pseudo->entry->read_target(pseudo, to, size);
}

static int jump(struct inode *inode, const struct cred *cred, struct path *out)
{
    struct pseudo_inode *pseudo = pseudo_of(inode);

    return pseudo->entry->jump(pseudo, cred, out);
}

static const struct inode_ops pseudo_dir_ops = {
    .lookup = look_up,
    .create = refuse_new,
    .list = list_all,
    .change = refuse_change,
    .refresh = refresh,
    .release = release_inode,
};

static const struct inode_ops pseudo_file_inode_ops = {
    .open = pseudo_open,
    .change = refuse_change,
    .refresh = refresh,
    .release = release_inode,
};

static const struct inode_ops pseudo_link_ops = {
    .read_target = read_target,
    .change = refuse_change,
    .refresh = refresh,
    .release = release_inode,
};

static const struct inode_ops pseudo_jump_ops = {
    .read_target = read_target,
    .jump = jump,
    .change = refuse_change,
    .refresh = refresh,
    .release = release_inode,
};

/* --- file systems --------------------------------------------------------- */

static void release_super(struct super *super)
{
    mem_free(&super_cache, super);
}

static const struct super_ops pseudo_super_ops = {.release = release_super};

int pseudo_create(const struct fs_type *type, uint32_t magic,
                  const struct pseudo_entry *root, struct super **out)
{
    struct super *super = mem_alloc(&super_cache, MEM_WAIT, NULL);
    struct pseudo_inode *inode;

    if (super == NULL)
        return -ENOMEM;
    super_init(super, type, &pseudo_super_ops, magic);
    inode = make_inode(super, root);
    if (inode == NULL) {
        mem_free(&super_cache, super);
        return -ENOMEM;
    }
    if (super_set_root(super, &inode->inode) != 0) {
        inode_put(&inode->inode);
        mem_free(&super_cache, super);
        return -ENOMEM;
    }
    *out = super;
    return 0;
}

void pseudo_register(struct list *directory,
                     struct pseudo_registration *registration)
{
    list_init(&registration->link);
    list_push_back(directory, &registration->link);
}

bool pseudo_number(const struct name *name, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (name->size == 0 || (name->size > 1 && name->text[0] == '0'))
        return false;
    for (uint32_t i = 0; i < name->size; i++) {
        if (name->text[i] < '0' || name->text[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(name->text[i] - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return true;
}
