/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/opening.c - open(2)'s flags together: O_TMPFILE, O_PATH,
 * O_NOFOLLOW, O_DIRECTORY, O_EXCL, O_TRUNC.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "core/abi/uio.h"
#include "tests/guest/child.h"

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static char buffer[100];

static void show(int fd)
{
    struct stat st;

    if (CALL(fstat, fd, &st) != 0)
        say("%d: none", fd);
    else
        say("%d: %o, %ld links, %ld bytes", fd, st.st_mode, (long)st.st_nlink,
            S_ISDIR(st.st_mode) ? 0 : (long)st.st_size);
}

static void unnamed(void)
{
    char path[32];

    EXPECT(4, open, ".", O_TMPFILE | O_RDWR, 0640);
    show(4);
    EXPECT(3, write, 4, "abc", 3);
    EXPECT(3, pread64, 4, buffer, 10, 0);
    EXPECT(0, linkat, 4, "", AT_FDCWD, "named", AT_EMPTY_PATH);
    show(4);
    EXPECT(5, open, ".", O_TMPFILE | O_WRONLY | O_EXCL, 0600);
    EXPECT(-ENOENT, linkat, 5, "", AT_FDCWD, "other", AT_EMPTY_PATH);
    EXPECT(6, open, "d", O_TMPFILE | O_RDWR, 04777);
    show(6);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", 6);
    EXPECT(0, linkat, AT_FDCWD, path, AT_FDCWD, "d/late", AT_SYMLINK_FOLLOW);
    show(6);
    EXPECT(-EINVAL, open, ".", O_TMPFILE | O_RDONLY, 0600);
    EXPECT(-EINVAL, open, ".", TMPFILE_BIT | O_RDWR, 0600);
    EXPECT(-ENOTDIR, open, "f", O_TMPFILE | O_RDWR, 0600);
    EXPECT(-ENOENT, open, "none", O_TMPFILE | O_RDWR, 0600);
    EXPECT(0, close, 4);
    EXPECT(0, close, 5);
    EXPECT(0, close, 6);
}

static void places(void)
{
    char none[1];

    EXPECT(4, open, "f", O_PATH | O_RDWR | O_TRUNC | O_CREAT | O_APPEND);
    EXPECT(O_PATH, fcntl, 4, F_GETFL);
    show(4);
    EXPECT(-EBADF, read, 4, none, 1);
    EXPECT(-EBADF, write, 4, "x", 1);
    EXPECT(-EBADF, lseek, 4, 0, SEEK_SET);
    EXPECT(-EBADF, ftruncate, 4, 0);
    EXPECT(-EBADF, fchmod, 4, 0600);
    EXPECT(-EBADF, fchown, 4, 0, 0);
    EXPECT(-EBADF, ioctl, 4, 0x541b, none);
    EXPECT(-EBADF, fsync, 4);
    EXPECT(-EBADF, flock, 4, 1);
    EXPECT(-EBADF, fcntl, 4, F_SETFL, O_NONBLOCK);
    EXPECT(-EBADF, getdents64, 4, none, 1);
    EXPECT(0, fcntl, 4, F_SETFD, FD_CLOEXEC);
    EXPECT(5, fcntl, 4, F_DUPFD, 5);
    EXPECT(0, fchownat, 4, "", 0, 0, AT_EMPTY_PATH);
    EXPECT(-ENOTDIR, fchdir, 4);
    EXPECT(0, close, 5);
    EXPECT(5, open, "l", O_PATH | O_NOFOLLOW);
    show(5);
    EXPECT(1, readlinkat, 5, "", buffer, 100);
    EXPECT(0, close, 5);
    EXPECT(5, open, "l", O_PATH);
    show(5);
    EXPECT(0, close, 5);
    EXPECT(5, open, "d", O_PATH | O_DIRECTORY);
    EXPECT(0, fchdir, 5);
    EXPECT(0, chdir, "/t");
    EXPECT(6, openat, 5, "inside", O_CREAT | O_RDWR, 0644);
    EXPECT(-ENOTDIR, openat, 4, "x", O_RDONLY);
    EXPECT(-ENOTDIR, open, "f", O_PATH | O_DIRECTORY);
    EXPECT(-ENOTDIR, open, "l", O_PATH | O_DIRECTORY | O_NOFOLLOW);
    EXPECT(-ENOENT, open, "none", O_PATH | O_CREAT, 0600);
    EXPECT(0, close, 4);
    EXPECT(0, close, 5);
    EXPECT(0, close, 6);
}

