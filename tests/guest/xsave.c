/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/xsave.c - the whole XSAVE state, whatever the machine has of it,
 * survives calls, faults and being asleep (SDM volume 1, 13).
 */
#include <cpuid.h>
#include <string.h>

#include "tests/guest/guest.h"

enum {
    LEAF = 13,
    LEGACY = 512,
    HEADER = 64,
    AREA = 4096,
    ROUNDS = 200,
    /* x87, SSE, AVX, opmask and the two halves of AVX-512. */
    COMPONENTS = 0xe7
};

static uint8_t before[AREA] __attribute__((aligned(64)));
static uint8_t after[AREA] __attribute__((aligned(64)));
static uint64_t mask; /* of components that are there and are tested */

static bool find_mask(void)
{
    uint32_t a, b, c, d;

    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_OSXSAVE) == 0)
        return false;
    __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(0));
    mask = a & COMPONENTS;
    return true;
}

static void fill(size_t at, size_t size, size_t seed)
{
    for (size_t i = at; i < at + size; i++)
        before[i] = (uint8_t)(i * 31 + seed * 17 + (i >> 8));
}

/* An image with a pattern in every register; control words as they start. */
static void make_image(size_t seed)
{
    uint16_t control = 0x37f;
    uint32_t mxcsr = 0x1f80, a, b, c, d;

    memset(before, 0, sizeof(before));
    memcpy(before, &control, sizeof(control));
    memcpy(before + 24, &mxcsr, sizeof(mxcsr));
    before[4] = 0xff; /* all x87 registers hold something */
    for (size_t i = 0; i < 8; i++)
        fill(32 + i * 16, 10, seed);
    fill(160, 256, seed);
    for (uint32_t i = 2; i < 8; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        __cpuid_count(LEAF, i, a, b, c, d);
        if (b + a <= AREA)
            fill(b, a, seed);
    }
    memcpy(before + LEGACY, &mask, sizeof(mask));
}

/* Loads the state, makes a call, stores the state. */
static long call_between(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile(
        "push %%rax; push %%rdx\n\t"
        "mov %[low], %%eax; xor %%edx, %%edx\n\t"
        "xrstor %[before]\n\t"
        "pop %%rdx; pop %%rax\n\t"
        "syscall\n\t"
        "push %%rax\n\t"
        "mov %[low], %%eax; xor %%edx, %%edx\n\t"
        "xsave %[after]\n\t"
        "fninit\n\t"
        "pop %%rax"
        : "=a"(result), [after] "+m"(after), "+d"(c)
        : "a"(number), "D"(a), "S"(b), [before] "m"(before), [low] "m"(mask)
        : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
          "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
          "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)",
          "st(5)", "st(6)", "st(7)");
    return result;
}

/* All but the x87 pointers, which CPUs handle in ways of their own, and bytes
 * that belong to software. */
static bool is_same(void)
{
    return memcmp(before + 24, after + 24, 4) == 0 &&
           memcmp(before + 32, after + 32, 416 - 32) == 0 &&
           memcmp(before, after, 5) == 0 &&
           memcmp(before + LEGACY + HEADER, after + LEGACY + HEADER,
                  AREA - LEGACY - HEADER) == 0;
}

static void check_calls(void)
{
    static uint8_t bytes[2 * PAGE];
    size_t wrong = 0;

    for (size_t round = 0; round < ROUNDS; round++) {
        make_image(round);
        memset(after, 0, sizeof(after));
        switch (round % 3) {
        case 0:
            wrong += call_between(SYS_getrandom, (long)bytes, 500, 0) != 500;
            break;
        case 1:
            wrong += call_between(SYS_getppid, 0, 0, 0) < 0;
            break;
        default:
            wrong += call_between(SYS_write, 1, (long)".", 1) != 1;
            break;
        }
        wrong += !is_same();
    }
    say("%zu wrong", wrong);
    CHECK(wrong == 0);
}

/* Asleep in a call: another's state was in the CPU meanwhile. */
static void check_sleep(void)
{
    char byte;

    make_image(1000);
    CALL(write, 2, "waiting\n", 8);
    CHECK(call_between(SYS_read, 0, (long)&byte, 1) == 1);
    CHECK(is_same());
}

int main(void)
{
    if (find_mask()) {
        check_calls();
        check_sleep();
    }
    return finish();
}
