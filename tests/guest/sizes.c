/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sizes.c - lseek(2), truncate(2), fallocate(2),
 * copy_file_range(2), fsync(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/guest/guest.h"

static char buffer[3 * PAGE];
static volatile int signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void size_of(int fd)
{
    struct stat st;

    CALL(fstat, fd, &st);
    say("size %ld", (long)st.st_size);
}

static void positions(void)
{
    EXPECT(3, open, "/p", O_CREAT | O_RDWR, 0644);
    EXPECT(10, write, 3, "0123456789", 10);
    EXPECT(10, lseek, 3, 0, SEEK_CUR);
    EXPECT(5, lseek, 3, 5, SEEK_SET);
    EXPECT(3, lseek, 3, -2, SEEK_CUR);
    EXPECT(100, lseek, 3, 90, SEEK_END);
    EXPECT(0, read, 3, buffer, 1);
    EXPECT(-EINVAL, lseek, 3, -1, SEEK_SET);
    EXPECT(-EINVAL, lseek, 3, -101, SEEK_CUR);
    EXPECT(-EINVAL, lseek, 3, 0, 77);
    EXPECT(-EBADF, lseek, 99, 0, SEEK_SET);
    EXPECT(-ESPIPE, lseek, 0, 0, SEEK_SET);
    EXPECT(-ENXIO, lseek, 3, 10, SEEK_DATA);
    EXPECT(10, lseek, 3, 0, SEEK_HOLE);
    EXPECT(0, lseek, 3, 0, SEEK_DATA);
}

/* RLIMIT_FSIZE: what lies before it is written; a signal for the rest. */
static void limited(void)
{
    struct rlimit limit = {100, RLIM_INFINITY};

    signal(SIGXFSZ, count_signal);
    EXPECT(5, open, "/limited", O_CREAT | O_RDWR, 0644);
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    EXPECT(100, write, 5, buffer, 200);
    EXPECT(-EFBIG, write, 5, buffer, 1);
    EXPECT(0, write, 5, buffer, 0);
    expect(10, RAW(18, 5, buffer, 20, 90), "pwrite64");
    expect(-EFBIG, RAW(18, 5, buffer, 20, 100), "pwrite64");
    say("signals %d", signals);
    EXPECT(0, ftruncate, 5, 100);
    EXPECT(-EFBIG, ftruncate, 5, 101);
    EXPECT(-EFBIG, truncate, "/limited", 1000);
    EXPECT(-EFBIG, fallocate, 5, 0, 0, 101);
    EXPECT(0, fallocate, 5, FALLOC_FL_KEEP_SIZE, 0, 101);
    EXPECT(0, ftruncate, 5, 50);
    say("signals %d", signals);
    size_of(5);
    limit.rlim_cur = RLIM_INFINITY;
    EXPECT(0, setrlimit, RLIMIT_FSIZE, &limit);
    EXPECT(0, ftruncate, 5, 101);
    EXPECT(0, close, 5);
    EXPECT(0, unlink, "/limited");
}

static void cuts(void)
{
    EXPECT(0, ftruncate, 3, 4);
    size_of(3);
    EXPECT(0, truncate, "/p", 9000);
    size_of(3);
    EXPECT(0, lseek, 3, 0, SEEK_SET);
    EXPECT(9000, read, 3, buffer, sizeof(buffer));
    CHECK(buffer[3] == '3' && buffer[4] == 0 && buffer[8999] == 0);
    EXPECT(-EINVAL, ftruncate, 3, -1);
    EXPECT(-EINVAL, ftruncate, 0, 0);
    EXPECT(-EBADF, ftruncate, 99, 0);
    EXPECT(-EISDIR, truncate, "/dir", 0);
    EXPECT(-ENOENT, truncate, "/none", 0);
    EXPECT(-EINVAL, truncate, "/p", -1);
    EXPECT(-ETXTBSY, truncate, "/sizes", 0);
    EXPECT(4, open, "/p", O_RDONLY);
    EXPECT(-EINVAL, ftruncate, 4, 0);
}

static void room(void)
{
    EXPECT(0, fallocate, 3, 0, 0, 10000);
    size_of(3);
    EXPECT(0, fallocate, 3, FALLOC_FL_KEEP_SIZE, 0, 20000);
    size_of(3);
    EXPECT(-EINVAL, fallocate, 3, 0, -1, 10);
    EXPECT(-EINVAL, fallocate, 3, 0, 0, 0);
    EXPECT(-EBADF, fallocate, 4, 0, 0, 10);
    EXPECT(-EOPNOTSUPP, fallocate, 3, FALLOC_FL_PUNCH_HOLE, 0, 10);
    EXPECT(-EFBIG, fallocate, 3, 0, 1, INT64_MAX);
    EXPECT(0, lseek, 3, 0, SEEK_SET);
    EXPECT(5, write, 3, "abcde", 5);
    EXPECT(0, fallocate, 3, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 1, 3);
    EXPECT(0, lseek, 3, 0, SEEK_SET);
    EXPECT(5, read, 3, buffer, 5);
    CHECK(buffer[0] == 'a' && buffer[1] == 0 && buffer[4] == 'e');
}

static void copies(void)
{
    int64_t from = 0, to = 3;

    EXPECT(5, open, "/q", O_CREAT | O_RDWR, 0644);
    EXPECT(5, copy_file_range, 3, &from, 5, &to, 5, 0);
    CHECK(from == 5 && to == 8);
    size_of(5);
    EXPECT(-EINVAL, copy_file_range, 3, NULL, 5, NULL, 1, 1);
    EXPECT(-EBADF, copy_file_range, 5, NULL, 4, NULL, 1, 0);
    EXPECT(-EBADF, copy_file_range, 99, NULL, 4, NULL, 1, 0);
    EXPECT(0, fsync, 5);
    EXPECT(0, fdatasync, 5);
    EXPECT(-EBADF, fsync, 99);
    EXPECT(-EINVAL, fsync, 0);
    EXPECT(0, sync);
    EXPECT(0, syncfs, 5);
}

/* Past the end of a file there is no memory. */
static void mapped(void)
{
    char *at;

    EXPECT(0, ftruncate, 5, 5000);
    at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 5, 0);
    CHECK(at != MAP_FAILED);
    at[4999] = 'z';
    expect(1, RAW(17, 5, buffer, 1, 4999), "pread64");
    CHECK(buffer[0] == 'z');
    expect(2, RAW(18, 5, "AB", 2, 100), "pwrite64");
    CHECK(at[100] == 'A');
    EXPECT(-EFAULT, write, 3, at + 2 * PAGE, 1);
    EXPECT(0, ftruncate, 5, 10);
    EXPECT(-EFAULT, write, 3, at + PAGE, 1);
    EXPECT(1, write, 3, at, 1);
    EXPECT(0, ftruncate, 5, 5000);
    CHECK(at[PAGE] == 0 && at[100] == 0);
    EXPECT(-EACCES, mmap, NULL, PAGE, PROT_WRITE, MAP_SHARED, 4, 0);
    EXPECT(-ENODEV, mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, 6, 0);
    EXPECT(-EBADF, mmap, NULL, PAGE, PROT_READ, MAP_PRIVATE, 99, 0);
}

int main(void)
{
    positions();
    cuts();
    limited();
    room();
    copies();
    EXPECT(6, open, "/dir", O_RDONLY);
    mapped();
    return finish();
}
