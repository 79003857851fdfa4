/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/elf.h - what an ELF-64 executable asks for.
 *
 * Parsing only: it reads through a callback, believes nothing, and touches no
 * memory but what it is given, so it can be fuzzed and proved alone.
 *
 * Semantics: System V gABI chapter 5, x86-64 psABI chapter 4; errors as
 * execve(2).
 */
#ifndef CORE_PROC_ELF_H
#define CORE_PROC_ELF_H

#include "core/base/defs.h"
#include "hal/types.h"

enum { ELF_SEGMENTS_MAX = 32, ELF_HEADERS_MAX = 128, ELF_INTERP_MAX = 256 };

/* One PT_LOAD; addresses as in the file (a PIE is moved by the loader). */
struct elf_segment {
    uaddr_t addr; /* any byte; addr and offset agree below a page */
    uint64_t offset;
    uint64_t file_size; /* bytes that come from the file */
    uint64_t size;      /* bytes in memory; >= file_size, > 0 */
    unsigned prot;      /* LX_PROT_* */
};

struct elf_image {
    bool is_movable;       /* ET_DYN */
    bool wants_exec_stack; /* PT_GNU_STACK has PF_X */
    uaddr_t entry;
    uaddr_t headers; /* of the program headers in memory; 0: not loaded */
    unsigned header_count;
    uint64_t align;              /* the largest p_align, at least a page */
    char interp[ELF_INTERP_MAX]; /* "" : static */
    unsigned count;              /* segments, ascending, in user space */
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/* Reads up to size bytes at offset; returns how many, short at the end. */
struct elf_reader {
    size_t (*read)(void *arg, uint64_t offset, void *to, size_t size);
    void *arg;
    uint64_t size; /* of the file, bytes */
};

C_DECLS_BEGIN

/*
 * Fills *out. 0; -ENOEXEC for what is no x86-64 executable or lies beyond the
 * bounds above; -EINVAL for a damaged one. On an error *why says what is wrong
 * in a few words (static storage) and *out is undefined.
 */
MUST_USE int elf_parse(const struct elf_reader *reader, struct elf_image *out,
                       const char **why);

C_DECLS_END

#endif /* CORE_PROC_ELF_H */
