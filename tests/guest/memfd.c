/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/memfd.c - memfd_create(2), seals of fcntl(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

static char buffer[16];

int main(void)
{
    char *at;

    EXPECT(3, memfd_create, "x", MFD_ALLOW_SEALING);
    EXPECT(4, memfd_create, "", MFD_CLOEXEC);
    EXPECT(-EINVAL, memfd_create, "x", 0x100);
    EXPECT(-EFAULT, memfd_create, NULL, 0);
    EXPECT(1, fcntl, 4, F_GETFD);
    EXPECT(5, write, 3, "hello", 5);
    EXPECT(0, lseek, 3, 0, SEEK_SET);
    EXPECT(5, read, 3, buffer, 16);
    EXPECT(0, fcntl, 3, F_GET_SEALS);
    EXPECT(F_SEAL_SEAL, fcntl, 4, F_GET_SEALS);
    EXPECT(-EPERM, fcntl, 4, F_ADD_SEALS, F_SEAL_GROW);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, F_SEAL_GROW);
    EXPECT(-EPERM, write, 3, "x", 1);
    EXPECT(-EPERM, ftruncate, 3, 6);
    EXPECT(0, ftruncate, 3, 4);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, F_SEAL_SHRINK);
    EXPECT(-EPERM, ftruncate, 3, 3);
    at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0);
    CHECK(at != MAP_FAILED && at[1] == 'e');
    EXPECT(-EBUSY, fcntl, 3, F_ADD_SEALS, F_SEAL_WRITE);
    EXPECT(0, munmap, at, PAGE);
    EXPECT(0, fcntl, 3, F_ADD_SEALS, F_SEAL_WRITE);
    EXPECT(-EPERM, pwrite64, 3, "x", 1, 0);
    EXPECT(-EPERM, mmap, NULL, PAGE, PROT_WRITE, MAP_SHARED, 3, 0);
    at = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 3, 0);
    CHECK(at != MAP_FAILED);
    at[0] = 'H';
    EXPECT(1, pread64, 3, buffer, 1, 0);
    CHECK(buffer[0] == 'h');
    EXPECT(0, fcntl, 3, F_ADD_SEALS, F_SEAL_SEAL);
    EXPECT(-EPERM, fcntl, 3, F_ADD_SEALS, F_SEAL_GROW);
    EXPECT(-EINVAL, fcntl, 0, F_GET_SEALS);
    EXPECT(-EBADF, fcntl, 99, F_GET_SEALS);
    return finish();
}
