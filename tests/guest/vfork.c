/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/vfork.c - vfork(2): the child runs in the parent's memory, and
 * the parent waits until it has let go of it.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

static volatile int word;

static void child_exits(void)
{
    long pid = raw_vfork();

    if (pid == 0) {
        word = 7;
        CALL(exit_group, 3);
    }
    CHECK(word == 7);
    reap("exits", pid);
}

static void child_executes(void)
{
    static const char *const argv[] = {"/vfork", "executed", NULL};
    long pid = raw_vfork();

    if (pid == 0) {
        word = 8;
        CALL(execve, "/vfork", argv, NULL);
        CALL(exit_group, 99);
    }
    CHECK(word == 8);
    reap("executes", pid);
}

static void child_fails_to_execute(void)
{
    long pid = raw_vfork();

    if (pid == 0) {
        word = (int)CALL(execve, "/nowhere", NULL, NULL);
        CALL(exit_group, 4);
    }
    CHECK(word == -ENOENT);
    reap("fails to execute", pid);
}

/* Its limits are not those of the memory, which is its parent's. */
static void child_has_limits(void)
{
    static struct rlimit limit = {1 << 20, 64 << 20};
    static const char *const argv[] = {"/vfork", "limited", NULL};
    long pid = raw_vfork();

    if (pid == 0) {
        CALL(setrlimit, RLIMIT_AS, &limit);
        CALL(exit_group, 5);
    }
    reap("limits itself", pid);
    munmap(get_pages(1024, PROT_NONE), 1024 * PAGE);
    pid = raw_vfork();
    if (pid == 0) {
        limit.rlim_cur = 64 << 20;
        CALL(setrlimit, RLIMIT_AS, &limit);
        CALL(execve, "/vfork", argv, NULL);
        CALL(exit_group, 99);
    }
    reap("takes a limit along", pid);
    CHECK(CALL(mmap, NULL, 65 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
               0) > 0);
}

/* A thread of the parent goes on while the parent waits. */
static int count_on(void *unused)
{
    (void)unused;
    await(&shared[0], 1);
    shared[1] = 1;
    return 0;
}

static void others_go_on(void)
{
    uint64_t flags = LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES |
                     LX_CLONE_SIGHAND | LX_CLONE_THREAD;
    long pid;

    start(flags, count_on, NULL, NULL);
    pid = raw_vfork();
    if (pid == 0) {
        shared[0] = 1;
        await(&shared[1], 1);
        CALL(exit_group, 5);
    }
    CHECK(shared[1] == 1);
    reap("others go on", pid);
}

static int wait_in_vfork(long unused)
{
    (void)unused;
    if (raw_vfork() == 0) {
        shared[2] = (int)CALL(getpid);
        await(&shared[3], 1);
        CALL(exit_group, 0);
    }
    return 0;
}

/* A parent in vfork(2) can be killed; the child does not mind. */
static void parent_is_killed(void)
{
    long pid = spawn(wait_in_vfork, 0);
    int child;

    while ((child = shared[2]) == 0)
        CALL(sched_yield);
    EXPECT(0, kill, pid, SIGKILL);
    reap("parent", pid);
    EXPECT(0, kill, child, 0);
    shared[3] = 1;
}

static __attribute__((noinline)) long end_one(void)
{
    long pid = raw_vfork();

    if (pid == 0)
        CALL(exit_group, 1);
    return pid;
}

static void many(void)
{
    int ended = 0, status;

    for (int i = 0; i < 100; i++) {
        long pid = end_one();

        if (CALL(wait4, pid, &status, 0, NULL) == pid)
            ended += WEXITSTATUS(status);
    }
    CHECK(ended == 100);
}

static int body(long unused)
{
    (void)unused;
    child_exits();
    child_executes();
    child_has_limits();
    child_fails_to_execute();
    others_go_on();
    parent_is_killed();
    many();
    return finish();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "limited") == 0)
        return CALL(mmap, NULL, 65 << 20, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -ENOMEM
                   ? 7
                   : 8;
    if (argc > 1) /* the parent prints meanwhile */
        return strcmp(argv[1], "executed") == 0 ? 6 : 1;
    share();
    return run_in_child(body);
}
