/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/exec.c - execve(2): errors, arguments, scripts, and what the new
 * program keeps. It runs itself, as /exec.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

extern char **environ;

static const char *const no_strings[] = {NULL};

/* --- What the program does when it was executed --------------------------- */

static int show(int argc, char **argv)
{
    for (int i = 0; i < argc; i++)
        say("  argv[%d] %.40s, %zu bytes", i, argv[i], strlen(argv[i]));
    for (char **at = environ; *at != NULL; at++)
        say("  environ %.40s", *at);
    return 4;
}

static int check_state(char **argv)
{
    struct kernel_action action;
    struct rlimit limit;
    uint64_t mask = 0, pending = 0;
    char name[16];
    stack_t stack;

    CHECK(CALL(getpid) == atoi(argv[2]));
    CHECK(CALL(gettid) == CALL(getpid));
    CHECK(CALL(getppid) == atoi(argv[3]));
    EXPECT(0, rt_sigaction, SIGUSR1, NULL, &action, 8);
    CHECK(action.handler == SIG_IGN);
    EXPECT(0, rt_sigaction, SIGUSR2, NULL, &action, 8);
    CHECK(action.handler == SIG_DFL && action.flags == 0);
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
    CHECK(mask == (UINT64_C(1) << (SIGTERM - 1)));
    EXPECT(0, rt_sigpending, &pending, 8);
    CHECK(pending == (UINT64_C(1) << (SIGTERM - 1)));
    EXPECT(0, sigaltstack, NULL, &stack);
    CHECK(stack.ss_flags == SS_DISABLE);
    EXPECT(-EBADF, fcntl, 10, 1, 0);
    EXPECT(0, fcntl, 11, 1, 0);
    EXPECT(0, prctl, PR_GET_NAME, name, 0, 0, 0);
    say("name %s", name);
    EXPECT(7, getpriority, 0, 0);
    EXPECT(0, prlimit64, 0, RLIMIT_CORE, NULL, &limit);
    CHECK(limit.rlim_cur == 0 && limit.rlim_max == 4096);
    CHECK(CALL(getpgrp) == CALL(getpid));
    return finish();
}

/* --- What the test does --------------------------------------------------- */

struct plan {
    const char *path;
    const char *const *argv, *const *envp;
};

static int execute(long at)
{
    const struct plan *plan = (const struct plan *)at;
    long error = CALL(execve, plan->path, plan->argv, plan->envp);

    expect(0, error, plan->path);
    return 99;
}

/* In a child: the program shows what it got. */
static void run(const char *path, const char *const *argv,
                const char *const *envp)
{
    struct plan plan = {path, argv, envp};

    say("%s", path);
    reap(path, spawn(execute, (long)&plan));
}

static void arguments(void)
{
    static const char *const none[] = {"/exec", "show", NULL};
    static const char *const some[] = {"name", "show", "", "a b", "last", NULL};
    static const char *const env[] = {"A=1", "", "B", NULL};
    static const char *const nameless[] = {NULL};
    static char big[100001];
    const char *const large[] = {"x", "show", big, big, big, big, NULL};

    run("/exec", none, NULL);
    run("/exec", some, env);
    run("/exec", nameless, no_strings);
    run("/exec", NULL, NULL);
    memset(big, 'z', sizeof(big) - 1);
    run("/exec", large, no_strings);
    run("exec", none, NULL);
    run("/dir/../exec", none, NULL);
}

