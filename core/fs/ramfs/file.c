/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/ramfs/file.c - open files in memory: bytes, positions, seals.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/mman.h"
#include "core/abi/uio.h"
#include "core/base/string.h"
#include "core/fs/atime.h"
#include "core/fs/open.h"
#include "core/fs/ramfs/ramfs_impl.h"
#include "core/id/cred.h"
#include "core/vm/uaccess.h"

enum { MODE_EXEC = 0111 };

static const char zeros[PAGE_SIZE];

static struct inode *inode_of(const struct file *file)
{
    return file->data;
}

/* --- read ----------------------------------------------------------------- */

/* Bytes of one page, or of a hole, that a move at offset covers. */
static size_t part_of(uint64_t offset, uint64_t left)
{
    return (size_t)min_u64(PAGE_SIZE - offset % PAGE_SIZE, left);
}

static size_t read_part(struct inode *inode, uint64_t offset, size_t size,
                        struct user_cursor *to)
{
    struct page *page =
        pages_find(&ramfs_inode_of(inode)->pages, offset / PAGE_SIZE);
    size_t done;

    if (page == NULL)
        return cursor_copy_out(to, zeros, size);
    done = cursor_copy_out(
        to, (const char *)page_data(page) + offset % PAGE_SIZE, size);
    page_put(page);
    return done;
}

static ssize_t read_file(struct file *file, struct user_cursor *to,
                         uint64_t *position)
{
    struct inode *inode = inode_of(file);
    uint64_t offset = *position, size = inode_size(inode);
    size_t part, moved = 0;

    while (to->left > 0 && offset < size) {
        part = part_of(offset, min_u64(to->left, size - offset));
        moved = read_part(inode, offset, part, to);
        offset += moved;
        if (moved < part)
            break;
    }
    if (offset == *position && to->left > 0 && offset < size)
        return -EFAULT;
    moved = (size_t)(offset - *position);
    *position = offset;
    atime_touch(file, inode);
    return (ssize_t)moved;
}

/* --- write ---------------------------------------------------------------- */

/* A whole page of new bytes: no need to clear it first. Returns how many came,
 * 0 when none could be read, or -errno. */
static ssize_t write_new_page(struct inode *inode, uint64_t index,
                              struct user_cursor *from)
{
    struct page *page = page_alloc(0, MEM_WAIT, NULL), *other;
    struct user_cursor ahead = *from; /* what finds no room was not taken */
    size_t done;
    int error;

    if (page == NULL)
        return -ENOMEM;
    done = cursor_copy_in(&ahead, page_data(page), PAGE_SIZE);
    mem_set((char *)page_data(page) + done, 0, PAGE_SIZE - done);
    error = done > 0 ? ramfs_add_page(inode, index, page) : -EFAULT;
    if (error == -EEXIST) { /* a mapping's fault was first */
        error = ramfs_get_page(inode, index, &other);
        if (error == 0) {
            mem_copy(page_data(other), page_data(page), done);
            page_put(other);
            page_put(page);
        }
    }
    if (error != 0) {
        page_put(page);
        return error;
    }
    *from = ahead;
    return (ssize_t)done;
}

static ssize_t write_part(struct inode *inode, uint64_t offset, size_t size,
                          struct user_cursor *from)
{
    uint64_t index = offset / PAGE_SIZE;
    struct page *page = pages_find(&ramfs_inode_of(inode)->pages, index);
    size_t done;
    int error;

    if (page == NULL && size == PAGE_SIZE)
        return write_new_page(inode, index, from);
    if (page == NULL) {
        error = ramfs_get_page(inode, index, &page);
        if (error != 0)
            return error;
    }
    done = cursor_copy_in(from, (char *)page_data(page) + offset % PAGE_SIZE,
                          size);
    page_put(page);
    return done > 0 ? (ssize_t)done : -EFAULT;
}

/* Bytes until something is in the way; sets the size. */
static ssize_t write_bytes(struct inode *inode, uint64_t offset,
                           struct user_cursor *from)
{
    uint64_t start = offset;
    uint64_t end = from->is_limited ? from->size_max : UINT64_MAX;
    bool is_sealed = (ramfs_inode_of(inode)->seals & LX_F_SEAL_GROW) != 0;
    ssize_t moved = 0;

    while (from->left > 0 && offset < end) {
        size_t part = part_of(offset, min_u64(from->left, end - offset));

        moved = is_sealed && offset + part > inode->size
                    ? -EPERM
                    : write_part(inode, offset, part, from);
        if (moved < 0)
            break;
        offset += (uint64_t)moved;
        if ((size_t)moved < part)
            break;
    }
    if (offset > inode->size)
        __atomic_store_n(&inode->size, offset, __ATOMIC_RELEASE);
    return offset > start ? (ssize_t)(offset - start) : moved;
}

