// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/procfs_test.cc - core/proc/procfs.h: what its files say, of
// processes that come and go too. Run with one CPU and with four.
#include <algorithm>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/fs/mount.h"
#include "core/fs/super.h"
#include "core/id/nsset.h"
#include "core/mem/page.h"
#include "core/proc/procfs.h"
#include "core/proc/usage.h"
#include "core/sched/thread.h"
#include "tests/core/fs/vfs.h"
#include "tests/core/proc/process_fixture.h"

namespace {

using Words = std::vector<std::string>;

// Fields of proc_pid_stat(5), from its numbers.
enum { PID = 1, COMM, STATE, PARENT, THREADS = 20, EXIT_SIGNAL = 38 };

Words Split(const std::string &text, char by)
{
    std::istringstream in(text);
    Words words;

    for (std::string word; std::getline(in, word, by);)
        words.push_back(word);
    return words;
}

class ProcfsTest : public ProcessTest {
protected:
    void SetUp() override
    {
        static bool is_known;
        super *super;
        path at;

        ProcessTest::SetUp();
        if (!is_known)
            procfs_init_all();
        is_known = true;
        vfs_ = std::make_unique<Vfs>();
        const fs_type *type = fs_find("proc");
        super_source source = {"", "", false};
        ASSERT_EQ(0, vfs_->Dir("p"));
        ASSERT_EQ(0, type->mount(type, &source, &super));
        ASSERT_EQ(0, path_find(&vfs_->ask, "p", &at));
        ASSERT_EQ(0, mount_attach(vfs_->ns, super, &at, 0, "proc"));
        super_put(super);
        path_put(&at);
    }
    void TearDown() override
    {
        vfs_.reset();
        ProcessTest::TearDown();
    }
    static std::string Of(int number, const std::string &name)
    {
        return "p/" + std::to_string(number) + "/" + name;
    }
    static std::string OfThread(Member &member, const std::string &name)
    {
        return Of(process_number(member.process()),
                  "task/" + std::to_string(member.number()) + "/" + name);
    }
    std::string Read(const std::string &path) { return vfs_->Read(path); }
    // The fields of a stat file, [1] the first; a name without blanks.
    Words Stat(const std::string &path)
    {
        Words words = Split(Read(path), ' ');

        words.insert(words.begin(), "");
        words.resize(std::max<size_t>(words.size(), 53));
        return words;
    }
    std::string StateIn(const std::string &path) { return Stat(path)[STATE]; }
    // The value of the line of a file that begins with key.
    uint64_t Value(const std::string &path, const std::string &key)
    {
        for (const std::string &line : Split(Read(path), '\n'))
            if (line.compare(0, key.size(), key) == 0)
                return std::stoull(line.substr(key.size()));
        ADD_FAILURE() << path << " has no " << key;
        return 0;
    }
    void Reap(Member &member)
    {
        struct wait_result result;

        EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, member.number()));
    }
    int PutComm(const std::string &path, const std::string &name)
    {
        file *f;
        int error = vfs_->Open(path, LX_O_WRONLY, 0, &f);

        if (error != 0)
            return error;
        ssize_t done = Vfs::Put(f, name);
        file_put(f);
        return static_cast<int>(done);
    }

    std::unique_ptr<Vfs> vfs_;
};

const char *const kOfProcess[] = {"cmdline", "comm",  "limits", "maps",
                                  "stat",    "statm", "status"};
const char *const kOfMachine[] = {"cmdline",    "cpuinfo", "filesystems",
                                  "interrupts", "loadavg", "meminfo",
                                  "stat",       "uptime",  "version"};