static void combinations(void)
{
    EXPECT(-ELOOP, open, "l", O_RDONLY | O_NOFOLLOW);
    EXPECT(-ELOOP, open, "l", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    EXPECT(-EEXIST, open, "l", O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT(-EEXIST, open, "broken", O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT(-ELOOP, open, "broken", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    EXPECT(-ENOENT, open, "broken", O_RDWR);
    EXPECT(4, open, "l", O_RDWR | O_EXCL);
    EXPECT(0, close, 4);
    EXPECT(-ENOTDIR, open, "f", O_RDONLY | O_DIRECTORY);
    EXPECT(-EINVAL, open, "f", O_RDWR | O_CREAT | O_DIRECTORY, 0600);
    EXPECT(-EINVAL, open, "new", O_RDWR | O_CREAT | O_DIRECTORY, 0600);
    EXPECT(-EISDIR, open, "d", O_RDONLY | O_CREAT, 0600);
    EXPECT(-EEXIST, open, "d", O_RDONLY | O_CREAT | O_EXCL, 0600);
    EXPECT(-EISDIR, open, "d", O_RDONLY | O_TRUNC);
    EXPECT(-EISDIR, open, "d", O_WRONLY | O_DIRECTORY);
    EXPECT(-EISDIR, open, "d/", O_RDWR);
    EXPECT(-ENOTDIR, open, "f/", O_RDONLY);
    EXPECT(-EISDIR, open, "new/", O_RDWR | O_CREAT, 0600);
    EXPECT(4, open, "broken", O_RDWR | O_CREAT, 0600);
    EXPECT(0, access, "target", F_OK);
    EXPECT(0, close, 4);
    /* Cut even where it is then only read. */
    EXPECT(4, open, "f", O_RDONLY | O_TRUNC);
    show(4);
    EXPECT(-EBADF, write, 4, "x", 1);
    EXPECT(0, close, 4);
    /* A new file is open as asked, whatever its mode says. */
    EXPECT(4, open, "locked", O_RDWR | O_CREAT | O_EXCL, 0);
    EXPECT(1, write, 4, "x", 1);
    show(4);
    EXPECT(0, close, 4);
    EXPECT(4, open, "f", 3);
    EXPECT(-EBADF, read, 4, buffer, 1);
    EXPECT(-EBADF, write, 4, "x", 1);
    EXPECT(3 | 0100000, fcntl, 4, F_GETFL);
    EXPECT(0, close, 4);
    EXPECT(4, open, "f", O_RDWR | 0x40000000);
    EXPECT(0, close, 4);
    EXPECT(4, open, "null", O_RDWR | O_TRUNC | O_APPEND);
    EXPECT(0, read, 4, buffer, 1);
    EXPECT(0, close, 4);
}

/* Each flag of open(2) and openat(2), and what is left of it. */
static void each_flag(void)
{
    static const struct {
        const char *name;
        int flags;
    } all[] = {
        {"O_WRONLY", O_WRONLY},          {"O_RDWR", O_RDWR},
        {"O_CREAT", O_RDWR | O_CREAT},   {"O_NOCTTY", O_NOCTTY},
        {"O_TRUNC", O_RDWR | O_TRUNC},   {"O_APPEND", O_WRONLY | O_APPEND},
        {"O_NONBLOCK", O_NONBLOCK},      {"O_DSYNC", O_WRONLY | O_DSYNC},
        {"O_SYNC", O_RDWR | O_SYNC},     {"O_ASYNC", O_ASYNC},
        {"O_DIRECT", O_RDWR | O_DIRECT}, {"O_LARGEFILE", 0100000},
        {"O_NOFOLLOW", O_NOFOLLOW},      {"O_NOATIME", O_NOATIME},
        {"O_CLOEXEC", O_CLOEXEC},        {"O_PATH", O_PATH},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        long a = CALL(open, "/t/f", all[i].flags, 0600);
        long b = CALL(openat, AT_FDCWD, "f", all[i].flags, 0600);

        say("%s: %ld %ld, %lo %lo, %ld", all[i].name, a, b,
            CALL(fcntl, a, F_GETFL), CALL(fcntl, b, F_GETFL),
            CALL(fcntl, a, F_GETFD));
        CALL(close, a);
        CALL(close, b);
    }
    EXPECT(4, openat, AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
    EXPECT(5, openat, 4, ".", O_RDWR | O_TMPFILE, 0600);
    EXPECT(6, openat, 4, "fresh", O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT(7, open, "fresh2", O_RDWR | O_CREAT | O_EXCL, 0600);
    for (int fd = 4; fd < 8; fd++)
        CALL(close, fd);
}

/* A program that is written is not run, and one that runs is not written. */
static int programs(long way)
{
    static char *const argv[] = {"opening", "child", NULL};

    if (way == 0) {
        EXPECT(4, open, "prog", O_CREAT | O_WRONLY, 0755);
        EXPECT(9, write, 4, "#!/none\n\n", 9);
        EXPECT(-ETXTBSY, execve, "prog", argv, NULL);
        EXPECT(-ETXTBSY, execveat, AT_FDCWD, "prog", argv, NULL, 0);
        EXPECT(0, close, 4);
        EXPECT(-ENOENT, execve, "prog", argv, NULL);
        EXPECT(-ETXTBSY, open, "/opening", O_RDWR);
        EXPECT(-ETXTBSY, truncate, "/opening", 0);
        EXPECT(4, open, "prog", O_PATH);
        EXPECT(-ENOENT, execveat, 4, "", argv, NULL, AT_EMPTY_PATH);
        EXPECT(-EACCES, execveat, 3, "", argv, NULL, AT_EMPTY_PATH);
        EXPECT(-ELOOP, execveat, AT_FDCWD, "l", argv, NULL,
               AT_SYMLINK_NOFOLLOW);
        return finish();
    }
    if (way == 1)
        EXPECT(4, open, "/opening", O_RDONLY);
    else
        EXPECT(4, open, "/", O_RDONLY | O_DIRECTORY);
    if (way == 1)
        CALL(execveat, 4, "", argv, NULL, AT_EMPTY_PATH);
    else if (way == 2)
        CALL(execveat, 4, "opening", argv, NULL, AT_SYMLINK_NOFOLLOW);
    else
        CALL(execve, "/opening", argv, NULL);
    return 1;
}

static int stranger(long unused)
{
    (void)unused;
    EXPECT(0, setuid, 1000);
    EXPECT(-EACCES, open, ".", O_TMPFILE | O_RDWR, 0600);
    EXPECT(4, open, "locked", O_PATH);
    EXPECT(-EACCES, open, "locked", O_RDONLY);
    EXPECT(-EACCES, open, "closed/x", O_PATH);
    EXPECT(5, open, "open/mine", O_RDWR | O_CREAT | O_EXCL, 0);
    EXPECT(-EACCES, open, "open/mine", O_RDONLY);
    EXPECT(1, write, 5, "x", 1);
    EXPECT(6, open, "open", O_TMPFILE | O_RDWR, 0600);
    return finish();
}

/* Places are not ready for anything, and are no files to watch. */
static void watched_place(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    struct pollfd fd = {4, POLLIN | POLLOUT, 0};

    EXPECT(4, open, "f", O_PATH);
    EXPECT(1, poll, &fd, 1, 0);
    CHECK(fd.revents == POLLNVAL);
    EXPECT(5, epoll_create1, 0);
    EXPECT(-EBADF, epoll_ctl, 5, EPOLL_CTL_ADD, 4, &event);
    EXPECT(-EBADF, epoll_ctl, 4, EPOLL_CTL_ADD, 5, &event);
    EXPECT(-EBADF, epoll_wait, 4, &event, 1, 0);
    EXPECT(0, close, 4);
    EXPECT(0, close, 5);
}

/* O_CREAT where no file can come of it, and flags that nothing can have. */
static void refused(void)
{
    EXPECT(0, mount, "t", "d", "tmpfs", 0, NULL);
    EXPECT(-EISDIR, open, "d", O_RDONLY | O_CREAT, 0600);
    EXPECT(-EEXIST, open, "d", O_RDONLY | O_CREAT | O_EXCL, 0600);
    EXPECT(0, umount2, "d", 0);
    EXPECT(-EEXIST, open, ".", O_RDWR | O_CREAT | O_EXCL, 0600);
    EXPECT(-EEXIST, open, "..", O_RDONLY | O_CREAT | O_EXCL, 0600);
    EXPECT(-EISDIR, open, "..", O_RDONLY | O_CREAT, 0600);
    EXPECT(-EINVAL, openat, 99, "f", O_RDWR | O_CREAT | O_DIRECTORY, 0600);
    EXPECT(-EINVAL, open, NULL, O_RDWR | O_CREAT | O_DIRECTORY, 0600);
    EXPECT(-EINVAL, open, "d", O_TMPFILE | O_TRUNC, 0600);
    EXPECT(-EINVAL, open, "d", O_RDONLY | O_DIRECT);
    EXPECT(-EINVAL, open, "null", O_RDWR | O_DIRECT);
    EXPECT(4, open, "null", O_RDWR);
    EXPECT(-EINVAL, fcntl, 4, F_SETFL, O_DIRECT);
    EXPECT(0, close, 4);
    EXPECT(4, open, "d", O_RDONLY);
    EXPECT(-EISDIR, read, 4, buffer, 0);
    EXPECT(0, close, 4);
    EXPECT(4, open, "d", O_TMPFILE | O_RDWR, 0600);
    say("unnamed: %lo", CALL(fcntl, 4, F_GETFL));
    EXPECT(0, close, 4);
}

/* The first path's errors come before those of the second. */
static void two_paths(void)
{
    EXPECT(-ENOENT, linkat, AT_FDCWD, "none", 99, "x", 0);
    EXPECT(-EBADF, linkat, AT_FDCWD, "f", 99, "x", 0);
    EXPECT(-EFAULT, link, "f", BAD_ADDRESS);
    EXPECT(-ENOTDIR, renameat, AT_FDCWD, "f/x", 99, "x");
    EXPECT(-EBADF, renameat, AT_FDCWD, "f", 99, "x");
    EXPECT(-ENOENT, rename, "none/x", BAD_ADDRESS);
}

/* RWF_APPEND, for one write. */
static void appended(void)
{
    struct iovec from = {"xyz", 3};
    struct stat st;

    EXPECT(4, open, "long", O_RDWR | O_CREAT, 0600);
    EXPECT(5, write, 4, "hello", 5);
    EXPECT(3, pwritev2, 4, &from, 1, 1L, 0L, LX_RWF_APPEND);
    EXPECT(5, lseek, 4, 0L, SEEK_CUR);
    EXPECT(3, pwritev2, 4, &from, 1, -1L, 0L, LX_RWF_APPEND);
    EXPECT(11, lseek, 4, 0L, SEEK_CUR);
    EXPECT(3, pwritev2, 4, &from, 1, 1L, 0L, 0);
    EXPECT(0, fstat, 4, &st);
    EXPECT(11, pread64, 4, buffer, sizeof(buffer), 0L);
    CHECK(st.st_size == 11 && memcmp(buffer, "hxyzoxyzxyz", 11) == 0);
    EXPECT(0, close, 4);
}

/* A link that was read or followed says when. */
static void read_links(void)
{
    struct timespec old[2] = {{1000, 0}, {1000, 0}};
    struct stat st;

    CALL(utimensat, AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW);
    EXPECT(1, readlink, "l", buffer, sizeof(buffer));
    EXPECT(0, lstat, "l", &st);
    CHECK(st.st_atim.tv_sec > 1000 && st.st_mtim.tv_sec == 1000);
    CALL(utimensat, AT_FDCWD, "l", old, AT_SYMLINK_NOFOLLOW);
    EXPECT(0, access, "l", F_OK);
    EXPECT(0, lstat, "l", &st);
    CHECK(st.st_atim.tv_sec > 1000 && st.st_mtim.tv_sec == 1000);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/proc", 0755);
    EXPECT(0, mount, "proc", "/proc", "proc", 0, NULL);
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, "mode=755");
    EXPECT(0, chdir, "/t");
    EXPECT(3, open, "f", O_CREAT | O_RDWR, 0644);
    EXPECT(5, write, 3, "hello", 5);
    EXPECT(0, mkdir, "d", 0755);
    EXPECT(0, mkdir, "closed", 0700);
    EXPECT(0, mkdir, "open", 0777);
    EXPECT(0, symlink, "f", "l");
    EXPECT(0, symlink, "target", "broken");
    EXPECT(0, mknod, "null", S_IFCHR | 0666, 0x103);
    unnamed();
    places();
    combinations();
    each_flag();
    watched_place();
    refused();
    two_paths();
    appended();
    read_links();
    for (int way = 0; way < 4; way++)
        reap("programs", spawn(programs, way));
    reap("stranger", spawn(stranger, 0));
    return finish();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return argv[1][0] == 'c' ? 7 : 8;
    CALL(umask, 0);
    share();
    return run_in_child(body);
}
