/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/wipe.c - what madvise(2) says of forks: MADV_WIPEONFORK gives the
 * child zeros, MADV_DONTFORK gives it nothing.
 */
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/child.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#define MADV_KEEPONFORK 19
#endif

enum { PAGES = 6 };

static char *area;

/* One bit for each page that reads as value. */
static unsigned pages_with(char value)
{
    unsigned bits = 0;

    for (int i = 0; i < PAGES; i++)
        if (area[i * PAGE] == value && area[i * PAGE + PAGE - 1] == value)
            bits |= 1u << i;
    return bits;
}

static int zeros(long unused)
{
    (void)unused;
    return (int)pages_with(0);
}

/* The child's zeros are its own, and the grandchild's are new ones. */
static int write_and_fork(long unused)
{
    (void)unused;
    memset(area, 'c', PAGES * PAGE);
    reap("grandchild's zeros", spawn(zeros, 0));
    return (int)pages_with('c');
}

static void wiped(void)
{
    area = get_pages(PAGES, PROT_READ | PROT_WRITE);
    memset(area, 'p', PAGES * PAGE);
    EXPECT(0, madvise, area + PAGE, 2 * PAGE, MADV_WIPEONFORK);
    reap("zeros", spawn(zeros, 0));
    reap("written", spawn(write_and_fork, 0));
    CHECK(pages_with('p') == 0x3f);
    EXPECT(0, madvise, area + 2 * PAGE, PAGE, MADV_KEEPONFORK);
    reap("zeros but for one", spawn(zeros, 0));
    EXPECT(0, mprotect, area + PAGE, PAGE, PROT_READ);
    reap("read only", spawn(zeros, 0));
}

static void wiped_shared(void)
{
    char *shared_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    EXPECT(-EINVAL, madvise, shared_page, PAGE, MADV_WIPEONFORK);
    EXPECT(0, madvise, shared_page, PAGE, MADV_KEEPONFORK);
    EXPECT(-EINVAL, madvise, area + 1, PAGE, MADV_WIPEONFORK);
    EXPECT(0, madvise, area, 0, MADV_WIPEONFORK);
}

static int touch(long page)
{
    return area[page * PAGE];
}

/* What the child has not can be mapped by it. */
static int map_there(long page)
{
    char *at = mmap(area + page * PAGE, PAGE, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    return at == area + page * PAGE ? at[0] : 77;
}

static void withheld(void)
{
    EXPECT(0, madvise, area + 4 * PAGE, PAGE, MADV_DONTFORK);
    reap("before it", spawn(touch, 3));
    reap("it", spawn(touch, 4));
    reap("behind it", spawn(touch, 5));
    reap("mapped anew", spawn(map_there, 4));
    CHECK(area[4 * PAGE] == 'p');
    EXPECT(0, madvise, area + 4 * PAGE, PAGE, MADV_DOFORK);
    reap("given again", spawn(touch, 4));
}

int main(void)
{
    share();
    wiped();
    wiped_shared();
    withheld();
    return finish();
}
