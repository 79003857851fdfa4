/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/elf.h - ELF-64 files and their program headers (System V gABI,
 * chapter 4 and 5; x86-64 psABI, chapter 4).
 */
#ifndef CORE_ABI_ELF_H
#define CORE_ABI_ELF_H

#include "core/abi/types.h"

/* e_ident: its bytes and their values. */
#define LX_EI_MAG0         0
#define LX_EI_MAG1         1
#define LX_EI_MAG2         2
#define LX_EI_MAG3         3
#define LX_EI_CLASS        4
#define LX_EI_DATA         5
#define LX_EI_VERSION      6
#define LX_EI_OSABI        7
#define LX_EI_ABIVERSION   8
#define LX_EI_NIDENT       16
#define LX_ELFMAG0         0x7f
#define LX_ELFMAG1         0x45 /* 'E' */
#define LX_ELFMAG2         0x4c /* 'L' */
#define LX_ELFMAG3         0x46 /* 'F' */
#define LX_ELFCLASS64      2
#define LX_ELFDATA2LSB     1
#define LX_EV_CURRENT      1
#define LX_ELFOSABI_SYSV   0
#define LX_ELFOSABI_GNU    3

/* e_type, e_machine */
#define LX_ET_REL          1
#define LX_ET_EXEC         2
#define LX_ET_DYN          3
#define LX_ET_CORE         4
#define LX_EM_X86_64       62

/* e_phnum of a file whose count of program headers does not fit. */
#define LX_PN_XNUM         0xffff

/* p_type */
#define LX_PT_NULL         0
#define LX_PT_LOAD         1
#define LX_PT_DYNAMIC      2
#define LX_PT_INTERP       3
#define LX_PT_NOTE         4
#define LX_PT_SHLIB        5
#define LX_PT_PHDR         6
#define LX_PT_TLS          7
#define LX_PT_GNU_EH_FRAME 0x6474e550
#define LX_PT_GNU_STACK    0x6474e551
#define LX_PT_GNU_RELRO    0x6474e552
#define LX_PT_GNU_PROPERTY 0x6474e553

/* p_flags */
#define LX_PF_X            1u
#define LX_PF_W            2u
#define LX_PF_R            4u

struct lx_elf64_ehdr {
    uint8_t e_ident[LX_EI_NIDENT];
    uint16_t e_type;
    uint16_t e_machine;
    uint32_t e_version;
    uint64_t e_entry;
    uint64_t e_phoff;
    uint64_t e_shoff;
    uint32_t e_flags;
    uint16_t e_ehsize;
    uint16_t e_phentsize;
    uint16_t e_phnum;
    uint16_t e_shentsize;
    uint16_t e_shnum;
    uint16_t e_shstrndx;
};
LX_SIZE_IS(struct lx_elf64_ehdr, 64);

struct lx_elf64_phdr {
    uint32_t p_type;
    uint32_t p_flags;
    uint64_t p_offset;
    uint64_t p_vaddr;
    uint64_t p_paddr;
    uint64_t p_filesz;
    uint64_t p_memsz;
    uint64_t p_align;
};
LX_SIZE_IS(struct lx_elf64_phdr, 56);

/* A note's head; name and description follow, each padded to 4 bytes. */
struct lx_elf64_nhdr {
    uint32_t n_namesz;
    uint32_t n_descsz;
    uint32_t n_type;
};
LX_SIZE_IS(struct lx_elf64_nhdr, 12);

#endif /* CORE_ABI_ELF_H */
