/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/seals.c - each seal of memfd_create(2) by what it stops.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#undef pread64
#undef pwrite64

#include "tests/guest/child.h"

enum { NOEXEC_SEAL = 8, MAY_EXEC = 16, SEAL_FUTURE_WRITE = 16, SEAL_EXEC = 32 };
enum { TRIES = 3000 };

static char buffer[2 * PAGE], name[300];

/* What may still be done with a file of two pages. */
static void tries(int fd)
{
    EXPECT(1, pread64, fd, buffer, 1, 0);
    say("write %ld", CALL(pwrite64, fd, "x", 1, 0));
    say("append %ld", CALL(pwrite64, fd, "x", 1, 2 * PAGE));
    say("across %ld", CALL(pwrite64, fd, buffer, PAGE, 2 * PAGE - 10));
    say("grow %ld", CALL(ftruncate, fd, 3 * PAGE));
    say("same %ld", CALL(ftruncate, fd, 2 * PAGE));
    say("shrink %ld", CALL(ftruncate, fd, PAGE));
    say("allocate %ld", CALL(fallocate, fd, 0, 0, 4 * PAGE));
    say("punch %ld", CALL(fallocate, fd,
                          FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE));
    say("mode %ld", CALL(fchmod, fd, 0666));
    say("executable %ld", CALL(fchmod, fd, 0777));
}

static void maps(int fd)
{
    long shared_map =
        CALL(mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    long read_map = CALL(mmap, NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
    long private_map =
        CALL(mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

    say("shared %d, for reading %d, private %d",
        shared_map < 0 ? (int)shared_map : 0, read_map < 0 ? (int)read_map : 0,
        private_map < 0 ? (int)private_map : 0);
    if (shared_map > 0)
        CALL(munmap, shared_map, PAGE);
    if (read_map > 0) {
        say("then for writing %ld",
            CALL(mprotect, read_map, PAGE, PROT_READ | PROT_WRITE));
        CALL(munmap, read_map, PAGE);
    }
    if (private_map > 0)
        CALL(munmap, private_map, PAGE);
}

static void each(const char *what, unsigned seals)
{
    say("%s", what);
    EXPECT(3, memfd_create, "each", MFD_ALLOW_SEALING);
    EXPECT(0, ftruncate, 3, 2 * PAGE);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, seals);
    say("seals %ld", CALL(fcntl, 3, F_GET_SEALS));
    tries(3);
    maps(3);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, F_SEAL_SEAL);
    EXPECT(-EPERM, fcntl, 3, F_ADD_SEALS, F_SEAL_GROW);
    EXPECT(-EPERM, fcntl, 3, F_ADD_SEALS, seals);
    EXPECT(0, close, 3);
}

static void creation(void)
{
    struct stat st;

    EXPECT(3, memfd_create, "plain", 0);
    EXPECT(F_SEAL_SEAL, fcntl, 3, F_GET_SEALS);
    EXPECT(-EPERM, fcntl, 3, F_ADD_SEALS, F_SEAL_WRITE);
    EXPECT(0, fstat, 3, &st);
    say("%o, %ld links, %ld bytes", st.st_mode, (long)st.st_nlink,
        (long)st.st_size);
    EXPECT(0, fcntl, 3, F_GETFD);
    EXPECT(0, close, 3);
    EXPECT(3, memfd_create, "noexec", NOEXEC_SEAL);
    EXPECT(SEAL_EXEC, fcntl, 3, F_GET_SEALS);
    EXPECT(0, fstat, 3, &st);
    say("%o", st.st_mode);
    EXPECT(-EPERM, fchmod, 3, 0777);
    EXPECT(0, fchmod, 3, 0600);
    EXPECT(0, close, 3);
    EXPECT(3, memfd_create, "exec", MAY_EXEC | MFD_CLOEXEC);
    EXPECT(FD_CLOEXEC, fcntl, 3, F_GETFD);
    EXPECT(0, close, 3);
    EXPECT(-EINVAL, memfd_create, "both", MAY_EXEC | NOEXEC_SEAL);
    EXPECT(-EINVAL, memfd_create, "x", 0x20);
    EXPECT(-EFAULT, memfd_create, KERNEL_ADDRESS, 0);
    memset(name, 'n', 250);
    EXPECT(-EINVAL, memfd_create, name, 0);
    name[249] = '\0';
    EXPECT(3, memfd_create, name, 0);
    EXPECT(0, close, 3);
}

/* Seals are the file's, whichever descriptor asks, if it may write. */
static void descriptors(void)
{
    char path[32];

    EXPECT(3, memfd_create, "shared", MFD_ALLOW_SEALING);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", 3);
    EXPECT(4, open, path, O_RDONLY);
    EXPECT(5, open, path, O_RDWR);
    EXPECT(-EPERM, fcntl, 4, F_ADD_SEALS, F_SEAL_GROW);
    EXPECT(0, fcntl, 5, F_ADD_SEALS, F_SEAL_GROW);
    EXPECT(F_SEAL_GROW, fcntl, 4, F_GET_SEALS);
    EXPECT(-EPERM, write, 3, "x", 1);
    EXPECT(-EINVAL, fcntl, 3, F_ADD_SEALS, 0x1000);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, 0);
    memset(buffer, 0, sizeof(buffer));
    EXPECT(23, readlink, path, buffer, sizeof(buffer));
    say("%s", buffer);
}

