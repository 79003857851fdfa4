/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/initramfs.c - contract in initramfs.h.
 */
#include "core/fs/initramfs.h"

#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/base/log.h"
#include "core/fs/store.h"
#include "core/fs/unpack/unpack.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "hal/phys.h"
#include "hal/platform.h"

/* A file of the archive being read that has more than one name. */
struct shared_inode {
    struct list link;
    uint32_t ino, dev_major, dev_minor;
    struct store_node *node;
};

struct loader {
    struct store *store;
    struct store_node *node; /* of the member being read; NULL: passed over */
    struct list shared;
};

static unsigned order_of(size_t size)
{
    unsigned order = 0;

    while (((size_t)PAGE_SIZE << order) < size)
        order++;
    return order;
}

static void *get_memory(void *arg, size_t size)
{
    struct page *page;

    (void)arg;
    if (size <= KMEM_MAX)
        return kmem_alloc(size, MEM_WAIT, NULL);
    if (order_of(size) > PAGE_ORDER_MAX)
        return NULL;
    page = page_alloc(order_of(size), MEM_WAIT, NULL);
    return page != NULL ? page_data(page) : NULL;
}

static void put_memory(void *arg, void *memory, size_t size)
{
    (void)arg;
    if (size <= KMEM_MAX)
        kmem_free(memory, size);
    else
        page_put(page_of(hal_phys_of(memory)));
}

/* Is it a type the store can hold? */
static bool is_known_type(uint32_t mode)
{
    switch (mode & LX_S_IFMT) {
    case LX_S_IFREG:
    case LX_S_IFDIR:
    case LX_S_IFLNK:
    case LX_S_IFCHR:
    case LX_S_IFBLK:
    case LX_S_IFIFO:
    case LX_S_IFSOCK:
        return true;
    default:
        return false;
    }
}

static struct shared_inode *find_shared(struct loader *loader,
                                        const struct cpio_entry *entry)
{
    list_for_each(link, &loader->shared)
    {
        struct shared_inode *shared =
            list_entry(link, struct shared_inode, link);

        if (shared->ino == entry->ino &&
            shared->dev_major == entry->dev_major &&
            shared->dev_minor == entry->dev_minor)
            return shared;
    }
    return NULL;
}

static int remember_shared(struct loader *loader,
                           const struct cpio_entry *entry)
{
    struct shared_inode *shared = kmem_alloc(sizeof(*shared), MEM_WAIT, NULL);

    if (shared == NULL)
        return -ENOMEM;
    list_init(&shared->link);
    shared->ino = entry->ino;
    shared->dev_major = entry->dev_major;
    shared->dev_minor = entry->dev_minor;
    shared->node = loader->node;
    list_push_front(&loader->shared, &shared->link);
    return 0;
}

static int forget_shared(void *arg)
{
    struct loader *loader = arg;
    struct list *link;

    while ((link = list_pop_front(&loader->shared)) != NULL)
        kmem_free(list_entry(link, struct shared_inode, link),
                  sizeof(struct shared_inode));
    return 0;
}

static int make_file(struct loader *loader, const struct cpio_entry *entry)
{
    struct store_attributes attributes = {
        .mode = entry->mode,
        .uid = entry->uid,
        .gid = entry->gid,
        .rdev = (uint64_t)entry->rdev_major << 8 | entry->rdev_minor,
        .mtime = entry->mtime,
    };
    bool is_shared =
        entry->nlink > 1 && (entry->mode & LX_S_IFMT) == LX_S_IFREG;
    struct shared_inode *known = is_shared ? find_shared(loader, entry) : NULL;
    int error;

    if (known != NULL) {
        loader->node = known->node;
        return store_link(loader->store, entry->name, known->node);
    }
    error =
        store_create(loader->store, entry->name, &attributes, &loader->node);
    if (error == 0 && is_shared)
        error = remember_shared(loader, entry);
    return error;
}

static int begin_file(void *arg, const struct cpio_entry *entry)
{
    struct loader *loader = arg;
    int error = is_known_type(entry->mode) ? make_file(loader, entry) : -EINVAL;

    if (error == -ENOMEM || error == 0)
        return error;
    log_warning("initrd: %s: passed over (error %d)", entry->name, -error);
    loader->node = NULL;
    return 0;
}

static int add_data(void *arg, const uint8_t *bytes, size_t size)
{
    struct loader *loader = arg;
    int error = 0;

    if (loader->node != NULL)
        error = store_append(loader->store, loader->node, bytes, size);
    return error == -EINVAL ? 0 : error; /* data of what holds none */
}

static int end_file(void *arg)
{
    struct loader *loader = arg;

    loader->node = NULL;
    return 0;
}

static const struct cpio_ops loader_ops = {
    .entry = begin_file,
    .data = add_data,
    .end = end_file,
    .archive_end = forget_shared,
};

int initramfs_load(struct store *store)
{
    static const struct unpack_memory memory = {get_memory, put_memory, NULL};
    const struct hal_span *initrd = &hal_boot_facts()->initrd;
    struct loader loader = {.store = store};
    struct unpack_memory_source source;
    struct unpack_report report = {0};
    struct unpack_job job = {&source.source, &memory, &loader_ops, &loader};
    struct unpack_span span;
    int error;

    if (initrd->size == 0)
        return 0;
    list_init(&loader.shared);
    span = (struct unpack_span){hal_phys(initrd->start), (size_t)initrd->size};
    unpack_memory_source_init(&source, &span, 1);
    error = unpack_initrd(&job, &report);
    (void)forget_shared(&loader);
    if (error != 0)
        log_error("initrd: %s at byte %llu",
                  report.why != NULL ? report.why : "out of memory",
                  (unsigned long long)report.offset);
    return error;
}
