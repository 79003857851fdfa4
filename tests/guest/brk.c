/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/brk.c - brk(2), the call: it returns where the break is.
 */
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

static long start;

static void show(const char *what, long to)
{
    say("%s: %ld", what, CALL(brk, to) - start);
}

static bool is_zero(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != 0)
            return false;
    return true;
}

/* Refusals leave the break where it is. */
static void refuse(void)
{
    show("below the start", start - 1);
    show("1", 1);
    show("the kernel's half", (long)KERNEL_ADDRESS);
    show("the end of all", -1);
    show("beyond user space", (long)UINT64_C(0x7ffffffff000));
}

static void grow_and_shrink(void)
{
    char *heap = (char *)start;

    show("one byte", start + 1);
    CHECK(is_zero(heap, PAGE));
    memset(heap, 1, PAGE);
    show("a page", start + PAGE);
    show("a page and a byte", start + PAGE + 1);
    CHECK(is_zero(heap + PAGE, PAGE));
    memset(heap + PAGE, 2, PAGE);
    show("back to a page", start + PAGE);
    CHECK(heap[PAGE - 1] == 1);
    show("two pages", start + 2 * PAGE);
    CHECK(is_zero(heap + PAGE, PAGE));
    show("half a page", start + PAGE / 2);
    CHECK(heap[PAGE - 1] == 1);
    show("start", start);
    show("16 MiB", start + (16 << 20));
    CHECK(is_zero(heap, 64 * PAGE));
    heap[(16 << 20) - 1] = 3;
    show("start again", start);
}

/* What is in the way stops it. */
static void stop_at_mapping(void)
{
    char *at = (char *)((start + 64 * PAGE) & -(long)PAGE);

    at = mmap(at, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
              0);
    show("into a mapping", (long)at + 1);
    show("up to a mapping, no gap", (long)at);
    show("with a page's gap", (long)at - 2 * PAGE);
    munmap(at, PAGE);
    show("where the mapping was", (long)at + PAGE);
    show("all given back", start);
}

int main(void)
{
    start = CALL(brk, 0);
    CHECK(start > 0);
    refuse();
    grow_and_shrink();
    stop_at_mapping();
    return finish();
}
