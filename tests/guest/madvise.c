/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/madvise.c - madvise(2) of anonymous memory.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_COLD
#define MADV_COLD    20
#define MADV_PAGEOUT 21
#endif

enum {
    RW = PROT_READ | PROT_WRITE,
    ANON = MAP_PRIVATE | MAP_ANONYMOUS,
    COUNT = 8
};

static char *make(int prot, int flags)
{
    char *room = get_pages(COUNT + 32, PROT_NONE);
    char *at = room + 16 * PAGE;

    munmap(room, (COUNT + 32) * PAGE);
    if (CALL(mmap, at, COUNT * PAGE, prot, flags | MAP_FIXED, -1, 0) !=
        (long)at)
        CALL(exit_group, 1);
    for (size_t i = 0; (prot & PROT_WRITE) && i < COUNT; i++)
        at[i * PAGE] = (char)(i + 1);
    return at;
}

static void show_numbers(const char *what, const char *at)
{
    char line[COUNT];

    for (size_t i = 0; i < COUNT; i++)
        line[i] = (char)('0' + at[i * PAGE]);
    say("%s: %.*s", what, COUNT, line);
}

static void refuse(void)
{
    char *at = make(RW, ANON);

    EXPECT(-EINVAL, madvise, at, PAGE, 5);
    EXPECT(-EINVAL, madvise, at, PAGE, 999);
    EXPECT(-EINVAL, madvise, at, PAGE, -1);
    EXPECT(-EINVAL, madvise, at, 0, 999);
    EXPECT(-EINVAL, madvise, at + 1, PAGE, MADV_NORMAL);
    EXPECT(-EINVAL, madvise, at + 1, 0, MADV_NORMAL);
    EXPECT(-EINVAL, madvise, at, -1, MADV_NORMAL);
    EXPECT(-EINVAL, madvise, at, -PAGE, MADV_NORMAL);
    EXPECT(0, madvise, at, 0, MADV_DONTNEED);
    EXPECT(0, madvise, KERNEL_ADDRESS, 0, MADV_DONTNEED);
    EXPECT(-ENOMEM, madvise, KERNEL_ADDRESS, PAGE, MADV_DONTNEED);
    EXPECT(-ENOMEM, madvise, at - PAGE, PAGE, MADV_DONTNEED);
    EXPECT(-ENOMEM, madvise, at + COUNT * PAGE, PAGE, MADV_NORMAL);
    EXPECT(-ENOMEM, madvise, at, (COUNT + 1) * PAGE, MADV_WILLNEED);
    show_numbers("as before", at);
}

/* Hints change nothing that can be seen. */
static void hint(void)
{
    char *at = make(RW, ANON);

    EXPECT(0, madvise, at, COUNT * PAGE, MADV_NORMAL);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_RANDOM);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_SEQUENTIAL);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_WILLNEED);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_DONTDUMP);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_DODUMP);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_COLD);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_PAGEOUT);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_DONTFORK);
    EXPECT(0, madvise, at, PAGE, MADV_DOFORK);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_WIPEONFORK);
    EXPECT(0, madvise, at + PAGE, PAGE, MADV_KEEPONFORK);
    show_numbers("as before", at);
}

static void drop(void)
{
    char *at = make(RW, ANON), *shared = make(RW, MAP_SHARED | MAP_ANONYMOUS);

    EXPECT(0, madvise, at + PAGE, 2 * PAGE, MADV_DONTNEED);
    show_numbers("two dropped", at);
    EXPECT(0, madvise, at + 4 * PAGE, 1, MADV_DONTNEED);
    show_numbers("a byte is a page", at);
    EXPECT(0, munmap, at + 6 * PAGE, PAGE);
    EXPECT(-ENOMEM, madvise, at + 5 * PAGE, 3 * PAGE, MADV_DONTNEED);
    CHECK(at[5 * PAGE] == 0 && at[7 * PAGE] == 0);
    CHECK(at[3 * PAGE] == 4);
    at[5 * PAGE] = 9;
    CHECK(at[5 * PAGE] == 9);
    EXPECT(0, mprotect, at, PAGE, PROT_NONE);
    EXPECT(0, madvise, at, PAGE, MADV_DONTNEED);
    EXPECT(0, mprotect, at, PAGE, RW);
    CHECK(at[0] == 0);
    EXPECT(0, madvise, shared, COUNT * PAGE, MADV_DONTNEED);
    show_numbers("shared pages stay", shared);
}

