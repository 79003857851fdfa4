// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/exec_test.cc - core/proc/exec.h and exec_image.h: which
// programs run, with which arguments, and each refusal. Run with one CPU and
// with four.
#include "core/abi/auxvec.h"
#include "tests/core/proc/exec_fixture.h"

namespace {

// --- what runs ---------------------------------------------------------------

TEST_F(ExecTest, AProgramAndItsStack)
{
    ASSERT_EQ(0, Exec("prog", {"one", "", "three"}, {"A=b", "C="}));
    struct lx_user_regs regs = RegsOf(task());
    EXPECT_EQ(kEntry, regs.rip);
    EXPECT_EQ(0u, regs.rsp % 16); // psABI 3.4.1
    EXPECT_EQ(0u, regs.rax | regs.rbx | regs.rdx | regs.rdi | regs.rbp);
    EXPECT_EQ(Strings({"one", "", "three"}), Arguments());
    EXPECT_EQ(Strings({"A=b", "C="}), Environment());
    EXPECT_STREQ("prog", task()->name);
    EXPECT_EQ(kEntry, Auxiliary(LX_AT_ENTRY));
    EXPECT_EQ(0x400040u, Auxiliary(LX_AT_PHDR));
    EXPECT_EQ(3u, Auxiliary(LX_AT_PHNUM));
    EXPECT_EQ(0u, Auxiliary(LX_AT_BASE));
    EXPECT_EQ(0u, Auxiliary(LX_AT_SECURE));
    EXPECT_EQ("prog", StringAt(Auxiliary(LX_AT_EXECFN)));
    EXPECT_EQ("x86_64", StringAt(Auxiliary(LX_AT_PLATFORM)));
    const struct exec_places *places = &process()->places;
    EXPECT_EQ(regs.rsp, places->rsp);
    EXPECT_EQ(StackWord(1), places->arg_start);
    EXPECT_EQ(places->arg_start + sizeof("one..three"), places->arg_end);
    EXPECT_EQ(places->arg_end + sizeof("A=b.C="), places->env_end);
    struct path program;
    ASSERT_EQ(0, process_program(process(), &program));
    EXPECT_EQ(path_inode(&program)->number, vfs().Number("prog"));
    path_put(&program);
}

// A program always has a first argument.
TEST_F(ExecTest, NoArguments)
{
    ASSERT_EQ(0, Exec("prog"));
    EXPECT_EQ(Strings({""}), Arguments());
    EXPECT_EQ(Strings(), Environment());
}

// Bytes of the file, zeros behind them, and nothing of the old program.
TEST_F(ExecTest, Memory)
{
    ElfFile file;
    std::vector<uint8_t> bytes = file.Bytes();

    for (size_t i = 0x2010; i < 0x2200; i++)
        bytes[i] = 0xee;
    vfs().Write("data", std::string(bytes.begin(), bytes.end()), 0755);
    ASSERT_EQ(0, Exec("data"));
    Do([&] {
        struct aspace *as = process()->as;
        uint8_t got[0x2000] = {};

        ASSERT_EQ(0, copy_in(as, got, kData, sizeof(got)));
        EXPECT_EQ(0xee, got[0]);
        EXPECT_EQ(0xee, got[0xff]);
        for (size_t i = 0x100; i < sizeof(got); i++)
            ASSERT_EQ(0, got[i]) << i;
        EXPECT_EQ(0, copy_out(as, kData, "x", 1));
        EXPECT_EQ(-EFAULT, copy_out(as, kEntry, "x", 1));
        EXPECT_EQ(-EFAULT, copy_in(as, got, kPages, 1));
        EXPECT_EQ(0x406000u, aspace_brk(as, 0));
        EXPECT_EQ(0x407000u, aspace_brk(as, 0x407000));
    });
    EXPECT_EQ('\xee', vfs().Read("data")[0x2010]);
}

// Entered at the dynamic loader, which is told of the program (ld.so(8)).
TEST_F(ExecTest, ADynamicLoader)
{
    ASSERT_EQ(0, Exec("dyn", {"x"}));
    uint64_t base = Auxiliary(LX_AT_BASE);
    EXPECT_NE(0u, base);
    EXPECT_EQ(base + kEntry, RegsOf(task()).rip);
    EXPECT_EQ(kEntry, Auxiliary(LX_AT_ENTRY));
    EXPECT_STREQ("dyn", task()->name);
}

// --- what does not
// -------------------------------------------------------------

TEST_F(ExecTest, FilesThatCannotBeRun)
{
    struct file *writer = nullptr;

    ASSERT_EQ(0, vfs().Dir("dir"));
    ASSERT_EQ(0, vfs().Make("fifo", LX_S_IFIFO | 0755));
    ASSERT_EQ(0, vfs().Link("loop", "loop"));
    WriteElf("plain", ElfFile(), 0644);
    WriteElf("written", ElfFile());
    ASSERT_EQ(0, vfs().Open("written", LX_O_WRONLY, 0, &writer));
    vfs().Write("nothing", "", 0755);
    vfs().Write("text", "echo no\n", 0755);
    static const struct {
        const char *path;
        int error;
    } cases[] = {
        {"nowhere", -ENOENT}, {"", -ENOENT},         {"prog/x", -ENOTDIR},
        {"dir", -EACCES},     {"fifo", -EACCES},     {"loop", -ELOOP},
        {"plain", -EACCES},   {"written", -ETXTBSY}, {"nothing", -ENOEXEC},
        {"text", -ENOEXEC},
    };
    for (const auto &c : cases)
        EXPECT_EQ(c.error, Exec(c.path)) << c.path;
    EXPECT_EQ(-ENAMETOOLONG, Exec(std::string(300, 'x')));
    file_put(writer);
    EXPECT_EQ(0, Exec("written"));
    EXPECT_EQ(-ETXTBSY, vfs().Open("written", LX_O_WRONLY, 0, &writer));
    EXPECT_EQ(0, Exec("prog"));
    ASSERT_EQ(0, vfs().Open("written", LX_O_WRONLY, 0, &writer));
    file_put(writer);
}

TEST_F(ExecTest, BadImages)
{
    static const struct {
        const char *what;
        int error;
        void (*damage)(ElfFile &file);
    } cases[] = {
        {"magic", -ENOEXEC, [](ElfFile &f) { f.header.e_ident[1] = 0; }},
        {"32 bits", -ENOEXEC, [](ElfFile &f) { f.header.e_ident[4] = 1; }},
        {"big endian", -ENOEXEC, [](ElfFile &f) { f.header.e_ident[5] = 2; }},
        {"machine", -ENOEXEC, [](ElfFile &f) { f.header.e_machine = 183; }},
        {"object", -ENOEXEC, [](ElfFile &f) { f.header.e_type = LX_ET_REL; }},
        {"phentsize", -ENOEXEC, [](ElfFile &f) { f.header.e_phentsize = 8; }},
        {"no headers", -ENOEXEC, [](ElfFile &f) { f.header.e_phnum = 0; }},
        {"beyond the end", -ENOEXEC,
         [](ElfFile &f) { f.header.e_phoff = f.size; }},
        {"interpreter's name", -ENOEXEC,
         [](ElfFile &f) { f.Add(LX_PT_INTERP, 0, 0, 0, 257, 257); }},
        {"more in the file", -EINVAL,
         [](ElfFile &f) { f.programs[1].p_memsz = 1; }},
        {"outside", -EINVAL,
         [](ElfFile &f) { f.programs[2].p_vaddr = UINT64_MAX - 0xfef; }},
        {"skewed", -EINVAL, [](ElfFile &f) { f.programs[1].p_offset++; }},
        {"descending", -EINVAL,
         [](ElfFile &f) { std::swap(f.programs[0], f.programs[1]); }},
    };
    struct aspace *as = process()->as;
    struct lx_user_regs before = RegsOf(task()), after;

    for (const auto &c : cases) {
        ElfFile file;

        c.damage(file);
        WriteElf("bad", file);
        EXPECT_EQ(c.error, Exec("bad", {"x"})) << c.what;
        WriteElf("lib", file);
        WriteElf("user", Dynamic("/lib"));
        EXPECT_EQ(-ELIBBAD, Exec("user")) << c.what;
    }
    EXPECT_EQ(as, process()->as);
    after = RegsOf(task());
    EXPECT_EQ(0, memcmp(&before, &after, sizeof(before)));
    EXPECT_STRNE("bad", task()->name);
}

TEST_F(ExecTest, LoadersThatCannotBeRun)
{
    ASSERT_EQ(0, vfs().Dir("dir"));
    WriteElf("locked", Movable(), 0644);
    WriteElf("none", Dynamic("/nowhere"));
    WriteElf("first", Dynamic("/dir"));
    WriteElf("second", Dynamic("/locked"));
    EXPECT_EQ(-ENOENT, Exec("none"));
    EXPECT_EQ(-EACCES, Exec("first"));
    EXPECT_EQ(-EACCES, Exec("second"));
}

// More than user space has room for.
TEST_F(ExecTest, NoRoom)
{
    ElfFile file = Movable();

    file.programs[2].p_memsz = UINT64_C(0x7fffff000000);
    WriteElf("huge", file);
    EXPECT_EQ(-ENOMEM, Exec("huge"));
}

// --- scripts
// -------------------------------------------------------------------

TEST_F(ExecTest, Scripts)
{
    vfs().Write("script", "#! /prog  an argument \nrest", 0755);
    vfs().Write("bare", "#!prog", 0755);
    ASSERT_EQ(0, Exec("script", {"name", "x"}, {"E=1"}));
    EXPECT_EQ(Strings({"/prog", "an argument", "script", "x"}), Arguments());
    EXPECT_EQ(Strings({"E=1"}), Environment());
    EXPECT_STREQ("script", task()->name);
    EXPECT_EQ("script", StringAt(Auxiliary(LX_AT_EXECFN)));
    ASSERT_EQ(0, Exec("bare"));
    EXPECT_EQ(Strings({"prog", "bare"}), Arguments());
}

// Nested as deep as the host's Linux takes them.
TEST_F(ExecTest, ScriptsOfScripts)
{
    vfs().Write("chain1", "#!/prog", 0755);
    for (int i = 2; i <= 6; i++)
        vfs().Write("chain" + std::to_string(i),
                    "#!/chain" + std::to_string(i - 1), 0755);
    ASSERT_EQ(0, Exec("chain5", {"name"}));
    EXPECT_EQ(Strings({"/prog", "/chain1", "/chain2", "/chain3", "/chain4",
                       "chain5"}),
              Arguments());
    EXPECT_EQ(-ELOOP, Exec("chain6"));
    vfs().Write("self", "#!/self", 0755);
    EXPECT_EQ(-ELOOP, Exec("self"));
}

TEST_F(ExecTest, ScriptsThatCannotBeRun)
{
    static const struct {
        const char *text;
        int error;
    } cases[] = {
        {"#!", -ENOEXEC},        {"#! \t\n", -ENOEXEC}, {"#!/nowhere", -ENOENT},
        {"#!/dir", -EACCES},     {"#!/plain", -EACCES}, {"#!/text", -ENOEXEC},
        {"#!/prog/x", -ENOTDIR},
    };
    struct exec_call call = {};
    int error = 0;

    ASSERT_EQ(0, vfs().Dir("dir"));
    WriteElf("plain", ElfFile(), 0644);
    vfs().Write("text", "echo no\n", 0755);
    for (const auto &c : cases) {
        vfs().Write("script", c.text, 0755);
        EXPECT_EQ(c.error, Exec("script", {"x"})) << c.text;
    }
    vfs().Write("script", "#!/" + std::string(300, 'x') + "\n", 0755);
    EXPECT_EQ(-ENOEXEC, Exec("script"));
    // Its interpreter could not open it (execveat(2), BUGS); a program can run.
    vfs().Write("script", "#!/prog", 0755);
    call.path = "script";
    call.name = "/dev/fd/7";
    call.path_flags = PATH_FOLLOW;
    call.is_hidden = true;
    Do([&] { error = exec_user(task_current(), &call); });
    EXPECT_EQ(-ENOENT, error);
    call.path = "prog";
    Do([&] { error = exec_user(task_current(), &call); });
    EXPECT_EQ(0, error);
    EXPECT_EQ("/dev/fd/7", StringAt(Auxiliary(LX_AT_EXECFN)));
}

// --- arguments
// -----------------------------------------------------------------

// ARG_MAX, where a quarter of the stack is less (execve(2)); pointers count.
TEST_F(ExecTest, TooManyArguments)
{
    const std::string longest(LX_MAX_ARG_STRLEN - 1, 'x');

    Limit(process(), LX_RLIMIT_STACK, 4 * PAGE_SIZE);
    EXPECT_EQ(-E2BIG, Exec("prog", {}, {longest}));
    EXPECT_EQ(-E2BIG, Exec("prog", {longest, "x"}));
    Limit(process(), LX_RLIMIT_STACK, 8 << 20);
    Do([&] {
        struct aspace *as = process()->as;
        std::vector<uint64_t> pointers(20000, kVectors);

        MapVectors();
        pointers.push_back(0);
        ASSERT_EQ(0, copy_out(as, kVectors + PAGE_SIZE, pointers.data(),
                              pointers.size() * sizeof(uint64_t)));
        ASSERT_EQ(0, copy_out(as, kVectors, "12345", 6));
        Limit(process(), LX_RLIMIT_STACK, PAGE_SIZE);
        EXPECT_EQ(-E2BIG, ExecHere("prog", kVectors + PAGE_SIZE));
        EXPECT_EQ(-E2BIG, ExecHere("prog", 0, kVectors + PAGE_SIZE));
        Limit(process(), LX_RLIMIT_STACK, 8 << 20);
        EXPECT_EQ(0, ExecHere("prog", kVectors + PAGE_SIZE));
    });
    EXPECT_EQ(20000u, StackWord(0));
    EXPECT_EQ("12345", StringAt(StackWord(20000)));
}

TEST_F(ExecTest, OneThatIsTooLong)
{
    std::string longest(LX_MAX_ARG_STRLEN, 'x'); // without its NUL

    Do([&] {
        struct aspace *as = process()->as;
        uint64_t pointers[] = {kVectors + PAGE_SIZE, 0};

        MapVectors();
        ASSERT_EQ(
            0, copy_out(as, pointers[0], longest.c_str(), longest.size() + 1));
        ASSERT_EQ(0, copy_out(as, kVectors, pointers, sizeof(pointers)));
        EXPECT_EQ(-E2BIG, ExecHere("prog", kVectors));
        pointers[0]++;
        ASSERT_EQ(0, copy_out(as, kVectors, pointers, sizeof(pointers)));
        EXPECT_EQ(0, ExecHere("prog", kVectors));
    });
    EXPECT_EQ(1u, StackWord(0));
}

TEST_F(ExecTest, VectorsNowhere)
{
    const uaddr_t hole = 0x10000;

    Do([&] {
        struct aspace *as = process()->as;
        uint64_t pointers[] = {hole, 0};
        uint64_t last = kVectors;

        MapVectors();
        ASSERT_EQ(0, copy_out(as, kVectors, pointers, sizeof(pointers)));
        EXPECT_EQ(-EFAULT, ExecHere("prog", hole));
        EXPECT_EQ(-EFAULT, ExecHere("prog", 0, hole));
        EXPECT_EQ(-EFAULT, ExecHere("prog", kVectors));
        EXPECT_EQ(-EFAULT, ExecHere("prog", 0, kVectors));
        // No NULL before the end of what there is.
        ASSERT_EQ(0, copy_out(as, kVectors + kVectorsSize - sizeof(last), &last,
                              sizeof(last)));
        ASSERT_EQ(0, copy_out(as, kVectors, "", 1));
        EXPECT_EQ(-EFAULT,
                  ExecHere("prog", kVectors + kVectorsSize - sizeof(last)));
        EXPECT_EQ(-ENOENT, ExecHere("nowhere", hole)); // looked up before
    });
}

} // namespace
