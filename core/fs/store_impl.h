/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/store_impl.h - what the files of the store share.
 */
#ifndef CORE_FS_STORE_IMPL_H
#define CORE_FS_STORE_IMPL_H

#include "core/fs/store.h"

/* A file's pages hang in chunks of one page of pointers, the chunks in a table
 * that grows by doubling. */
enum {
    STORE_CHUNK = PAGE_SIZE / sizeof(void *),
    STORE_TABLE_MAX = 8192 /* chunks: 16 GiB a file */
};

struct store_chunk {
    struct page *pages[STORE_CHUNK];
};

struct store_node {
    struct vm_object object;   /* first: the pager gets at the node */
    struct list all;           /* in store->nodes */
    struct store_node *parent; /* of a directory */
    struct list names;         /* of a directory: struct store_name */
    struct store_attributes attributes;
    uint64_t ino;
    uint64_t size; /* bytes of content, or of the target */
    unsigned links;
    char *target;               /* of a link: STORE_PATH_MAX bytes */
    struct store_chunk **table; /* table_size pointers */
    size_t table_size;
};

/* A directory's entry. */
struct store_name {
    struct list link; /* in the directory's names */
    struct store_node *node;
    size_t size; /* of text */
    char text[]; /* not NUL-terminated */
};

C_DECLS_BEGIN

/* Gives back all pages of node; its size becomes 0. */
void store_drop_content(struct store_node *node);

/* The entry called text in dir, or NULL. */
struct store_name *store_find(const struct store_node *dir, const char *text,
                              size_t size);

extern const struct vm_pager_ops store_pager_ops;

C_DECLS_END

#endif /* CORE_FS_STORE_IMPL_H */