static void free_lazily(void)
{
    char *at = make(RW, ANON), *shared = make(RW, MAP_SHARED | MAP_ANONYMOUS);

    EXPECT(0, madvise, at, 4 * PAGE, MADV_FREE);
    for (size_t i = 0; i < 4; i++)
        CHECK(at[i * PAGE] == 0 || at[i * PAGE] == (char)(i + 1));
    at[PAGE] = 7;
    CHECK(at[PAGE] == 7 && at[4 * PAGE] == 5);
    EXPECT(-EINVAL, madvise, shared, PAGE, MADV_FREE);
    EXPECT(-EINVAL, madvise, shared, PAGE, MADV_WIPEONFORK);
    EXPECT(0, madvise, shared, PAGE, MADV_KEEPONFORK);
}

static void remove_pages(void)
{
    char *at = make(RW, ANON), *shared = make(RW, MAP_SHARED | MAP_ANONYMOUS);
    char *twin = (char *)CALL(mremap, shared, 0, COUNT * PAGE, MREMAP_MAYMOVE);

    EXPECT(-EINVAL, madvise, at, PAGE, MADV_REMOVE);
    show_numbers("before", twin);
    EXPECT(0, madvise, shared + PAGE, 3 * PAGE, MADV_REMOVE);
    show_numbers("removed", shared);
    show_numbers("removed there too", twin);
    twin[PAGE] = 6;
    CHECK(shared[PAGE] == 6);
    EXPECT(0, mprotect, shared, PAGE, PROT_READ);
    EXPECT(0, madvise, shared, PAGE, MADV_REMOVE);
    CHECK(twin[0] == 0);
}

static void populate(void)
{
    char *at = make(RW, ANON), *none = make(PROT_NONE, ANON);
    char *read = make(PROT_READ, ANON);

    EXPECT(0, madvise, at, COUNT * PAGE, MADV_POPULATE_READ);
    EXPECT(0, madvise, at, COUNT * PAGE, MADV_POPULATE_WRITE);
    show_numbers("as before", at);
    EXPECT(0, madvise, at, 0, MADV_POPULATE_WRITE);
    EXPECT(0, madvise, read, COUNT * PAGE, MADV_POPULATE_READ);
    EXPECT(-EINVAL, madvise, read, PAGE, MADV_POPULATE_WRITE);
    EXPECT(-EINVAL, madvise, none, PAGE, MADV_POPULATE_READ);
    /* To be executed is not to be read. */
    EXPECT(-EINVAL, madvise, get_pages(1, PROT_EXEC), PAGE, MADV_POPULATE_READ);
    EXPECT(-EINVAL, madvise, none, PAGE, MADV_POPULATE_WRITE);
    EXPECT(-ENOMEM, madvise, at + (COUNT - 1) * PAGE, 2 * PAGE,
           MADV_POPULATE_READ);
    EXPECT(-ENOMEM, madvise, at - PAGE, PAGE, MADV_POPULATE_WRITE);
}

static void locked(void)
{
    char *at = make(RW, ANON);

    EXPECT(0, mlock, at, 2 * PAGE);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_DONTNEED);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_COLD);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_PAGEOUT);
    EXPECT(-EINVAL, madvise, at, PAGE, MADV_REMOVE);
    EXPECT(-EINVAL, madvise, at, 2 * PAGE, MADV_FREE);
    EXPECT(0, madvise, at + 2 * PAGE, PAGE, MADV_DONTNEED);
    EXPECT(0, munlock, at, PAGE);
    EXPECT(0, madvise, at, PAGE, MADV_DONTNEED);
    CHECK(at[0] == 0 && at[2 * PAGE] == 0 && at[3 * PAGE] == 4);
}

int main(void)
{
    refuse();
    hint();
    drop();
    free_lazily();
    remove_pages();
    populate();
    locked();
    return finish();
}
