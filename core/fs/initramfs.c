/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/initramfs.c - contract in initramfs.h.
 */
#include "core/fs/initramfs.h"

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/stat.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "core/dev/chardev.h"
#include "core/fs/names.h"
#include "core/fs/open.h"
#include "core/fs/unpack/unpack.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/vm/uaccess.h"
#include "hal/phys.h"
#include "hal/platform.h"

/* A file of the archive being read that has more than one name. */
struct shared_inode {
    struct list link;
    uint32_t ino, dev_major, dev_minor;
    struct path path; /* references */
};

/* A directory whose times are set when all that is in it is there. */
struct late_times {
    struct list link;
    struct path path; /* references */
    int64_t mtime;
};

struct loader {
    const struct path_ask *ask;
    struct cpio_entry entry; /* the member being read; its name is below */
    struct file *file;       /* a regular file's; NULL: passed over */
    bool is_link;
    size_t size; /* of text, of a link's target so far */
    char *name;  /* LX_PATH_MAX bytes, like text */
    char *text;
    struct list shared, late;
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

/* Is it a type of file? */
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
    shared->path = loader->file->path;
    path_get(&shared->path);
    list_push_front(&loader->shared, &shared->link);
    return 0;
}

static int forget_shared(void *arg)
{
    struct loader *loader = arg;
    struct list *link;

    while ((link = list_pop_front(&loader->shared)) != NULL) {
        struct shared_inode *shared =
            list_entry(link, struct shared_inode, link);

        path_put(&shared->path);
        kmem_free(shared, sizeof(*shared));
    }
    return 0;
}

static int64_t time_of(const struct cpio_entry *entry)
{
    return (int64_t)entry->mtime * 1000000000;
}

/* Owner, mode and times as the member has them. */
static int set_attributes(struct loader *loader, struct inode *inode)
{
    const struct cpio_entry *entry = &loader->entry;
    struct inode_change change = {
        .fields = CHANGE_UID | CHANGE_GID | CHANGE_ATIME | CHANGE_MTIME,
        .uid = entry->uid,
        .gid = entry->gid,
        .mode = entry->mode,
        .atime = time_of(entry),
        .mtime = time_of(entry),
    };

    if (!inode_is_link(inode))
        change.fields |= CHANGE_MODE;
    return inode_apply(inode, loader->ask->cred, &change);
}

/* The same for what has just been made under the member's name. */
static int set_named(struct loader *loader)
{
    struct path path;
    int error = path_find(loader->ask, loader->name, &path);

    if (error != 0)
        return error;
    error = set_attributes(loader, path_inode(&path));
    path_put(&path);
    return error;
}

static int keep_directory(struct loader *loader)
{
    struct late_times *late = kmem_alloc(sizeof(*late), MEM_WAIT, NULL);
    int error;

    if (late == NULL)
        return -ENOMEM;
    error = path_find(loader->ask, loader->name, &late->path);
    if (error == 0)
        error = set_attributes(loader, path_inode(&late->path));
    if (error != 0) {
        kmem_free(late, sizeof(*late));
        return error;
    }
    late->mtime = time_of(&loader->entry);
    list_init(&late->link);
    list_push_back(&loader->late, &late->link);
    return 0;
}

static void set_late_times(struct loader *loader)
{
    struct list *link;

    while ((link = list_pop_front(&loader->late)) != NULL) {
        struct late_times *late = list_entry(link, struct late_times, link);
        const struct inode_change change = {
            .fields = CHANGE_ATIME | CHANGE_MTIME,
            .atime = late->mtime,
            .mtime = late->mtime,
        };

        (void)!inode_apply(path_inode(&late->path), loader->ask->cred, &change);
        path_put(&late->path);
        kmem_free(late, sizeof(*late));
    }
}

/* What stands at the name goes, unless both are directories: then -EEXIST. */
static int clear_place(struct loader *loader)
{
    bool wants_directory = (loader->entry.mode & LX_S_IFMT) == LX_S_IFDIR;
    struct path path;
    bool is_directory;
    int error = path_find(loader->ask, loader->name, &path);

    if (error == -ENOENT)
        return 0;
    if (error != 0)
        return error;
    is_directory = inode_is_directory(path_inode(&path));
    path_put(&path);
    if (is_directory && wants_directory)
        return -EEXIST;
    return is_directory ? name_rmdir(loader->ask, loader->name)
                        : name_unlink(loader->ask, loader->name);
}

static int make_directory(struct loader *loader, bool is_there)
{
    int error = is_there ? 0
                         : name_create(loader->ask, loader->name,
                                       loader->entry.mode, 0, NULL);

    return error != 0 ? error : keep_directory(loader);
}

static int make_regular(struct loader *loader)
{
    const struct cpio_entry *entry = &loader->entry;
    const struct open_how how = {
        .flags = LX_O_CREAT | LX_O_EXCL | LX_O_WRONLY | LX_O_LARGEFILE,
        .mode = entry->mode & 07777,
    };
    struct shared_inode *known =
        entry->nlink > 1 ? find_shared(loader, entry) : NULL;
    int error;

    if (known == NULL) {
        error = open_path(loader->ask, loader->name, &how, &loader->file);
        if (error == 0 && entry->nlink > 1)
            error = remember_shared(loader, entry);
        return error;
    }
    error = name_link(&known->path, loader->ask, loader->name);
    if (error == 0)
        error = open_found(&known->path, loader->ask->cred, LX_O_WRONLY,
                           &loader->file);
    return error;
}