static void scripts(void)
{
    static const char *const argv[] = {"zero", "one", NULL};
    static const char *const names[] = {
        "/script",     "/script-bare", "/script-spaces", "/script-nested",
        "/script-cut", "/chain1",      "/chain5",
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        run(names[i], argv, no_strings);
    run("/script", no_strings, no_strings);
}

static void errors(void)
{
    static char long_path[5000], big[140000];
    static const char *const kernel[] = {(const char *)KERNEL_ADDRESS, NULL};
    const char *const large[] = {"x", big, NULL};
    const char *many[40];

    memset(long_path, 'a', sizeof(long_path) - 1);
    memset(big, 'b', sizeof(big) - 1);
    EXPECT(-ENOENT, execve, "/nowhere", no_strings, NULL);
    EXPECT(-ENOENT, execve, "", no_strings, NULL);
    EXPECT(-ENOENT, execve, "/dangling", no_strings, NULL);
    EXPECT(-ENOTDIR, execve, "/file/x", no_strings, NULL);
    EXPECT(-ELOOP, execve, "/loop1", no_strings, NULL);
    EXPECT(-ENAMETOOLONG, execve, long_path, no_strings, NULL);
    EXPECT(-EACCES, execve, "/dir", no_strings, NULL);
    EXPECT(-EACCES, execve, "/empty", no_strings, NULL);
    EXPECT(-ENOEXEC, execve, "/text", no_strings, NULL);
    EXPECT(-EFAULT, execve, KERNEL_ADDRESS, no_strings, NULL);
    EXPECT(-EFAULT, execve, NULL, no_strings, NULL);
    EXPECT(-EFAULT, execve, "/exec", KERNEL_ADDRESS, NULL);
    EXPECT(-EFAULT, execve, "/exec", no_strings, 8);
    EXPECT(-EFAULT, execve, "/exec", kernel, NULL);
    EXPECT(-EFAULT, execve, "/exec", no_strings, kernel);
    EXPECT(-E2BIG, execve, "/exec", large, NULL);
    EXPECT(-E2BIG, execve, "/exec", no_strings, large);
    big[120000] = '\0';
    for (size_t i = 0; i < 39; i++)
        many[i] = big;
    many[39] = NULL;
    EXPECT(-E2BIG, execve, "/exec", many, NULL);
    EXPECT(-ENOENT, execve, "/nowhere", KERNEL_ADDRESS, NULL);
    EXPECT(-ENOENT, execve, "/script-nowhere", no_strings, NULL);
    EXPECT(-EACCES, execve, "/script-dir", no_strings, NULL);
    EXPECT(-EACCES, execve, "/script-locked", no_strings, NULL);
    EXPECT(-ENOEXEC, execve, "/script-none", no_strings, NULL);
    EXPECT(-ENOEXEC, execve, "/script-long", no_strings, NULL);
    EXPECT(-ELOOP, execve, "/chain7", no_strings, NULL);
}

/* Prepares what check_state() looks at. */
static int keep_state(long unused)
{
    struct kernel_action action = {.handler = (void (*)(int))KERNEL_ADDRESS,
                                   .flags = SA_NODEFER};
    uint64_t mask = UINT64_C(1) << (SIGTERM - 1);
    struct rlimit limit = {0, 4096};
    char pid[16], parent[16];
    const char *const argv[] = {"x", "state", pid, parent, NULL};
    stack_t stack = {.ss_sp = get_pages(4, PROT_READ | PROT_WRITE),
                     .ss_size = 4 * PAGE};

    (void)unused;
    snprintf(pid, sizeof(pid), "%ld", CALL(getpid));
    snprintf(parent, sizeof(parent), "%ld", CALL(getppid));
    dispose(SIGUSR1, SIG_IGN);
    CALL(rt_sigaction, SIGUSR2, &action, NULL, 8);
    CALL(rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
    CALL(kill, CALL(getpid), SIGTERM);
    CALL(sigaltstack, &stack, NULL);
    CALL(dup2, 1, 10);
    CALL(dup2, 1, 11);
    CALL(fcntl, 10, 2, 1);
    CALL(prctl, PR_SET_NAME, "other", 0, 0, 0);
    CALL(setpriority, 0, 0, 13);
    CALL(prlimit64, 0, RLIMIT_CORE, &limit, NULL);
    CALL(setpgid, 0, 0);
    CALL(execve, "/exec", argv, NULL);
    return 99;
}

static int spin(void *word)
{
    shared[(long)word] = 1;
    await(&shared[0], 1); /* never */
    return 99;
}

static int execute_there(void *argv)
{
    await(&shared[1], 1);
    await(&shared[2], 1);
    CALL(execve, "/exec", argv, NULL);
    return 99;
}

/* execve(2) by a thread that is not the leader: it takes over the number. */
static int from_thread(long unused)
{
    const uint64_t flags = LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES |
                           LX_CLONE_SIGHAND | LX_CLONE_THREAD;
    static char pid[16];
    static const char *const argv[] = {"x", "pid", pid, NULL};

    (void)unused;
    snprintf(pid, sizeof(pid), "%ld", CALL(getpid));
    start(flags, spin, (void *)1, NULL);
    start(flags, spin, (void *)2, NULL);
    start(flags, execute_there, (void *)argv, NULL);
    await(&shared[0], 1); /* never */
    return 99;
}

static int race(void *argv)
{
    CALL(execve, "/exec", argv, NULL);
    return 99;
}

/* All threads at once: one wins. */
static int all_threads(long unused)
{
    const uint64_t flags = LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES |
                           LX_CLONE_SIGHAND | LX_CLONE_THREAD;
    static char pid[16];
    static const char *const argv[] = {"x", "pid", pid, NULL};

    (void)unused;
    snprintf(pid, sizeof(pid), "%ld", CALL(getpid));
    for (int i = 0; i < 4; i++)
        start(flags, race, (void *)argv, NULL);
    return race((void *)argv);
}

static int body(long unused)
{
    (void)unused;
    errors();
    arguments();
    scripts();
    reap("state", spawn(keep_state, 0));
    reap("from a thread", spawn(from_thread, 0));
    for (int i = 0; i < 10; i++)
        reap("all threads", spawn(all_threads, 0));
    return finish();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "state") == 0)
        return check_state(argv);
    if (argc > 1 && strcmp(argv[1], "pid") == 0)
        return CALL(getpid) != atoi(argv[2]) || CALL(gettid) != atoi(argv[2]);
    if (argc != 1 || argv[0] == NULL || strcmp(argv[0], "/exec") != 0)
        return show(argc, argv);
    share();
    return run_in_child(body);
}
