/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/procfs.c - what /proc says of the machine and of processes
 * (proc(5)): that it is measured, and what can be written.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <time.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum {
    TEXT_MAX = 1 << 16,
    TRIES_MAX = 5000, /* of a millisecond or more */
    THREAD_FLAGS = LX_CLONE_VM | LX_CLONE_SIGHAND | LX_CLONE_THREAD
};

static char text[TEXT_MAX];

/* A whole file; "" where it cannot be read. */
static const char *read_text(const char *path)
{
    long fd = CALL(open, path, O_RDONLY), size = 0, got = 1;

    while (fd >= 0 && got > 0 && size < TEXT_MAX - 1) {
        got = CALL(read, fd, text + size, TEXT_MAX - 1 - size);
        size += got > 0 ? got : 0;
    }
    if (fd >= 0)
        CALL(close, fd);
    text[size] = '\0';
    return text;
}

/* The number behind key, which begins a line; -1: there is none. */
static long long value_of(const char *path, const char *key)
{
    const char *at = read_text(path);
    size_t size = strlen(key);

    while (at != NULL && strncmp(at, key, size) != 0) {
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return at != NULL ? strtoll(at + size, NULL, 10) : -1;
}

/* Lines that begin with start and a digit. */
static int count_lines(const char *path, const char *start)
{
    const char *at = read_text(path);
    size_t size = strlen(start);
    int count = 0;

    for (; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
        at += *at == '\n';
        count +=
            strncmp(at, start, size) == 0 && at[size] >= '0' && at[size] <= '9';
    }
    return count;
}

static void nap(void)
{
    const struct timespec moment = {0, 1000000};

    CALL(nanosleep, &moment, NULL);
}

/* Naps until the value has grown so much. */
static int grows_with_naps(const char *path, const char *key, long long by)
{
    long long before = value_of(path, key);

    for (int i = 0; i < TRIES_MAX; i++) {
        if (value_of(path, key) >= before + by)
            return 1;
        nap();
    }
    return 0;
}

/* --- the machine ---------------------------------------------------------- */

/* Is it digits, a point and two digits? Goes past them and what follows. */
static int takes_hundredths(const char **at)
{
    char *end;
    long whole = strtol(*at, &end, 10);
    int is = end != *at && whole >= 0 && end[0] == '.' && end[1] >= '0' &&
             end[1] <= '9' && end[2] >= '0' && end[2] <= '9';

    *at = is ? end + 4 : *at;
    return is;
}

static void load_averages(void)
{
    const char *at = read_text("/proc/loadavg");
    long running, total, last, child;
    char *end;

    CHECK(takes_hundredths(&at) && takes_hundredths(&at) &&
          takes_hundredths(&at));
    running = strtol(at, &end, 10);
    CHECK(running >= 1 && *end == '/');
    total = strtol(end + 1, &end, 10);
    CHECK(total >= 1 && *end == ' ');
    last = strtol(end + 1, &end, 10);
    CHECK(last >= 1 && strcmp(end, "\n") == 0);
    child = CALL(fork);
    if (child == 0)
        CALL(exit_group, 0);
    at = strrchr(read_text("/proc/loadavg"), ' ');
    CHECK(strtol(at, NULL, 10) == child);
    reap("child", child);
}

static void interrupts(void)
{
    const char *at = strstr(read_text("/proc/stat"), "\nintr ");
    long long all = 0, sum = 0;
    char *next;

    CHECK(at != NULL);
    all = strtoll(at + 6, &next, 10);
    while (*next == ' ')
        sum += strtoll(next, &next, 10);
    CHECK(all > 0 && all >= sum && *next == '\n');
    CHECK(grows_with_naps("/proc/stat", "intr ", 3));
}

static int end(long unused)
{
    (void)unused;
    return 0;
}

static void counts(void)
{
    const char *stat = "/proc/stat";
    long long forks = value_of(stat, "processes ");

    CHECK(grows_with_naps(stat, "ctxt ", 10));
    reap("child", spawn(end, 0));
    CHECK(forks > 0 && value_of(stat, "processes ") > forks);
    CHECK(value_of(stat, "procs_running ") >= 1);
    CHECK(value_of(stat, "procs_blocked ") >= 0);
    CHECK(value_of(stat, "btime ") > 0);
    CHECK(count_lines(stat, "cpu") > 0);
    CHECK(count_lines(stat, "cpu") ==
          count_lines("/proc/cpuinfo", "processor\t: "));
}

/* All CPUs' time, of all kinds. */
static long long cpu_ticks(void)
{
    long long sum = 0;
    char *next;

    if (strncmp(read_text("/proc/stat"), "cpu  ", 5) != 0)
        return -1;
    next = text + 4;
    while (*next == ' ')
        sum += strtoll(next, &next, 10);
    return sum;
}

static void cpu_time(void)
{
    long long before = cpu_ticks(), after = before;
    const char *at;

    for (int i = 0; i < TRIES_MAX && after < before + 3; i++) {
        nap();
        after = cpu_ticks();
    }
    CHECK(before >= 0 && after >= before + 3);
    at = read_text("/proc/uptime");
    CHECK(takes_hundredths(&at) && takes_hundredths(&at) && *at == '\0');
}

/* --- processes ------------------------------------------------------------ */

/* A file of a process, or of its thread. */
static const char *path_of(long pid, long tid, const char *name)
{
    static char path[64];
    char number[2][24];
    long ids[] = {pid, tid};

    for (int i = 0; i < 2; i++) {
        char *at = number[i] + sizeof(number[i]) - 1;

        *at = '\0';
        do {
            *--at = (char)('0' + ids[i] % 10);
            ids[i] /= 10;
        } while (ids[i] > 0);
        memmove(number[i], at, strlen(at) + 1);
    }
    strcpy(path, "/proc/");
    strcat(path, number[0]);
    if (tid != 0)
        strcat(strcat(path, "/task/"), number[1]);
    return strcat(strcat(path, "/"), name);
}

static char state_of(const char *path)
{
    const char *at = strrchr(read_text(path), ')');

    return at != NULL && at[1] == ' ' ? at[2] : '?';
}

/* Until it is in that state. */
static int comes_to(const char *path, char state)
{
    for (int i = 0; i < TRIES_MAX; i++) {
        if (state_of(path) == state)
            return 1;
        nap();
    }
    return 0;
}

static int sleeper(long unused)
{
    while (unused == 0)
        CALL(pause);
    return 0;
}

static void states(void)
{
    long pid, parent = CALL(getpid);
    siginfo_t info;

    CHECK(state_of("/proc/self/stat") == 'R');
    pid = spawn(sleeper, 0);
    CHECK(comes_to(path_of(pid, 0, "stat"), 'S'));
    EXPECT(0, kill, pid, SIGSTOP);
    CHECK(comes_to(path_of(pid, 0, "stat"), 'T'));
    EXPECT(0, kill, pid, SIGCONT);
    CHECK(comes_to(path_of(pid, 0, "stat"), 'S'));
    EXPECT(0, kill, pid, SIGKILL);
    EXPECT(0, waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL);
    CHECK(state_of(path_of(pid, 0, "stat")) == 'Z');
    CHECK(strncmp(read_text(path_of(pid, 0, "comm")), "procfs\n", 7) == 0);
    reap("killed", pid);
    CHECK(state_of(path_of(pid, 0, "stat")) == '?');
    pid = raw_vfork();
    if (pid == 0)
        CALL(exit_group, comes_to(path_of(parent, 0, "stat"), 'D'));
    reap("the parent is in D", pid);
}

static int wait_on(void *arg)
{
    (void)arg;
    shared[0] = (int)CALL(gettid);
    return sleeper(0);
}

static int leave_alone(long unused)
{
    static int words[2];

    (void)unused;
    start(THREAD_FLAGS, wait_on, NULL, words);
    await(&shared[1], 1);
    CALL(exit, 0);
    return 0;
}

/* A leader that has ended is a zombie, also while others go on. */
static void leader_ends(void)
{
    long pid;

    shared[0] = shared[1] = 0;
    pid = spawn(leave_alone, 0);
    while (shared[0] == 0)
        nap();
    CHECK(comes_to(path_of(pid, 0, "stat"), 'S') ||
          state_of(path_of(pid, 0, "stat")) == 'R');
    shared[1] = 1;
    CHECK(comes_to(path_of(pid, 0, "stat"), 'Z'));
    CHECK(comes_to(path_of(pid, shared[0], "stat"), 'S'));
    EXPECT(0, kill, pid, SIGKILL);
    reap("killed", pid);
}

static void switches(void)
{
    CHECK(grows_with_naps("/proc/self/status", "voluntary_ctxt_switches:", 3));
    CHECK(value_of("/proc/self/status", "nonvoluntary_ctxt_switches:") >= 0);
}

/* --- comm ----------------------------------------------------------------- */

static long write_comm(const char *path, const char *bytes, size_t size)
{
    long fd = CALL(open, path, O_WRONLY), result;

    if (fd < 0)
        return fd;
    result = CALL(write, fd, bytes, size);
    CALL(close, fd);
    return result;
}

static void show_name(const char *what)
{
    char name[16] = "";

    CALL(prctl, PR_GET_NAME, name);
    say("%s: prctl %s, comm %s", what, name, read_text("/proc/self/comm"));
}

static int stranger(long pid)
{
    static const char name[] = "other";

    CHECK(write_comm(path_of(pid, 0, "comm"), name, 5) == -EINVAL);
    CHECK(write_comm(path_of(CALL(getpid), 0, "comm"), name, 5) == 5);
    show_name("the stranger's own");
    EXPECT(0, setuid, 1000);
    CHECK(write_comm(path_of(pid, 0, "comm"), name, 5) == -EACCES);
    return finish();
}

static int named(void *arg)
{
    (void)arg;
    CALL(prctl, PR_SET_NAME, "a thread");
    shared[0] = (int)CALL(gettid);
    await(&shared[1], 1);
    CALL(prctl, PR_GET_NAME, text);
    say("in the thread: %s", text);
    shared[2] = 1;
    CALL(exit, 0);
    return 0;
}

static void name_a_thread(long self)
{
    static int words[2];

    shared[0] = shared[1] = shared[2] = 0;
    start(THREAD_FLAGS, named, NULL, words);
    while (shared[0] == 0)
        CALL(sched_yield);
    say("a thread: %s", read_text(path_of(self, shared[0], "comm")));
    CHECK(write_comm(path_of(self, shared[0], "comm"), "renamed", 7) == 7);
    say("a thread: %s", read_text(path_of(self, shared[0], "comm")));
    show_name("beside it");
    shared[1] = 1;
    await(&shared[2], 1);
}

static void names(void)
{
    static const char comm[] = "/proc/self/comm";
    long self = CALL(getpid), fd;

    show_name("at first");
    CHECK(write_comm(comm, "hello", 5) == 5);
    show_name("written");
    CHECK(write_comm(comm, "fifteen letters", 15) == 15);
    show_name("fifteen");
    CHECK(write_comm(comm, "sixteen letters.", 16) == 16);
    show_name("sixteen");
    CHECK(write_comm(comm, "cut\0here", 8) == 8);
    show_name("a NUL");
    CHECK(write_comm(comm, "two\nlines\n", 10) == 10);
    say("status: %.18s", read_text("/proc/self/status"));
    CHECK(write_comm(comm, "", 0) == 0);
    CHECK(write_comm(comm, (const char *)KERNEL_ADDRESS, 4) == -EFAULT);
    EXPECT(0, prctl, PR_SET_NAME, "by prctl");
    show_name("by prctl");
    fd = CALL(open, comm, O_RDONLY);
    CHECK(CALL(write, fd, "x", 1) == -EBADF);
    CALL(close, fd);
    reap("stranger", spawn(stranger, self));
    show_name("unharmed");
    name_a_thread(self);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/proc", 0755);
    EXPECT(0, mount, "proc", "/proc", "proc", 0, NULL);
    load_averages();
    interrupts();
    counts();
    cpu_time();
    states();
    leader_ends();
    switches();
    names();
    EXPECT(0, umount2, "/proc", 0);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
