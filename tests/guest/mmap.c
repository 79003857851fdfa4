/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mmap.c - mmap(2) and munmap(2) of anonymous memory.
 */
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#ifndef MAP_SHARED_VALIDATE
#define MAP_SHARED_VALIDATE 3
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static bool is_zero(const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != 0)
            return false;
    return true;
}

static void map_errors(void)
{
    char *page = get_pages(1, RW);

    EXPECT(-EINVAL, mmap, 0, 0, RW, ANON, -1, 0);
    EXPECT(-EINVAL, mmap, 0, PAGE, RW, MAP_ANONYMOUS, -1, 0);
    EXPECT(-EINVAL, mmap, 0, PAGE, RW, MAP_ANONYMOUS | MAP_TYPE, -1, 0);
    EXPECT(-EINVAL, mmap, 0, PAGE, RW, MAP_ANONYMOUS | MAP_SHARED_VALIDATE, -1,
           0);
    EXPECT(-EINVAL, mmap, 0, PAGE, RW, ANON, -1, 1);
    EXPECT(-EINVAL, mmap, 0, 0, RW, ANON, -1, 1);
    EXPECT(-EINVAL, mmap, page + 1, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    EXPECT(-ENOMEM, mmap, 0, -1, RW, ANON, -1, 0);
    EXPECT(-ENOMEM, mmap, 0, -PAGE, RW, ANON, -1, 0);
    EXPECT(-ENOMEM, mmap, 0, 0x800000000000, RW, ANON, -1, 0);
    EXPECT(-ENOMEM, mmap, KERNEL_ADDRESS, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    EXPECT(-ENOMEM, mmap, -PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    EXPECT(-ENOMEM, mmap, 0x7ffffffff000, PAGE, RW, ANON | MAP_FIXED, -1, 0);
    EXPECT(-EEXIST, mmap, page, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT(-EINVAL, mmap, page + 8, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1,
           0);
    EXPECT(-EBADF, mmap, 0, PAGE, RW, MAP_PRIVATE, 99, 0);
    EXPECT(-EBADF, mmap, 0, 0, RW, MAP_PRIVATE, -1, 0);
    EXPECT(-EINVAL, mmap, 0, PAGE, RW, MAP_PRIVATE, 99, 1);
    EXPECT(-ENODEV, mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 0, 0);
    EXPECT(-EACCES, mmap, 0, PAGE, PROT_READ, MAP_PRIVATE, 1, 0);
    EXPECT(-EINVAL, mmap, 0, 0, PROT_READ, MAP_PRIVATE, 0, 0);
}

/* What is wrong with the request comes before what the file refuses. */
static void map_order(void)
{
    const int exact = MAP_SHARED | MAP_FIXED_NOREPLACE;
    char *page = get_pages(1, RW);

    EXPECT(-EEXIST, mmap, page, PAGE, RW, exact, 1, 0);
    EXPECT(-EINVAL, mmap, page + 1, PAGE, RW, exact, 1, 0);
    EXPECT(-ENOMEM, mmap, KERNEL_ADDRESS, PAGE, RW, exact, 1, 0);
    EXPECT(-ENOMEM, mmap, 0, -PAGE, RW, MAP_SHARED, 1, 0);
    EXPECT(-EINVAL, mmap, 0, PAGE, RW, 0, 1, 0);
    EXPECT(-EOPNOTSUPP, mmap, 0, PAGE, RW, MAP_SHARED_VALIDATE | 1 << 24, 1, 0);
    EXPECT(-EACCES, mmap, 0, PAGE, RW, MAP_SHARED | MAP_GROWSDOWN, 1, 0);
    EXPECT(-ENODEV, mmap, 0, PAGE, RW, MAP_PRIVATE | MAP_GROWSDOWN, 0, 0);
}

static void use_rights(void)
{
    show_pages("PROT_NONE", get_pages(2, PROT_NONE), 2);
    show_pages("PROT_READ", get_pages(2, PROT_READ), 2);
    show_pages("PROT_READ | PROT_WRITE", get_pages(2, RW), 2);
    show_pages("PROT_WRITE", get_pages(2, PROT_WRITE), 2);
    show_pages("PROT_EXEC | PROT_READ", get_pages(2, PROT_EXEC | PROT_READ), 2);
}

static void hold_values(void)
{
    char *pages = get_pages(256, RW);

    CHECK(is_zero(pages, 256 * PAGE));
    for (size_t i = 0; i < 256; i++)
        pages[i * PAGE + i] = (char)i;
    for (size_t i = 0; i < 256; i++)
        if (pages[i * PAGE + i] != (char)i)
            say("page %zu changed", i);
    EXPECT(0, munmap, pages, 256 * PAGE);
    show_pages("unmapped", pages, 4);
}

/* Maps over the middle, takes parts away: the rest stays. */
static void cut_up(void)
{
    char *pages = get_pages(12, RW);
    char *middle = pages + 4 * PAGE;

    memset(pages, 'a', 12 * PAGE);
    CHECK(CALL(mmap, middle, 2 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) ==
          (long)middle);
    show_pages("two pages replaced", pages, 12);
    CHECK(is_zero(middle, 2 * PAGE));
    CHECK(middle[-2] == 'a' && middle[2 * PAGE] == 'a');
    EXPECT(0, munmap, pages + 8 * PAGE, 2 * PAGE);
    show_pages("two pages gone", pages, 12);
    EXPECT(0, munmap, pages + PAGE, 1);
    show_pages("one byte unmapped", pages, 12);
    EXPECT(0, munmap, pages, 12 * PAGE);
    show_pages("all unmapped", pages, 12);
    EXPECT(0, munmap, pages, 12 * PAGE);
    CHECK(CALL(mmap, middle, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) ==
          (long)middle);
    CHECK(CALL(mmap, middle + PAGE, PAGE, RW, ANON, -1, 0) ==
          (long)middle + PAGE);
    show_pages("two put back", pages, 12);
    EXPECT(0, munmap, middle, 2 * PAGE);
}

static void unmap_errors(void)
{
    char *page = get_pages(1, RW);

    EXPECT(-EINVAL, munmap, page, 0);
    EXPECT(-EINVAL, munmap, page + 1, PAGE);
    EXPECT(-EINVAL, munmap, page, -1);
    EXPECT(-EINVAL, munmap, page, -PAGE);
    EXPECT(-EINVAL, munmap, KERNEL_ADDRESS, PAGE);
    EXPECT(0, munmap, page, PAGE);
}

static char *must_map(size_t size, int prot, int flags)
{
    char *at = mmap(NULL, size, prot, flags, -1, 0);

    CHECK(at != MAP_FAILED);
    if (at == MAP_FAILED)
        CALL(exit_group, 1);
    return at;
}

static void share(void)
{
    char *pages = must_map(4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);

    CHECK(is_zero(pages, 4 * PAGE));
    memset(pages, 's', 4 * PAGE);
    EXPECT(0, mprotect, pages + PAGE, PAGE, PROT_READ);
    show_pages("shared", pages, 4);
    CHECK(pages[2 * PAGE - 1] == 's');
    EXPECT(0, munmap, pages, 4 * PAGE);
}

/* Far more than there is memory; only what is touched costs. */
static void reserve(void)
{
    size_t size = (size_t)1 << 40;
    char *at = must_map(size, RW, ANON | MAP_NORESERVE);

    for (size_t i = 0; i < 64; i++)
        at[i * (size >> 6)] = (char)i;
    for (size_t i = 0; i < 64; i++)
        if (at[i * (size >> 6)] != (char)i)
            say("%zu changed", i);
    CHECK(is_zero(at + (size >> 6) - PAGE, PAGE));
    CHECK(munmap(at, size) == 0);
    at = must_map((size_t)1 << 46, PROT_NONE, ANON | MAP_NORESERVE);
    CHECK(munmap(at, (size_t)1 << 46) == 0);
}

static void use_flags(void)
{
    char *at = mmap(NULL, 4 * PAGE, RW, ANON | MAP_POPULATE, -1, 0);
    char *low = mmap(NULL, PAGE, RW, ANON | MAP_32BIT, -1, 0);
    char *stack = mmap(NULL, PAGE, RW,
                       ANON | MAP_STACK | MAP_NORESERVE | MAP_NONBLOCK |
                           MAP_DENYWRITE | MAP_EXECUTABLE,
                       -1, 0);
    char *locked = mmap(NULL, PAGE, RW, ANON | MAP_LOCKED, -1, 0);

    CHECK(at != MAP_FAILED && is_zero(at, 4 * PAGE));
    CHECK(locked != MAP_FAILED && is_zero(locked, PAGE));
    CHECK(low != MAP_FAILED && (uintptr_t)low < UINT64_C(1) << 31);
    CHECK(stack != MAP_FAILED && is_zero(stack, PAGE));
    /* A hint that is taken is passed over. */
    low = mmap(at, PAGE, RW, ANON, -1, 0);
    CHECK(low != MAP_FAILED && low != at);
    /* One that is not on a page's border is rounded down. */
    munmap(at, 4 * PAGE);
    CHECK(mmap(at + 100, PAGE, RW, ANON, -1, 0) == at);
}

int main(void)
{
    map_errors();
    map_order();
    use_rights();
    hold_values();
    cut_up();
    unmap_errors();
    share();
    reserve();
    use_flags();
    return finish();
}
