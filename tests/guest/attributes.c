/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/attributes.c - chmod(2), chown(2), utimensat(2), umask(2),
 * access(2).
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/guest/child.h"

static void show(const char *path)
{
    struct stat st;

    if (CALL(lstat, path, &st) != 0)
        say("%s: none", path);
    else
        say("%s: %o %d %d", path, st.st_mode, (int)st.st_uid, (int)st.st_gid);
}

static void modes(void)
{
    CHECK(CALL(umask, 027) == 022);
    EXPECT(3, open, "/m", O_CREAT | O_RDWR, 0666);
    show("/m");
    EXPECT(0, chmod, "/m", 06755);
    show("/m");
    EXPECT(0, fchmod, 3, 0600);
    EXPECT(0, fchmodat, AT_FDCWD, "m", 04755);
    EXPECT(0, chown, "/m", 5, 6);
    show("/m");
    EXPECT(0, fchown, 3, -1, 7);
    EXPECT(0, lchown, "/link", 1, 2);
    show("/link");
    EXPECT(0, fchownat, AT_FDCWD, "link", 3, 4, AT_SYMLINK_NOFOLLOW);
    EXPECT(0, fchownat, 3, "", 8, 8, AT_EMPTY_PATH);
    show("/m");
    show("/link");
    EXPECT(-ENOENT, chmod, "/none", 0);
    EXPECT(-EBADF, fchmod, 99, 0);
    EXPECT(-EINVAL, fchownat, AT_FDCWD, "m", 0, 0, 1);
    expect(-EOPNOTSUPP, RAW(452, AT_FDCWD, "link", 0, AT_SYMLINK_NOFOLLOW),
           "fchmodat2");
    EXPECT(0, mkdir, "/sg", 0777);
    EXPECT(0, chown, "/sg", 0, 9);
    EXPECT(0, chmod, "/sg", 02777);
    EXPECT(0, mkdir, "/sg/d", 0755);
    EXPECT(0, mknod, "/sg/f", S_IFREG | 0644, 0);
    show("/sg/d");
    show("/sg/f");
}

static void times(void)
{
    struct timespec t[2] = {{100, 5}, {-7, 999999999}};
    struct stat st;

    EXPECT(0, utimensat, AT_FDCWD, "/m", t, 0);
    EXPECT(0, stat, "/m", &st);
    say("%ld.%09ld %ld.%09ld", (long)st.st_atim.tv_sec, st.st_atim.tv_nsec,
        (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
    t[0].tv_nsec = UTIME_OMIT;
    t[1].tv_sec = 200;
    EXPECT(0, utimensat, 3, NULL, t, 0);
    EXPECT(0, fstat, 3, &st);
    say("%ld %ld", (long)st.st_atim.tv_sec, (long)st.st_mtim.tv_sec);
    t[1].tv_nsec = UTIME_OMIT;
    EXPECT(0, utimensat, AT_FDCWD, "/none", t, 0);
    t[1].tv_nsec = 1000000000;
    EXPECT(-EINVAL, utimensat, AT_FDCWD, "/m", t, 0);
    EXPECT(-ENOENT, utimensat, AT_FDCWD, "/none", NULL, 0);
    EXPECT(-EFAULT, utimensat, AT_FDCWD, "/m", KERNEL_ADDRESS, 0);
    EXPECT(-EFAULT, utimensat, AT_FDCWD, NULL, NULL, 0);
    EXPECT(-EBADF, utimensat, 99, NULL, NULL, 0);
}

/* Somebody who owns nothing. */
static int stranger(long unused)
{
    struct timespec t[2] = {{1, 0}, {1, 0}};

    (void)unused;
    EXPECT(0, setgroups, 0, NULL);
    EXPECT(0, setgid, 1000);
    EXPECT(0, setuid, 1000);
    EXPECT(-EPERM, chmod, "/file", 0777);
    EXPECT(-EPERM, chown, "/file", 1000, 1000);
    EXPECT(-EPERM, chown, "/file", 0, -1);
    EXPECT(-EPERM, utimensat, AT_FDCWD, "/file", t, 0);
    EXPECT(-EACCES, utimensat, AT_FDCWD, "/file", NULL, 0);
    EXPECT(-EACCES, open, "/file", O_RDONLY);
    EXPECT(-EACCES, open, "/m", O_WRONLY);
    EXPECT(-EACCES, open, "/new", O_CREAT | O_RDWR, 0666);
    EXPECT(-EACCES, mkdir, "/new", 0777);
    EXPECT(-EACCES, unlink, "/file");
    EXPECT(-EACCES, rename, "/file", "/x");
    EXPECT(-EACCES, access, "/dir/private/x", F_OK);
    EXPECT(-EACCES, chdir, "/dir/private");
    EXPECT(-EACCES, access, "/file", R_OK);
    EXPECT(0, access, "/file", F_OK);
    EXPECT(-EPERM, chroot, "/");
    EXPECT(-EPERM, mknod, "/sg/x", S_IFCHR | 0600, 0x103);
    EXPECT(3, open, "/sg/own", O_CREAT | O_RDWR | O_TRUNC, 02775);
    show("/sg/own");
    EXPECT(-EPERM, chown, "/sg/own", 1000, 0);
    EXPECT(0, chmod, "/sg/own", 04711);
    EXPECT(1, write, 3, "x", 1);
    show("/sg/own");
    return finish();
}

static void accesses(void)
{
    EXPECT(0, access, "/file", R_OK | W_OK);
    EXPECT(-EACCES, access, "/file", X_OK);
    EXPECT(0, access, "/dir", X_OK);
    EXPECT(-EINVAL, access, "/file", 8);
    EXPECT(-ENOENT, access, "/none", F_OK);
    EXPECT(0, faccessat, AT_FDCWD, "file", R_OK);
    EXPECT(0, faccessat2, AT_FDCWD, "dangling", F_OK, AT_SYMLINK_NOFOLLOW);
    EXPECT(-EINVAL, faccessat2, AT_FDCWD, "file", F_OK, 1);
    EXPECT(0, faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(022, umask, 022);
    modes();
    times();
    accesses();
    EXPECT(0, close, 3);
    reap("stranger", spawn(stranger, 0));
    return finish();
}

int main(void)
{
    CALL(umask, 022);
    share();
    return run_in_child(body);
}
