/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/msync.c - msync(2) of anonymous memory.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "tests/guest/guest.h"

enum { RW = PROT_READ | PROT_WRITE };

int main(void)
{
    char *room = get_pages(12, RW), *at = room + 4 * PAGE;
    char *shared = mmap(NULL, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    munmap(room, 4 * PAGE);
    munmap(at + 4 * PAGE, 4 * PAGE);
    shared[0] = 1;
    EXPECT(0, msync, at, 4 * PAGE, MS_SYNC);
    EXPECT(0, msync, at, 4 * PAGE, MS_ASYNC);
    EXPECT(0, msync, at, 4 * PAGE, MS_INVALIDATE);
    EXPECT(0, msync, at, 4 * PAGE, 0);
    EXPECT(0, msync, shared, 4 * PAGE, MS_SYNC | MS_INVALIDATE);
    EXPECT(0, msync, shared, 4 * PAGE, MS_ASYNC | MS_INVALIDATE);
    CHECK(shared[0] == 1);
    EXPECT(-EINVAL, msync, at, PAGE, MS_SYNC | MS_ASYNC);
    EXPECT(-EINVAL, msync, at, PAGE, 8);
    EXPECT(-EINVAL, msync, at + 1, PAGE, MS_SYNC);
    EXPECT(-EINVAL, msync, at + 1, 0, MS_SYNC);
    EXPECT(0, msync, at, 0, MS_SYNC);
    EXPECT(0, msync, at - PAGE, 0, MS_SYNC);
    EXPECT(-ENOMEM, msync, at, -PAGE, MS_SYNC);
    EXPECT(-ENOMEM, msync, at - PAGE, PAGE, MS_SYNC);
    EXPECT(-ENOMEM, msync, at - PAGE, 2 * PAGE, MS_ASYNC);
    EXPECT(-ENOMEM, msync, at, 5 * PAGE, MS_SYNC);
    EXPECT(-ENOMEM, msync, KERNEL_ADDRESS, PAGE, MS_SYNC);
    EXPECT(0, mlock, at, PAGE);
    EXPECT(-EBUSY, msync, at, PAGE, MS_INVALIDATE);
    EXPECT(-EBUSY, msync, at, PAGE, MS_SYNC | MS_INVALIDATE);
    EXPECT(0, msync, at, PAGE, MS_SYNC);
    EXPECT(0, msync, at + PAGE, PAGE, MS_INVALIDATE);
    EXPECT(0, munlock, at, PAGE);
    EXPECT(0, msync, at, PAGE, MS_INVALIDATE);
    return finish();
}