static uint64_t device_of(const struct cpio_entry *entry)
{
    return chardev_number(entry->rdev_major, entry->rdev_minor);
}

static int make_file(struct loader *loader)
{
    uint32_t mode = loader->entry.mode;
    int error = clear_place(loader);

    if (error == -EEXIST || (error == 0 && (mode & LX_S_IFMT) == LX_S_IFDIR))
        return make_directory(loader, error != 0);
    if (error != 0)
        return error;
    switch (mode & LX_S_IFMT) {
    case LX_S_IFREG:
        return make_regular(loader);
    case LX_S_IFLNK:
        loader->is_link = true;
        loader->size = 0;
        return 0;
    default:
        error = name_create(loader->ask, loader->name, mode,
                            device_of(&loader->entry), NULL);
        return error != 0 ? error : set_named(loader);
    }
}

/* A name may begin at the root or not: it is the same. */
static const char *relative_name(const char *name)
{
    while (*name == '/')
        name++;
    return *name != '\0' ? name : ".";
}

/* A member that cannot be made is told of, and the rest goes on: what to
 * return for error. */
static int pass_over(const struct loader *loader, int error)
{
    if (error == -ENOMEM || error == 0)
        return error;
    log_warning("initrd: %s: passed over (error %d)", loader->name, -error);
    return 0;
}

static int begin_file(void *arg, const struct cpio_entry *entry)
{
    struct loader *loader = arg;
    int error = -EINVAL;

    loader->entry = *entry;
    (void)str_copy(loader->name, relative_name(entry->name), LX_PATH_MAX);
    if (is_known_type(entry->mode))
        error = make_file(loader);
    return pass_over(loader, error);
}

/* What has no room is left out: end_link() sees that the buffer is full. */
static void add_target(struct loader *loader, const uint8_t *bytes, size_t size)
{
    size = min_size(size, LX_PATH_MAX - loader->size);
    mem_copy(loader->text + loader->size, bytes, size);
    loader->size += size;
}

/* All of it, or an error: memory may end, and be there again, in between. */
static int add_bytes(struct loader *loader, const uint8_t *bytes, size_t size)
{
    struct user_cursor from = {.kernel = (char *)bytes, .left = size};
    ssize_t done;

    do {
        done = file_write(loader->file, &from, NULL);
    } while (done > 0 && from.left > 0);
    return done < 0 ? (int)done : 0;
}

static int add_data(void *arg, const uint8_t *bytes, size_t size)
{
    struct loader *loader = arg;

    if (loader->file != NULL)
        return add_bytes(loader, bytes, size);
    if (loader->is_link)
        add_target(loader, bytes, size);
    return 0; /* also data of what holds none */
}

static int end_link(struct loader *loader)
{
    int error = loader->size == 0 ? -ENOENT : -ENAMETOOLONG;

    loader->is_link = false;
    if (loader->size > 0 && loader->size < LX_PATH_MAX) {
        loader->text[loader->size] = '\0';
        error = name_create(loader->ask, loader->name, LX_S_IFLNK | 0777, 0,
                            loader->text);
    }
    return pass_over(loader, error != 0 ? error : set_named(loader));
}

static int end_file(void *arg)
{
    struct loader *loader = arg;
    int error = 0;

    if (loader->is_link)
        return end_link(loader);
    if (loader->file == NULL)
        return 0;
    error = set_attributes(loader, path_inode(&loader->file->path));
    file_put(loader->file);
    loader->file = NULL;
    return error;
}

static const struct cpio_ops loader_ops = {
    .entry = begin_file,
    .data = add_data,
    .end = end_file,
    .archive_end = forget_shared,
};

static int unpack(struct loader *loader)
{
    static const struct unpack_memory memory = {get_memory, put_memory, NULL};
    const struct hal_span *initrd = &hal_boot_facts()->initrd;
    struct unpack_memory_source source;
    struct unpack_report report = {0};
    struct unpack_job job = {&source.source, &memory, &loader_ops, loader};
    struct unpack_span span = {hal_phys(initrd->start), (size_t)initrd->size};
    int error;

    unpack_memory_source_init(&source, &span, 1);
    error = unpack_initrd(&job, &report);
    if (error != 0)
        log_error("initrd: %s at byte %llu",
                  report.why != NULL ? report.why : "out of memory",
                  (unsigned long long)report.offset);
    return error;
}

int initramfs_load(const struct path_ask *ask)
{
    struct loader loader = {.ask = ask};
    int error = -ENOMEM;

    if (hal_boot_facts()->initrd.size == 0)
        return 0;
    list_init(&loader.shared);
    list_init(&loader.late);
    loader.name = path_buffer();
    loader.text = path_buffer();
    if (loader.name != NULL && loader.text != NULL)
        error = unpack(&loader);
    if (loader.file != NULL)
        file_put(loader.file);
    (void)forget_shared(&loader);
    set_late_times(&loader);
    path_buffer_free(loader.name);
    path_buffer_free(loader.text);
    return error;
}
