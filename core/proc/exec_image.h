/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_image.h - a program and its dynamic loader in an address
 * space.
 */
#ifndef CORE_PROC_EXEC_IMAGE_H
#define CORE_PROC_EXEC_IMAGE_H

#include "core/proc/elf.h"
#include "core/proc/exec_stack.h"

struct aspace;
struct cred;
struct exec_strings;
struct inode;
struct limits;

struct image_plan {
    struct inode *inode; /* the program's file */
    const struct elf_image *image;
    struct inode *loader_inode; /* NULL: it needs none */
    const struct elf_image *loader;
    const char *path;
    const struct exec_strings *strings;
    const struct cred *cred;
    bool is_secure;
    bool is_random; /* its places are (core/vm/layout.h) */
    struct limits *limits;
};

/* Where the program begins. */
struct image_start {
    uaddr_t entry;
    struct exec_places stack;
};

C_DECLS_BEGIN

/* elf_parse() of a file. */
MUST_USE int image_parse(struct inode *inode, struct elf_image *image,
                         const char **why);

/* Fills as, which is empty and active: images, stack, first words, heap. 0,
 * -ENOMEM, -E2BIG. May sleep. */
MUST_USE int image_build(struct aspace *as, const struct image_plan *plan,
                         struct image_start *out);

C_DECLS_END

#endif /* CORE_PROC_EXEC_IMAGE_H */