TEST_F(ProcfsTest, HasAllProcessesAndThreads)
{
    Member child(init()), thread(child.task(), true);
    std::string number = std::to_string(child.number());
    Words names = vfs_->List("p");

    EXPECT_EQ(1, std::count(names.begin(), names.end(), "1"));
    EXPECT_EQ(1, std::count(names.begin(), names.end(), number));
    EXPECT_EQ(0, std::count(names.begin(), names.end(),
                            std::to_string(thread.number())));
    for (const char *name : kOfMachine)
        EXPECT_EQ(1, std::count(names.begin(), names.end(), name)) << name;
    EXPECT_EQ((Words{number, std::to_string(thread.number())}),
              vfs_->List("p/" + number + "/task"));
    EXPECT_EQ(-ENOENT, vfs_->Find("p/1/task/" + number));
    EXPECT_EQ(-ENOENT, vfs_->Find("p/30000"));
    thread.End();
    Await([&] { return thread.has_ended(); });
    EXPECT_EQ(Words{number}, vfs_->List("p/" + number + "/task"));
}

TEST_F(ProcfsTest, StatAndStatusOfAProcess)
{
    Member child(init()), thread(child.task(), true);

    task_set_name(child.task(), "child");
    task_set_name(thread.task(), "of the child");
    Words stat = Stat(Of(child.number(), "stat"));
    EXPECT_EQ(std::to_string(child.number()), stat[PID]);
    EXPECT_EQ("(child)", stat[COMM]);
    EXPECT_EQ("1", stat[PARENT]);
    EXPECT_EQ("2", stat[THREADS]);
    EXPECT_EQ("17", stat[EXIT_SIGNAL]);
    std::string status = Of(child.number(), "status");
    EXPECT_EQ("Name:\tchild", Split(Read(status), '\n')[0]);
    EXPECT_EQ(static_cast<uint64_t>(child.number()), Value(status, "Pid:\t"));
    EXPECT_EQ(1u, Value(status, "PPid:\t"));
    EXPECT_EQ(2u, Value(status, "Threads:\t"));
    status = OfThread(thread, "status");
    EXPECT_EQ("Name:\tof the child", Split(Read(status), '\n')[0]);
    EXPECT_EQ(static_cast<uint64_t>(child.number()), Value(status, "Tgid:\t"));
    EXPECT_EQ(static_cast<uint64_t>(thread.number()), Value(status, "Pid:\t"));
}

bool IsSet(void *arg)
{
    return kthread::Load(*static_cast<bool *>(arg));
}

TEST_F(ProcfsTest, States)
{
    bool ends = false;
    waitq q;

    waitq_init(&q);
    Member child(init());
    Member deaf(init(), false, LX_SIGCHLD, [&] {
        (void)!waitq_wait(&q, IsSet, &ends, WAIT_FOREVER);
        return 0;
    });
    std::string stat = Of(child.number(), "stat");
    EXPECT_EQ("R", StateIn("p/1/stat"));
    Await([&] { return StateIn(stat) == "S"; });
    Await([&] { return StateIn(Of(deaf.number(), "stat")) == "D"; });
    EXPECT_EQ(0, Send(child.process(), LX_SIGSTOP));
    Await([&] { return StateIn(stat) == "T"; });
    EXPECT_EQ(0, Send(child.process(), LX_SIGCONT));
    Await([&] { return StateIn(stat) == "S"; });
    task_set_name(child.task(), "dead");
    child.End(LX_W_EXITED(3));
    Await([&] { return StateIn(stat) == "Z"; });
    EXPECT_EQ("(dead)", Stat(stat)[COMM]);
    EXPECT_EQ("1", Stat(stat)[THREADS]);
    EXPECT_EQ("768\n", Stat(stat)[52]);
    EXPECT_EQ("dead\n", Read(Of(child.number(), "comm")));
    kthread::Store(ends, true);
    waitq_wake_all(&q);
}

