/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/fsize.c - RLIMIT_FSIZE and SIGXFSZ: sendfile(2), splice(2),
 * copy_file_range(2), fallocate(2), writev(2); what the calls move without a
 * limit.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#undef pread64
#undef pwrite64

#include "tests/guest/child.h"

enum { LIMIT = 10000, SIZE = 30000 };

static char buffer[SIZE];
static volatile int signals;

static void note(int number)
{
    signals += number == SIGXFSZ;
}

/* Sizes and positions of the files, bytes in the pipe, signals so far. */
static void show(const char *what, int pipe)
{
    struct stat st;
    int queued = -1;

    CALL(fstat, 4, &st);
    CALL(ioctl, pipe, FIONREAD, &queued);
    say("%s: %ld bytes, at %ld from %ld, %d queued, %d signals", what,
        (long)st.st_size, CALL(lseek, 4, 0, SEEK_CUR),
        CALL(lseek, 3, 0, SEEK_CUR), queued, signals);
}

static void rewind_both(void)
{
    CALL(lseek, 3, 0, SEEK_SET);
    CALL(lseek, 4, 0, SEEK_SET);
    CALL(ftruncate, 4, 0);
}

static void sends(int pipe)
{
    int64_t at = 5;

    EXPECT(LIMIT, sendfile, 4, 3, NULL, SIZE);
    show("sendfile", pipe);
    EXPECT(-EFBIG, sendfile, 4, 3, NULL, 1);
    EXPECT(0, sendfile, 4, 3, NULL, 0);
    show("sendfile again", pipe);
    rewind_both();
    EXPECT(100, sendfile, 4, 3, &at, 100);
    CHECK(at == 105);
    show("sendfile at", pipe);
    EXPECT(LIMIT - 100, lseek, 4, LIMIT - 100, SEEK_SET);
    EXPECT(100, sendfile, 4, 3, &at, 100);
    show("sendfile to the limit", pipe);
    rewind_both();
}

static void splices(const int *pipes)
{
    int64_t at = LIMIT - 50;

    EXPECT(300, write, pipes[1], buffer, 300);
    EXPECT(50, splice, pipes[0], NULL, 4, &at, 200, 0);
    CHECK(at == LIMIT);
    show("splice", pipes[0]);
    EXPECT(-EFBIG, splice, pipes[0], NULL, 4, &at, 200, 0);
    show("splice again", pipes[0]);
    EXPECT(250, splice, pipes[0], NULL, 4, NULL, 1000, 0);
    show("splice before it", pipes[0]);
    /* The limit is none of a pipe. */
    EXPECT(20000, splice, 3, NULL, pipes[1], NULL, 20000, 0);
    show("splice to a pipe", pipes[0]);
    EXPECT(LIMIT - 250, splice, pipes[0], NULL, 4, NULL, 20000, 0);
    show("splice from it", pipes[0]);
    EXPECT(10250, read, pipes[0], buffer, SIZE);
    rewind_both();
}

static void copies(int pipe)
{
    int64_t from = 0, to = LIMIT - 5;

    EXPECT(5, copy_file_range, 3, &from, 4, &to, 10, 0);
    CHECK(from == 5 && to == LIMIT);
    EXPECT(-EFBIG, copy_file_range, 3, &from, 4, &to, 10, 0);
    show("copy_file_range", pipe);
    to = 0;
    EXPECT(LIMIT, copy_file_range, 3, NULL, 4, &to, SIZE, 0);
    show("copy_file_range", pipe);
    EXPECT(-EFBIG, fallocate, 4, 0, 0, LIMIT + 1);
    EXPECT(-EFBIG, fallocate, 4, 0, LIMIT, 1);
    EXPECT(0, fallocate, 4, 0, 0, LIMIT);
    EXPECT(-EFBIG, ftruncate, 4, LIMIT + 1);
    EXPECT(-EFBIG, truncate, "to", LIMIT + 1);
    EXPECT(0, ftruncate, 4, LIMIT);
    show("sizes", pipe);
    rewind_both();
}

