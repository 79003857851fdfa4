/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/ramfs/super.c - ramfs and tmpfs: limits, options, inodes.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/mount.h"
#include "core/base/format.h"
#include "core/base/string.h"
#include "core/fs/fs_options.h"
#include "core/fs/lock.h"
#include "core/fs/pipe.h"
#include "core/fs/ramfs/ramfs_impl.h"
#include "core/mem/cache.h"

enum { DIR_SIZE = 40 /* st_size of an empty one, as on Linux */ };

static struct mem_cache super_cache, inode_cache;

static const struct lock_class all_class = {"ramfs", LOCK_RANK_FILE};

static struct {
    struct spinlock lock;
    struct list list GUARDED_BY(lock); /* of struct ramfs */
} all;

/* --- counts --------------------------------------------------------------- */

/* Adds one unless that passes max (0: none). */
static int count_one(uint64_t *count, const uint64_t *max)
{
    uint64_t limit = __atomic_load_n(max, __ATOMIC_RELAXED);

    if (__atomic_add_fetch(count, 1, __ATOMIC_RELAXED) <= limit || limit == 0)
        return 0;
    __atomic_sub_fetch(count, 1, __ATOMIC_RELAXED);
    return -ENOSPC;
}

int ramfs_charge_page(struct ramfs *fs)
{
    return count_one(&fs->pages, &fs->pages_max);
}

void ramfs_release_pages(struct ramfs *fs, uint64_t count)
{
    if (count > 0)
        __atomic_sub_fetch(&fs->pages, count, __ATOMIC_RELAXED);
}

static void enter(struct ramfs *fs)
{
    spin_lock(&all.lock);
    list_push_back(&all.list, &fs->all);
    spin_unlock(&all.lock);
}

static void leave(struct ramfs *fs)
{
    spin_lock(&all.lock);
    list_remove(&fs->all);
    spin_unlock(&all.lock);
}

void ramfs_count_pages(struct ramfs_counts *out)
{
    *out = (struct ramfs_counts){0};
    spin_lock(&all.lock);
    list_for_each(link, &all.list)
    {
        const struct ramfs *fs = list_entry(link, struct ramfs, all);
        uint64_t count = __atomic_load_n(&fs->pages, __ATOMIC_RELAXED);

        out->pages += count;
        if (fs->super.magic == LX_TMPFS_MAGIC)
            out->shared += count;
    }
    spin_unlock(&all.lock);
}

/* --- inodes --------------------------------------------------------------- */

static void set_kind(struct ramfs_inode *ram)
{
    struct inode *inode = &ram->inode;

    switch (inode->mode & LX_S_IFMT) {
    case LX_S_IFDIR:
        ram->dir = (struct ramfs_dir){.next_position = INT64_MAX / 2};
        inode->size = DIR_SIZE;
        break;
    case LX_S_IFREG:
        pages_init(&ram->pages);
        ram->seals = LX_F_SEAL_SEAL;
        inode_set_pager(inode, &ramfs_pager_ops);
        break;
    default:
        break;
    }
}

static const struct inode_ops *ops_of(uint32_t mode)
{
    switch (mode & LX_S_IFMT) {
    case LX_S_IFDIR:
        return &ramfs_dir_ops;
    case LX_S_IFREG:
        return &ramfs_file_ops;
    default:
        return &ramfs_other_ops;
    }
}

/* A copy of a link's target: 0 or -ENOMEM. */
static int copy_target(struct ramfs_inode *ram, const char *target)
{
    size_t size = str_length(target, LX_PATH_MAX) + 1;
    char *copy = kmem_alloc(size, MEM_WAIT, NULL);

    if (copy == NULL)
        return -ENOMEM;
    mem_copy(copy, target, size);
    ram->inode.target = copy;
    ram->target_size = size;
    ram->inode.size = size - 1;
    return 0;
}

static void free_inode(struct rcu_head *head)
{
    struct ramfs_inode *ram =
        ramfs_inode_of(container_of(head, struct inode, rcu));

    if (ram->target_size > 0)
        kmem_free((char *)ram->inode.target, ram->target_size);
    mem_free(&inode_cache, ram);
}

int ramfs_make_inode(struct ramfs *fs, const struct inode_new *want,
                     struct inode **out)
{
    int error = count_one(&fs->inodes, &fs->inodes_max);
    struct ramfs_inode *ram;

