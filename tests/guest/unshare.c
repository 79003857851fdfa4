/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/unshare.c - unshare(2): descriptors and directories of one's
 * own again.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/guest/child.h"

static char path[100];

static void show_cwd(const char *who)
{
    long size = CALL(getcwd, path, sizeof(path));

    say("%s in %s, umask %lo", who, size > 0 ? path : "?",
        (unsigned long)CALL(umask, shared[9]));
}

/* Shares all with its parent until it says otherwise. */
static int other(void *unused)
{
    (void)unused;
    EXPECT(0, chdir, "/dir");
    EXPECT(3, dup, 0);
    shared[0] = 1;
    await(&shared[1], 1);
    EXPECT(0, unshare, CLONE_FILES);
    EXPECT(0, close, 3);
    EXPECT(3, open, "/file", O_RDONLY);
    EXPECT(4, dup, 3);
    EXPECT(0, chdir, "/lib");
    shared[2] = 1;
    await(&shared[3], 1);
    EXPECT(0, unshare, CLONE_FS | CLONE_SYSVSEM);
    EXPECT(0, chdir, "/dir/private");
    CALL(umask, 077);
    shared[9] = 077;
    show_cwd("child");
    return finish();
}

static void shares(void)
{
    long pid;
    int words[2] = {0, 0};

    pid = start(CLONE_FS | CLONE_FILES | SIGCHLD, other, NULL, words);
    await(&shared[0], 1);
    show_cwd("parent");
    EXPECT(0, fcntl, 3, F_GETFD);
    shared[1] = 1;
    await(&shared[2], 1);
    EXPECT(0, fcntl, 3, F_GETFD);
    EXPECT(-EBADF, fcntl, 4, F_GETFD);
    show_cwd("parent");
    shared[9] = 022;
    shared[3] = 1;
    reap("child", pid);
    shared[9] = 022;
    show_cwd("parent");
}

static int thread(void *unused)
{
    (void)unused;
    shared[4] = 1;
    await(&shared[5], 1);
    return 0;
}

static void threads(void)
{
    int words[2] = {0, 0};

    EXPECT(0, unshare, CLONE_VM);
    EXPECT(0, unshare, CLONE_SIGHAND);
    EXPECT(0, unshare, CLONE_THREAD);
    start(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FS | CLONE_FILES |
              CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID,
          thread, NULL, words);
    await(&shared[4], 1);
    EXPECT(-EINVAL, unshare, CLONE_VM);
    EXPECT(-EINVAL, unshare, CLONE_SIGHAND);
    EXPECT(-EINVAL, unshare, CLONE_THREAD);
    EXPECT(0, unshare, CLONE_FS | CLONE_FILES);
    shared[5] = 1;
}

static void flags(void)
{
    EXPECT(0, unshare, 0);
    EXPECT(-EINVAL, unshare, 1);
    EXPECT(-EINVAL, unshare, CLONE_SETTLS);
    EXPECT(-EINVAL, unshare, CLONE_VFORK);
    EXPECT(-EINVAL, unshare, CLONE_PARENT | CLONE_FILES);
}

static int stranger(long unused)
{
    (void)unused;
    EXPECT(0, setuid, 1000);
    EXPECT(-EPERM, unshare, CLONE_NEWNS);
    EXPECT(-EPERM, unshare, CLONE_NEWUTS);
    EXPECT(-EPERM, unshare, CLONE_NEWIPC);
    EXPECT(-EPERM, unshare, CLONE_NEWPID);
    EXPECT(-EPERM, unshare, CLONE_NEWNET | CLONE_FILES);
    EXPECT(0, unshare, CLONE_FS);
    return finish();
}

static int body(long unused)
{
    (void)unused;
    shared[9] = 022;
    CALL(umask, 022);
    flags();
    shares();
    threads();
    reap("stranger", spawn(stranger, 0));
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
