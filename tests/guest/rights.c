/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/rights.c - who may do what to files: owners, groups, sticky
 * directories, set-ID bits.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/guest/child.h"

static void show(const char *path)
{
    struct stat st;

    if (CALL(lstat, path, &st) != 0)
        say("%s: none", path);
    else
        say("%s: %o %d %d", path, st.st_mode, (int)st.st_uid, (int)st.st_gid);
}

/* Which of read, write and execute user 1000 of groups 1000 and 50 has. */
static void accesses(const char *path)
{
    say("%s: %c%c%c", path, CALL(access, path, R_OK) == 0 ? 'r' : '-',
        CALL(access, path, W_OK) == 0 ? 'w' : '-',
        CALL(access, path, X_OK) == 0 ? 'x' : '-');
}

static int user(long unused)
{
    gid_t groups[] = {50};

    (void)unused;
    EXPECT(0, setgroups, 1, groups);
    EXPECT(0, setresgid, 1000, 1000, 1000);
    EXPECT(0, setresuid, 1000, 1000, 1000);
    accesses("own");
    accesses("group");
    accesses("other");
    accesses("root");
    EXPECT(-EACCES, open, "own", O_RDONLY);
    EXPECT(3, open, "own", O_WRONLY);
    EXPECT(4, open, "group", O_RDONLY);
    EXPECT(-EACCES, open, "group", O_RDWR);
    EXPECT(-EACCES, open, "group", O_RDONLY | O_TRUNC);
    EXPECT(-EPERM, open, "other", O_RDONLY | O_NOATIME);
    EXPECT(-EACCES, truncate, "group", 0);
    EXPECT(-EACCES, execve, "root", NULL, NULL);
    /* Directories: to search, to read, to change. */
    EXPECT(0, access, "search/x", F_OK);
    EXPECT(-EACCES, open, "search", O_RDONLY | O_DIRECTORY);
    EXPECT(5, open, "search", O_PATH | O_DIRECTORY);
    EXPECT(0, faccessat, 5, "x", F_OK);
    EXPECT(6, open, "list", O_RDONLY | O_DIRECTORY);
    EXPECT(-EACCES, faccessat, 6, "x", F_OK);
    EXPECT(-EACCES, access, "list/x", F_OK);
    EXPECT(-EACCES, chdir, "list");
    EXPECT(0, chdir, "search");
    EXPECT(0, chdir, "..");
    EXPECT(-EACCES, unlink, "search/x");
    EXPECT(-ENOENT, rmdir, "search/none");
    EXPECT(-EACCES, mkdir, "search/y", 0755);
    EXPECT(-EEXIST, mkdir, "search/x", 0755);
    EXPECT(-EACCES, link, "own", "search/y");
    EXPECT(-EACCES, symlink, "own", "search/y");
    EXPECT(-EACCES, rename, "search/x", "open/x");
    EXPECT(-EACCES, open, "list/none", O_CREAT | O_RDWR, 0600);
    /* A sticky directory: only one's own names go. */
    EXPECT(-EPERM, unlink, "sticky/root");
    EXPECT(-EPERM, rmdir, "sticky/dir");
    EXPECT(-EPERM, rename, "sticky/root", "sticky/x");
    EXPECT(-EPERM, rename, "sticky/own", "sticky/root");
    EXPECT(0, rename, "sticky/own", "sticky/mine");
    EXPECT(0, unlink, "sticky/mine");
    EXPECT(0, mknod, "sticky/new", S_IFREG | 0600, 0);
    EXPECT(0, unlink, "sticky/new");
    EXPECT(0, unlink, "open/root");
    /* Names of a directory that is not one's own, moved elsewhere. */
    EXPECT(-EACCES, rename, "open/dir", "open/sub/dir");
    EXPECT(0, rename, "open/dir", "open/dir2");
    return finish();
}

static int owner(long unused)
{
    gid_t groups[] = {50};

    (void)unused;
    EXPECT(0, setgroups, 1, groups);
    EXPECT(0, setresgid, 1000, 1000, 1000);
    EXPECT(0, setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, chmod, "root", 0777);
    EXPECT(-EPERM, fchmodat, AT_FDCWD, "root", 0777);
    EXPECT(0, chmod, "own", 06755);
    show("own");
    EXPECT(-EPERM, chown, "own", 0, -1);
    EXPECT(-EPERM, chown, "own", -1, 0);
    EXPECT(0, chown, "own", 1000, 50);
    show("own"); /* set-ID bits went */
    EXPECT(0, chmod, "own", 02755);
    show("own");
    EXPECT(0, chown, "own", -1, -1);
    show("own");
    EXPECT(0, chmod, "own", 02745); /* set-group-ID without x */
    EXPECT(0, chown, "own", -1, 1000);
    show("own");
    EXPECT(0, chmod, "group", 02777); /* of a group one is not in */
    show("group");
    EXPECT(0, chmod, "own", 06777);
    EXPECT(3, open, "own", O_WRONLY);
    EXPECT(1, write, 3, "x", 1);
    show("own");
    EXPECT(0, chmod, "own", 06777);
    EXPECT(0, truncate, "own", 0);
    show("own");
    EXPECT(0, mkdir, "sgid/d", 0777);
    show("sgid/d");
    EXPECT(0, mknod, "sgid/f", S_IFREG | 02777, 0);
    show("sgid/f");
    EXPECT(0, mknod, "sgid/g", S_IFREG | 02767, 0);
    show("sgid/g");
    EXPECT(0, symlink, "x", "sgid/s");
    show("sgid/s");
    EXPECT(0, lchown, "sgid/s", 1000, 1000);
    EXPECT(-EPERM, lchown, "sgid/s", 0, 1000);
    EXPECT(-EPERM, fchownat, AT_FDCWD, "root", 1000, -1, 0);
    return finish();
}

