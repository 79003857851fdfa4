/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/times.c - utime(2), utimes(2), futimesat(2), utimensat(2): who
 * may set what, and what calls do to times.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <utime.h>

#include "tests/guest/child.h"

static void show(const char *path)
{
    struct stat st;

    CALL(lstat, path, &st);
    say("%s: %ld.%09ld %ld.%09ld", path, (long)st.st_atim.tv_sec,
        (long)st.st_atim.tv_nsec, (long)st.st_mtim.tv_sec,
        (long)st.st_mtim.tv_nsec);
}

static void old_calls(void)
{
    struct utimbuf seconds = {100, 200};
    struct timeval micro[2] = {{300, 123456}, {400, 999999}};

    EXPECT(0, utime, "f", &seconds);
    show("f");
    EXPECT(0, utime, "f", NULL);
    EXPECT(-ENOENT, utime, "none", &seconds);
    EXPECT(-ENOENT, utime, "none", NULL);
    EXPECT(-EFAULT, utime, NULL, &seconds);
    EXPECT(-EFAULT, utime, "f", KERNEL_ADDRESS);
    EXPECT(0, utimes, "l", micro);
    show("f");
    EXPECT(0, utimes, "f", NULL);
    EXPECT(-ENOENT, utimes, "none", micro);
    EXPECT(-EFAULT, utimes, "f", KERNEL_ADDRESS);
    EXPECT(0, futimesat, AT_FDCWD, "f", micro);
    EXPECT(0, futimesat, 3, NULL, micro);
    EXPECT(0, futimesat, 3, NULL, NULL);
    EXPECT(-EBADF, futimesat, 99, "f", micro);
    EXPECT(-ENOTDIR, futimesat, 3, "f", micro);
    EXPECT(-EFAULT, futimesat, AT_FDCWD, NULL, micro);
    micro[1].tv_usec = 1000000;
    EXPECT(-EINVAL, utimes, "f", micro);
    EXPECT(-EINVAL, futimesat, AT_FDCWD, "f", micro);
    micro[1].tv_usec = -1;
    EXPECT(-EINVAL, utimes, "f", micro);
    seconds.actime = -5;
    EXPECT(0, utime, "f", &seconds);
    show("f");
}

static void flags(void)
{
    struct timespec t[2] = {{5, 6}, {7, 8}};
    struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    struct timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};

    EXPECT(0, utimensat, AT_FDCWD, "l", t, AT_SYMLINK_NOFOLLOW);
    show("l");
    show("f");
    EXPECT(0, utimensat, 3, "", t, AT_EMPTY_PATH);
    show("f");
    EXPECT(-ENOENT, utimensat, 3, "", t, 0);
    EXPECT(-EINVAL, utimensat, AT_FDCWD, "f", t, 1);
    EXPECT(-EINVAL, utimensat, 3, NULL, t, AT_SYMLINK_NOFOLLOW);
    EXPECT(0, utimensat, 99, "none", omit, 77);
    EXPECT(0, utimensat, AT_FDCWD, "f", now, 0);
    t[0].tv_nsec = -1;
    EXPECT(-EINVAL, utimensat, AT_FDCWD, "f", t, 0);
    EXPECT(-ENOENT, utimensat, AT_FDCWD, "none", t, 0);
    EXPECT(-EBADF, utimensat, 99, NULL, t, 0);
    EXPECT(-EINVAL, utimensat, 3, NULL, t, 0);
}

/* Until the clock of files has ticked: that of CLOCK_REALTIME_COARSE. */
static void tick(void)
{
    const struct timespec moment = {0, 1000000};
    struct timespec before, now;

    CALL(clock_gettime, CLOCK_REALTIME_COARSE, &before);
    do {
        CALL(nanosleep, &moment, NULL);
        CALL(clock_gettime, CLOCK_REALTIME_COARSE, &now);
    } while (now.tv_sec == before.tv_sec && now.tv_nsec == before.tv_nsec);
}

/* Whether the last call changed mtime or ctime of path. */
static void changes(const char *what, const char *path)
{
    struct timespec t[2] = {{1000, 0}, {1000, 0}};
    static struct timespec last;
    struct stat st;

    CALL(lstat, path, &st);
    say("%s: %s%s%s", what, st.st_atim.tv_sec != 1000 ? "atime " : "",
        st.st_mtim.tv_sec != 1000 ? "mtime " : "",
        st.st_ctim.tv_sec != last.tv_sec || st.st_ctim.tv_nsec != last.tv_nsec
            ? "ctime"
            : "");
    tick();
    CALL(utimensat, AT_FDCWD, path, t, AT_SYMLINK_NOFOLLOW);
    CALL(lstat, path, &st);
    last = st.st_ctim;
    tick();
}

static void effects(void)
{
    char byte;

    changes("begin", "f");
    CALL(write, 3, "x", 1);
    changes("write", "f");
    CALL(write, 3, "x", 0);
    changes("write nothing", "f");
    CALL(pread64, 3, &byte, 1, 0);
    changes("read", "f");
    CALL(chmod, "f", 0640);
    changes("chmod", "f");
    CALL(chown, "f", 0, 0);
    changes("chown", "f");
    CALL(chown, "f", -1, -1);
    changes("chown nothing", "f");
    CALL(link, "f", "g");
    changes("link", "f");
    CALL(unlink, "g");
    changes("unlink", "f");
    CALL(rename, "f", "g");
    changes("rename", "g");
    CALL(rename, "g", "f");
    CALL(ftruncate, 3, 1);
    changes("truncate", "f");
    CALL(ftruncate, 3, 1);
    changes("ftruncate, same", "f");
    CALL(truncate, "f", 1);
    changes("truncate, same", "f");
    CALL(close, (int)CALL(open, "f", O_WRONLY | O_TRUNC));
    changes("O_TRUNC", "f");
    CALL(fallocate, 3, 0, 0, 100);
    changes("fallocate", "f");
    changes("begin", "d");
    CALL(mknod, "d/x", S_IFREG | 0644, 0);
    changes("mknod in", "d");
    CALL(rename, "d/x", "d/y");
    changes("rename in", "d");
    CALL(unlink, "d/y");
    changes("unlink in", "d");
}

static int stranger(long unused)
{
    struct timespec t[2] = {{5, 6}, {7, 8}};
    struct timespec mixed[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    struct utimbuf seconds = {100, 200};

    (void)unused;
    EXPECT(0, setuid, 1000);
    EXPECT(-EPERM, utime, "f", &seconds);
    EXPECT(-EACCES, utime, "f", NULL);
    EXPECT(-EPERM, utimensat, AT_FDCWD, "open", t, 0);
    EXPECT(-EPERM, utimensat, AT_FDCWD, "open", mixed, 0);
    EXPECT(0, utimensat, AT_FDCWD, "open", NULL, 0);
    EXPECT(0, utimes, "open", NULL);
    return finish();
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", MS_NOATIME, "mode=755");
    EXPECT(0, chdir, "/t");
    EXPECT(3, open, "f", O_CREAT | O_RDWR, 0644);
    EXPECT(0, symlink, "f", "l");
    EXPECT(0, mkdir, "d", 0755);
    EXPECT(0, mknod, "open", S_IFREG | 0666, 0);
    old_calls();
    flags();
    effects();
    reap("stranger", spawn(stranger, 0));
    return finish();
}

int main(void)
{
    CALL(umask, 0);
    share();
    return run_in_child(body);
}