TEST_F(ProcfsTest, ALeaderThatEndedIsAZombieAmongOthers)
{
    Member child(init()), thread(child.task(), true);
    std::string stat = Of(child.number(), "stat");

    task_set_name(child.task(), "leader");
    child.End();
    Await([&] { return child.has_ended(); });
    EXPECT_EQ("Z", StateIn(stat));
    EXPECT_EQ("(leader)", Stat(stat)[COMM]);
    EXPECT_EQ(std::to_string(child.number()), Stat(stat)[PID]);
    Await([&] { return StateIn(OfThread(thread, "stat")) == "S"; });
    thread.End();
    Await([&] { return StateOf(child.process()) == PROCESS_ZOMBIE; });
    EXPECT_EQ("(leader)", Stat(stat)[COMM]);
}

TEST_F(ProcfsTest, SwitchesAreCounted)
{
    uint64_t before = Value("p/1/status", "voluntary_ctxt_switches:\t");

    Await([&] {
        return Value("p/1/status", "voluntary_ctxt_switches:\t") > before + 3;
    });
}

TEST_F(ProcfsTest, CommCanBeWritten)
{
    static const struct {
        const char *written, *name;
    } cases[] = {{"name", "name\n"},
                 {"fifteen letters", "fifteen letters\n"},
                 {"sixteen letters.", "sixteen letters\n"},
                 {"two\nlines\n", "two\nlines\n\n"}};
    Member thread(init(), true);

    for (const auto &c : cases) {
        std::string written = c.written;
        EXPECT_EQ(static_cast<int>(written.size()),
                  PutComm("p/1/comm", written));
        EXPECT_EQ(c.name, Read("p/1/comm"));
    }
    EXPECT_EQ(8, PutComm("p/1/comm", std::string("cut\0here", 8)));
    EXPECT_EQ("cut\n", Read("p/1/comm"));
    EXPECT_EQ(3, PutComm("p/1/comm", "a\\\n"));
    EXPECT_EQ("Name:\ta\\\\\\n", Split(Read("p/1/status"), '\n')[0]);
    EXPECT_EQ(7, PutComm(OfThread(thread, "comm"), "another"));
    EXPECT_EQ("another\n", Read(OfThread(thread, "comm")));
    EXPECT_EQ("a\\\n\n", Read("p/1/comm"));
    thread.Do([&] { EXPECT_EQ(3, PutComm("p/1/comm", "its")); });
    EXPECT_EQ("its\n", Read("p/1/comm"));
}

TEST_F(ProcfsTest, CommOfOthersCannot)
{
    Member child(init());

    task_set_name(child.task(), "child");
    EXPECT_EQ(-EINVAL, PutComm(Of(child.number(), "comm"), "x"));
    child.Do([&] {
        EXPECT_EQ(-EINVAL, PutComm("p/1/comm", "x"));
        EXPECT_EQ(3, PutComm(Of(child.number(), "comm"), "own"));
    });
    EXPECT_EQ("own\n", Read(Of(child.number(), "comm")));
}

// What was read of it stays for who reads on; then there is nobody.
TEST_F(ProcfsTest, AProcessThatEndsWhileItsFilesAreOpen)
{
    Member child(init());
    std::map<std::string, file *> open;
    file *f;

    for (const char *name : kOfProcess) {
        unsigned how = std::string(name) == "comm" ? LX_O_RDWR : LX_O_RDONLY;
        ASSERT_EQ(0, vfs_->Open(Of(child.number(), name), how, 0, &f));
        open[name] = f;
    }
    std::string begin = Vfs::Get(open["status"], 10);
    EXPECT_EQ(10u, begin.size());
    child.End();
    Await([&] { return StateOf(child.process()) == PROCESS_ZOMBIE; });
    Reap(child);
    EXPECT_NE("", Vfs::Get(open["status"], 10));
    for (auto &[name, at] : open) {
        uint64_t position = 0;
        EXPECT_EQ("error 3", Vfs::Get(at, 100, &position)) << name;
    }
    EXPECT_EQ(-ESRCH, Vfs::Put(open["comm"], "x"));
    for (auto &[name, at] : open)
        file_put(at);
    EXPECT_EQ(-ENOENT, vfs_->Find(Of(child.number(), "stat")));
}

