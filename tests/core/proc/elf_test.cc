// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/elf_test.cc - core/proc/elf.h: every refusal provoked.

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "core/abi/elf.h"
#include "core/abi/errno.h"
#include "core/abi/mman.h"
#include "core/proc/elf.h"
#include "hal/mmu.h"
#include "tests/core/proc/elf_file.h"
#include "tests/support/harness.h"

namespace {

using File = ElfFile;

size_t ReadBytes(void *arg, uint64_t offset, void *to, size_t size)
{
    auto *bytes = static_cast<std::vector<uint8_t> *>(arg);
    if (offset >= bytes->size())
        return 0;
    size_t n = std::min<size_t>(size, bytes->size() - offset);
    memcpy(to, bytes->data() + offset, n);
    return n;
}

int Parse(std::vector<uint8_t> bytes, elf_image *image)
{
    elf_reader reader = {ReadBytes, &bytes, bytes.size()};
    const char *why = nullptr;
    int error = elf_parse(&reader, image, &why);
    EXPECT_EQ(error != 0, why != nullptr);
    return error;
}

TEST(Elf, TellsWhatToLoad)
{
    elf_image image;
    File file;
    file.Add(LX_PT_GNU_STACK, LX_PF_R | LX_PF_W | LX_PF_X, 0, 0, 0, 0);
    ASSERT_EQ(0, Parse(file.Bytes(), &image));
    EXPECT_FALSE(image.is_movable);
    EXPECT_TRUE(image.wants_exec_stack);
    EXPECT_EQ(0x401000u, image.entry);
    EXPECT_EQ(0x400040u, image.headers);
    EXPECT_EQ(4u, image.header_count);
    EXPECT_STREQ("", image.interp);
    ASSERT_EQ(3u, image.count);
    EXPECT_EQ(LX_PROT_READ | LX_PROT_EXEC, image.segments[1].prot);
    EXPECT_EQ(0x403010u, image.segments[2].addr);
    EXPECT_EQ(0x100u, image.segments[2].file_size);
    EXPECT_EQ(0x2000u, image.segments[2].size);
}

TEST(Elf, KnowsMovableImagesAndInterpreters)
{
    elf_image image;
    File file;
    file.header.e_type = LX_ET_DYN;
    file.programs[1].p_align = 0x200000;
    ASSERT_EQ(0, Parse(file.Bytes(), &image));
    EXPECT_TRUE(image.is_movable);
    EXPECT_EQ(0x200000u, image.align);
    file.Add(LX_PT_INTERP, LX_PF_R, 0x2800, 0, 6, 6);
    auto bytes = file.Bytes();
    memcpy(bytes.data() + 0x2800, "/ld.so", 7);
    EXPECT_EQ(-ENOEXEC, Parse(bytes, &image)); // no NUL within the size
    file.programs.back().p_filesz = 7;
    bytes = file.Bytes();
    memcpy(bytes.data() + 0x2800, "/ld.so", 7);
    ASSERT_EQ(0, Parse(bytes, &image));
    EXPECT_STREQ("/ld.so", image.interp);
}

TEST(Elf, RefusesWhatItCannotRun)
{
    struct {
        const char *what;
        int error;
        std::function<void(File &)> damage;
    } table[] = {
        {"magic", -ENOEXEC, [](File &f) { f.header.e_ident[0] = 0; }},
        {"class", -ENOEXEC, [](File &f) { f.header.e_ident[4] = 1; }},
        {"order", -ENOEXEC, [](File &f) { f.header.e_ident[5] = 2; }},
        {"machine", -ENOEXEC, [](File &f) { f.header.e_machine = 183; }},
        {"type", -ENOEXEC, [](File &f) { f.header.e_type = LX_ET_REL; }},
        {"phentsize", -ENOEXEC, [](File &f) { f.header.e_phentsize = 32; }},
        {"no headers", -ENOEXEC, [](File &f) { f.header.e_phnum = 0; }},
        {"many headers", -ENOEXEC, [](File &f) { f.header.e_phnum = 999; }},
        {"phoff", -ENOEXEC, [](File &f) { f.header.e_phoff = UINT64_MAX - 8; }},
        {"phoff near the end", -ENOEXEC,
         [](File &f) { f.header.e_phoff = f.size - 8; }},
        {"nothing to load", -ENOEXEC,
         [](File &f) {
             for (auto &p : f.programs)
                 p.p_type = LX_PT_NOTE;
         }},
        {"filesz > memsz", -EINVAL, [](File &f) { f.programs[1].p_memsz = 1; }},
        {"past user space", -EINVAL,
         [](File &f) { f.programs[2].p_memsz = HAL_USER_TOP; }},
        {"wraps", -EINVAL, [](File &f) { f.programs[2].p_memsz = UINT64_MAX; }},
        {"in the kernel", -EINVAL,
         [](File &f) { f.programs[2].p_vaddr = 0xffffffff80000010u; }},
        {"at the top", -EINVAL,
         [](File &f) { f.programs[2].p_vaddr = HAL_USER_TOP + 0x10; }},
        {"skewed", -EINVAL, [](File &f) { f.programs[1].p_offset++; }},
        {"past the file", -EINVAL,
         [](File &f) { f.programs[1].p_offset = 0x100000000; }},
        {"offset wraps", -EINVAL,
         [](File &f) { f.programs[1].p_offset = UINT64_MAX - 0xfff; }},
        {"align", -EINVAL, [](File &f) { f.programs[1].p_align = 0x3000; }},
        {"huge align", -EINVAL,
         [](File &f) { f.programs[1].p_align = uint64_t{1} << 40; }},
        {"descending", -EINVAL,
         [](File &f) { std::swap(f.programs[0], f.programs[1]); }},
        {"too many segments", -ENOEXEC,
         [](File &f) {
             for (unsigned i = 0; i < ELF_SEGMENTS_MAX; i++)
                 f.Add(LX_PT_LOAD, LX_PF_R, 0, 0x500000 + i * 0x1000, 8, 8);
         }},
        {"interp too long", -ENOEXEC,
         [](File &f) { f.Add(LX_PT_INTERP, 0, 0, 0, 257, 257); }},
        {"interp past the end", -ENOEXEC,
         [](File &f) { f.Add(LX_PT_INTERP, 0, f.size, 0, 9, 9); }},
    };
    for (const auto &row : table) {
        File file;
        elf_image image;
        row.damage(file);
        EXPECT_EQ(row.error, Parse(file.Bytes(), &image)) << row.what;
    }
}

TEST(Elf, EmptySegmentsAreNothing)
{
    File file;
    elf_image image;
    file.Add(LX_PT_LOAD, LX_PF_R, 0, 0x100000, 0, 0);
    ASSERT_EQ(0, Parse(file.Bytes(), &image));
    EXPECT_EQ(3u, image.count);
}

TEST(Elf, EveryTruncationIsRefusedOrHarmless)
{
    std::vector<uint8_t> whole = File().Bytes();
    elf_image image;
    for (size_t n = 0; n < 0x2200; n += n < 300 ? 1 : 97)
        EXPECT_EQ(n >= 0x2110,
                  Parse({whole.begin(), whole.begin() + ssize_t(n)}, &image) ==
                      0)
            << n;
}

// Seeded: whatever the headers say, what is accepted keeps the promises.
TEST(Elf, MutationsNeverBreakThePromises)
{
    harness::Random random(11);
    elf_image image;
    uint64_t accepted = 0;
    for (uint64_t i = 0; i < harness::steps(4000); i++) {
        std::vector<uint8_t> bytes = File().Bytes();
        for (uint64_t k = 1 + random.below(3); k > 0; k--)
            bytes[random.below(300)] = uint8_t(random.next());
        if (Parse(bytes, &image) != 0)
            continue;
        accepted++;
        uint64_t last = 0;
        ASSERT_GT(image.count, 0u);
        for (unsigned s = 0; s < image.count; s++) {
            const elf_segment &seg = image.segments[s];
            ASSERT_GE(seg.addr, last);
            ASSERT_GT(seg.size, 0u);
            ASSERT_LE(seg.file_size, seg.size);
            ASSERT_LE(seg.addr + seg.size, HAL_USER_TOP);
            ASSERT_LE(seg.offset + seg.file_size, bytes.size());
            last = seg.addr + seg.size;
        }
    }
    EXPECT_GT(accepted, 0u);
}

} // namespace