/* The real user asks access(2), the effective one all else. */
static int two_users(long unused)
{
    (void)unused;
    EXPECT(0, setresuid, 1000, 0, 0);
    EXPECT(-EACCES, access, "root", R_OK);
    EXPECT(0, faccessat2, AT_FDCWD, "root", R_OK, AT_EACCESS);
    EXPECT(3, open, "root", O_RDONLY);
    EXPECT(0, setfsuid, 1000);
    EXPECT(-EACCES, open, "root", O_RDONLY);
    EXPECT(1000, setfsuid, 0);
    EXPECT(4, open, "root", O_RDONLY);
    EXPECT(0, setresuid, 0, 1000, 0);
    EXPECT(0, access, "root", R_OK | W_OK);
    EXPECT(-EACCES, access, "root", X_OK);
    EXPECT(-EACCES, open, "root", O_RDONLY);
    return finish();
}

/* What is asked again where errors were not shown yet. */
static void refusals(void)
{
    EXPECT(-ENOENT, fchmodat, AT_FDCWD, "none", 0);
    EXPECT(-EBADF, fchmodat, 99, "own", 0);
    EXPECT(-ENOTDIR, fchmodat, AT_FDCWD, "own/x", 0);
    expect(0, RAW(452, AT_FDCWD, "own", 0600, 0), "fchmodat2");
    expect(-EINVAL, RAW(452, AT_FDCWD, "own", 0600, 1), "fchmodat2");
    EXPECT(3, open, "own", O_PATH);
    expect(0, RAW(452, 3, "", 0711, AT_EMPTY_PATH), "fchmodat2");
    EXPECT(0, faccessat, AT_FDCWD, "own", R_OK | W_OK | X_OK);
    EXPECT(0, faccessat2, 3, "", X_OK, AT_EMPTY_PATH);
    EXPECT(-ENOENT, faccessat2, 3, "", X_OK, 0);
    EXPECT(0, close, 3);
    EXPECT(-ENOENT, lchown, "none", 0, 0);
    EXPECT(-EBADF, fchown, 99, 0, 0);
    EXPECT(-ENOENT, faccessat, AT_FDCWD, "none", F_OK);
    EXPECT(-EBADF, faccessat, 99, "x", F_OK);
    EXPECT(-EINVAL, faccessat, AT_FDCWD, "own", 8);
    EXPECT(-EISDIR, creat, "open", 0644);
    EXPECT(-ENOENT, creat, "none/x", 0644);
}

static void make(const char *path, int mode, int uid, int gid)
{
    CALL(mknod, path, S_IFREG | 0600, 0);
    CALL(chown, path, uid, gid);
    CALL(chmod, path, mode);
}

static void make_dir(const char *path, int mode, int gid)
{
    CALL(mkdir, path, 0700);
    CALL(chown, path, 0, gid);
    CALL(chmod, path, mode);
}

/* Who writes counts for the set-ID bits, not who opened; and a device is
 * refused only where a file could be. */
static int writer(long unused)
{
    (void)unused;
    EXPECT(3, open, "open/setid", O_RDWR | O_CREAT, 0);
    EXPECT(0, fchmod, 3, 06777);
    EXPECT(1, write, 3, "x", 1);
    show("open/setid");
    EXPECT(0, setresuid, -1, 1000, -1);
    EXPECT(1, write, 3, "x", 1);
    show("open/setid");
    EXPECT(-EPERM, mknod, "open/device", S_IFCHR | 0600, 0x103);
    EXPECT(-EEXIST, mknod, "open/setid", S_IFCHR | 0600, 0x103);
    EXPECT(-EACCES, mknod, "device", S_IFCHR | 0600, 0x103);
    EXPECT(-ENOENT, mknod, "none/device", S_IFCHR | 0600, 0x103);
    return finish();
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, "mode=755");
    EXPECT(0, chdir, "/t");
    make("own", 0277, 1000, 1000);
    make("group", 0747, 0, 50);
    make("other", 0774, 0, 0);
    make("root", 0600, 0, 0);
    make_dir("search", 0711, 0);
    make("search/x", 0644, 0, 0);
    make_dir("list", 0744, 0);
    make("list/x", 0644, 0, 0);
    make_dir("sticky", 01777, 0);
    make("sticky/root", 0666, 0, 0);
    make("sticky/own", 0666, 1000, 0);
    make_dir("sticky/dir", 0777, 0);
    make_dir("open", 0777, 0);
    make("open/root", 0600, 0, 0);
    make_dir("open/dir", 0755, 0);
    make_dir("open/sub", 0777, 0);
    make_dir("sgid", 02777, 60);
    reap("user", spawn(user, 0));
    make("group", 0747, 1000, 60);
    CALL(chown, "group", 1000, 60);
    reap("owner", spawn(owner, 0));
    reap("two users", spawn(two_users, 0));
    reap("writer", spawn(writer, 0));
    refusals();
    return finish();
}

int main(void)
{
    CALL(umask, 0);
    share();
    return run_in_child(body);
}
