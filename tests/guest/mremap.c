/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mremap.c - mremap(2) of anonymous memory.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

enum {
    RW = PROT_READ | PROT_WRITE,
    ANON = MAP_PRIVATE | MAP_ANONYMOUS,
    MOVE = MREMAP_MAYMOVE,
    TO = MREMAP_MAYMOVE | MREMAP_FIXED
};

/* Pages alone among pages that nobody can touch; each begins with its number
 * from 1 on, as far as prot allows. */
static char *make(size_t count, int prot, int flags)
{
    char *room = get_pages(count + 32, PROT_NONE);
    char *at = room + 16 * PAGE;

    if (CALL(mmap, at, count * PAGE, prot, flags | MAP_FIXED, -1, 0) !=
        (long)at)
        CALL(exit_group, 1);
    for (size_t i = 0; (prot & PROT_WRITE) && i < count; i++)
        at[i * PAGE] = (char)(i + 1);
    return at;
}

/* A free place for count pages. */
static char *place(size_t count)
{
    char *at = get_pages(count, PROT_NONE);

    munmap(at, count * PAGE);
    return at;
}

static void show_numbers(const char *what, const char *at, size_t count)
{
    char line[64];

    for (size_t i = 0; i < count && i < sizeof(line); i++)
        line[i] = (char)('0' + at[i * PAGE]);
    say("%s: %.*s", what, (int)count, line);
}

static void refuse_flags(void)
{
    char *at = make(4, RW, ANON), *to = place(4);

    EXPECT(-EINVAL, mremap, at, PAGE, PAGE, 8);
    EXPECT(-EINVAL, mremap, at, PAGE, PAGE, MREMAP_FIXED, to);
    EXPECT(-EINVAL, mremap, at, PAGE, PAGE, MREMAP_DONTUNMAP, to);
    EXPECT(-EINVAL, mremap, at, PAGE, 2 * PAGE, MOVE | MREMAP_DONTUNMAP, to);
    EXPECT(-EINVAL, mremap, at + 1, PAGE, PAGE, MOVE);
    EXPECT(-EINVAL, mremap, at, PAGE, 0, MOVE);
    EXPECT(-EINVAL, mremap, at, 0, PAGE, MOVE);
    EXPECT(-EINVAL, mremap, at, PAGE, PAGE, TO, to + 1);
    EXPECT(-EINVAL, mremap, at, 2 * PAGE, 2 * PAGE, TO, at + PAGE);
    EXPECT(-EINVAL, mremap, at, 2 * PAGE, 2 * PAGE, TO, at);
    EXPECT(-EINVAL, mremap, at, PAGE, PAGE, TO, KERNEL_ADDRESS);
    /* More than there can be, and more than counts. */
    EXPECT(-EINVAL, mremap, at, (size_t)1 << 47, PAGE, 0);
    EXPECT(-EINVAL, mremap, at, -(size_t)PAGE, PAGE, MOVE);
    EXPECT(-EINVAL, mremap, at, SIZE_MAX, PAGE, MOVE);
    EXPECT(-EFAULT, mremap, to, SIZE_MAX, PAGE, MOVE);
    EXPECT(-EFAULT, mremap, to, PAGE, 2 * PAGE, MOVE);
    EXPECT(-EFAULT, mremap, to, PAGE, PAGE, 0);
    EXPECT(-EFAULT, mremap, to, PAGE, PAGE, TO, at);
    EXPECT(-EFAULT, mremap, at, 5 * PAGE, 6 * PAGE, MOVE);
    EXPECT(-ENOMEM, mremap, at, 4 * PAGE, 5 * PAGE, 0);
    EXPECT(-ENOMEM, mremap, at, PAGE, 2 * PAGE, 0);
    EXPECT(-ENOMEM, mremap, at, 4 * PAGE, (size_t)1 << 46, 0);
    show_numbers("as before", at, 4);
}

static void grow_and_shrink(void)
{
    char *at = make(4, RW, ANON);

    CHECK(CALL(mremap, at, 4 * PAGE, 4 * PAGE, 0) == (long)at);
    CHECK(CALL(mremap, at, 4 * PAGE, 2 * PAGE, 0) == (long)at);
    show_pages("shrunk", at, 4);
    CHECK(CALL(mremap, at, 2 * PAGE, 4 * PAGE, 0) == (long)at);
    show_numbers("grown", at, 4);
    show_pages("grown", at, 4);
    CHECK(CALL(mremap, at, 4 * PAGE - 5, 1, MOVE) == (long)at);
    show_pages("a byte is a page", at, 4);
}

