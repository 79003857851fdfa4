// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/exec_fixture.h - one member that runs programs.
#ifndef TESTS_CORE_PROC_EXEC_FIXTURE_H
#define TESTS_CORE_PROC_EXEC_FIXTURE_H

#include "core/abi/auxvec.h"
#include "core/abi/mman.h"
#include "core/proc/exec.h"
#include "core/proc/files.h"
#include "core/proc/vdso.h"
#include "core/vm/aspace.h"
#include "hal/user.h"
#include "tests/core/proc/elf_file.h"
#include "tests/core/proc/user_fixture.h"

// The files "prog" (static), "dyn" with the interpreter "/ld" (movable).
class ExecTest : public UserTest {
protected:
    using Strings = std::vector<std::string>;
    static constexpr uaddr_t kEntry = 0x401000, kData = 0x403010;
    static constexpr uaddr_t kVectors = 0x50000000; // free in all programs
    static constexpr uint64_t kVectorsSize = 128 * PAGE_SIZE;

    static void SetUpTestSuite()
    {
        static bool is_done = vdso_init_all() == 0;

        EXPECT_TRUE(is_done);
        exec_set_random(false);
    }
    static void TearDownTestSuite() { exec_set_random(true); }
    void SetUp() override
    {
        UserTest::SetUp();
        member_ = std::make_unique<Member>(init());
        Equip(*member_);
        WriteElf("prog", ElfFile());
        WriteElf("ld", Movable());
        WriteElf("dyn", Dynamic("/ld"));
    }
    void TearDown() override
    {
        member_.reset();
        UserTest::TearDown();
    }
    static ElfFile Movable()
    {
        ElfFile file;

        file.header.e_type = LX_ET_DYN;
        return file;
    }
    static ElfFile Dynamic(const std::string &loader)
    {
        ElfFile file;

        file.Add(LX_PT_INTERP, LX_PF_R, 0x2800, 0, loader.size() + 1,
                 loader.size() + 1);
        file.text = loader;
        return file;
    }
    void WriteElf(const std::string &path, const ElfFile &file,
                  uint32_t mode = 0755)
    {
        std::vector<uint8_t> bytes = file.Bytes();

        vfs().Write(path, std::string(bytes.begin(), bytes.end()), mode);
    }
    struct task *task() { return member_->task(); }
    struct process *process() { return member_->process(); }
    void Do(std::function<void()> action) { member_->Do(std::move(action)); }

    // A vector of pointers at `at`, its strings behind it: all in memory that
    // is mapped for it. By the running thread.
    static uaddr_t Put(uaddr_t at, const Strings &strings)
    {
        struct aspace *as = task_current()->process->as;
        uaddr_t text = at + sizeof(uint64_t) * (strings.size() + 1);
        std::vector<uint64_t> pointers;

        for (const std::string &one : strings) {
            EXPECT_EQ(0, copy_out(as, text, one.c_str(), one.size() + 1));
            pointers.push_back(text);
            text += one.size() + 1;
        }
        pointers.push_back(0);
        EXPECT_EQ(0, copy_out(as, at, pointers.data(),
                              pointers.size() * sizeof(uint64_t)));
        EXPECT_GT(at + kVectorsSize / 2, text);
        return at;
    }
    static void MapVectors()
    {
        struct map_request request = {kVectors,
                                      kVectorsSize,
                                      LX_PROT_READ | LX_PROT_WRITE,
                                      LX_MAP_PRIVATE | LX_MAP_ANONYMOUS |
                                          LX_MAP_FIXED,
                                      nullptr,
                                      0,
                                      0};
        uaddr_t at;

        EXPECT_EQ(0, aspace_map(task_current()->process->as, &request, &at));
    }
    static int ExecHere(const std::string &path, uaddr_t argv = 0,
                        uaddr_t envp = 0)
    {
        struct exec_call call = {};

        call.path = call.name = path.c_str();
        call.path_flags = PATH_FOLLOW;
        call.argv = argv;
        call.envp = envp;
        return exec_user(task_current(), &call);
    }
    int Exec(const std::string &path)
    {
        int error = 1;

        Do([&] { error = ExecHere(path); });
        return error;
    }
    int Exec(const std::string &path, const Strings &argv,
             const Strings &envp = {})
    {
        int error = 1;

        Do([&] {
            MapVectors();
            error = ExecHere(path, Put(kVectors, argv),
                             Put(kVectors + kVectorsSize / 2, envp));
        });
        return error;
    }
    // What lies on the member's stack.
    uint64_t StackWord(unsigned index)
    {
        uint64_t word = 0;

        Do([&] {
            EXPECT_EQ(
                0, copy_in_struct(process()->as, &word,
                                  RegsOf(task()).rsp + index * sizeof(word)));
        });
        return word;
    }
    std::string StringAt(uaddr_t at)
    {
        char text[256] = "";

        Do([&] {
            EXPECT_LE(0, copy_string_in(process()->as, text, at, sizeof(text)));
        });
        return text;
    }
    Strings Arguments()
    {
        Strings strings;
        uint64_t count = StackWord(0);

        for (unsigned i = 0; i < count; i++)
            strings.push_back(StringAt(StackWord(1 + i)));
        EXPECT_EQ(0u, StackWord(static_cast<unsigned>(1 + count)));
        return strings;
    }
    Strings Environment()
    {
        Strings strings;

        for (auto i = static_cast<unsigned>(StackWord(0)) + 2;
             StackWord(i) != 0; i++)
            strings.push_back(StringAt(StackWord(i)));
        return strings;
    }
    uint64_t Auxiliary(uint64_t type)
    {
        auto i = static_cast<unsigned>(StackWord(0)) + 3 +
                 static_cast<unsigned>(Environment().size());

        for (; StackWord(i) != LX_AT_NULL; i += 2)
            if (StackWord(i) == type)
                return StackWord(i + 1);
        return UINT64_MAX;
    }

    std::unique_ptr<Member> member_;
};

#endif // TESTS_CORE_PROC_EXEC_FIXTURE_H
