// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/elf_file.h - the bytes of ELF executables.
#ifndef TESTS_CORE_PROC_ELF_FILE_H
#define TESTS_CORE_PROC_ELF_FILE_H

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "core/abi/elf.h"

// A program of three segments, which a test may damage.
struct ElfFile {
    lx_elf64_ehdr header = {};
    std::vector<lx_elf64_phdr> programs;
    std::string text; // at 0x2800
    size_t size = 0x3000;

    ElfFile()
    {
        const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
        memcpy(header.e_ident, ident, sizeof(ident));
        header.e_type = LX_ET_EXEC;
        header.e_machine = LX_EM_X86_64;
        header.e_entry = 0x401000;
        header.e_phoff = sizeof(header);
        header.e_phentsize = sizeof(lx_elf64_phdr);
        Add(LX_PT_LOAD, LX_PF_R, 0, 0x400000, 0x1000, 0x1000);
        Add(LX_PT_LOAD, LX_PF_R | LX_PF_X, 0x1000, 0x401000, 0x500, 0x500);
        Add(LX_PT_LOAD, LX_PF_R | LX_PF_W, 0x2010, 0x403010, 0x100, 0x2000);
    }
    void Add(uint32_t type, uint32_t flags, uint64_t offset, uint64_t addr,
             uint64_t file_size, uint64_t size_in_memory)
    {
        lx_elf64_phdr p = {};
        p.p_type = type;
        p.p_flags = flags;
        p.p_offset = offset;
        p.p_vaddr = addr;
        p.p_filesz = file_size;
        p.p_memsz = size_in_memory;
        p.p_align = 0x1000;
        programs.push_back(p);
        header.e_phnum = static_cast<uint16_t>(programs.size());
    }
    std::vector<uint8_t> Bytes() const
    {
        std::vector<uint8_t> bytes(size);
        memcpy(bytes.data(), &header, sizeof(header));
        size_t at = sizeof(header);
        for (const auto &p : programs) {
            if (at + sizeof(p) <= size)
                memcpy(bytes.data() + at, &p, sizeof(p));
            at += sizeof(p);
        }
        if (!text.empty())
            memcpy(bytes.data() + 0x2800, text.c_str(), text.size() + 1);
        return bytes;
    }
};

#endif // TESTS_CORE_PROC_ELF_FILE_H