/* What setrlimit(2) says of RLIMIT_FSIZE: the bytes before it are written. */
static int check_limit(uint64_t offset, struct user_cursor *from)
{
    from->is_beyond = from->is_limited && offset >= from->size_max;
    return from->is_beyond ? -EFBIG : 0;
}

static int check_write(struct inode *inode, uint64_t offset)
{
    unsigned seals = ramfs_inode_of(inode)->seals;

    if (offset >= inode->super->size_max)
        return -EFBIG;
    if ((seals & (LX_F_SEAL_WRITE | LX_F_SEAL_FUTURE_WRITE)) != 0)
        return -EPERM;
    return 0;
}

/* O_APPEND, or RWF_APPEND of this call alone. */
static bool is_appended(const struct file *file, const struct user_cursor *from)
{
    return (file_flags(file) & LX_O_APPEND) != 0 ||
           (from->flags & LX_RWF_APPEND) != 0;
}

static ssize_t write_file(struct file *file, struct user_cursor *from,
                          uint64_t *position)
{
    struct inode *inode = inode_of(file);
    uint64_t offset;
    ssize_t done;

    if (mutex_lock_killable(&inode->lock) != 0)
        return -EINTR;
    offset = is_appended(file, from) ? inode->size : *position;
    done = check_limit(offset, from);
    if (done == 0)
        done = check_write(inode, offset);
    if (done == 0)
        done = write_bytes(inode, offset, from);
    if (done > 0) {
        inode_drop_privileges(inode,
                              from->writer != NULL ? from->writer : file->cred);
        inode_touch(inode);
        *position = offset + (uint64_t)done;
    }
    mutex_unlock(&inode->lock);
    return done;
}

/* --- positions ------------------------------------------------------------ */

/* SEEK_DATA and SEEK_HOLE: the end is a hole. */
static int64_t seek_content(struct inode *inode, uint64_t offset, bool data)
{
    struct pages *pages = &ramfs_inode_of(inode)->pages;
    uint64_t size = inode_size(inode), index;
    uint64_t end = size / PAGE_SIZE + (size % PAGE_SIZE != 0);

    if (offset >= size)
        return -ENXIO;
    index = pages_next(pages, offset / PAGE_SIZE, end, data);
    if (data && index == end)
        return -ENXIO;
    return (int64_t)min_u64(max_u64(offset, index * PAGE_SIZE), size);
}

static int64_t seek_file(struct file *file, int64_t offset,
                         unsigned whence) NO_TSA
{
    struct inode *inode = inode_of(file);
    int64_t base = 0;

    if (whence == LX_SEEK_DATA || whence == LX_SEEK_HOLE)
        offset = seek_content(inode, (uint64_t)offset, whence == LX_SEEK_DATA);
    else if (whence == LX_SEEK_CUR)
        base = (int64_t)file->position;
    else if (whence == LX_SEEK_END)
        base = (int64_t)inode_size(inode);
    if (offset == -ENXIO && whence >= LX_SEEK_DATA)
        return offset;
    if (whence > LX_SEEK_HOLE || __builtin_add_overflow(base, offset, &offset))
        return whence > LX_SEEK_HOLE ? -EINVAL : -EOVERFLOW;
    if (offset < 0)
        return -EINVAL;
    file->position = (uint64_t)offset;
    return offset;
}

static int give_object(struct file *file, struct vm_object **out)
{
    *out = &inode_of(file)->object;
    vm_object_get(*out);
    return 0;
}

static int sync_file(struct file *file, bool only_data)
{
    (void)file;
    (void)only_data;
    return 0; /* memory is its home */
}

static const struct file_ops file_ops = {
    .read = read_file,
    .write = write_file,
    .seek = seek_file,
    .object = give_object,
    .sync = sync_file,
};

int ramfs_open(struct inode *inode, unsigned flags, struct file **out)
{
    return file_create(&file_ops, flags, inode, out);
}

/* --- memfd_create(2) ------------------------------------------------------ */

static struct mount *unnamed; /* where such files are; set once; atomic */