TEST_F(ProcfsTest, ShortReadsAndOffsets)
{
    std::string whole = Read("p/1/limits"), pieces, piece = "x";
    file *f;

    ASSERT_GT(whole.size(), 100u);
    ASSERT_EQ(0, vfs_->Open("p/1/limits", LX_O_RDONLY, 0, &f));
    for (; !piece.empty(); pieces += piece)
        piece = Vfs::Get(f, 7);
    EXPECT_EQ(whole, pieces);
    for (uint64_t at : {uint64_t{0}, uint64_t{50}, whole.size() - 1}) {
        uint64_t position = at;
        EXPECT_EQ(whole.substr(at, 20), Vfs::Get(f, 20, &position));
    }
    for (uint64_t at : {whole.size(), whole.size() + 1000}) {
        uint64_t position = at;
        EXPECT_EQ("", Vfs::Get(f, 20, &position));
        EXPECT_EQ(at, position);
    }
    file_put(f);
    EXPECT_EQ(-EACCES, [&] {
        Member child(init());
        int error = 0;
        child.Do([&] {
            cred *own;
            EXPECT_EQ(0, cred_copy(task_current()->cred, &own));
            own->fsuid = own->euid = own->uid = 1000;
            own->effective = 0;
            path_ask ask = vfs_->ask;
            open_how how = {LX_O_WRONLY, 0};
            ask.cred = own;
            error = open_path(&ask, "p/1/comm", &how, &f);
            cred_put(own);
        });
        return error;
    }());
}

TEST_F(ProcfsTest, StatOfTheMachine)
{
    uint64_t switches = Value("p/stat", "ctxt "),
             forks = Value("p/stat", "processes ");
    uint64_t interrupts = Value("p/stat", "intr ");
    size_t cpus = 0;

    for (const std::string &line : Split(Read("p/stat"), '\n'))
        cpus += line.compare(0, 3, "cpu") == 0 && line[3] != ' ';
    EXPECT_EQ(hal_cpu_count(), cpus);
    {
        Member a(init()), b(a.task(), true);
        EXPECT_EQ(forks + 2, Value("p/stat", "processes "));
    }
    Await([&] { return Value("p/stat", "ctxt ") > switches + 10; });
    Await([&] { return Value("p/stat", "intr ") > interrupts; });
    EXPECT_GE(Value("p/stat", "procs_running "), 1u);
    EXPECT_EQ(0u, Value("p/stat", "procs_blocked "));
    EXPECT_NE(std::string::npos, Read("p/interrupts").find("\nLOC:"));
}

TEST_F(ProcfsTest, LoadAndUptime)
{
    unsigned running, threads, hundredths[6];
    int last;
    Member child(init()), thread(child.task(), true);
    process_counts counts;

    process_get_counts(&counts);
    ASSERT_EQ(9, sscanf(Read("p/loadavg").c_str(),
                        "%u.%2u %u.%2u %u.%2u %u/%u %d\n", &hundredths[0],
                        &hundredths[1], &hundredths[2], &hundredths[3],
                        &hundredths[4], &hundredths[5], &running, &threads,
                        &last));
    EXPECT_GE(running, 1u);
    EXPECT_EQ(3u, threads);
    EXPECT_EQ(counts.threads, threads);
    EXPECT_EQ(thread.number(), last);
    double up, idle;
    ASSERT_EQ(2, sscanf(Read("p/uptime").c_str(), "%lf %lf", &up, &idle));
    EXPECT_LE(idle, (up + 0.01) * hal_cpu_count() + 0.02);
    child.End();
    thread.End();
    Await([&] { return StateOf(child.process()) == PROCESS_ZOMBIE; });
    process_get_counts(&counts);
    EXPECT_EQ(2u, counts.threads); // the zombie is one
    Reap(child);
    process_get_counts(&counts);
    EXPECT_EQ(1u, counts.threads);
}

