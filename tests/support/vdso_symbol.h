/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/support/vdso_symbol.h - finds a function of a vDSO the way a C library
 * does: by PT_DYNAMIC, DT_HASH, DT_SYMTAB, DT_STRTAB and the symbol versions
 * (System V ABI, chapter 5; vdso(7)).
 */
#ifndef TESTS_SUPPORT_VDSO_SYMBOL_H
#define TESTS_SUPPORT_VDSO_SYMBOL_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

struct vdso_image {
    const char *bias; /* to be added to its addresses */
    const uint32_t *hash;
    const Elf64_Sym *symbols;
    const char *strings;
    const Elf64_Half *versions;
    const char *definitions;
};

static inline const char *vdso_entry(const struct vdso_image *image,
                                     const Elf64_Dyn *dynamic, int64_t tag)
{
    for (; dynamic->d_tag != DT_NULL; dynamic++)
        if (dynamic->d_tag == tag)
            return image->bias + dynamic->d_un.d_ptr;
    return 0;
}

/* Reads the headers of the image at start; 0, or -1 when something lacks. */
static inline int vdso_open(const void *start, struct vdso_image *image)
{
    const char *base = (const char *)start;
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)start;
    const Elf64_Phdr *program = (const Elf64_Phdr *)(base + header->e_phoff);
    const Elf64_Dyn *dynamic = 0;
    int i;

    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return -1;
    image->bias = 0;
    for (i = 0; i < header->e_phnum; i++, program++) {
        if (program->p_type == PT_LOAD && image->bias == 0)
            image->bias = base + program->p_offset - program->p_vaddr;
        if (program->p_type == PT_DYNAMIC)
            dynamic = (const Elf64_Dyn *)(base + program->p_offset);
    }
    if (image->bias == 0 || dynamic == 0)
        return -1;
    image->hash = (const uint32_t *)vdso_entry(image, dynamic, DT_HASH);
    image->symbols = (const Elf64_Sym *)vdso_entry(image, dynamic, DT_SYMTAB);
    image->strings = vdso_entry(image, dynamic, DT_STRTAB);
    image->versions = (const Elf64_Half *)vdso_entry(image, dynamic, DT_VERSYM);
    image->definitions = vdso_entry(image, dynamic, DT_VERDEF);
    return image->hash && image->symbols && image->strings && image->versions &&
                   image->definitions
               ? 0
               : -1;
}

/* The name of the version with that index; "" when there is none. */
static inline const char *vdso_version(const struct vdso_image *image,
                                       unsigned index)
{
    const char *at = image->definitions;

    for (;;) {
        const Elf64_Verdef *def = (const Elf64_Verdef *)at;

        if ((def->vd_ndx & 0x7fff) == index)
            return image->strings +
                   ((const Elf64_Verdaux *)(at + def->vd_aux))->vda_name;
        if (def->vd_next == 0)
            return "";
        at += def->vd_next;
    }
}

/* The hash function of the System V ABI. */
static inline uint32_t vdso_hash(const char *name)
{
    uint32_t h = 0;

    for (; *name != '\0'; name++) {
        h = (h << 4) + (unsigned char)*name;
        h ^= h >> 24 & 0xf0;
        h &= 0x0fffffff;
    }
    return h;
}

/* The function's address, or 0. */
static inline const void *vdso_find(const struct vdso_image *image,
                                    const char *version, const char *name)
{
    uint32_t buckets = image->hash[0];
    const uint32_t *bucket = image->hash + 2;
    const uint32_t *chain = bucket + buckets;
    uint32_t i = bucket[vdso_hash(name) % buckets];

    for (; i != STN_UNDEF; i = chain[i]) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (strcmp(image->strings + symbol->st_name, name) == 0 &&
            symbol->st_shndx != SHN_UNDEF &&
            ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
            strcmp(vdso_version(image, image->versions[i] & 0x7fff), version) ==
                0)
            return image->bias + symbol->st_value;
    }
    return 0;
}

#endif /* TESTS_SUPPORT_VDSO_SYMBOL_H */
