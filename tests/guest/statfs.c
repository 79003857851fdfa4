/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/statfs.c - statfs(2), fstatfs(2), and file systems that are full.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "tests/guest/child.h"

static char page[PAGE];

static void say_it(const char *what, const struct statfs *fs)
{
    say("%s: type %lx, blocks of %ld/%ld: %ld, free %ld %ld; inodes %ld, free "
        "%ld; names %ld; flags %lx",
        what, (long)fs->f_type, (long)fs->f_bsize, (long)fs->f_frsize,
        (long)fs->f_blocks, (long)fs->f_bfree, (long)fs->f_bavail,
        (long)fs->f_files, (long)fs->f_ffree, (long)fs->f_namelen,
        (long)fs->f_flags);
}

static void show(const char *path)
{
    struct statfs fs;

    EXPECT(0, statfs, path, &fs);
    say_it(path, &fs);
}

static void show_file(const char *what, long fd)
{
    struct statfs fs;

    EXPECT(0, fstatfs, (int)fd, &fs);
    say_it(what, &fs);
}

static void errors(void)
{
    struct statfs fs;

    EXPECT(-ENOENT, statfs, "/none", &fs);
    EXPECT(-ENOENT, statfs, "", &fs);
    EXPECT(-ENOTDIR, statfs, "/file/x", &fs);
    EXPECT(-ELOOP, statfs, "/loop1", &fs);
    EXPECT(-EFAULT, statfs, NULL, &fs);
    EXPECT(-EFAULT, statfs, "/t", NULL);
    EXPECT(-EFAULT, statfs, "/t", KERNEL_ADDRESS);
    EXPECT(-EBADF, fstatfs, 99, &fs);
    EXPECT(-EFAULT, fstatfs, 0, NULL);
}

static void full(void)
{
    long fd = CALL(open, "/t/f", O_CREAT | O_RDWR, 0644);

    show("/t");
    for (int i = 0; i < 8; i++)
        expect(i < 4 ? PAGE : -ENOSPC, CALL(write, fd, page, PAGE), "write");
    show_file("/t/f", fd);
    EXPECT(-ENOSPC, fallocate, (int)fd, 0, 0, 5 * PAGE);
    EXPECT(0, ftruncate, (int)fd, 10 * PAGE);
    show_file("/t/f", fd);
    EXPECT(0, ftruncate, (int)fd, PAGE);
    EXPECT(PAGE, pwrite64, (int)fd, page, PAGE, 8 * PAGE);
    show_file("/t/f", fd);
    EXPECT(0, mkdir, "/t/d", 0755);
    EXPECT(0, symlink, "f", "/t/s");
    EXPECT(-ENOSPC, mkdir, "/t/e", 0755);
    EXPECT(-ENOSPC, mknod, "/t/e", S_IFREG | 0600, 0);
    EXPECT(-ENOSPC, open, "/t/e", O_CREAT | O_RDWR, 0600);
    EXPECT(0, rmdir, "/t/d");
    EXPECT(0, mkdir, "/t/e", 0755);
    EXPECT(0, unlink, "/t/f");
    CALL(close, fd);
    show("/t");
    EXPECT(0, unlink, "/t/s");
    EXPECT(0, rmdir, "/t/e");
}

static void flags(void)
{
    EXPECT(0, mount, NULL, "/t", NULL,
           MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC,
           NULL);
    show("/t");
    EXPECT(0, mount, NULL, "/t", NULL,
           MS_REMOUNT | MS_BIND | MS_NOATIME | MS_NODIRATIME, NULL);
    show("/t");
    EXPECT(0, mount, NULL, "/t", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME,
           NULL);
    show("/t");
}

static void nowhere(void)
{
    int pipes[2];
    long place = CALL(open, "/t", O_PATH);

    EXPECT(0, pipe, pipes);
    show_file("pipe", pipes[0]);
    show_file("pipe", pipes[1]);
    show_file("eventfd", CALL(eventfd2, 0, 0));
    show_file("epoll", CALL(epoll_create1, 0));
    show_file("place", place);
    CALL(close, place);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, "size=16k,nr_inodes=4");
    errors();
    full();
    flags();
    nowhere();
    EXPECT(0, umount2, "/t", 0);
    EXPECT(0, mount, "t", "/t", "ramfs", 0, NULL);
    show("/t");
    EXPECT(0, umount2, "/t", 0);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
