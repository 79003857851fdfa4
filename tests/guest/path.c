/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/path.c - readlink(2) and newfstatat, stat(2), in the root that
 * tests/guest/run_guest.py makes.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "tests/guest/guest.h"

static char buffer[8192];
static char too_long[4200];

static void read_link(const char *path, size_t size)
{
    long got;

    memset(buffer, '.', sizeof(buffer));
    got = CALL(readlink, path, buffer, size);
    if (got < 0)
        expect(got, got, path);
    else
        say("%s -> %.*s (%ld)%s", path, (int)got, buffer, got,
            buffer[got] == '.' ? "" : " AND MORE");
}

static void read_links(void)
{
    read_link("/link", 100);
    read_link("link", 100);
    read_link("./dir/../link", 100);
    read_link("/link", 3);
    read_link("/link", 4);
    read_link("/dir/up", 100);
    read_link("/dirlink/up", 100);
    read_link("/dangling", 100);
    read_link("/loop1", 100);
    read_link("/long", 8000);
}

static void read_link_errors(void)
{
    char *border = get_border();

    EXPECT(-ENOENT, readlink, "/none", buffer, 10);
    EXPECT(-ENOENT, readlink, "", buffer, 10);
    EXPECT(-ENOENT, readlink, "/dangling/", buffer, 10);
    EXPECT(-EINVAL, readlink, "/file", buffer, 10);
    EXPECT(-EINVAL, readlink, "/", buffer, 10);
    EXPECT(-EINVAL, readlink, "/dirlink/", buffer, 10);
    EXPECT(-EINVAL, readlink, "/link", buffer, 0);
    EXPECT(-EINVAL, readlink, "/link", buffer, -1);
    EXPECT(-EINVAL, readlink, "/none", buffer, 0);
    EXPECT(-ENOTDIR, readlink, "/file/x", buffer, 10);
    EXPECT(-ENOTDIR, readlink, "/file/", buffer, 10);
    EXPECT(-ENOTDIR, readlink, "/link/", buffer, 10);
    EXPECT(-ELOOP, readlink, "/loop1/x", buffer, 10);
    EXPECT(-ELOOP, readlink, "/loop1/", buffer, 10);
    EXPECT(-ENAMETOOLONG, readlink, too_long, buffer, 10);
    EXPECT(-ENOENT, readlink, too_long + sizeof(too_long) - 256, buffer, 10);
    EXPECT(-ENAMETOOLONG, readlink, too_long + sizeof(too_long) - 257, buffer,
           10);
    EXPECT(-EFAULT, readlink, NULL, buffer, 10);
    EXPECT(-EFAULT, readlink, KERNEL_ADDRESS, buffer, 10);
    EXPECT(-EFAULT, readlink, border, buffer, 10);
    EXPECT(-EFAULT, readlink, "/link", NULL, 10);
    EXPECT(-EFAULT, readlink, "/link", KERNEL_ADDRESS, 10);
    EXPECT(-EFAULT, readlink, "/link", border - 2, 10);
    memcpy(border - 5, "/link", 5);
    EXPECT(-EFAULT, readlink, border - 5, buffer, 10);
    memcpy(border - 6, "/link", 6);
    EXPECT(4, readlink, border - 6, buffer, 10);
}

static void show_stat(int dir, const char *path, int flags)
{
    struct stat st;
    long result;

    memset(&st, 0xff, sizeof(st));
    result = CALL(newfstatat, dir, path, &st, flags);
    if (result != 0)
        expect(result, result, path);
    else
        say("%s: mode %o, size %ld, links %d, owner %d %d, rdev %lx, "
            "time %ld.%ld",
            path, st.st_mode, S_ISREG(st.st_mode) ? (long)st.st_size : 0,
            S_ISREG(st.st_mode) ? (int)st.st_nlink : 0, (int)st.st_uid,
            (int)st.st_gid, (unsigned long)st.st_rdev,
            S_ISREG(st.st_mode) ? (long)st.st_mtim.tv_sec : 0,
            S_ISREG(st.st_mode) ? (long)st.st_mtim.tv_nsec : 0);
}

static void show_stats(void)
{
    show_stat(AT_FDCWD, "/file", 0);
    show_stat(AT_FDCWD, "file", 0);
    show_stat(AT_FDCWD, "/empty", 0);
    show_stat(AT_FDCWD, "/twin", 0);
    show_stat(AT_FDCWD, "/link", 0);
    show_stat(AT_FDCWD, "/link", AT_SYMLINK_NOFOLLOW);
    show_stat(AT_FDCWD, "/dir", 0);
    show_stat(AT_FDCWD, "/dir/", AT_NO_AUTOMOUNT);
    show_stat(AT_FDCWD, "/dirlink/up", 0);
    show_stat(AT_FDCWD, "/", 0);
    show_stat(AT_FDCWD, "", AT_EMPTY_PATH);
    show_stat(99, "/file", 0);
    show_stat(0, "", AT_EMPTY_PATH);
    show_stat(1, "", AT_EMPTY_PATH);
    show_stat(2, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
    show_stat(AT_FDCWD, "/dangling", AT_SYMLINK_NOFOLLOW);
}

/* Two names of one file. */
static void compare(void)
{
    struct stat a, b;

    CHECK(CALL(newfstatat, AT_FDCWD, "/file", &a, 0) == 0);
    CHECK(CALL(newfstatat, AT_FDCWD, "/twin", &b, 0) == 0);
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    CHECK(CALL(newfstatat, AT_FDCWD, "/empty", &b, 0) == 0);
    CHECK(a.st_ino != b.st_ino && a.st_dev == b.st_dev);
}

static void stat_errors(void)
{
    struct stat st;
    char *border = get_border();

    EXPECT(-ENOENT, newfstatat, AT_FDCWD, "/none", &st, 0);
    EXPECT(-ENOENT, newfstatat, AT_FDCWD, "", &st, 0);
    EXPECT(-ENOENT, newfstatat, AT_FDCWD, "/dangling", &st, 0);
    EXPECT(-ENOENT, newfstatat, 0, "", &st, 0);
    EXPECT(-ENOTDIR, newfstatat, AT_FDCWD, "/file/", &st, 0);
    EXPECT(-ENOTDIR, newfstatat, AT_FDCWD, "/file/..", &st, 0);
    EXPECT(-ENOTDIR, newfstatat, 0, "file", &st, 0);
    EXPECT(-EBADF, newfstatat, 99, "file", &st, 0);
    EXPECT(-EBADF, newfstatat, -1, "", &st, AT_EMPTY_PATH);
    EXPECT(-ELOOP, newfstatat, AT_FDCWD, "/loop1", &st, 0);
    EXPECT(-ENAMETOOLONG, newfstatat, AT_FDCWD, too_long, &st, 0);
    EXPECT(-EINVAL, newfstatat, AT_FDCWD, "/file", &st, 0x80000);
    EXPECT(-EINVAL, newfstatat, 99, NULL, NULL, 0x1);
    EXPECT(-EFAULT, newfstatat, AT_FDCWD, NULL, &st, 0);
    EXPECT(-EFAULT, newfstatat, AT_FDCWD, "/file", NULL, 0);
    EXPECT(-EFAULT, newfstatat, AT_FDCWD, "/file", border - 8, 0);
    EXPECT(-EFAULT, newfstatat, 0, "", KERNEL_ADDRESS, AT_EMPTY_PATH);
}

int main(void)
{
    memset(too_long, 'x', sizeof(too_long) - 1);
    read_links();
    read_link_errors();
    show_stats();
    compare();
    stat_errors();
    return finish();
}
