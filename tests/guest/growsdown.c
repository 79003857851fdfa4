/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/growsdown.c - MAP_GROWSDOWN and PROT_GROWSDOWN.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

enum {
    RW = PROT_READ | PROT_WRITE,
    ANON = MAP_PRIVATE | MAP_ANONYMOUS,
    ROOM = 2048,
    GUARD = 256
};

/* A page that grows, with free room below it. */
static char *make(void)
{
    char *room = get_pages(ROOM, PROT_NONE);
    char *at = room + (ROOM - 8) * PAGE;

    munmap(room, ROOM * PAGE);
    if (CALL(mmap, at, PAGE, RW, ANON | MAP_FIXED | MAP_GROWSDOWN, -1, 0) !=
        (long)at)
        CALL(exit_group, 1);
    return at;
}

static void grow(void)
{
    char *at = make();

    show_pages("a page", at, 2);
    at[0] = 1;
    at[-1] = 2;
    at[-200 * PAGE] = 3;
    show_pages("reached", at - 200 * PAGE, 3);
    CHECK(at[-1] == 2 && at[-100 * PAGE] == 0 && at[0] == 1);
    EXPECT(0, munmap, at - 200 * PAGE, 201 * PAGE);
}

/* What asks for pages of mappings does not. */
static void stay(void)
{
    char *at = make();

    EXPECT(-ENOMEM, madvise, at - PAGE, 2 * PAGE, MADV_POPULATE_WRITE);
    EXPECT(-ENOMEM, madvise, at - PAGE, PAGE, MADV_POPULATE_READ);
    EXPECT(-ENOMEM, mlock, at - PAGE, PAGE);
    show_pages("as before", at - PAGE, 2);
    EXPECT(0, munmap, at, PAGE);
}

/* Calls reach it like instructions do. */
static void grow_by_call(void)
{
    char *at = make();

    CHECK(CALL(getrandom, at - 3 * PAGE, 8, 0) == 8);
    show_pages("reached", at - 3 * PAGE, 4);
    CHECK(CALL(getrandom, at - 5 * PAGE, 6 * PAGE, 0) == 6 * PAGE);
    EXPECT(0, munmap, at - 5 * PAGE, 6 * PAGE);
}

static void keep_distance(void)
{
    char *at = make(), *below = at - 600 * PAGE;

    CHECK(CALL(mmap, below, PAGE, RW, ANON | MAP_FIXED, -1, 0) == (long)below);
    CHECK(CALL(getrandom, below + (GUARD + 1) * PAGE, 1, 0) == 1);
    show_pages("at the distance", below + (GUARD + 1) * PAGE, 1);
    EXPECT(-EFAULT, getrandom, below + GUARD * PAGE, 1, 0);
    EXPECT(-EFAULT, getrandom, below + PAGE, 1, 0);
    EXPECT(0, munmap, below, PAGE);
    CHECK(CALL(getrandom, below + PAGE, 1, 0) == 1);
    EXPECT(0, munmap, below, 601 * PAGE);
    /* Nothing is put into the guard unless by force. */
    at = make();
    CHECK(CALL(mmap, at - 2 * PAGE, PAGE, RW, ANON, -1, 0) !=
          (long)at - 2 * PAGE);
    CHECK(CALL(mmap, at - 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0) ==
          (long)at - 2 * PAGE);
    EXPECT(-EFAULT, getrandom, at - PAGE, 1, 0);
}

static void protect(void)
{
    char *at = make();

    at[-10 * PAGE] = 1;
    EXPECT(0, mprotect, at, PAGE, PROT_READ | PROT_GROWSDOWN);
    show_pages("down to the start", at - 10 * PAGE, 11);
    EXPECT(0, mprotect, at, PAGE, RW);
    show_pages("the last alone", at - 10 * PAGE, 11);
    EXPECT(-EINVAL, mprotect, get_pages(1, RW), PAGE, RW | PROT_GROWSDOWN);
    EXPECT(-EINVAL, mprotect, at, PAGE, RW | PROT_GROWSUP);
}

static void refuse(void)
{
    EXPECT(-EINVAL, mmap, 0, PAGE, RW,
           MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0);
    EXPECT(-EINVAL, mmap, 0, 0, RW, ANON | MAP_GROWSDOWN, -1, 0);
}

int main(void)
{
    grow();
    stay();
    grow_by_call();
    keep_distance();
    protect();
    refuse();
    return finish();
}
