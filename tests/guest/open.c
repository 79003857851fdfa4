/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/open.c - open(2), creat(2): flags, and what they may not be with.
 */
#include <fcntl.h>
#include <string.h>

#include "tests/guest/guest.h"

static char long_name[300];

static void errors(void)
{
    char *border = get_border();

    EXPECT(-ENOENT, open, "/none", O_RDONLY);
    EXPECT(-ENOENT, open, "", O_RDONLY);
    EXPECT(-ENOENT, open, "/none/x", O_CREAT | O_RDWR, 0644);
    EXPECT(-ENOTDIR, open, "/file/x", O_RDONLY);
    EXPECT(-ENOTDIR, open, "/file/", O_RDONLY);
    EXPECT(-ENOTDIR, open, "/file", O_RDONLY | O_DIRECTORY);
    EXPECT(-EISDIR, open, "/dir", O_WRONLY);
    EXPECT(-EISDIR, open, "/dir", O_RDWR);
    EXPECT(-EISDIR, open, "/dir", O_RDONLY | O_TRUNC);
    EXPECT(-EISDIR, open, "/dir", O_RDONLY | O_CREAT, 0644);
    EXPECT(-EISDIR, open, "/new/", O_RDONLY | O_CREAT, 0644);
    EXPECT(-EEXIST, open, "/file", O_CREAT | O_EXCL | O_RDWR, 0644);
    EXPECT(-EEXIST, open, "/dir", O_CREAT | O_EXCL | O_RDWR, 0644);
    EXPECT(-EEXIST, open, "/dangling", O_CREAT | O_EXCL | O_RDWR, 0644);
    EXPECT(-ELOOP, open, "/link", O_RDONLY | O_NOFOLLOW);
    EXPECT(-ELOOP, open, "/loop1", O_RDONLY);
    EXPECT(-ENAMETOOLONG, open, long_name, O_RDONLY);
    EXPECT(-EFAULT, open, NULL, O_RDONLY);
    EXPECT(-EFAULT, open, border, O_RDONLY);
    EXPECT(-EBADF, openat, 99, "x", O_RDONLY);
    EXPECT(-ENOTDIR, openat, 0, "x", O_RDONLY);
    EXPECT(-ETXTBSY, open, "/open", O_WRONLY);
    EXPECT(-ETXTBSY, open, "/open", O_RDWR | O_TRUNC);
}

static void creation(void)
{
    EXPECT(3, open, "/new", O_CREAT | O_EXCL | O_WRONLY, 0600);
    EXPECT(4, write, 3, "abcd", 4);
    EXPECT(-EBADF, read, 3, long_name, 1);
    EXPECT(4, open, "/new", O_RDONLY);
    EXPECT(-EBADF, write, 4, "x", 1);
    EXPECT(4, read, 4, long_name, 10);
    EXPECT(0, read, 4, long_name, 10);
    EXPECT(5, open, "/new", O_RDWR | O_APPEND);
    EXPECT(2, write, 5, "ef", 2);
    EXPECT(2, read, 4, long_name, 10);
    EXPECT(6, creat, "/new", 0644);
    EXPECT(0, lseek, 6, 0, SEEK_END);
    EXPECT(7, open, "/dangling", O_CREAT | O_RDWR, 0644);
    EXPECT(0, unlink, "/nowhere");
    EXPECT(8, openat, AT_FDCWD, "dir", O_RDONLY | O_DIRECTORY);
    EXPECT(9, openat, 8, "inner", O_RDONLY);
    EXPECT(10, openat, 99, "/file", O_RDONLY);
    EXPECT(-EISDIR, read, 8, long_name, 10);
    EXPECT(-EBADF, write, 8, "x", 1);
    EXPECT(0, unlink, "/new");
}

/* O_PATH: a place, no file. */
static void places(void)
{
    EXPECT(11, open, "/file", O_PATH);
    EXPECT(-EBADF, read, 11, long_name, 1);
    EXPECT(-EBADF, write, 11, "x", 1);
    EXPECT(-EBADF, lseek, 11, 0, SEEK_SET);
    EXPECT(-EBADF, ftruncate, 11, 0);
    EXPECT(-EBADF, fchmod, 11, 0600);
    EXPECT(12, open, "/link", O_PATH | O_NOFOLLOW);
    EXPECT(4, readlinkat, 12, "", long_name, 100);
    EXPECT(O_PATH, fcntl, 11, F_GETFL);
    EXPECT(13, dup, 11);
    EXPECT(0, close, 11);
}

static void status_flags(void)
{
    EXPECT(11, open, "/file", O_RDWR | O_APPEND | O_CLOEXEC);
    EXPECT(O_RDWR | O_APPEND | 0100000, fcntl, 11, F_GETFL);
    EXPECT(1, fcntl, 11, F_GETFD);
    EXPECT(0, fcntl, 11, F_SETFL, O_NONBLOCK | O_RDONLY | O_CREAT);
    EXPECT(O_RDWR | O_NONBLOCK | 0100000, fcntl, 11, F_GETFL);
    EXPECT(14, open, "/file", O_WRONLY | O_NOCTTY | O_SYNC);
    EXPECT(O_WRONLY | O_SYNC | 0100000, fcntl, 14, F_GETFL);
}

int main(void)
{
    memset(long_name, 'x', sizeof(long_name) - 1);
    errors();
    creation();
    places();
    status_flags();
    return finish();
}
