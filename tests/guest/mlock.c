/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mlock.c - mlock(2), mlock2(2), munlock(2), mlockall(2),
 * munlockall(2).
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#ifndef MCL_ONFAULT
#define MCL_ONFAULT 4
#endif
#ifndef MLOCK_ONFAULT
#define MLOCK_ONFAULT 1
#endif

enum { RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static char *make(int prot)
{
    char *room = get_pages(24, prot), *at = room + 8 * PAGE;

    munmap(room, 8 * PAGE);
    munmap(at + 8 * PAGE, 8 * PAGE);
    return at;
}

static void show_core(const char *what, const char *at)
{
    unsigned char answers[8] = {0};
    char line[8];

    CALL(mincore, at, 8 * PAGE, answers);
    for (size_t i = 0; i < 8; i++)
        line[i] = answers[i] & 1 ? 'x' : '.';
    say("%s: %.8s", what, line);
}

static void lock_ranges(void)
{
    char *at = make(RW), *none = make(PROT_NONE), *read = make(PROT_READ);

    show_core("untouched", at);
    EXPECT(0, mlock, at + PAGE, 2 * PAGE);
    show_core("two locked", at);
    EXPECT(0, mlock, at + 4 * PAGE + 4095, 2);
    show_core("two bytes", at);
    EXPECT(0, mlock, at, 0);
    EXPECT(0, mlock, at - PAGE, 0);
    EXPECT(-ENOMEM, mlock, at - PAGE, PAGE);
    EXPECT(-ENOMEM, mlock, at, 9 * PAGE);
    EXPECT(-EINVAL, mlock, at, -PAGE);
    EXPECT(-ENOMEM, mlock, KERNEL_ADDRESS, PAGE);
    EXPECT(-ENOMEM, mlock, none, PAGE);
    EXPECT(0, mlock, read, PAGE);
    show_core("read only", read);
    EXPECT(0, munlock, at, 8 * PAGE);
    EXPECT(0, munlock, at, 8 * PAGE);
    EXPECT(0, munlock, at + 5, 0);
    EXPECT(-ENOMEM, munlock, at - PAGE, PAGE);
    EXPECT(-ENOMEM, munlock, at, 9 * PAGE);
    EXPECT(-EINVAL, munlock, at, -PAGE);
}

static void lock_on_fault(void)
{
    char *at = make(RW);

    EXPECT(0, mlock2, at, 4 * PAGE, MLOCK_ONFAULT);
    show_core("on fault", at);
    at[PAGE] = 1;
    show_core("one written", at);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_DONTNEED);
    EXPECT(0, mlock2, at, PAGE, 0);
    show_core("at once", at);
    EXPECT(-EINVAL, mlock2, at, PAGE, 2);
    EXPECT(-ENOMEM, mlock2, at - PAGE, PAGE, MLOCK_ONFAULT);
    EXPECT(0, munlock, at, 8 * PAGE);
    EXPECT(0, madvise, at, 8 * PAGE, MADV_DONTNEED);
    show_core("dropped", at);
}

static void lock_all(void)
{
    char *before = make(RW), *at;

    EXPECT(-EINVAL, mlockall, 0);
    EXPECT(-EINVAL, mlockall, 8);
    EXPECT(-EINVAL, mlockall, MCL_ONFAULT);
    EXPECT(0, mlockall, MCL_FUTURE);
    show_core("mapped before", before);
    at = make(RW);
    show_core("mapped later", at);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_DONTNEED);
    EXPECT(0, madvise, before, PAGE, MADV_DONTNEED);
    EXPECT(0, mlockall, MCL_CURRENT);
    show_core("all", before);
    at = make(RW);
    show_core("no longer", at);
    EXPECT(0, mlockall, MCL_FUTURE | MCL_ONFAULT);
    at = make(RW);
    show_core("on fault", at);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_DONTNEED);
    EXPECT(0, mlockall, MCL_CURRENT | MCL_FUTURE);
    show_core("all", at);
    EXPECT(0, munlockall);
    EXPECT(0, madvise, at, PAGE, MADV_DONTNEED);
    at = make(RW);
    show_core("none", at);
}

/* Memory that grows is locked like the rest. */
static void grow(void)
{
    char *at = make(RW);
    long brk = CALL(brk, 0);
    char *moved;

    EXPECT(0, mlock, at, 8 * PAGE);
    moved =
        (char *)CALL(mremap, at + 4 * PAGE, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    CHECK((long)moved > 0);
    show_core("grown", moved);
    EXPECT(0, munlock, moved, 8 * PAGE);
    EXPECT(0, mlockall, MCL_FUTURE);
    brk = (brk + PAGE - 1) / PAGE * PAGE;
    CHECK(CALL(brk, brk + 8 * PAGE) == brk + 8 * PAGE);
    show_core("the heap", (char *)brk);
    EXPECT(0, munlockall);
}

int main(void)
{
    lock_ranges();
    lock_on_fault();
    lock_all();
    grow();
    return finish();
}
