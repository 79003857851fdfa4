/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mincore.c - mincore(2) of anonymous memory.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

enum { RW = PROT_READ | PROT_WRITE, COUNT = 8 };

static unsigned char answers[COUNT + 2];

static void show(const char *what, const char *at)
{
    char line[COUNT];

    memset(answers, 0xee, sizeof(answers));
    EXPECT(0, mincore, at, COUNT * PAGE, answers);
    for (size_t i = 0; i < COUNT; i++)
        line[i] = answers[i] & 1 ? 'x' : '.';
    say("%s: %.*s", what, COUNT, line);
    CHECK(answers[COUNT] == 0xee);
}

int main(void)
{
    char *room = get_pages(COUNT + 8, RW), *at = room + 4 * PAGE;
    char *border = get_border();

    munmap(room, 4 * PAGE);
    munmap(at + COUNT * PAGE, 4 * PAGE);
    show("untouched", at);
    at[PAGE] = 1;
    at[2 * PAGE] = 1;
    show("two written", at);
    CHECK(((volatile char *)at)[5 * PAGE] == 0);
    EXPECT(0, madvise, at + PAGE, PAGE, MADV_DONTNEED);
    CHECK(CALL(mincore, at + PAGE, 1, answers) == 0 && !(answers[0] & 1));
    CHECK(CALL(mincore, at + 2 * PAGE, 1, answers) == 0 && (answers[0] & 1));
    EXPECT(0, mprotect, at + 2 * PAGE, PAGE, PROT_NONE);
    CHECK(CALL(mincore, at + 2 * PAGE, 1, answers) == 0 && (answers[0] & 1));
    EXPECT(-EINVAL, mincore, at + 1, PAGE, answers);
    EXPECT(-EINVAL, mincore, at + 1, 0, answers);
    EXPECT(0, mincore, at, 0, answers);
    EXPECT(0, mincore, at, 0, NULL);
    EXPECT(-EFAULT, mincore, at, PAGE, NULL);
    EXPECT(-EFAULT, mincore, at, PAGE, KERNEL_ADDRESS);
    EXPECT(0, mincore, at, 2 * PAGE, border - 2);
    EXPECT(-EFAULT, mincore, at, 2 * PAGE, border - 1);
    EXPECT(-EFAULT, mincore, at, PAGE, border);
    EXPECT(-ENOMEM, mincore, at - PAGE, PAGE, answers);
    EXPECT(-ENOMEM, mincore, at, (COUNT + 1) * PAGE, answers);
    EXPECT(-ENOMEM, mincore, at, -PAGE, answers);
    EXPECT(-ENOMEM, mincore, KERNEL_ADDRESS, PAGE, answers);
    EXPECT(-ENOMEM, mincore, at - PAGE, PAGE, border);
    return finish();
}
