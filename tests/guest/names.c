/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/names.c - mkdir(2), mknod(2), link(2), symlink(2), unlink(2),
 * rmdir(2).
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/guest/guest.h"

static char long_name[300], buffer[100];

static void directories(void)
{
    EXPECT(0, mkdir, "/a", 0755);
    EXPECT(0, mkdir, "/a/b/", 0700);
    EXPECT(0, mkdirat, AT_FDCWD, "a/c", 0700);
    EXPECT(-EEXIST, mkdir, "/a", 0755);
    EXPECT(-EEXIST, mkdir, "/", 0755);
    EXPECT(-EEXIST, mkdir, "/a/.", 0755);
    EXPECT(-EEXIST, mkdir, "/a/..", 0755);
    EXPECT(-EEXIST, mkdir, "/file", 0755);
    EXPECT(-EEXIST, mkdir, "/dangling", 0755);
    EXPECT(-ENOENT, mkdir, "/none/x", 0755);
    EXPECT(-ENOTDIR, mkdir, "/file/x", 0755);
    EXPECT(-ENOENT, mkdir, "", 0755);
    EXPECT(-ENAMETOOLONG, mkdir, long_name, 0755);
    EXPECT(-EFAULT, mkdir, KERNEL_ADDRESS, 0755);
    EXPECT(-EBADF, mkdirat, 99, "x", 0755);
    EXPECT(-ENOTEMPTY, rmdir, "/a");
    EXPECT(-ENOTDIR, rmdir, "/file");
    EXPECT(-ENOENT, rmdir, "/none");
    EXPECT(-EINVAL, rmdir, "/a/.");
    EXPECT(-ENOTEMPTY, rmdir, "/a/b/..");
    EXPECT(-EBUSY, rmdir, "/");
    EXPECT(-ENOTDIR, rmdir, "/dirlink");
    EXPECT(0, rmdir, "/a/b/");
    EXPECT(0, unlinkat, AT_FDCWD, "a/c", AT_REMOVEDIR);
    EXPECT(0, rmdir, "/a");
}

static void nodes(void)
{
    struct stat st;

    EXPECT(0, mknod, "/fifo", S_IFIFO | 0644, 0);
    EXPECT(0, mknodat, AT_FDCWD, "/plain", 0600, 0);
    EXPECT(0, mknod, "/socket", S_IFSOCK | 0600, 0);
    EXPECT(-EEXIST, mknod, "/fifo", S_IFIFO | 0644, 0);
    EXPECT(-EPERM, mknod, "/x", S_IFDIR | 0644, 0);
    EXPECT(-EINVAL, mknod, "/x", S_IFLNK | 0644, 0);
    EXPECT(-ENOENT, mknod, "/x/", S_IFREG | 0644, 0);
    EXPECT(-ENXIO, open, "/socket", O_RDONLY);
    EXPECT(0, stat, "/fifo", &st);
    CHECK(S_ISFIFO(st.st_mode));
    EXPECT(0, lstat, "/plain", &st);
    CHECK(st.st_mode == (S_IFREG | 0600));
    EXPECT(0, unlink, "/fifo");
    EXPECT(0, unlink, "/plain");
    EXPECT(0, unlink, "/socket");
}

static void links(void)
{
    EXPECT(0, link, "/file", "/twin2");
    EXPECT(-EEXIST, link, "/file", "/twin2");
    EXPECT(-EEXIST, link, "/file", "/dangling");
    EXPECT(-EPERM, link, "/dir", "/x");
    EXPECT(-ENOENT, link, "/none", "/x");
    EXPECT(-ENOENT, link, "/file", "/none/x");
    EXPECT(-ENOTDIR, link, "/file/", "/x");
    EXPECT(-EFAULT, link, "/file", NULL);
    EXPECT(-EINVAL, linkat, AT_FDCWD, "/file", AT_FDCWD, "/x", 1);
    EXPECT(0, linkat, AT_FDCWD, "/link", AT_FDCWD, "/linklink", 0);
    EXPECT(4, readlink, "/linklink", buffer, 100);
    EXPECT(0, linkat, AT_FDCWD, "/link", AT_FDCWD, "/x", AT_SYMLINK_FOLLOW);
    EXPECT(-EINVAL, readlink, "/x", buffer, 100);
    EXPECT(0, symlink, "target", "/s");
    EXPECT(0, symlinkat, "/file", AT_FDCWD, "s2");
    EXPECT(-EEXIST, symlink, "target", "/s");
    EXPECT(-ENOENT, symlink, "", "/s3");
    EXPECT(-ENOENT, symlink, "x", "/s3/");
    EXPECT(-ENOENT, symlink, "x", "");
    EXPECT(-EFAULT, symlink, NULL, "/s3");
    EXPECT(6, readlinkat, AT_FDCWD, "s", buffer, 100);
}

static void removal(void)
{
    EXPECT(0, unlink, "/s");
    EXPECT(0, unlink, "/s2");
    EXPECT(0, unlink, "/x");
    EXPECT(0, unlink, "/linklink");
    EXPECT(0, unlinkat, AT_FDCWD, "/twin2", 0);
    EXPECT(-EISDIR, unlink, "/dir");
    EXPECT(-EISDIR, unlink, "/dir/");
    EXPECT(-EISDIR, unlink, "/");
    EXPECT(-EISDIR, unlink, "/dir/.");
    EXPECT(-ENOTDIR, unlink, "/file/");
    EXPECT(-ENOTDIR, unlink, "/dirlink/");
    EXPECT(-ENOENT, unlink, "/none");
    EXPECT(-EINVAL, unlinkat, AT_FDCWD, "/file", 1);
    EXPECT(-ENOTDIR, unlinkat, AT_FDCWD, "/file", AT_REMOVEDIR);
    EXPECT(-EISDIR, unlinkat, AT_FDCWD, "/dir", 0);
    EXPECT(-EFAULT, unlink, NULL);
}

int main(void)
{
    memset(long_name, 'x', sizeof(long_name) - 1);
    directories();
    nodes();
    links();
    removal();
    return finish();
}
