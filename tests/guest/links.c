/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/links.c - link(2), symlink(2), readlink(2), rename(2) with
 * descriptors and flags, mknodat(2): what they do and refuse.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/guest/child.h"

enum { NOREPLACE = 1, EXCHANGE = 2 };

static char buffer[PAGE + 1], name256[257];

static void show(const char *path)
{
    struct stat st;

    if (CALL(lstat, path, &st) != 0)
        say("%s: none", path);
    else
        say("%s: %o, %ld links, %ld bytes", path, st.st_mode, (long)st.st_nlink,
            S_ISDIR(st.st_mode) ? 0 : (long)st.st_size);
}

static void hard(void)
{
    EXPECT(0, link, "f", "g");
    EXPECT(0, linkat, 3, "g", 3, "h", 0);
    show("f");
    EXPECT(-EEXIST, link, "f", "g");
    EXPECT(-EEXIST, link, "f", "d");
    EXPECT(-EPERM, link, "d", "e");
    EXPECT(-ENOENT, link, "none", "e");
    EXPECT(-ENOENT, link, "f", "none/e");
    EXPECT(-ENOENT, link, "f", "");
    EXPECT(-ENOTDIR, link, "f", "g/e");
    EXPECT(-ENOENT, link, "f", "e/");
    EXPECT(-ENOTDIR, link, "f/", "e");
    EXPECT(-EXDEV, link, "f", "/e");
    EXPECT(-ENAMETOOLONG, link, "f", name256);
    EXPECT(-EFAULT, link, "f", NULL);
    EXPECT(0, symlink, "f", "s");
    EXPECT(0, linkat, 3, "s", 3, "s2", 0);
    show("s2");
    EXPECT(0, linkat, 3, "s", 3, "i", AT_SYMLINK_FOLLOW);
    show("i");
    EXPECT(-EINVAL, linkat, 3, "s", 3, "j", 1);
    EXPECT(-EBADF, linkat, 99, "s", 3, "j", 0);
    EXPECT(-EBADF, linkat, 3, "s", 99, "j", 0);
    EXPECT(-ENOENT, linkat, 4, "", 3, "j", 0);
    EXPECT(0, linkat, 4, "", 3, "j", AT_EMPTY_PATH);
    show("j");
    EXPECT(0, unlink, "g");
    EXPECT(0, unlink, "h");
    EXPECT(0, unlink, "i");
    EXPECT(0, unlink, "j");
    show("f");
    EXPECT(0, unlink, "f");
    EXPECT(-ENOENT, linkat, 4, "", 3, "f", AT_EMPTY_PATH);
    EXPECT(0, mknod, "f", S_IFREG | 0644, 0);
}

static void soft(void)
{
    EXPECT(0, symlinkat, "target", 3, "t");
    EXPECT(-EEXIST, symlinkat, "x", 3, "t");
    EXPECT(-ENOENT, symlinkat, "", 3, "u");
    EXPECT(-ENOENT, symlinkat, "x", 3, "none/u");
    EXPECT(-EBADF, symlinkat, "x", 99, "u");
    EXPECT(-ENOTDIR, symlinkat, "x", 4, "u");
    EXPECT(-EFAULT, symlinkat, NULL, 3, "u");
    EXPECT(-ENOENT, symlink, "x", "u/");
    EXPECT(6, readlinkat, 3, "t", buffer, 100);
    EXPECT(3, readlinkat, 3, "t", buffer, 3);
    EXPECT(-EINVAL, readlinkat, 3, "t", buffer, 0);
    EXPECT(-EINVAL, readlinkat, 3, "f", buffer, 10);
    EXPECT(-EINVAL, readlinkat, 3, "d", buffer, 10);
    EXPECT(-ENOENT, readlinkat, 3, "none", buffer, 10);
    EXPECT(-EBADF, readlinkat, 99, "t", buffer, 10);
    EXPECT(-ENOTDIR, readlinkat, 4, "t", buffer, 10);
    EXPECT(-EFAULT, readlinkat, 3, "t", KERNEL_ADDRESS, 10);
    memset(buffer, 'x', PAGE);
    EXPECT(-ENAMETOOLONG, symlink, buffer, "long");
    buffer[PAGE - 1] = '\0';
    EXPECT(0, symlink, buffer, "long");
    EXPECT(PAGE - 1, readlink, "long", buffer, PAGE);
    EXPECT(-ENAMETOOLONG, stat, "long", buffer);
    EXPECT(0, unlink, "long");
    EXPECT(-ENOTDIR, unlink, "t/");
    EXPECT(0, unlink, "t");
}