static void vectors(int pipe)
{
    struct iovec row[3] = {{buffer, 6000}, {buffer, 6000}, {buffer, 6000}};
    long fd = CALL(open, "to", O_WRONLY | O_APPEND);

    EXPECT(LIMIT, writev, 4, row, 3);
    EXPECT(-EFBIG, writev, 4, row, 3);
    show("writev", pipe);
    EXPECT(-EFBIG, write, (int)fd, buffer, 1);
    EXPECT(-EINVAL, sendfile, (int)fd, 3, NULL, 1);
    EXPECT(10000, pwritev, 5, row, 2, 0);
    EXPECT(-EFBIG, pwritev, 4, row, 2, LIMIT);
    EXPECT(4000, pwritev, 4, row, 2, 6000);
    EXPECT(10000, preadv, 4, row, 3, 0);
    show("pwritev", pipe);
    rewind_both();
}

/* A mapping may write where the file is, not make it longer; a child has the
 * limit, and dies of the signal. */
static int child(long unused)
{
    (void)unused;
    dispose(SIGXFSZ, SIG_DFL);
    CALL(sendfile, 4, 3, NULL, SIZE);
    return 3;
}

static int ignorer(long unused)
{
    (void)unused;
    dispose(SIGXFSZ, SIG_IGN);
    EXPECT(LIMIT, sendfile, 4, 3, NULL, SIZE);
    EXPECT(-EFBIG, write, 4, "x", 1);
    return finish();
}

static void unlimited(const int *pipes)
{
    int64_t at = SIZE - 10;

    EXPECT(SIZE, sendfile, 4, 3, NULL, SIZE + 5);
    show("sendfile", pipes[0]);
    EXPECT(0, sendfile, 4, 3, NULL, 5);
    EXPECT(10, sendfile, pipes[1], 3, &at, 100);
    show("sendfile to a pipe", pipes[0]);
    EXPECT(10, splice, pipes[0], NULL, 4, NULL, 100, 0);
    show("splice", pipes[0]);
    EXPECT(-ESPIPE, sendfile, 4, pipes[0], &at, 1);
    EXPECT(-EINVAL, sendfile, 4, pipes[0], NULL, 1);
    at = -1;
    EXPECT(-EINVAL, sendfile, 4, 3, &at, 1);
    EXPECT(-EFAULT, sendfile, 4, 3, KERNEL_ADDRESS, 1);
    EXPECT(-EBADF, sendfile, 4, 6, NULL, 1);
    EXPECT(-EBADF, sendfile, 7, 3, NULL, 1);
}

static int body(long unused)
{
    struct rlimit limit = {LIMIT, RLIM_INFINITY};
    struct sigaction action = {.sa_handler = note};
    int pipes[2];

    (void)unused;
    CHECK(sigaction(SIGXFSZ, &action, NULL) == 0);
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, chdir, "/t");
    EXPECT(3, open, "from", O_CREAT | O_RDWR, 0644);
    EXPECT(SIZE, write, 3, buffer, SIZE);
    EXPECT(0, lseek, 3, 0, SEEK_SET);
    EXPECT(4, open, "to", O_CREAT | O_RDWR, 0644);
    EXPECT(5, memfd_create, "m", 0);
    EXPECT(6, open, "to", O_WRONLY);
    EXPECT(7, open, "from", O_RDONLY);
    EXPECT(0, pipe, pipes);
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    sends(pipes[0]);
    splices(pipes);
    copies(pipes[0]);
    limit.rlim_cur = 20000;
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    EXPECT(20000, pwrite64, 5, buffer, SIZE, 0);
    limit.rlim_cur = LIMIT;
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    vectors(pipes[0]);
    reap("child", spawn(child, 0));
    rewind_both();
    reap("ignorer", spawn(ignorer, 0));
    rewind_both();
    limit.rlim_cur = RLIM_INFINITY;
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    unlimited(pipes);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
