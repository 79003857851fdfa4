/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/ramfs/data.c - pages of files in memory: the pager, sizes, holes.
 *
 * A page comes in with the size in view: whoever shrinks the file sets the size
 * first and then takes pages out, whoever adds one looks at the size after.
 */
#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/base/string.h"
#include "core/fs/ramfs/ramfs_impl.h"

enum { SECTORS_PER_PAGE = PAGE_SIZE / 512 };

static struct pages *pages_of(struct inode *inode)
{
    return &ramfs_inode_of(inode)->pages;
}

static uint64_t pages_in(uint64_t size)
{
    return size / PAGE_SIZE + (size % PAGE_SIZE != 0);
}

int ramfs_add_page(struct inode *inode, uint64_t index, struct page *page)
{
    int error = ramfs_charge_page(ramfs_of(inode));

    if (error != 0)
        return error;
    error = pages_insert(pages_of(inode), index, page);
    if (error != 0)
        ramfs_release_pages(ramfs_of(inode), 1);
    else
        __atomic_add_fetch(&inode->blocks, SECTORS_PER_PAGE, __ATOMIC_RELAXED);
    return error;
}

int ramfs_get_page(struct inode *inode, uint64_t index, struct page **out)
{
    struct page *page;
    int error;

    do {
        page = pages_find(pages_of(inode), index);
        if (page != NULL)
            break;
        page = page_alloc(0, MEM_WAIT | MEM_ZERO, NULL);
        if (page == NULL)
            return -ENOMEM;
        page_get(page);
        error = ramfs_add_page(inode, index, page);
        if (error == 0)
            break;
        page_put(page);
        page_put(page);
        if (error != -EEXIST)
            return error;
        page = NULL;
    } while (page == NULL);
    *out = page;
    return 0;
}

void ramfs_drop_pages(struct inode *inode, uint64_t first, uint64_t end)
{
    uint64_t index = first, count = 0;
    struct page *page;

    vm_object_begin_removal(&inode->object);
    for (; (page = pages_take(pages_of(inode), &index, end)) != NULL; index++) {
        vm_object_unmap_page(&inode->object, index, page);
        page_put(page);
        count++;
    }
    vm_object_end_removal(&inode->object);
    ramfs_release_pages(ramfs_of(inode), count);
    __atomic_sub_fetch(&inode->blocks, count * SECTORS_PER_PAGE,
                       __ATOMIC_RELAXED);
}

/* Clears bytes [from, to) of one page, if it is there. */
static void clear_part(struct inode *inode, uint64_t from, uint64_t to)
{
    struct page *page;

    if (from == to)
        return;
    page = pages_find(pages_of(inode), from / PAGE_SIZE);
    if (page == NULL)
        return;
    mem_set((char *)page_data(page) + from % PAGE_SIZE, 0, (size_t)(to - from));
    page_put(page);
}

static unsigned seals_of(struct inode *inode)
{
    return __atomic_load_n(&ramfs_inode_of(inode)->seals, __ATOMIC_RELAXED);
}

int ramfs_resize(struct inode *inode, uint64_t size)
{
    uint64_t old = inode->size;
    unsigned seals = seals_of(inode);

    if ((size < old && (seals & LX_F_SEAL_SHRINK) != 0) ||
        (size > old && (seals & LX_F_SEAL_GROW) != 0))
        return -EPERM;
    __atomic_store_n(&inode->size, size, __ATOMIC_RELEASE);
    if (size > old)
        return 0; /* else pages behind the end go too (fallocate(2)) */
    clear_part(inode, size, round_up(size, PAGE_SIZE));
    ramfs_drop_pages(inode, pages_in(size), UINT64_MAX);
    return 0;
}

/* Makes the bytes read as zero, giving whole pages back. */
static void punch_hole(struct inode *inode, uint64_t from, uint64_t to)
{
    uint64_t first = round_up(from, PAGE_SIZE);
    uint64_t last = round_down(to, PAGE_SIZE);

    if (first > last) { /* within one page */
        clear_part(inode, from, to);
        return;
    }
    clear_part(inode, from, first);
    clear_part(inode, last, to);
    ramfs_drop_pages(inode, first / PAGE_SIZE, last / PAGE_SIZE);
}

/* Gives every page of a range a frame, or takes back those it gave. */
static int fill_range(struct inode *inode, uint64_t first, uint64_t end)
{
    for (uint64_t index = first; index < end; index++) {
        bool was_there =
            pages_next(pages_of(inode), index, index + 1, true) == index;
        struct page *page;
        int error = was_there ? 0 : ramfs_get_page(inode, index, &page);

        if (error != 0) {
            ramfs_drop_pages(inode, max_u64(first, pages_in(inode->size)),
                             index);
            return error;
        }
        if (!was_there)
            page_put(page);
    }
    return 0;
}

int ramfs_allocate(struct inode *inode, unsigned mode, uint64_t offset,
                   uint64_t size)
{
    const unsigned hole = LX_FALLOC_FL_PUNCH_HOLE | LX_FALLOC_FL_KEEP_SIZE;
    uint64_t end = offset + size;
    unsigned seals = seals_of(inode);
    int error;

    if (mode == hole) {
        if ((seals & (LX_F_SEAL_WRITE | LX_F_SEAL_FUTURE_WRITE)) != 0)
            return -EPERM;
        punch_hole(inode, offset, end);
        return 0;
    }
    if ((mode & ~LX_FALLOC_FL_KEEP_SIZE) != 0)
        return -EOPNOTSUPP;
    if (end > inode->size && (seals & LX_F_SEAL_GROW) != 0)
        return -EPERM;
    error = fill_range(inode, offset / PAGE_SIZE, pages_in(end));
    if (error == 0 && mode == 0 && end > inode->size)
        __atomic_store_n(&inode->size, end, __ATOMIC_RELEASE);
    return error;
}

/* --- the pager ------------------------------------------------------------ */

static struct inode *inode_of(struct vm_object *object)
{
    return container_of(object, struct inode, object);
}

static int get_page(struct vm_object *object, uint64_t index, struct page **out)
{
    struct inode *inode = inode_of(object);
    struct page *page;
    int error;

    if (index >= pages_in(inode_size(inode)))
        return -ENXIO;
    error = ramfs_get_page(inode, index, &page);
    if (error != 0)
        return error;
    if (index >= pages_in(inode_size(inode))) { /* cut off meanwhile */
        page_put(page);
        ramfs_drop_pages(inode, index, index + 1);
        return -ENXIO;
    }
    *out = page;
    return 0;
}

static void find_pages(struct vm_object *object, uint64_t index,
                       struct page **out, size_t count)
{
    struct inode *inode = inode_of(object);
    uint64_t end = pages_in(inode_size(inode));

    for (size_t i = 0; i < count; i++)
        out[i] =
            index + i < end ? pages_find(pages_of(inode), index + i) : NULL;
}

static int dirty_page(struct vm_object *object, uint64_t index,
                      struct page *page)
{
    (void)object;
    (void)index;
    (void)page;
    return 0; /* it has no other home */
}

static int remove_pages(struct vm_object *object, uint64_t index,
                        uint64_t count)
{
    struct inode *inode = inode_of(object);

    if ((seals_of(inode) & (LX_F_SEAL_WRITE | LX_F_SEAL_FUTURE_WRITE)) != 0)
        return -EPERM;
    ramfs_drop_pages(inode, index, index + count);
    return 0;
}

const struct vm_pager_ops ramfs_pager_ops = {
    .get_page = get_page,
    .find_pages = find_pages,
    .dirty_page = dirty_page,
    .remove_pages = remove_pages,
    .release = inode_release_object,
};