    if (error != 0)
        return error;
    ram = mem_alloc(&inode_cache, MEM_WAIT, NULL);
    if (ram == NULL) {
        __atomic_sub_fetch(&fs->inodes, 1, __ATOMIC_RELAXED);
        return -ENOMEM;
    }
    inode_init(&ram->inode, ops_of(want->mode), &fs->super, want);
    ram->target_size = 0;
    set_kind(ram);
    if (want->target != NULL)
        error = copy_target(ram, want->target);
    if (error != 0) {
        __atomic_sub_fetch(&fs->inodes, 1, __ATOMIC_RELAXED);
        mem_free(&inode_cache, ram);
        return error;
    }
    *out = &ram->inode;
    return 0;
}

void ramfs_release(struct inode *inode)
{
    struct ramfs_inode *ram = ramfs_inode_of(inode);

    if (inode_type(inode) == LX_S_IFREG) {
        ramfs_drop_pages(inode, 0, UINT64_MAX);
        pages_fini(&ram->pages);
    }
    lock_free(inode->locks);
    if (inode->fifo != NULL)
        fifo_put(inode->fifo);
    __atomic_sub_fetch(&ramfs_of(inode)->inodes, 1, __ATOMIC_RELAXED);
    rcu_call(&inode->rcu, free_inode);
}

const struct inode_ops ramfs_file_ops = {
    .open = ramfs_open,
    .resize = ramfs_resize,
    .allocate = ramfs_allocate,
    .change = ramfs_change,
    .release = ramfs_release,
};

const struct inode_ops ramfs_other_ops = {.release = ramfs_release};

/* --- file systems --------------------------------------------------------- */

static void show_usage(struct super *super, struct super_usage *out)
{
    struct ramfs *fs = container_of(super, struct ramfs, super);
    uint64_t pages = __atomic_load_n(&fs->pages, __ATOMIC_RELAXED);
    uint64_t inodes = __atomic_load_n(&fs->inodes, __ATOMIC_RELAXED);

    *out = (struct super_usage){
        .blocks = fs->pages_max,
        .blocks_free = fs->pages_max > pages ? fs->pages_max - pages : 0,
        .files = fs->inodes_max,
        .files_free = fs->inodes_max > inodes ? fs->inodes_max - inodes : 0,
    };
}

/* Of pages, and of inodes. */
static uint64_t default_limit(void)
{
    return page_total_count() / 2;
}

/* Adds an option to those in to[0..*length), as far as it goes. */
static void add_option(char *to, size_t size, size_t *length, const char *name,
                       uint64_t value)
{
    if (*length < size)
        *length += format(to + *length, size - *length, ",%s%llu", name,
                          (unsigned long long)value);
}

/* What is not as it is without options. The root's mode and owner are those
 * that the mount asked for. */
static size_t show_options(struct super *super, char *to, size_t size)
{
    struct ramfs *fs = container_of(super, struct ramfs, super);
    size_t length = 0;

    if (fs->pages_max > 0 && fs->pages_max != default_limit())
        length = format(to, size, ",size=%lluk",
                        (unsigned long long)fs->pages_max * (PAGE_SIZE / 1024));
    if (fs->inodes_max > 0 && fs->inodes_max != default_limit())
        add_option(to, size, &length, "nr_inodes=", fs->inodes_max);
    if (fs->mode != fs->default_mode && length < size)
        length += format(to + length, size - length, ",mode=%03o", fs->mode);
    if (fs->uid != 0)
        add_option(to, size, &length, "uid=", fs->uid);
    if (fs->gid != 0)
        add_option(to, size, &length, "gid=", fs->gid);
    return length;
}

static void release_super(struct super *super)
{
    struct ramfs *fs = container_of(super, struct ramfs, super);

    leave(fs);
    mem_free(&super_cache, fs);
}

/* --- options -------------------------------------------------------------- */

/* What the options say; limits in pages and inodes. */
struct limits_wanted {
    uint64_t pages, inodes;
    uint64_t mode, uid, gid;
    uint32_t default_mode;
};

