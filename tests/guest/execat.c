/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/execat.c - execveat(2).
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "core/abi/fcntl.h"
#include "tests/guest/child.h"

static const char *const argv[] = {"x", "executed", NULL};

static void errors(void)
{
    EXPECT(-ENOENT, execveat, LX_AT_FDCWD, "/nowhere", argv, NULL, 0);
    EXPECT(-ENOENT, execveat, LX_AT_FDCWD, "", argv, NULL, 0);
    EXPECT(-EACCES, execveat, LX_AT_FDCWD, "", argv, NULL, LX_AT_EMPTY_PATH);
    EXPECT(-EBADF, execveat, 99, "execat", argv, NULL, 0);
    EXPECT(-EBADF, execveat, 99, "", argv, NULL, LX_AT_EMPTY_PATH);
    EXPECT(-ENOTDIR, execveat, 1, "execat", argv, NULL, 0);
    EXPECT(-EACCES, execveat, 1, "", argv, NULL, LX_AT_EMPTY_PATH);
    EXPECT(-ENOENT, execveat, 1, "", argv, NULL, 0);
    EXPECT(-EINVAL, execveat, LX_AT_FDCWD, "/execat", argv, NULL, 1);
    EXPECT(-EINVAL, execveat, LX_AT_FDCWD, "/execat", argv, NULL,
           LX_AT_SYMLINK_FOLLOW);
    EXPECT(-EINVAL, execveat, 99, "execat", argv, NULL, 1);
    EXPECT(-ENOENT, execveat, LX_AT_FDCWD, "", argv, NULL, 1);
    EXPECT(-EFAULT, execveat, LX_AT_FDCWD, KERNEL_ADDRESS, argv, NULL, 1);
    EXPECT(-ELOOP, execveat, LX_AT_FDCWD, "/link", argv, NULL,
           LX_AT_SYMLINK_NOFOLLOW);
    EXPECT(-EACCES, execveat, LX_AT_FDCWD, "/link", argv, NULL, 0);
    EXPECT(-EFAULT, execveat, LX_AT_FDCWD, KERNEL_ADDRESS, argv, NULL, 0);
    EXPECT(-EFAULT, execveat, LX_AT_FDCWD, "/execat", KERNEL_ADDRESS, NULL, 0);
}

static int relative(long unused)
{
    (void)unused;
    CALL(execveat, LX_AT_FDCWD, "execat", argv, NULL, 0);
    return 99;
}

static int absolute(long fd)
{
    CALL(execveat, fd, "/execat", argv, NULL, LX_AT_SYMLINK_NOFOLLOW);
    return 99;
}

static int body(long unused)
{
    (void)unused;
    errors();
    reap("relative", spawn(relative, 0));
    reap("absolute", spawn(absolute, LX_AT_FDCWD));
    reap("absolute, a bad descriptor", spawn(absolute, 99));
    return finish();
}

int main(int argc, char **args)
{
    if (argc > 1 && strcmp(args[1], "executed") == 0)
        return 6;
    share();
    return run_in_child(body);
}
