/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mappings.c - 33,000 live mappings, one in eight with its page in
 * use: they read as written, are forked, and go in any order.
 */
#include <sys/mman.h>

#include "tests/guest/child.h"

enum { COUNT = 33000, USED = 8 };

static char *area;

static char *page_of(size_t i)
{
    return area + 2 * i * PAGE;
}

/* Every second page has other rights: as many mappings, twice. */
static bool make(void)
{
    area = mmap(NULL, 2ul * COUNT * PAGE, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (area == MAP_FAILED)
        return false;
    for (size_t i = 0; i < COUNT; i++) {
        if (i % 2 == 0 &&
            CALL(mprotect, page_of(i), PAGE, PROT_READ | PROT_WRITE) != 0)
            return false;
        if (i % 2 == 1 &&
            CALL(mmap, page_of(i), PAGE, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0)
            return false;
        if (i < COUNT / 2)
            continue;
        /* The second half gives its neighbours back. */
        if (CALL(munmap, page_of(i) + PAGE, PAGE) != 0)
            return false;
    }
    return true;
}

static bool write_all(void)
{
    for (size_t i = 0; i < COUNT; i += USED)
        *(volatile uint32_t *)page_of(i) = (uint32_t)(i * 2654435761u);
    return true;
}

static size_t count_right(size_t step)
{
    size_t right = 0;

    for (size_t i = 0; i < COUNT; i += step)
        right +=
            *(volatile uint32_t *)page_of(i) == (uint32_t)(i * 2654435761u);
    return right;
}

static int in_child(long unused)
{
    (void)unused;
    if (count_right(USED) != COUNT / USED)
        return 1;
    for (size_t i = 0; i < COUNT; i += 10 * USED)
        *(volatile uint32_t *)page_of(i) = 1;
    return 0;
}

static bool unmap_all(void)
{
    /* 7001 is prime to the count: every mapping once, in no order. */
    for (size_t n = 0, i = 0; n < COUNT; n++, i = (i + 7001) % COUNT)
        if (CALL(munmap, page_of(i), PAGE) != 0)
            return false;
    return true;
}

int main(void)
{
    CHECK(make());
    CHECK(write_all());
    CHECK(count_right(USED) == COUNT / USED);
    reap("a child has them", spawn(in_child, 0));
    CHECK(count_right(USED) == COUNT / USED);
    CHECK(unmap_all());
    EXPECT(0, munmap, area, 2ul * COUNT * PAGE);
    CHECK(make() && write_all());
    EXPECT(0, munmap, area, 2ul * COUNT * PAGE);
    return finish();
}