/* The file system of files without names, made with the first. */
static int find_unnamed(struct mount **out)
{
    static const struct super_source source = {"", "", false};
    struct mount *mount = __atomic_load_n(&unnamed, __ATOMIC_ACQUIRE);
    struct mount *none = NULL;
    struct super *super;
    int error = 0;

    if (mount == NULL) {
        const struct fs_type *type = fs_find("tmpfs");

        error = type->mount(type, &source, &super);
        if (error == 0) {
            error = mount_create_internal(super, &mount);
            super_put(super);
        }
        if (error == 0 &&
            !__atomic_compare_exchange_n(&unnamed, &none, mount, false,
                                         __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            mount_put(mount);
            mount = none;
        }
    }
    if (error == 0)
        *out = mount;
    return error;
}

void ramfs_fini_all(void)
{
    struct mount *mount = __atomic_exchange_n(&unnamed, NULL, __ATOMIC_ACQ_REL);

    if (mount != NULL)
        mount_put(mount);
}

int ramfs_open_unnamed(const char *name, unsigned seals, struct cred *cred,
                       struct file **out)
{
    const struct inode_new want = {
        .mode = LX_S_IFREG | ((seals & LX_F_SEAL_EXEC) != 0 ? 0666 : 0777),
        .uid = cred->fsuid,
        .gid = cred->fsgid};
    struct inode *inode;
    struct path path;
    int error = find_unnamed(&path.mount);

    if (error != 0)
        return error;
    error = ramfs_make_inode(
        container_of(path.mount->super, struct ramfs, super), &want, &inode);
    if (error != 0)
        return error;
    inode_add_links(inode, -1);
    ramfs_inode_of(inode)->seals = seals;
    path.dentry = dentry_create_unnamed(inode, NULL, name);
    if (path.dentry == NULL) {
        inode_put(inode);
        return -ENOMEM;
    }
    mount_get(path.mount);
    error = open_found(&path, cred, LX_O_RDWR | LX_O_LARGEFILE, out);
    path_put(&path);
    return error;
}

/* The inode of a file that has seals, or NULL. */
static struct ramfs_inode *sealed_inode(const struct file *file)
{
    return file->ops == &file_ops ? ramfs_inode_of(inode_of(file)) : NULL;
}

int ramfs_seals(const struct file *file)
{
    struct ramfs_inode *ram = sealed_inode(file);

    if (ram == NULL)
        return -EINVAL;
    return (int)__atomic_load_n(&ram->seals, __ATOMIC_RELAXED);
}

/* A program whose mode is to stay is not to be written either. */
static unsigned implied(const struct ramfs_inode *ram, unsigned seals)
{
    if ((seals & LX_F_SEAL_EXEC) == 0 || (ram->inode.mode & MODE_EXEC) == 0)
        return seals;
    return seals | LX_F_SEAL_SHRINK | LX_F_SEAL_GROW | LX_F_SEAL_WRITE |
           LX_F_SEAL_FUTURE_WRITE;
}

int ramfs_change(struct inode *inode, const struct inode_change *change)
{
    unsigned seals = ramfs_inode_of(inode)->seals;

    if ((seals & LX_F_SEAL_EXEC) != 0 && (change->fields & CHANGE_MODE) != 0 &&
        ((inode->mode ^ change->mode) & MODE_EXEC) != 0)
        return -EPERM;
    return 0;
}

int ramfs_add_seals(struct file *file, unsigned seals)
{
    struct ramfs_inode *ram = sealed_inode(file);
    const unsigned known = LX_F_SEAL_SEAL | LX_F_SEAL_SHRINK | LX_F_SEAL_GROW |
                           LX_F_SEAL_WRITE | LX_F_SEAL_FUTURE_WRITE |
                           LX_F_SEAL_EXEC;
    int error = 0;

    if (!file_is_writable(file))
        return -EPERM;
    if ((seals & ~known) != 0 || ram == NULL)
        return -EINVAL;
    mutex_lock(&ram->inode.lock);
    seals = implied(ram, seals);
    if ((ram->seals & LX_F_SEAL_SEAL) != 0)
        error = -EPERM;
    else if ((seals & ~ram->seals & LX_F_SEAL_WRITE) != 0 &&
             !vm_object_deny_write(&ram->inode.object))
        error = -EBUSY;
    else
        __atomic_store_n(&ram->seals, ram->seals | seals, __ATOMIC_RELAXED);
    mutex_unlock(&ram->inode.lock);
    return error;
}

int ramfs_check_map(const struct file *file, bool is_shared, unsigned prot,
                    unsigned *deny)
{
    int seals = ramfs_seals(file);
    const unsigned writes = LX_F_SEAL_WRITE | LX_F_SEAL_FUTURE_WRITE;

    if (seals < 0 || ((unsigned)seals & writes) == 0 || !is_shared)
        return 0;
    if ((prot & LX_PROT_WRITE) != 0)
        return -EPERM;
    *deny |= LX_PROT_WRITE;
    return 0;
}
