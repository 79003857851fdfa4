/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/flocks.c - flock(2), and the locks of fcntl(2).
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/child.h"

enum {
    OFD_GETLK = 36,
    OFD_SETLK = 37,
    OFD_SETLKW = 38,
    PATH_ONLY = 010000000 /* O_PATH */
};

static struct flock range(int type, long start, long size)
{
    return (struct flock){
        .l_type = (short)type, .l_start = start, .l_len = size};
}

static long set(int fd, int command, int type, long start, long size)
{
    struct flock lock = range(type, start, size);

    return CALL(fcntl, fd, command, &lock);
}

#define SET(want, ...) expect(want, set(__VA_ARGS__), "set(" #__VA_ARGS__ ")")

static int other(long unused)
{
    struct flock lock = range(F_WRLCK, 0, 0);

    (void)unused;
    SET(-EAGAIN, 3, F_SETLK, F_RDLCK, 0, 10);
    SET(-EAGAIN, 3, F_SETLK, F_WRLCK, 25, 1);
    SET(0, 3, F_SETLK, F_RDLCK, 25, 1);
    EXPECT(0, fcntl, 3, F_GETLK, &lock);
    say("type %d, start %ld, length %ld", lock.l_type, (long)lock.l_start,
        (long)lock.l_len);
    CHECK(lock.l_pid == CALL(getppid));
    EXPECT(4, open, "/file", O_RDWR);
    EXPECT(-EAGAIN, flock, 4, LOCK_EX | LOCK_NB);
    EXPECT(-EAGAIN, flock, 4, LOCK_SH | LOCK_NB);
    EXPECT(0, flock, 3, LOCK_SH | LOCK_NB);
    EXPECT(0, flock, 4, LOCK_SH | LOCK_NB);
    return finish();
}

/* Waits for what the parent lets go of when it closes any descriptor. */
static int waiter(long unused)
{
    (void)unused;
    shared[0] = 1;
    return set(3, F_SETLKW, F_WRLCK, 0, 1) == 0 ? 0 : 1;
}

/* Each waits for the other: one is told. */
static int deadlock(long unused)
{
    (void)unused;
    SET(0, 3, F_SETLK, F_WRLCK, 101, 1);
    shared[1] = 1;
    await(&shared[2], 1);
    while (set(3, F_SETLKW, F_WRLCK, 100, 1) == -EDEADLK)
        ;
    return 0;
}

/* Closing any of a file's descriptors ends the locks; a place is none. */
static void closed(void)
{
    EXPECT(4, open, "/file", O_RDWR);
    EXPECT(5, open, "/file", PATH_ONLY);
    EXPECT(6, open, "/file", O_RDWR);
    SET(0, 4, F_SETLK, F_WRLCK, 0, 10);
    EXPECT(0, close, 5);
    SET(-EAGAIN, 6, OFD_SETLK, F_WRLCK, 0, 10);
    EXPECT(5, dup, 6);
    EXPECT(0, close, 5);
    SET(0, 6, OFD_SETLK, F_WRLCK, 0, 10);
    EXPECT(0, close, 4);
    EXPECT(0, close, 6);
}

static void errors(void)
{
    EXPECT(-EINVAL, flock, 3, 0);
    EXPECT(-EBADF, flock, 99, LOCK_SH);
    SET(-EBADF, 99, F_SETLK, F_RDLCK, 0, 1);
    SET(-EINVAL, 3, F_SETLK, 9, 0, 1);
    SET(-EINVAL, 3, F_SETLK, F_RDLCK, -1, 1);
    SET(-EINVAL, 3, F_SETLK, F_RDLCK, 5, -6);
    EXPECT(-EFAULT, fcntl, 3, F_SETLK, NULL);
    EXPECT(4, open, "/file", O_RDONLY);
    SET(-EBADF, 4, F_SETLK, F_WRLCK, 0, 1);
    EXPECT(0, close, 4);
}

static int body(long unused)
{
    struct flock lock = range(F_RDLCK, 0, 0);
    long child;

    (void)unused;
    EXPECT(3, open, "/file", O_RDWR);
    closed();
    errors();
    SET(0, 3, F_SETLK, F_WRLCK, 0, 10);
    SET(0, 3, F_SETLK, F_RDLCK, 20, 10);
    SET(0, 3, F_SETLK, F_UNLCK, 5, 1);
    EXPECT(0, flock, 3, LOCK_EX);
    reap("other", spawn(other, 0));
    EXPECT(0, flock, 3, LOCK_UN);
    child = spawn(waiter, 0);
    await(&shared[0], 1);
    EXPECT(4, dup, 3);
    EXPECT(0, close, 4);
    reap("waiter", child);
    SET(0, 3, F_SETLK, F_WRLCK, 100, 1);
    child = spawn(deadlock, 0);
    await(&shared[1], 1);
    shared[2] = 1;
    while (set(3, F_SETLK, F_WRLCK, 101, 1) == 0)
        SET(0, 3, F_SETLK, F_UNLCK, 101, 1);
    SET(0, 3, F_SETLK, F_UNLCK, 100, 1);
    reap("deadlock", child);
    EXPECT(4, open, "/file", O_RDWR);
    SET(0, 3, OFD_SETLK, F_WRLCK, 0, 10);
    SET(-EAGAIN, 4, OFD_SETLK, F_WRLCK, 9, 1);
    SET(-EAGAIN, 4, F_SETLK, F_RDLCK, 9, 1);
    EXPECT(0, close, 3);
    SET(0, 4, OFD_SETLK, F_WRLCK, 9, 1);
    SET(0, 4, OFD_SETLKW, F_WRLCK, 20, 5);
    EXPECT(3, open, "/file", O_RDWR);
    EXPECT(0, fcntl, 3, OFD_GETLK, &lock);
    say("type %d, start %ld, length %ld, pid %d", lock.l_type,
        (long)lock.l_start, (long)lock.l_len, (int)lock.l_pid);
    lock.l_pid = 1;
    EXPECT(-EINVAL, fcntl, 3, OFD_SETLK, &lock);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
