/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sparse.c - files with holes: lseek(2) with SEEK_DATA and
 * SEEK_HOLE, fallocate(2), st_blocks, posix_fadvise(2), readahead(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#undef pread64
#undef pwrite64

#include "tests/guest/child.h"

#define GIB (1l << 30)

enum { COLLAPSE_RANGE = 8, ZERO_RANGE = 16, INSERT_RANGE = 32 };

static char buffer[4 * PAGE];

static void show(int fd)
{
    struct stat st;

    CALL(fstat, fd, &st);
    say("size %ld, blocks %ld", (long)st.st_size, (long)st.st_blocks);
}

static void holes(void)
{
    EXPECT(3, open, "f", O_CREAT | O_RDWR, 0644);
    EXPECT(-ENXIO, lseek, 3, 0, SEEK_DATA);
    EXPECT(-ENXIO, lseek, 3, 0, SEEK_HOLE);
    EXPECT(1, pwrite64, 3, "x", 1, 10 * PAGE + 5);
    EXPECT(1, pwrite64, 3, "y", 1, 20 * PAGE);
    show(3);
    EXPECT(10 * PAGE, lseek, 3, 0, SEEK_DATA);
    EXPECT(10 * PAGE, lseek, 3, 10 * PAGE, SEEK_DATA);
    EXPECT(10 * PAGE + 7, lseek, 3, 10 * PAGE + 7, SEEK_DATA);
    EXPECT(20 * PAGE, lseek, 3, 11 * PAGE, SEEK_DATA);
    EXPECT(0, lseek, 3, 0, SEEK_HOLE);
    EXPECT(5, lseek, 3, 5, SEEK_HOLE);
    EXPECT(11 * PAGE, lseek, 3, 10 * PAGE, SEEK_HOLE);
    EXPECT(20 * PAGE + 1, lseek, 3, 20 * PAGE, SEEK_HOLE);
    EXPECT(-ENXIO, lseek, 3, 20 * PAGE + 1, SEEK_HOLE);
    EXPECT(-ENXIO, lseek, 3, 20 * PAGE + 1, SEEK_DATA);
    EXPECT(-ENXIO, lseek, 3, -1, SEEK_DATA);
    EXPECT(-ENXIO, lseek, 3, -1, SEEK_HOLE);
    EXPECT(20 * PAGE + 1, lseek, 3, 0, SEEK_CUR);
    EXPECT(4, pread64, 3, buffer, 4, 5 * PAGE);
    CHECK(buffer[0] == 0 && buffer[3] == 0);
    EXPECT(0, ftruncate, 3, 30 * PAGE);
    EXPECT(-ENXIO, lseek, 3, 21 * PAGE, SEEK_DATA);
    EXPECT(21 * PAGE, lseek, 3, 21 * PAGE, SEEK_HOLE);
    show(3);
}

static void rooms(void)
{
    EXPECT(0, fallocate, 3, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
           10 * PAGE, PAGE);
    show(3);
    EXPECT(20 * PAGE, lseek, 3, 0, SEEK_DATA);
    EXPECT(1, pread64, 3, buffer, 1, 10 * PAGE + 5);
    CHECK(buffer[0] == 0);
    EXPECT(0, fallocate, 3, 0, 0, 4 * PAGE);
    show(3);
    EXPECT(0, fallocate, 3, FALLOC_FL_KEEP_SIZE, 30 * PAGE, 2 * PAGE);
    show(3);
    EXPECT(0, ftruncate, 3, 30 * PAGE);
    show(3);
    EXPECT(0, fallocate, 3, 0, 30 * PAGE, 1);
    show(3);
    memset(buffer, 'd', sizeof(buffer));
    EXPECT(4 * PAGE, pwrite64, 3, buffer, 4 * PAGE, 0);
    EXPECT(0, fallocate, 3, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100,
           2 * PAGE);
    EXPECT(4 * PAGE, pread64, 3, buffer, 4 * PAGE, 0);
    CHECK(buffer[99] == 'd' && buffer[100] == 0 && buffer[2 * PAGE + 99] == 0 &&
          buffer[2 * PAGE + 100] == 'd');
    show(3);
    EXPECT(0, fallocate, 3, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
           100 * PAGE, PAGE);
    show(3);
    EXPECT(-EINVAL, fallocate, 3, 0, 0, 0);
    EXPECT(-EINVAL, fallocate, 3, 0, -1, 1);
    EXPECT(-EINVAL, fallocate, 3, 0, 0, -1);
    EXPECT(-EOPNOTSUPP, fallocate, 3, FALLOC_FL_PUNCH_HOLE, 0, 1);
    EXPECT(-EOPNOTSUPP, fallocate, 3, 0x1000, 0, 1);
    EXPECT(-EOPNOTSUPP, fallocate, 3, COLLAPSE_RANGE, 0, PAGE);
    EXPECT(-EOPNOTSUPP, fallocate, 3, ZERO_RANGE, 0, PAGE);
    EXPECT(-EOPNOTSUPP, fallocate, 3, INSERT_RANGE, 0, PAGE);
    EXPECT(-EBADF, fallocate, 99, 0, 0, 1);
    EXPECT(-EFBIG, fallocate, 3, 0, INT64_MAX, 1);
}

/* Far more than there is memory. */
static void large(void)
{
    EXPECT(0, ftruncate, 3, 0);
    EXPECT(0, ftruncate, 3, 4000 * GIB);
    show(3);
    EXPECT(-ENXIO, lseek, 3, 0, SEEK_DATA);
    EXPECT(1, pwrite64, 3, "z", 1, 3000 * GIB);
    EXPECT(3000 * GIB, lseek, 3, 0, SEEK_DATA);
    EXPECT(3000 * GIB + PAGE, lseek, 3, 3000 * GIB, SEEK_HOLE);
    show(3);
    EXPECT(1, pread64, 3, buffer, 1, 3000 * GIB);
    EXPECT(4, pread64, 3, buffer, 100, 4000 * GIB - 4);
    EXPECT(-EINVAL, pwrite64, 3, "z", 1, INT64_MAX);
    EXPECT(-EINVAL, pread64, 3, buffer, 1, INT64_MAX);
    EXPECT(1, pwrite64, 3, "z", 1, INT64_MAX - 1);
    EXPECT(0, ftruncate, 3, 10);
    show(3);
}

/* Mapped pages are data once they are written. */
static void mapped(void)
{
    char *at;

    EXPECT(0, ftruncate, 3, 8 * PAGE);
    at = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    CHECK(at != MAP_FAILED);
    at[5 * PAGE] = 'm';
    EXPECT(5 * PAGE, lseek, 3, 0, SEEK_DATA);
    EXPECT(6 * PAGE, lseek, 3, 5 * PAGE, SEEK_HOLE);
    EXPECT(0, fallocate, 3, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
           5 * PAGE, PAGE);
    CHECK(at[5 * PAGE] == 0);
    EXPECT(0, munmap, at, 8 * PAGE);
    at = (char *)CALL(mmap, NULL, PAGE, PROT_READ, MAP_SHARED_VALIDATE, 3, 0);
    CHECK(at[0] == 0);
    EXPECT(0, munmap, at, PAGE);
    EXPECT(-EOPNOTSUPP, mmap, NULL, PAGE, PROT_READ,
           MAP_SHARED_VALIDATE | MAP_SYNC, 3, 0);
}

static void advice(void)
{
    int pipes[2];

    EXPECT(0, pipe, pipes);
    EXPECT(0, fadvise64, 3, 0, 0, POSIX_FADV_NORMAL);
    EXPECT(0, fadvise64, 3, 0, 100, POSIX_FADV_RANDOM);
    EXPECT(0, fadvise64, 3, 0, 100, POSIX_FADV_SEQUENTIAL);
    EXPECT(0, fadvise64, 3, PAGE, PAGE, POSIX_FADV_WILLNEED);
    EXPECT(0, fadvise64, 3, 0, 0, POSIX_FADV_DONTNEED);
    EXPECT(0, fadvise64, 3, 0, 0, POSIX_FADV_NOREUSE);
    EXPECT(-EINVAL, fadvise64, 3, 0, 0, 6);
    EXPECT(-EINVAL, fadvise64, 3, 0, -1, POSIX_FADV_NORMAL);
    EXPECT(-EBADF, fadvise64, 99, 0, 0, POSIX_FADV_NORMAL);
    EXPECT(-ESPIPE, fadvise64, pipes[0], 0, 0, POSIX_FADV_NORMAL);
    EXPECT(0, readahead, 3, 0, 8 * PAGE);
    EXPECT(-EBADF, readahead, 99, 0, 1);
    EXPECT(-EINVAL, readahead, pipes[0], 0, 1);
    EXPECT(6, open, "f", O_WRONLY);
    EXPECT(-EBADF, readahead, 6, 0, 1);
    EXPECT(0, fdatasync, 3);
    EXPECT(-EBADF, fdatasync, 99);
    EXPECT(-EINVAL, fdatasync, pipes[0]);
    EXPECT(0, syncfs, 3);
    EXPECT(-EBADF, syncfs, 99);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, chdir, "/t");
    holes();
    rooms();
    large();
    mapped();
    advice();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