static void move(void)
{
    char *at = make(6, RW, ANON), *to, *moved;

    moved = (char *)CALL(mremap, at, 6 * PAGE, 12 * PAGE, MOVE);
    CHECK(moved != at && (long)moved > 0);
    show_numbers("moved", moved, 12);
    show_pages("the old place", at, 6);
    moved[11 * PAGE] = 7;
    to = place(16);
    CHECK(CALL(mremap, moved, 12 * PAGE, 12 * PAGE, TO, to) == (long)to);
    show_numbers("fixed", to, 12);
    /* A part goes, and what it lands on is replaced. */
    CHECK(CALL(mremap, to + PAGE, 2 * PAGE, 2 * PAGE, TO, to + 8 * PAGE) ==
          (long)to + 8 * PAGE);
    show_pages("a part", to, 12);
    CHECK(to[8 * PAGE] == 2 && to[9 * PAGE] == 3 && to[11 * PAGE] == 7);
    CHECK(CALL(mremap, to + 3 * PAGE, 2 * PAGE, PAGE, TO, to + PAGE) ==
          (long)to + PAGE);
    show_pages("smaller", to, 12);
    CHECK(to[PAGE] == 4 && to[5 * PAGE] == 6 && to[6 * PAGE] == 0);
    /* What is cut off may be another mapping. */
    at = make(4, RW, ANON);
    EXPECT(0, mprotect, at + 2 * PAGE, PAGE, PROT_READ);
    CHECK(CALL(mremap, at, 4 * PAGE, 2 * PAGE, TO, to + 9 * PAGE) ==
          (long)to + 9 * PAGE);
    show_pages("smaller than two mappings", at, 4);
    /* What was taken apart can be put together, but is not one mapping. */
    munmap(to, 12 * PAGE);
}

static void leave_the_old(void)
{
    char *at = make(4, RW, ANON), *to = place(4);

    CHECK(CALL(mremap, at, 4 * PAGE, 4 * PAGE, TO | MREMAP_DONTUNMAP, to) ==
          (long)to);
    show_numbers("moved", to, 4);
    show_numbers("left", at, 4);
    at[0] = 5;
    CHECK(to[0] == 1);
    to = (char *)CALL(mremap, at, 4 * PAGE, 4 * PAGE, MOVE | MREMAP_DONTUNMAP,
                      0);
    CHECK(to != at && to[0] == 5 && at[0] == 0);
}

static void share(void)
{
    char *at = make(4, RW, MAP_SHARED | MAP_ANONYMOUS);
    char *twin = (char *)CALL(mremap, at, 0, 4 * PAGE, MOVE), *to = place(8);

    CHECK(twin != at && (long)twin > 0);
    show_numbers("the same pages", twin, 4);
    twin[PAGE] = 9;
    CHECK(at[PAGE] == 9);
    CHECK(CALL(mremap, twin, 4 * PAGE, 4 * PAGE, TO, to) == (long)to);
    at[2 * PAGE] = 8;
    show_numbers("moved", to, 4);
    CHECK(CALL(mremap, at, 4 * PAGE, 4 * PAGE, MOVE | MREMAP_DONTUNMAP, 0) > 0);
    show_numbers("left", at, 4);
}

/* Rights and what madvise() said travel along. */
static void keep_rights(void)
{
    char *at = make(4, PROT_READ, ANON);
    char *to = (char *)CALL(mremap, at, 4 * PAGE, 40 * PAGE, MOVE);

    show_pages("read only", to, 40);
    EXPECT(0, mprotect, to, 40 * PAGE, RW);
    show_pages("writable", to, 40);
    at = make(8, RW, ANON);
    EXPECT(0, mprotect, at + 2 * PAGE, 2 * PAGE, PROT_READ);
    EXPECT(-EFAULT, mremap, at, 4 * PAGE, 8 * PAGE, MOVE);
    to = (char *)CALL(mremap, at + 2 * PAGE, 2 * PAGE, 3 * PAGE, MOVE);
    show_pages("the middle", to, 3);
    show_pages("the rest", at, 8);
    show_numbers("the middle", to, 3);
    /* The place it left can be filled, and is new. */
    CHECK(CALL(mmap, at + 2 * PAGE, 2 * PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
          (long)at + 2 * PAGE);
    show_numbers("refilled", at, 8);
    at[2 * PAGE] = 9;
    show_numbers("the middle", to, 3);
}

/* Far more than there is memory, to and fro. */
static void move_much(void)
{
    size_t size = (size_t)1 << 38;
    char *at = mmap(NULL, size, RW, ANON | MAP_NORESERVE, -1, 0);

    CHECK(at != MAP_FAILED);
    for (size_t i = 0; i < 64; i++)
        at[i * (size >> 6)] = (char)i;
    for (size_t turn = 0; turn < 10; turn++)
        at = (char *)CALL(mremap, at, size, size, MOVE | MREMAP_DONTUNMAP, 0);
    for (size_t i = 0; i < 64; i++)
        if (at[i * (size >> 6)] != (char)i)
            say("%zu changed", i);
    CHECK(CALL(mremap, at, size, PAGE, 0) == (long)at);
}

int main(void)
{
    refuse_flags();
    grow_and_shrink();
    move();
    leave_the_old();
    share();
    keep_rights();
    move_much();
    return finish();
}