/* Memory that may be written holds up the seals about writing. */
static void busy(void)
{
    void *at;

    EXPECT(3, memfd_create, "busy", MFD_ALLOW_SEALING);
    EXPECT(0, ftruncate, 3, PAGE);
    at = (void *)CALL(mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3,
                      0);
    EXPECT(-EBUSY, fcntl, 3, F_ADD_SEALS, F_SEAL_WRITE);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, SEAL_FUTURE_WRITE);
    say("seals %ld", CALL(fcntl, 3, F_GET_SEALS));
    EXPECT(-EPERM, madvise, at, PAGE, MADV_REMOVE);
    EXPECT(-EBUSY, fcntl, 3, F_ADD_SEALS, SEAL_EXEC);
    say("seals %ld", CALL(fcntl, 3, F_GET_SEALS));
    EXPECT(0, munmap, at, PAGE);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, F_SEAL_SEAL);
    EXPECT(0, close, 3);
}

/* Moves the mapping to and fro, until told to stop. */
static int move_about(void *mapping)
{
    char *at = mapping, *other = get_pages(1, PROT_NONE), *next;
    int bad = 0;

    while (shared[0] == 0) {
        next = (char *)CALL(mremap, at, PAGE, PAGE,
                            MREMAP_MAYMOVE | MREMAP_FIXED, other);
        bad |= next != other;
        other = at;
        at = next;
        shared[1] = 1;
    }
    shared[2] = 1 + bad;
    return 0;
}

/* So does memory that is being moved at that moment. */
static void moving(void)
{
    uint64_t flags =
        CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD;
    int held = 0;

    EXPECT(3, memfd_create, "moving", MFD_ALLOW_SEALING);
    EXPECT(0, ftruncate, 3, PAGE);
    start(flags, move_about,
          (void *)CALL(mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3,
                       0),
          NULL);
    await(&shared[1], 1);
    for (int i = 0; i < TRIES; i++)
        held += CALL(fcntl, 3, F_ADD_SEALS, F_SEAL_WRITE) == -EBUSY;
    shared[0] = 1;
    await(&shared[2], 1);
    CHECK(held == TRIES);
    EXPECT(0, close, 3);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/proc", 0755);
    EXPECT(0, mount, "proc", "/proc", "proc", 0, NULL);
    creation();
    each("grow", F_SEAL_GROW);
    each("shrink", F_SEAL_SHRINK);
    each("write", F_SEAL_WRITE);
    each("future write", SEAL_FUTURE_WRITE);
    each("executable", SEAL_EXEC);
    each("all", F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE);
    busy();
    moving();
    descriptors();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
