/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pivot.c - pivot_root(2).
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "tests/guest/child.h"

static char path[100];

static int elsewhere(long unused)
{
    (void)unused;
    EXPECT(0, chdir, "/new/d");
    shared[0] = 1;
    await(&shared[1], 1);
    /* Whose root it was follows; a directory stays what it is. */
    EXPECT(0, access, "/d", F_OK);
    EXPECT(0, access, "/old/file", F_OK);
    CHECK(CALL(getcwd, path, sizeof(path)) == 3);
    say("%s", path);
    EXPECT(0, access, "../old", F_OK);
    return finish();
}

static void errors(void)
{
    EXPECT(-ENOENT, pivot_root, "/none", "/new");
    EXPECT(-ENOENT, pivot_root, "/new", "/none");
    EXPECT(-ENOTDIR, pivot_root, "/file", "/new");
    EXPECT(-ENOTDIR, pivot_root, "/new", "/file");
    EXPECT(-EFAULT, pivot_root, NULL, "/new");
    EXPECT(-EBUSY, pivot_root, "/", "/");
    EXPECT(-EBUSY, pivot_root, "/new", "/dir");
    EXPECT(-EINVAL, pivot_root, "/new/d", "/new/d");
    EXPECT(-EINVAL, pivot_root, "/new", "/other");
}

static int stranger(long unused)
{
    (void)unused;
    EXPECT(0, setuid, 1000);
    EXPECT(-EPERM, pivot_root, "/none", "/none");
    return finish();
}

/* The root is a mount of its own first: on Linux the first root of all cannot
 * be left, and here the program's lies on another. */
static int body(long unused)
{
    long pid;

    (void)unused;
    EXPECT(0, mkdir, "/top", 0755);
    EXPECT(0, mount, "/", "/top", NULL, MS_BIND, NULL);
    EXPECT(0, chroot, "/top");
    EXPECT(0, chdir, "/");
    EXPECT(0, mkdir, "/new", 0755);
    EXPECT(0, mkdir, "/other", 0755);
    EXPECT(0, mount, "n", "/new", "tmpfs", 0, NULL);
    EXPECT(0, mount, "o", "/other", "tmpfs", 0, NULL);
    EXPECT(0, mkdir, "/new/d", 0755);
    EXPECT(0, mkdir, "/new/old", 0755);
    errors();
    reap("stranger", spawn(stranger, 0));
    pid = spawn(elsewhere, 0);
    await(&shared[0], 1);
    EXPECT(0, pivot_root, "/new", "/new/old");
    shared[1] = 1;
    reap("elsewhere", pid);
    EXPECT(0, access, "/d", F_OK);
    EXPECT(0, access, "d", F_OK);
    EXPECT(0, access, "/old/file", F_OK);
    EXPECT(0, access, "/old/other", F_OK);
    EXPECT(-ENOENT, access, "/file", F_OK);
    EXPECT(0, access, "/../d", F_OK);
    EXPECT(0, umount2, "/old", MNT_DETACH);
    EXPECT(-ENOENT, access, "/old/file", F_OK);
    EXPECT(0, mkdir, "/last", 0755);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
