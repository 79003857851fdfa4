/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/big.c - memory that comes by faults: a large bss, large data of
 * the file, a deep stack. The argument is how many MiB of the bss to use.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/guest/guest.h"

enum { BSS = 256 << 20, DATA = 4 << 20, DEPTH = 7000 };

static char bss[BSS];

/* Words that tell where they stand, made by the assembler. */
extern uint32_t numbers[DATA / 4];
extern const uint32_t constants[DATA / 4];

__asm__(".data\n"
        ".balign 4\n"
        "numbers:\n"
        ".set at, 0\n"
        ".rept 1 << 20\n"
        ".long at\n"
        ".set at, at + 3\n"
        ".endr\n"
        ".section .rodata\n"
        ".balign 4\n"
        "constants:\n"
        ".set at, 1\n"
        ".rept 1 << 20\n"
        ".long at\n"
        ".set at, at + 5\n"
        ".endr\n"
        ".text\n");

/* Every page, in an order that no read-ahead likes. */
static size_t next_page(size_t at, size_t count)
{
    return (at + 1031) % count;
}

static void use_bss(size_t size)
{
    size_t wrong = 0, count = size / PAGE, at = 0;

    for (size_t i = 0; i < count; i++, at = next_page(at, count))
        wrong += bss[at * PAGE + i % PAGE] != 0;
    for (size_t i = 0; i < count; i += 16, at = next_page(at, count))
        bss[at * PAGE] = (char)i;
    CHECK(wrong == 0);
}

static void use_data(void)
{
    size_t wrong = 0, count = DATA / PAGE, at = 0;

    for (size_t i = 0; i < count; i++, at = next_page(at, count)) {
        size_t word = at * (PAGE / 4) + i % (PAGE / 4);

        wrong += numbers[word] != 3 * word;
        wrong += constants[word] != 1 + 5 * word;
        numbers[word] += 1;
    }
    at = 0;
    for (size_t i = 0; i < count; i++, at = next_page(at, count)) {
        size_t word = at * (PAGE / 4) + i % (PAGE / 4);

        wrong += numbers[word] != 3 * word + 1;
        numbers[word] -= 1;
    }
    for (size_t i = 0; i < DATA / 4; i++)
        wrong += numbers[i] != 3 * i || constants[i] != 1 + 5 * i;
    CHECK(wrong == 0);
}

/* About 1 KiB each time. */
__attribute__((noinline)) static long go_down(long depth)
{
    volatile long space[120];
    long below;

    space[depth % 120] = depth;
    below = depth > 0 ? go_down(depth - 1) : 0;
    return below + space[depth % 120];
}

/* Data behind the file's end, in its last page, is zero. */
static char first = 1;
static char zero[PAGE];

int main(int argc, char **argv)
{
    use_bss(argc > 1 ? (size_t)atoi(argv[1]) << 20 : BSS);
    use_data();
    say("sum %ld", go_down(DEPTH));
    CHECK(go_down(DEPTH) == (long)DEPTH * (DEPTH + 1) / 2);
    for (size_t i = 0; i < PAGE; i++)
        first |= zero[i];
    CHECK(first == 1);
    return finish();
}
