/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/elf.c - contract in elf.h.
 */
#include "core/proc/elf.h"

#include "core/abi/elf.h"
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/base/string.h"
#include "hal/mmu.h"

static int fail(int error, const char **why, const char *text)
{
    *why = text;
    return error;
}

static bool read_all(const struct elf_reader *reader, uint64_t offset, void *to,
                     size_t size)
{
    return reader->read(reader->arg, offset, to, size) == size;
}

static bool has_magic(const struct lx_elf64_ehdr *header)
{
    static const uint8_t magic[] = {LX_ELFMAG0, LX_ELFMAG1, LX_ELFMAG2,
                                    LX_ELFMAG3};

    return mem_equal(header->e_ident, magic, sizeof(magic));
}

static int check_header(const struct lx_elf64_ehdr *header, const char **why)
{
    if (!has_magic(header))
        return fail(-ENOEXEC, why, "no ELF file");
    if (header->e_ident[LX_EI_CLASS] != LX_ELFCLASS64 ||
        header->e_ident[LX_EI_DATA] != LX_ELFDATA2LSB)
        return fail(-ENOEXEC, why, "not 64-bit little-endian");
    if (header->e_machine != LX_EM_X86_64)
        return fail(-ENOEXEC, why, "not for x86-64");
    if (header->e_type != LX_ET_EXEC && header->e_type != LX_ET_DYN)
        return fail(-ENOEXEC, why, "not an executable");
    if (header->e_phentsize != sizeof(struct lx_elf64_phdr))
        return fail(-ENOEXEC, why, "program headers of a wrong size");
    if (header->e_phnum == 0 || header->e_phnum > ELF_HEADERS_MAX)
        return fail(-ENOEXEC, why, "no or too many program headers");
    return 0;
}

static unsigned prot_of(uint32_t flags)
{
    return ((flags & LX_PF_R) != 0 ? LX_PROT_READ : 0) |
           ((flags & LX_PF_W) != 0 ? LX_PROT_WRITE : 0) |
           ((flags & LX_PF_X) != 0 ? LX_PROT_EXEC : 0);
}

/* Does addr + size stay in user space, also when rounded up to pages? */
static bool fits_user(uint64_t addr, uint64_t size)
{
    return addr < HAL_USER_TOP && size <= HAL_USER_TOP - addr;
}

/* Do the file's bytes lie in the file, and the memory in user space? */
static int check_load(const struct lx_elf64_phdr *header, uint64_t file_size,
                      const char **why)
{
    if (header->p_filesz > header->p_memsz)
        return fail(-EINVAL, why, "a segment larger in the file than loaded");
    if (!fits_user(header->p_vaddr, header->p_memsz))
        return fail(-EINVAL, why, "a segment outside user space");
    if ((header->p_vaddr - header->p_offset) % PAGE_SIZE != 0)
        return fail(-EINVAL, why, "a segment that pages cannot hold");
    if (header->p_offset > file_size ||
        header->p_filesz > file_size - header->p_offset)
        return fail(-EINVAL, why, "a segment past the end of the file");
    if (header->p_align != 0 && !is_power_of_two(header->p_align))
        return fail(-EINVAL, why, "an alignment that is no power of two");
    return 0;
}

static int add_segment(struct elf_image *out,
                       const struct lx_elf64_phdr *header, const char **why)
{
    const struct elf_segment *last;

    if (header->p_memsz == 0)
        return 0;
    if (out->count == ELF_SEGMENTS_MAX)
        return fail(-ENOEXEC, why, "too many segments");
    if (out->count > 0) {
        last = &out->segments[out->count - 1];
        if (header->p_vaddr < last->addr + last->size)
            return fail(-EINVAL, why, "segments not in ascending order");
    }
    out->align = max_u64(out->align, header->p_align);
    out->segments[out->count++] = (struct elf_segment){
        .addr = header->p_vaddr,
        .offset = header->p_offset,
        .file_size = header->p_filesz,
        .size = header->p_memsz,
        .prot = prot_of(header->p_flags),
    };
    return 0;
}

static int read_interp(const struct elf_reader *reader,
                       const struct lx_elf64_phdr *header,
                       struct elf_image *out, const char **why)
{
    size_t size = (size_t)header->p_filesz;

    if (header->p_filesz < 2 || header->p_filesz > sizeof(out->interp) ||
        !read_all(reader, header->p_offset, out->interp, size) ||
        out->interp[size - 1] != '\0')
        return fail(-ENOEXEC, why, "a damaged interpreter name");
    return 0;
}

static int take_header(const struct elf_reader *reader,
                       const struct lx_elf64_phdr *header,
                       struct elf_image *out, const char **why)
{
    int error;

    switch (header->p_type) {
    case LX_PT_LOAD:
        error = check_load(header, reader->size, why);
        return error != 0 ? error : add_segment(out, header, why);
    case LX_PT_INTERP:
        return read_interp(reader, header, out, why);
    case LX_PT_GNU_STACK:
        out->wants_exec_stack = (header->p_flags & LX_PF_X) != 0;
        return 0;
    default:
        return 0;
    }
}

/* Where the program headers lie in memory, when a segment holds them. */
static uaddr_t find_headers(const struct elf_image *image,
                            const struct lx_elf64_ehdr *header)
{
    uint64_t size = (uint64_t)header->e_phnum * sizeof(struct lx_elf64_phdr);

    for (unsigned i = 0; i < image->count; i++) {
        const struct elf_segment *s = &image->segments[i];

        if (header->e_phoff >= s->offset && s->file_size >= size &&
            header->e_phoff - s->offset <= s->file_size - size)
            return s->addr + (header->e_phoff - s->offset);
    }
    return 0;
}

int elf_parse(const struct elf_reader *reader, struct elf_image *out,
              const char **why)
{
    struct lx_elf64_ehdr header;
    struct lx_elf64_phdr program;
    int error;

    if (!read_all(reader, 0, &header, sizeof(header)))
        return fail(-ENOEXEC, why, "no ELF file");
    error = check_header(&header, why);
    if (error != 0)
        return error;
    mem_set(out, 0, sizeof(*out));
    out->is_movable = header.e_type == LX_ET_DYN;
    out->entry = header.e_entry;
    out->align = PAGE_SIZE;
    out->header_count = header.e_phnum;
    if (header.e_phoff > reader->size)
        return fail(-ENOEXEC, why, "program headers past the end");
    for (unsigned i = 0; i < header.e_phnum; i++) {
        uint64_t at = header.e_phoff + i * sizeof(program);

        if (!read_all(reader, at, &program, sizeof(program)))
            return fail(-ENOEXEC, why, "program headers past the end");
        error = take_header(reader, &program, out, why);
        if (error != 0)
            return error;
    }
    if (out->count == 0)
        return fail(-ENOEXEC, why, "nothing to load");
    if (out->align > UINT64_C(1) << 32)
        return fail(-EINVAL, why, "an alignment beyond reason");
    out->headers = find_headers(out, &header);
    return 0;
}