TEST_F(ProcfsTest, MemoryOfFiles)
{
    uint64_t cached = Value("p/meminfo", "Cached:");
    uint64_t shared = Value("p/meminfo", "Shmem:");
    super *super;
    path at;

    EXPECT_GT(Value("p/meminfo", "Slab:"), 0u);
    vfs_->Write("file", std::string(64 << 10, 'x'));
    EXPECT_EQ(cached + 64, Value("p/meminfo", "Cached:"));
    EXPECT_EQ(shared, Value("p/meminfo", "Shmem:"));
    const fs_type *type = fs_find("tmpfs");
    super_source source = {"", "", false};
    ASSERT_EQ(0, vfs_->Dir("t"));
    ASSERT_EQ(0, type->mount(type, &source, &super));
    ASSERT_EQ(0, path_find(&vfs_->ask, "t", &at));
    ASSERT_EQ(0, mount_attach(vfs_->ns, super, &at, 0, "t"));
    super_put(super);
    path_put(&at);
    vfs_->Write("t/file", std::string(32 << 10, 'x'));
    EXPECT_EQ(cached + 96, Value("p/meminfo", "Cached:"));
    EXPECT_EQ(shared + 32, Value("p/meminfo", "Shmem:"));
    EXPECT_EQ(0, vfs_->Unlink("t/file"));
    EXPECT_EQ(0, vfs_->Unlink("file"));
    (void)Vfs::Settle(0);
    EXPECT_EQ(cached, Value("p/meminfo", "Cached:"));
    EXPECT_EQ(shared, Value("p/meminfo", "Shmem:"));
}

TEST_F(ProcfsTest, EveryAllocationMayFail)
{
    Words paths = {"p/1/task/1/stat"};

    for (const char *name : kOfProcess)
        paths.push_back(Of(1, name));
    for (const char *name : kOfMachine)
        paths.push_back(std::string("p/") + name);
    for (const std::string &path : paths)
        Vfs::Sweep([&] {
            std::string text = Read(path);
            return text == "error 12" ? -ENOMEM : 0;
        });
    Vfs::Sweep([&] {
        int done = PutComm("p/1/comm", "swept");
        return done == 5 ? 0 : done;
    });
}

// Everything is read while processes and threads come, rename themselves and
// go.
TEST_F(ProcfsTest, StormOfReaders)
{
    uint64_t rounds = harness::steps(20);
    bool ends = false;
    std::vector<std::unique_ptr<Member>> readers;

    auto look = [&] {
        while (!kthread::Load(ends)) {
            for (const std::string &name : vfs_->List("p"))
                for (const char *file : kOfProcess)
                    if (name[0] >= '0' && name[0] <= '9')
                        (void)Read("p/" + name + "/" + file);
            for (const char *name : kOfMachine)
                EXPECT_NE("", Read(std::string("p/") + name) + "x");
            thread_yield();
        }
        return 0;
    };
    for (int i = 0; i < 3; i++)
        readers.push_back(
            std::make_unique<Member>(init(), false, LX_SIGCHLD, look));
    for (uint64_t i = 0; i < rounds; i++) {
        Member child(init()), thread(child.task(), true);

        child.Do([&] {
            EXPECT_EQ(3, PutComm(OfThread(thread, "comm"), "new"));
            EXPECT_EQ(4, PutComm(Of(child.number(), "comm"), "name"));
        });
        EXPECT_EQ("new\n", Read(OfThread(thread, "comm")));
        child.End();
        thread.End();
        Await([&] { return StateOf(child.process()) == PROCESS_ZOMBIE; });
        Reap(child);
        EXPECT_EQ(-ENOENT, vfs_->Find(Of(child.number(), "stat")));
    }
    kthread::Store(ends, true);
    for (auto &reader : readers) {
        Await([&] { return reader->has_ended(); });
        Reap(*reader);
    }
    (void)Vfs::Settle(0);
}

} // namespace