static void nodes(void)
{
    EXPECT(0, mknodat, 3, "fifo", S_IFIFO | 0600, 0);
    EXPECT(0, mknodat, 3, "chr", S_IFCHR | 0600, 0x103);
    EXPECT(0, mknodat, 3, "blk", S_IFBLK | 0600, 0x700);
    EXPECT(0, mknodat, 3, "sock", S_IFSOCK | 0600, 0);
    EXPECT(0, mknodat, 3, "reg", 0644, 0);
    show("fifo");
    show("chr");
    show("blk");
    show("sock");
    show("reg");
    EXPECT(-EEXIST, mknodat, 3, "fifo", S_IFIFO | 0600, 0);
    EXPECT(-EPERM, mknodat, 3, "dir", S_IFDIR | 0600, 0);
    EXPECT(-EINVAL, mknodat, 3, "lnk", S_IFLNK | 0600, 0);
    EXPECT(-EBADF, mknodat, 99, "x", S_IFREG | 0600, 0);
    EXPECT(-ENOENT, mknodat, 3, "x/", S_IFREG | 0600, 0);
    EXPECT(-ENXIO, open, "sock", O_RDWR);
    EXPECT(-ENXIO, open, "fifo", O_WRONLY | O_NONBLOCK);
}

static void renames(void)
{
    EXPECT(-ENOENT, renameat, 3, "none", 3, "x");
    EXPECT(-EBADF, renameat, 99, "f", 3, "x");
    EXPECT(-EBADF, renameat, 3, "f", 99, "x");
    EXPECT(-ENOTDIR, renameat, 4, "f", 3, "x");
    EXPECT(-EXDEV, renameat, 3, "f", AT_FDCWD, "/x");
    EXPECT(-ENAMETOOLONG, renameat, 3, "f", 3, name256);
    EXPECT(0, renameat, 3, "f", 3, "d/f");
    EXPECT(0, renameat, 3, "d/f", 3, "f");
    EXPECT(-EEXIST, renameat2, 3, "f", 3, "reg", NOREPLACE);
    EXPECT(-EEXIST, renameat2, 3, "f", 3, "f", NOREPLACE);
    EXPECT(0, renameat2, 3, "f", 3, "n", NOREPLACE);
    EXPECT(0, renameat2, 3, "n", 3, "fifo", EXCHANGE);
    show("n");
    show("fifo");
    EXPECT(-ENOENT, renameat2, 3, "d", 3, "d/sub", EXCHANGE);
    EXPECT(0, mkdir, "d/sub", 0755);
    EXPECT(-EINVAL, renameat2, 3, "d", 3, "d/sub", EXCHANGE);
    EXPECT(-EINVAL, renameat2, 3, "d/sub", 3, "d", EXCHANGE);
    EXPECT(0, renameat2, 3, "d/sub", 3, "reg", EXCHANGE);
    show("d");
    show("reg");
    show("d/sub");
    EXPECT(-ENOENT, renameat2, 3, "reg", 3, "none", EXCHANGE);
    EXPECT(-ENOTDIR, renameat2, 3, "reg", 3, "n/", EXCHANGE);
    EXPECT(-EINVAL, renameat2, 3, "n", 3, "x", NOREPLACE | EXCHANGE);
    EXPECT(-EINVAL, renameat2, 3, "n", 3, "x", 16);
    /* An open file outlives its name. */
    EXPECT(6, open, "fifo", O_RDWR);
    EXPECT(3, write, 6, "abc", 3);
    EXPECT(0, rename, "n", "fifo");
    EXPECT(3, pread64, 6, buffer, 10, 0);
    show("fifo");
}

static int body(long unused)
{
    (void)unused;
    memset(name256, 'n', 256);
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, chdir, "/t");
    EXPECT(3, open, "/t", O_RDONLY | O_DIRECTORY);
    EXPECT(4, open, "f", O_CREAT | O_RDWR, 0644);
    EXPECT(0, mkdir, "d", 0755);
    hard();
    EXPECT(5, dup, 4);
    soft();
    nodes();
    renames();
    return finish();
}

int main(void)
{
    CALL(umask, 022);
    share();
    return run_in_child(body);
}