static int take_option(void *arg, const char *name, const char *value)
{
    struct limits_wanted *want = arg;
    uint64_t bytes;
    int error;

    if (str_equal(name, "size")) {
        error = fs_option_size(value, page_total_count() * PAGE_SIZE, &bytes);
        if (error == 0)
            want->pages = bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
        return error;
    }
    if (str_equal(name, "nr_blocks"))
        return fs_option_size(value, 0, &want->pages);
    if (str_equal(name, "nr_inodes"))
        return fs_option_size(value, 0, &want->inodes);
    if (str_equal(name, "mode"))
        return fs_option_octal(value, 07777, &want->mode);
    if (str_equal(name, "uid"))
        return fs_option_number(value, UINT32_MAX - 1, &want->uid);
    if (str_equal(name, "gid"))
        return fs_option_number(value, UINT32_MAX - 1, &want->gid);
    return -EINVAL;
}

/* A remount must leave what is there within the limits. */
static int remount(struct super *super, const char *options)
{
    struct ramfs *fs = container_of(super, struct ramfs, super);
    struct limits_wanted want = {.pages = fs->pages_max,
                                 .inodes = fs->inodes_max};
    int error = fs_options_parse(options, take_option, &want);

    if (error != 0)
        return error;
    if ((want.pages > 0 && want.pages < fs->pages) ||
        (want.inodes > 0 && want.inodes < fs->inodes))
        return -EINVAL;
    __atomic_store_n(&fs->pages_max, want.pages, __ATOMIC_RELAXED);
    __atomic_store_n(&fs->inodes_max, want.inodes, __ATOMIC_RELAXED);
    return 0;
}

static const struct super_ops ramfs_super_ops = {
    .usage = show_usage,
    .show = show_options,
    .remount = remount,
    .release = release_super,
};

static int make_super(const struct fs_type *type, uint32_t magic,
                      const struct limits_wanted *want, struct super **out)
{
    struct ramfs *fs = mem_alloc(&super_cache, MEM_WAIT | MEM_ZERO, NULL);
    const struct inode_new root = {.mode = LX_S_IFDIR | (uint32_t)want->mode,
                                   .uid = (lx_uid_t)want->uid,
                                   .gid = (lx_gid_t)want->gid};
    struct inode *inode;
    int error;

    if (fs == NULL)
        return -ENOMEM;
    super_init(&fs->super, type, &ramfs_super_ops, magic);
    list_init(&fs->all);
    fs->pages_max = want->pages;
    fs->inodes_max = want->inodes;
    fs->mode = (uint32_t)want->mode;
    fs->default_mode = want->default_mode;
    fs->uid = (uint32_t)want->uid;
    fs->gid = (uint32_t)want->gid;
    error = ramfs_make_inode(fs, &root, &inode);
    if (error == 0) {
        error = super_set_root(&fs->super, inode);
        if (error != 0)
            inode_put(inode);
    }
    if (error != 0) {
        mem_free(&super_cache, fs);
        return error;
    }
    enter(fs);
    *out = &fs->super;
    return 0;
}

static int mount_tmpfs(const struct fs_type *type,
                       const struct super_source *source, struct super **out)
{
    struct limits_wanted want = {.pages = default_limit(),
                                 .inodes = default_limit(),
                                 .mode = LX_S_ISVTX | 0777,
                                 .default_mode = LX_S_ISVTX | 0777};
    int error = fs_options_parse(source->options, take_option, &want);

    return error != 0 ? error : make_super(type, LX_TMPFS_MAGIC, &want, out);
}

/* Its only option is mode; others are ignored, as Linux does. */
static int mount_ramfs(const struct fs_type *type,
                       const struct super_source *source, struct super **out)
{
    struct limits_wanted want = {.mode = 0755, .default_mode = 0755};

    (void)!fs_options_parse(source->options, take_option, &want);
    want.pages = want.inodes = 0;
    return make_super(type, LX_RAMFS_MAGIC, &want, out);
}

int ramfs_create(const struct fs_type *type, uint32_t magic, uint32_t mode,
                 struct super **out)
{
    const struct limits_wanted want = {.mode = mode, .default_mode = mode};

    return make_super(type, magic, &want, out);
}

static struct fs_type tmpfs_type = {.name = "tmpfs", .mount = mount_tmpfs};
static struct fs_type ramfs_type = {.name = "ramfs", .mount = mount_ramfs};

void ramfs_init_all(void)
{
    cache_init(&super_cache, "ramfs", sizeof(struct ramfs), 16);
    cache_init(&inode_cache, "ramfs inode", sizeof(struct ramfs_inode), 64);
    spin_init(&all.lock, &all_class);
    list_init(&all.list);
    fs_register(&tmpfs_type);
    fs_register(&ramfs_type);
}
