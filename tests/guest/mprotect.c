/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mprotect.c - mprotect(2).
 */
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

#ifndef PROT_SEM
#define PROT_SEM 8
#endif

enum { RW = PROT_READ | PROT_WRITE };

static void protect_errors(void)
{
    char *pages = get_pages(4, RW);

    EXPECT(0, munmap, pages + 2 * PAGE, PAGE);
    EXPECT(-EINVAL, mprotect, pages + 1, PAGE, PROT_READ);
    EXPECT(-EINVAL, mprotect, pages + 1, 0, PROT_READ);
    EXPECT(-EINVAL, mprotect, pages, PAGE, 0x100);
    EXPECT(-EINVAL, mprotect, pages, PAGE, PROT_GROWSDOWN | PROT_GROWSUP);
    EXPECT(-EINVAL, mprotect, pages, PAGE, PROT_READ | PROT_GROWSDOWN);
    EXPECT(-EINVAL, mprotect, pages, PAGE, PROT_READ | PROT_GROWSUP);
    EXPECT(-ENOMEM, mprotect, pages, -1, 0x100);
    EXPECT(-ENOMEM, mprotect, pages, -PAGE, PROT_READ);
    EXPECT(-ENOMEM, mprotect, pages + 2 * PAGE, PAGE, PROT_READ);
    EXPECT(-ENOMEM, mprotect, pages + 2 * PAGE, 2 * PAGE, PROT_READ);
    EXPECT(-ENOMEM, mprotect, KERNEL_ADDRESS, PAGE, PROT_READ);
    EXPECT(0, mprotect, pages, 0, PROT_READ);
    EXPECT(0, mprotect, pages + 2 * PAGE, 0, PROT_NONE);
    show_pages("nothing changed", pages, 4);
    /* What lies before the hole has changed when the hole is found. */
    EXPECT(-ENOMEM, mprotect, pages, 4 * PAGE, PROT_READ);
    show_pages("up to the hole", pages, 4);
    EXPECT(0, munmap, pages, 4 * PAGE);
}

static void split_and_join(void)
{
    char *pages = get_pages(8, RW);

    memset(pages, 'p', 8 * PAGE);
    EXPECT(0, mprotect, pages + 2 * PAGE, PAGE, PROT_READ);
    EXPECT(0, mprotect, pages + 4 * PAGE, 1, PROT_NONE);
    EXPECT(0, mprotect, pages + 6 * PAGE, 2 * PAGE, PROT_READ | PROT_EXEC);
    show_pages("parts", pages, 8);
    EXPECT(0, mprotect, pages, 8 * PAGE, PROT_NONE);
    show_pages("none", pages, 8);
    EXPECT(0, mprotect, pages, 8 * PAGE, PROT_READ | PROT_SEM);
    show_pages("read", pages, 8);
    for (size_t i = 2 * PAGE; i < 8 * PAGE; i++)
        if (pages[i] != 'p' && (i + 1) % PAGE != 0)
            say("byte %zu changed", i);
    for (size_t i = 0; i < 8; i += 2)
        EXPECT(0, mprotect, pages + i * PAGE, PAGE, RW);
    show_pages("every other", pages, 8);
    EXPECT(0, mprotect, pages, 8 * PAGE, RW | PROT_EXEC);
    show_pages("all", pages, 8);
    EXPECT(0, munmap, pages, 8 * PAGE);
}

/* mov $status, %eax; ret */
static const uint8_t code[] = {0xb8, 7, 0, 0, 0, 0xc3};

/* Code that is written, made executable and run, then changed. */
static void run_code(void)
{
    char *page = get_pages(1, RW);
    int (*run)(void);

    memcpy(page, code, sizeof(code));
    memcpy(&run, &page, sizeof(run));
    EXPECT(0, mprotect, page, PAGE, PROT_READ | PROT_EXEC);
    CHECK(run() == 7);
    EXPECT(0, mprotect, page, PAGE, RW);
    page[1] = 8;
    EXPECT(0, mprotect, page, PAGE, PROT_EXEC);
    CHECK(run() == 8);
    EXPECT(0, mprotect, page, PAGE, RW | PROT_EXEC);
    page[1] = 9;
    CHECK(run() == 9);
}

/* Thousands of pages, many times: no change is lost. */
static void change_often(void)
{
    enum { COUNT = 1024 };
    char *pages = get_pages(COUNT, RW);
    size_t wrong = 0;

    for (size_t round = 0; round < 8; round++) {
        wrong += mprotect(pages, COUNT * PAGE, RW) != 0;
        for (size_t i = 0; i < COUNT; i += 3)
            pages[i * PAGE] = (char)(round + i);
        wrong += mprotect(pages, COUNT * PAGE, PROT_READ) != 0;
        for (size_t i = 0; i < COUNT; i += 3)
            wrong += pages[i * PAGE] != (char)(round + i);
        wrong += CALL(getrandom, pages + round * PAGE, 1, 0) != -EFAULT;
    }
    say("%zu wrong", wrong);
    CHECK(wrong == 0);
}

int main(void)
{
    protect_errors();
    split_and_join();
    run_code();
    change_often();
    return finish();
}
