/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/listing.c - getdents64(2), chdir(2), getcwd(2), chroot(2).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/child.h"

static char buffer[4096];
static char names[300][8];
static int count;

struct entry {
    uint64_t number;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

static int compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Collects the names of an open directory, in pieces of that size. */
static void list(int fd, size_t size)
{
    long got;

    count = 0;
    while ((got = CALL(getdents64, fd, buffer, size)) > 0)
        for (long at = 0; at < got;) {
            struct entry *entry = (struct entry *)(buffer + at);

            strcpy(names[count++], entry->name);
            at += entry->size;
        }
    qsort(names, count, sizeof(names[0]), compare);
    say("%ld, %d names, %s to %s", got, count, names[0], names[count - 1]);
}

static void directories(void)
{
    char path[32];
    int fd;

    EXPECT(0, mkdir, "/many", 0755);
    EXPECT(3, open, "/many", O_RDONLY | O_DIRECTORY);
    fd = 3;
    list(fd, sizeof(buffer));
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/many/n%03d", i);
        CALL(mknod, path, 0100644, 0);
    }
    EXPECT(0, lseek, fd, 0, SEEK_SET);
    list(fd, sizeof(buffer));
    EXPECT(0, lseek, fd, 0, SEEK_SET);
    list(fd, 100);
    EXPECT(-EINVAL, lseek, fd, -1, SEEK_SET);
    EXPECT(0, lseek, fd, 0, SEEK_SET);
    EXPECT(-EINVAL, getdents64, fd, buffer, 10);
    EXPECT(-EFAULT, getdents64, fd, KERNEL_ADDRESS, 4096);
    EXPECT(-ENOTDIR, getdents64, 0, buffer, 4096);
    EXPECT(-EBADF, getdents64, 99, buffer, 4096);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/many/n%03d", i);
        CALL(unlink, path);
    }
    EXPECT(0, lseek, fd, 0, SEEK_SET);
    list(fd, sizeof(buffer));
    EXPECT(0, rmdir, "/many");
    EXPECT(-ENOENT, getdents64, fd, buffer, 4096);
    EXPECT(-ENOENT, openat, fd, "x", O_CREAT | O_RDWR, 0644);
    EXPECT(0, close, fd);
}

static void show_cwd(void)
{
    long size = CALL(getcwd, buffer, sizeof(buffer));

    say("cwd %s, %ld", size > 0 ? buffer : "none", size);
}

static void working_directory(void)
{
    show_cwd();
    EXPECT(0, chdir, "/dir");
    show_cwd();
    EXPECT(0, chdir, "../dirlink");
    show_cwd();
    EXPECT(-ERANGE, getcwd, buffer, 4);
    EXPECT(5, getcwd, buffer, 5);
    EXPECT(-EFAULT, getcwd, KERNEL_ADDRESS, 100);
    EXPECT(-ENOTDIR, chdir, "/file");
    EXPECT(-ENOENT, chdir, "/none");
    EXPECT(3, open, "/", O_RDONLY);
    EXPECT(0, fchdir, 3);
    show_cwd();
    EXPECT(-EBADF, fchdir, 99);
    EXPECT(-ENOTDIR, fchdir, 0);
    EXPECT(0, mkdir, "/gone", 0755);
    EXPECT(0, chdir, "/gone");
    EXPECT(0, rmdir, "/gone");
    EXPECT(-ENOENT, getcwd, buffer, 100);
    EXPECT(-ENOENT, open, "x", O_CREAT | O_RDWR, 0644);
    EXPECT(0, chdir, "..");
    show_cwd();
}

static int inside(long unused)
{
    (void)unused;
    EXPECT(-ENOTDIR, chroot, "/file");
    EXPECT(-ENOENT, chroot, "/none");
    EXPECT(0, chroot, "/dir");
    EXPECT(0, access, "/inner", F_OK);
    EXPECT(-ENOENT, access, "/file", F_OK);
    EXPECT(0, access, "file", F_OK);
    EXPECT(0, chdir, "/");
    EXPECT(0, access, "../../inner", F_OK);
    show_cwd();
    return finish();
}

static int body(long unused)
{
    (void)unused;
    directories();
    working_directory();
    reap("inside", spawn(inside, 0));
    EXPECT(0, access, "/file", F_OK);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
