// SPDX-License-Identifier: Apache-2.0
//
// tests/core/syscall/strace_test.cc - the lines of core/syscall/strace.h.
#include "core/syscall/strace.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/syscall.h>
#include <vector>

#include "core/abi/stat.h"
#include "core/abi/uio.h"
#include "core/syscall/calls.h"

namespace {

// The user memory of all tests: what lies behind it faults.
constexpr uaddr_t user_base = 0x10000;
uint8_t user[8192];
size_t user_used;

size_t peek(void *to, uaddr_t from, size_t size)
{
    if (from < user_base || from >= user_base + sizeof(user))
        return 0;
    size_t count = std::min<size_t>(size, user_base + sizeof(user) - from);
    std::memcpy(to, user + (from - user_base), count);
    return count;
}

uaddr_t place(const void *bytes, size_t size)
{
    uaddr_t at = user_base + user_used;
    std::memcpy(user + user_used, bytes, size);
    user_used += (size + 7) & ~size_t{7};
    return at;
}

// Where the last bytes before the fault lie.
uaddr_t place_at_end(const void *bytes, size_t size)
{
    std::memcpy(user + sizeof(user) - size, bytes, size);
    return user_base + sizeof(user) - size;
}

uaddr_t text(const std::string &s)
{
    return place(s.c_str(), s.size() + 1);
}

std::string render(uint64_t number, std::vector<uint64_t> args, int64_t result,
                   size_t size = STRACE_LINE_MAX, bool returned = true)
{
    strace_record record = {};
    record.pid = 12;
    record.number = number;
    for (size_t i = 0; i < args.size(); i++)
        record.args[i] = args[i];
    record.result = result;
    record.returned = returned;
    std::vector<char> line(size + 1, '#');
    size_t length = strace_render(line.data(), size, &record, peek);
    EXPECT_EQ(length, std::strlen(line.data()));
    EXPECT_EQ(line[size], '#') << "wrote behind the buffer";
    return line.data();
}

// The line without "[12] ".
std::string call(uint64_t number, std::vector<uint64_t> args, int64_t result)
{
    user_used = (user_used + 7) & ~size_t{7};
    return render(number, args, result).substr(5);
}

class Strace : public ::testing::Test {
protected:
    void SetUp() override { user_used = 0; }
};

constexpr uint64_t minus_one = ~uint64_t{0};

TEST_F(Strace, NamesPidCallAndResult)
{
    EXPECT_EQ(render(SYS_getppid, {}, 1), "[12] getppid() = 1");
}

TEST_F(Strace, ShowsBytesThatACallReads)
{
    EXPECT_EQ(call(SYS_write, {1, text("hello\n"), 6}, 6),
              "write(1, \"hello\\n\", 6) = 6");
    EXPECT_EQ(call(SYS_write, {1, text("hello\n"), 6}, -EBADF),
              "write(1, \"hello\\n\", 6) = -1 EBADF (Bad file descriptor)");
    EXPECT_EQ(call(SYS_write, {1, 0x20, 6}, -EFAULT),
              "write(1, 0x20, 6) = -1 EFAULT (Bad address)");
    EXPECT_EQ(call(SYS_write, {1, 0, 0}, 0), "write(1, NULL, 0) = 0");
}

TEST_F(Strace, ShowsBytesThatACallWroteOnlyWhenItDid)
{
    uaddr_t buffer = text("abcdef");
    EXPECT_EQ(call(SYS_read, {0, buffer, 100}, 3), "read(0, \"abc\", 100) = 3");
    EXPECT_EQ(call(SYS_read, {0, buffer, 100}, 0), "read(0, \"\", 100) = 0");
    EXPECT_EQ(call(SYS_read, {0, 0x10000, 100}, -EIO),
              "read(0, 0x10000, 100) = -1 EIO (Input/output error)");
}

TEST_F(Strace, CutsLongBytes)
{
    std::string exact(STRACE_STRING_MAX, 'x');
    EXPECT_EQ(call(SYS_write, {1, text(exact), exact.size()}, 32),
              "write(1, \"" + exact + "\", 32) = 32");
    std::string longer = exact + "y";
    EXPECT_EQ(call(SYS_write, {1, text(longer), longer.size()}, 33),
              "write(1, \"" + exact + "\"..., 33) = 33");
}

TEST_F(Strace, EscapesAsStraceDoes)
{
    const char odd[] = "\t\n\v\f\r\"\\\x1b[\x01"
                       "1\xff";
    EXPECT_EQ(call(SYS_write, {1, place(odd, sizeof(odd)), sizeof(odd)}, 13),
              "write(1, \"\\t\\n\\v\\f\\r\\\"\\\\\\33[\\0011\\377\\0\", 13)"
              " = 13");
}

TEST_F(Strace, ShowsPaths)
{
    uaddr_t path = text("/proc/self/exe");
    uaddr_t target = text("/hello");
    EXPECT_EQ(call(SYS_readlink, {path, target, 4096}, 6),
              "readlink(\"/proc/self/exe\", \"/hello\", 4096) = 6");
    EXPECT_EQ(call(SYS_readlink, {path, 0x10000, 4096}, -ENOENT),
              "readlink(\"/proc/self/exe\", 0x10000, 4096) = "
              "-1 ENOENT (No such file or directory)");
    EXPECT_EQ(call(SYS_chdir, {text("")}, -ENOENT),
              "chdir(\"\") = -1 ENOENT (No such file or directory)");
    EXPECT_EQ(call(SYS_chdir, {0}, -EFAULT),
              "chdir(NULL) = -1 EFAULT (Bad address)");
    EXPECT_EQ(call(SYS_chdir, {0x99}, -EFAULT),
              "chdir(0x99) = -1 EFAULT (Bad address)");
}

TEST_F(Strace, ShowsPathsOfSeveralChunks)
{
    for (size_t length : {63, 64, 65, 127, 128, 200}) {
        std::string path(length, 'p');
        EXPECT_EQ(call(SYS_chdir, {text(path)}, 0),
                  "chdir(\"" + path + "\") = 0");
    }
}

TEST_F(Strace, PathThatRunsIntoAFaultIsCut)
{
    EXPECT_EQ(call(SYS_chdir, {place_at_end("abc", 3)}, -EFAULT),
              "chdir(\"abc\"...) = -1 EFAULT (Bad address)");
    std::string path(64, 'q');
    EXPECT_EQ(call(SYS_chdir, {place_at_end(path.data(), 64)}, -EFAULT),
              "chdir(\"" + path + "\"...) = -1 EFAULT (Bad address)");
}

TEST_F(Strace, NamesFlags)
{
    EXPECT_EQ(call(SYS_mmap, {0, 8192, 3, 0x22, minus_one, 0}, 0x7f0000001000),
              "mmap(NULL, 8192, PROT_READ|PROT_WRITE, "
              "MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000001000");
    EXPECT_EQ(call(SYS_mprotect, {0x1000, 4096, 0}, 0),
              "mprotect(0x1000, 4096, PROT_NONE) = 0");
    EXPECT_EQ(call(SYS_mprotect, {0x1000, 4096, 0x81}, -EINVAL),
              "mprotect(0x1000, 4096, PROT_READ|0x80) = "
              "-1 EINVAL (Invalid argument)");
    EXPECT_EQ(call(SYS_mmap, {0, 1, 4, 3, 5, 0x1000}, -EBADF),
              "mmap(NULL, 1, PROT_EXEC, MAP_SHARED_VALIDATE, 5, 4096) = "
              "-1 EBADF (Bad file descriptor)");
    EXPECT_EQ(call(SYS_getrandom, {0, 0, 0}, 0), "getrandom(NULL, 0, 0) = 0");
    EXPECT_EQ(call(SYS_getrandom, {0, 0, 3}, -EFAULT),
              "getrandom(NULL, 0, GRND_NONBLOCK|GRND_RANDOM) = "
              "-1 EFAULT (Bad address)");
    EXPECT_EQ(call(SYS_access, {text("/x"), 0}, 0), "access(\"/x\", F_OK) = 0");
}

TEST_F(Strace, NamesFieldsOfFlags)
{
    uaddr_t path = text("/x");
    EXPECT_EQ(call(SYS_open, {path, 0, 0}, 3), "open(\"/x\", O_RDONLY, 0) = 3");
    EXPECT_EQ(call(SYS_open, {path, 01101, 0644}, 3),
              "open(\"/x\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3");
    EXPECT_EQ(call(SYS_open, {path, 04010002, 0}, 3),
              "open(\"/x\", O_RDWR|O_SYNC, 0) = 3");
    EXPECT_EQ(call(SYS_futex, {0x1000, 0x80, 2, 0, 0, 0}, 0),
              "futex(0x1000, FUTEX_WAIT|FUTEX_PRIVATE_FLAG, 2, NULL, NULL, 0)"
              " = 0");
}

TEST_F(Strace, NamesValues)
{
    EXPECT_EQ(call(SYS_arch_prctl, {0x1002, 0x7000}, 0),
              "arch_prctl(ARCH_SET_FS, 0x7000) = 0");
    EXPECT_EQ(call(SYS_arch_prctl, {0x3001, 0x7000}, -EINVAL),
              "arch_prctl(0x3001, 0x7000) = -1 EINVAL (Invalid argument)");
    EXPECT_EQ(call(SYS_ioctl, {1, 0x5413, 0x7000}, -ENOTTY),
              "ioctl(1, TIOCGWINSZ, 0x7000) = "
              "-1 ENOTTY (Inappropriate ioctl for device)");
    EXPECT_EQ(call(SYS_lseek, {1, minus_one, 0}, -EINVAL),
              "lseek(1, -1, SEEK_SET) = -1 EINVAL (Invalid argument)");
    EXPECT_EQ(call(SYS_getrusage, {minus_one, 0x7000}, 0),
              "getrusage(RUSAGE_CHILDREN, 0x7000) = 0");
}

TEST_F(Strace, LooksAtTheLowHalfOf32BitArguments)
{
    EXPECT_EQ(call(SYS_close, {0xabcdef0100000003}, 0), "close(3) = 0");
    EXPECT_EQ(call(SYS_exit_group, {0x1ffffffff}, 0), "exit_group(-1) = 0");
    EXPECT_EQ(call(SYS_getrandom, {0, 0, 0x500000001}, 0),
              "getrandom(NULL, 0, GRND_NONBLOCK) = 0");
}

TEST_F(Strace, ShowsStructs)
{
    lx_stat st = {};
    st.st_mode = 0100755;
    st.st_size = 1234;
    uaddr_t at = place(&st, sizeof(st));
    uaddr_t empty = text("");
    EXPECT_EQ(call(SYS_newfstatat, {1, empty, at, 0x1000}, 0),
              "newfstatat(1, \"\", {st_mode=S_IFREG|0755, st_size=1234, ...}, "
              "AT_EMPTY_PATH) = 0");
    uint64_t at_fdcwd = uint64_t(int64_t{-100});
    EXPECT_EQ(call(SYS_newfstatat, {at_fdcwd, empty, at, 0x100}, -ENOENT),
              "newfstatat(AT_FDCWD, \"\", " +
                  ("0x" +
                   [&] {
                       char hex[20];
                       snprintf(hex, sizeof(hex), "%lx", at);
                       return std::string(hex);
                   }()) +
                  ", AT_SYMLINK_NOFOLLOW) = "
                  "-1 ENOENT (No such file or directory)");
    uint64_t limit[2] = {8192, minus_one};
    at = place(limit, sizeof(limit));
    EXPECT_EQ(call(SYS_prlimit64, {0, 3, at, at}, 0),
              "prlimit64(0, RLIMIT_STACK, "
              "{rlim_cur=8192, rlim_max=RLIM64_INFINITY}, "
              "{rlim_cur=8192, rlim_max=RLIM64_INFINITY}) = 0");
    EXPECT_EQ(call(SYS_prlimit64, {0, 3, 0, 0}, 0),
              "prlimit64(0, RLIMIT_STACK, NULL, NULL) = 0");
    uaddr_t cut = place_at_end("12345678", 8);
    EXPECT_EQ(call(SYS_setrlimit, {99, cut}, -EFAULT).substr(0, 17),
              "setrlimit(0x63, 0");
}

TEST_F(Strace, ShowsVectors)
{
    lx_iovec iov[] = {{text("ab"), 2}, {0, 0}, {text("cdef"), 4}};
    uaddr_t at = place(iov, sizeof(iov));
    EXPECT_EQ(call(SYS_writev, {1, at, 3}, 6),
              "writev(1, [{iov_base=\"ab\", iov_len=2}, "
              "{iov_base=NULL, iov_len=0}, "
              "{iov_base=\"cdef\", iov_len=4}], 3) = 6");
    EXPECT_EQ(call(SYS_readv, {0, at, 3}, 3),
              "readv(0, [{iov_base=\"ab\", iov_len=2}, "
              "{iov_base=NULL, iov_len=0}, "
              "{iov_base=\"c\", iov_len=4}], 3) = 3");
    EXPECT_EQ(call(SYS_writev, {1, at, 0}, 0), "writev(1, [], 0) = 0");
    EXPECT_EQ(call(SYS_writev, {1, 0x40, 1}, -EFAULT),
              "writev(1, [0x40], 1) = -1 EFAULT (Bad address)");
    EXPECT_EQ(call(SYS_readv, {1, 0x40, 1}, -EFAULT),
              "readv(1, 0x40, 1) = -1 EFAULT (Bad address)");
}

TEST_F(Strace, BoundsVectors)
{
    std::vector<lx_iovec> iov(STRACE_VECTORS_MAX + 1, lx_iovec{0, 0});
    uaddr_t at = place(iov.data(), iov.size() * sizeof(lx_iovec));
    std::string line = call(SYS_writev, {1, at, iov.size()}, 0);
    EXPECT_NE(line.find("iov_len=0}, ...], 9) = 0"), std::string::npos) << line;
}

TEST_F(Strace, NamesSignals)
{
    EXPECT_EQ(call(SYS_kill, {1, 9}, 0), "kill(1, SIGKILL) = 0");
    EXPECT_EQ(call(SYS_kill, {1, 0}, 0), "kill(1, 0) = 0");
    EXPECT_EQ(call(SYS_kill, {1, 32}, 0), "kill(1, SIGRTMIN) = 0");
    EXPECT_EQ(call(SYS_kill, {1, 64}, 0), "kill(1, SIGRT_32) = 0");
    EXPECT_EQ(call(SYS_kill, {1, 65}, -EINVAL),
              "kill(1, 65) = -1 EINVAL (Invalid argument)");
}

TEST_F(Strace, CallWithoutPrototypeShowsRegisters)
{
    EXPECT_EQ(call(SYS_bpf, {1, 0, 0x30, 0, 0, 0}, -ENOSYS),
              "bpf(0x1, 0, 0x30, 0, 0, 0) = "
              "-1 ENOSYS (Function not implemented)");
}

TEST_F(Strace, UnknownNumber)
{
    for (uint64_t number : {uint64_t{400}, uint64_t{500}, minus_one}) {
        char expected[128];
        snprintf(expected, sizeof(expected),
                 "syscall_0x%lx(0, 0, 0, 0, 0, 0) = "
                 "-1 ENOSYS (Function not implemented)",
                 number);
        EXPECT_EQ(call(number, {}, -ENOSYS), expected);
    }
}

TEST_F(Strace, CallThatDoesNotReturn)
{
    EXPECT_EQ(render(SYS_exit_group, {7}, 0, STRACE_LINE_MAX, false),
              "[12] exit_group(7) = ?");
    EXPECT_TRUE(strace_at_entry(SYS_exit_group));
    EXPECT_TRUE(strace_at_entry(SYS_exit));
    EXPECT_FALSE(strace_at_entry(SYS_write));
    EXPECT_FALSE(strace_at_entry(500));
}

TEST_F(Strace, EveryErrnoHasTheHostsNameAndText)
{
    for (int error = 1; error <= 133; error++) {
        const char *name = strerrorname_np(error);
        if (name == nullptr)
            continue;
        EXPECT_EQ(call(SYS_close, {0}, -error), std::string("close(0) = -1 ") +
                                                    name + " (" +
                                                    strerror(error) + ")");
    }
    EXPECT_EQ(call(SYS_close, {0}, -4095), "close(0) = -1 (errno 4095)");
    EXPECT_EQ(call(SYS_close, {0}, -512), "close(0) = ? (to be restarted)");
}

TEST_F(Strace, LargeResultIsNoError)
{
    EXPECT_EQ(call(SYS_brk, {0}, -4096), "brk(NULL) = 0xfffffffffffff000");
}

TEST_F(Strace, ResultIsThereHoweverSmallTheBuffer)
{
    uaddr_t path = text(std::string(4000, 'z'));
    for (size_t size = STRACE_LINE_MIN; size < 400; size++) {
        std::string line =
            render(SYS_rename, {path, path}, -EPFNOSUPPORT, size);
        EXPECT_LT(line.size(), size);
        EXPECT_NE(line.find("...) = -1 EPFNOSUPPORT (Protocol family not "
                            "supported)"),
                  std::string::npos)
            << line;
    }
}

TEST_F(Strace, EveryCallRenders)
{
    for (uint64_t number = 0; number < SYSCALL_COUNT; number++) {
        for (uint64_t arg : {uint64_t{0}, user_base, minus_one}) {
            std::string line =
                render(number, {arg, arg, arg, arg, arg, arg}, 0);
            EXPECT_EQ(line.compare(0, 5, "[12] "), 0);
            EXPECT_NE(line.find(") = "), std::string::npos) << line;
        }
    }
}

TEST_F(Strace, EndOfAProcess)
{
    char line[STRACE_LINE_MIN];
    strace_render_end(line, sizeof(line), 12, 7 << 8);
    EXPECT_STREQ(line, "[12] +++ exited with 7 +++");
    strace_render_end(line, sizeof(line), 12, 255 << 8);
    EXPECT_STREQ(line, "[12] +++ exited with 255 +++");
    strace_render_end(line, sizeof(line), 12, 11);
    EXPECT_STREQ(line, "[12] +++ killed by SIGSEGV +++");
}

// Numbers that a filter shows, of those given.
std::vector<uint64_t> shown(const char *text,
                            const std::vector<uint64_t> &numbers)
{
    strace_filter filter;
    EXPECT_EQ(strace_filter_parse(&filter, text), 0) << text;
    std::vector<uint64_t> found;
    for (uint64_t number : numbers)
        if (strace_filter_has(&filter, number))
            found.push_back(number);
    return found;
}

using Numbers = std::vector<uint64_t>;
const Numbers some = {SYS_read, SYS_mmap,    SYS_open, SYS_kill, SYS_connect,
                      SYS_exit, SYS_getppid, 400,      500,      100000};

TEST(StraceFilter, All)
{
    EXPECT_EQ(shown(nullptr, some), some);
    EXPECT_EQ(shown("", some), some);
    EXPECT_EQ(shown("all", some), some);
}

TEST(StraceFilter, Names)
{
    EXPECT_EQ(shown("read", some), (Numbers{SYS_read}));
    EXPECT_EQ(shown("getppid,read", some), (Numbers{SYS_read, SYS_getppid}));
}

TEST(StraceFilter, Classes)
{
    EXPECT_EQ(shown("memory", some), (Numbers{SYS_mmap}));
    EXPECT_EQ(shown("file", some), (Numbers{SYS_open}));
    EXPECT_EQ(shown("desc", some), (Numbers{SYS_read, SYS_mmap, SYS_connect}));
    EXPECT_EQ(shown("signal", some), (Numbers{SYS_kill}));
    EXPECT_EQ(shown("network", some), (Numbers{SYS_connect}));
    EXPECT_EQ(shown("process", some), (Numbers{SYS_kill, SYS_exit}));
}

TEST(StraceFilter, Not)
{
    Numbers most(some.begin() + 1, some.end());
    EXPECT_EQ(shown("!read", some), most);
    EXPECT_EQ(shown("desc,!mmap", some), (Numbers{SYS_read, SYS_connect}));
    EXPECT_EQ(shown("!all,read", some), (Numbers{SYS_read}));
    EXPECT_EQ(shown("!desc,!process,!open", some),
              (Numbers{SYS_getppid, 400, 500, 100000}));
}

TEST(StraceFilter, WrongNamesChangeNothing)
{
    for (const char *text : {"nothing", "rea", "readx", "read,", ",read",
                             "read,,write", "!", "read,!", " read"}) {
        strace_filter filter = {};
        filter.calls[3] = 42;
        EXPECT_EQ(strace_filter_parse(&filter, text), -EINVAL) << text;
        EXPECT_EQ(filter.calls[3], 42u);
        EXPECT_EQ(filter.calls[0], 0u);
    }
}

} // namespace
