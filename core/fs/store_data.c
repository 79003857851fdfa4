/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/store_data.c - content of the store's files; contract in store.h.
 */
#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/base/string.h"
#include "core/fs/store_impl.h"
#include "core/mem/cache.h"

static struct page **page_slot(const struct store_node *node, uint64_t index)
{
    size_t chunk = (size_t)(index / STORE_CHUNK);

    if (chunk >= node->table_size || node->table[chunk] == NULL)
        return NULL;
    return &node->table[chunk]->pages[index % STORE_CHUNK];
}

static struct store_node *node_of(struct vm_object *object)
{
    return container_of(object, struct store_node, object);
}

static int get_store_page(struct vm_object *object, uint64_t index,
                          struct page **out)
{
    struct store_node *node = node_of(object);
    struct page **slot = page_slot(node, index);

    if (slot == NULL || *slot == NULL)
        return -ENXIO;
    page_get(*slot);
    *out = *slot;
    return 0;
}

static void find_store_pages(struct vm_object *object, uint64_t index,
                             struct page **out, size_t count)
{
    struct store_node *node = node_of(object);

    for (size_t i = 0; i < count; i++) {
        struct page **slot = page_slot(node, index + i);

        out[i] = slot != NULL ? *slot : NULL;
        if (out[i] != NULL)
            page_get(out[i]);
    }
}

const struct vm_pager_ops store_pager_ops = {
    .get_page = get_store_page,
    .find_pages = find_store_pages,
};

/* Makes room in the table for chunk number chunk. */
static int grow_table(struct store_node *node, size_t chunk)
{
    size_t size = max_size(node->table_size, 1);
    struct store_chunk **table;

    if (chunk < node->table_size)
        return 0;
    while (size <= chunk)
        size *= 2;
    if (size > STORE_TABLE_MAX)
        return -ENOMEM;
    table = kmem_alloc(size * sizeof(*table), MEM_WAIT | MEM_ZERO, NULL);
    if (table == NULL)
        return -ENOMEM;
    if (node->table_size > 0)
        mem_copy(table, node->table, node->table_size * sizeof(*table));
    kmem_free(node->table, node->table_size * sizeof(*table));
    node->table = table;
    node->table_size = size;
    return 0;
}

/* The page at index, made when it is not there yet; NULL: no memory. */
static struct page *make_page(struct store_node *node, uint64_t index)
{
    size_t chunk = (size_t)(index / STORE_CHUNK);
    struct page **slot;

    if (grow_table(node, chunk) != 0)
        return NULL;
    if (node->table[chunk] == NULL)
        node->table[chunk] =
            kmem_alloc(sizeof(struct store_chunk), MEM_WAIT | MEM_ZERO, NULL);
    slot = page_slot(node, index);
    if (slot != NULL && *slot == NULL)
        *slot = page_alloc(0, MEM_WAIT, NULL);
    return slot != NULL ? *slot : NULL;
}

static int append_target(struct store_node *node, const void *data, size_t size)
{
    if (size >= STORE_PATH_MAX - node->size)
        return -ENAMETOOLONG;
    if (node->target == NULL)
        node->target = kmem_alloc(STORE_PATH_MAX, MEM_WAIT, NULL);
    if (node->target == NULL)
        return -ENOMEM;
    mem_copy(node->target + node->size, data, size);
    node->size += size;
    return 0;
}

/* Puts bytes into the page that the end of the file lies in, and clears what
 * follows them, once, when the page is new. */
static size_t fill_page(struct store_node *node, struct page *page,
                        const void *data, size_t size)
{
    size_t at = (size_t)(node->size % PAGE_SIZE);
    size_t part = min_size(size, PAGE_SIZE - at);
    uint8_t *bytes = page_data(page);

    mem_copy(bytes + at, data, part);
    if (at == 0)
        mem_set(bytes + part, 0, PAGE_SIZE - part);
    node->size += part;
    return part;
}

int store_append(struct store *store, struct store_node *node, const void *data,
                 size_t size)
{
    uint32_t type = node->attributes.mode & LX_S_IFMT;
    const uint8_t *from = data;

    if (size == 0)
        return 0;
    if (type == LX_S_IFLNK)
        return append_target(node, data, size);
    if (type != LX_S_IFREG)
        return -EINVAL;
    while (size > 0) {
        struct page *page = make_page(node, node->size / PAGE_SIZE);
        size_t part;

        if (page == NULL)
            return -ENOMEM;
        part = fill_page(node, page, from, size);
        from += part;
        size -= part;
        store->bytes += part;
    }
    return 0;
}

size_t store_read(struct store_node *node, uint64_t offset, void *to,
                  size_t size)
{
    uint8_t *at = to;
    size_t done = 0;

    if ((node->attributes.mode & LX_S_IFMT) != LX_S_IFREG)
        return 0;
    while (done < size && offset < node->size) {
        struct page **slot = page_slot(node, offset / PAGE_SIZE);
        size_t in_page = (size_t)(offset % PAGE_SIZE);
        size_t part = min_size(size - done, PAGE_SIZE - in_page);
        const uint8_t *bytes;

        ASSERT(slot != NULL && *slot != NULL);
        bytes = page_data(*slot);
        part = (size_t)min_u64(part, node->size - offset);
        mem_copy(at + done, bytes + in_page, part);
        done += part;
        offset += part;
    }
    return done;
}

static void drop_chunk(struct store_chunk *chunk)
{
    for (size_t i = 0; i < COUNT_OF(chunk->pages); i++)
        if (chunk->pages[i] != NULL)
            page_put(chunk->pages[i]);
    kmem_free(chunk, sizeof(*chunk));
}

void store_drop_content(struct store_node *node)
{
    for (size_t i = 0; i < node->table_size; i++)
        if (node->table[i] != NULL)
            drop_chunk(node->table[i]);
    kmem_free(node->table, node->table_size * sizeof(*node->table));
    kmem_free(node->target, STORE_PATH_MAX);
    node->table = NULL;
    node->table_size = 0;
    node->target = NULL;
    node->size = 0;
}
