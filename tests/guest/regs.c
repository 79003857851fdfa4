/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/regs.c - what a call must leave alone: general registers, flags,
 * x87, SSE and AVX state. rcx and r11 are the call's (syscall, SDM volume 2).
 */
#include <cpuid.h>
#include <string.h>

#include "tests/guest/guest.h"

enum { GENERAL = 14, ROUNDS = 1000 };

/* rbx rdx rsi rdi rbp r8 r9 r10 r12 r13 r14 r15, then rax and rflags. */
struct registers {
    uint64_t general[GENERAL];
};

/* Loads all of in, makes the call rax, stores all to out. */
void call_with_registers(const struct registers *in, struct registers *out);

__asm__(".text\n"
        "call_with_registers:\n"
        "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "push %rsi\n"
        "mov %rdi, %rax\n"
        "mov 0(%rax), %rbx\n"
        "mov 8(%rax), %rdx\n"
        "mov 16(%rax), %rsi\n"
        "mov 24(%rax), %rdi\n"
        "mov 32(%rax), %rbp\n"
        "mov 40(%rax), %r8\n"
        "mov 48(%rax), %r9\n"
        "mov 56(%rax), %r10\n"
        "mov 64(%rax), %r12\n"
        "mov 72(%rax), %r13\n"
        "mov 80(%rax), %r14\n"
        "mov 88(%rax), %r15\n"
        "push 104(%rax)\n"
        "mov 96(%rax), %rax\n"
        "popf\n"
        "syscall\n"
        "xchg %rax, (%rsp)\n"
        "mov %rbx, 0(%rax)\n"
        "mov %rdx, 8(%rax)\n"
        "mov %rsi, 16(%rax)\n"
        "mov %rdi, 24(%rax)\n"
        "mov %rbp, 32(%rax)\n"
        "mov %r8, 40(%rax)\n"
        "mov %r9, 48(%rax)\n"
        "mov %r10, 56(%rax)\n"
        "mov %r12, 64(%rax)\n"
        "mov %r13, 72(%rax)\n"
        "mov %r14, 80(%rax)\n"
        "mov %r15, 88(%rax)\n"
        "pop 96(%rax)\n"
        "pushf\n"
        "pop 104(%rax)\n"
        "push $0x202\n"
        "popf\n"
        "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "ret\n");

/* A call that does not touch memory, and one that fails. */
static bool holds_general(uint64_t number, uint64_t flags)
{
    struct registers in, out;

    for (size_t i = 0; i < 12; i++)
        in.general[i] = 0x1111111111111111 * (i + 1) + number;
    in.general[12] = number;
    in.general[13] = flags;
    memset(&out, 0, sizeof(out));
    call_with_registers(&in, &out);
    return memcmp(in.general, out.general, 12 * 8) == 0 &&
           out.general[13] == flags;
}

/* Flags as user code may set them: bit 1 is always set, bit 9 is IF. */
static void check_general(void)
{
    static const uint64_t flags[] = {0x202, 0x203,    0x206,  0x212,
                                     0x242, 0x282,    0xa02,  0x602,
                                     0xed7, 0x200202, 0x40202};

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        say("flags %lx", (unsigned long)flags[i]);
        CHECK(holds_general(SYS_getppid, flags[i]));
        CHECK(holds_general(1000, flags[i]));
        CHECK(holds_general(SYS_write, flags[i]));
    }
}

/* Goes backwards over a buffer that a call is then given: the direction flag is
 * the program's own business. */
static void call_backwards(void)
{
    static const char text[] = "written with DF set\n";
    long result;

    __asm__ volatile("std; syscall; cld"
                     : "=a"(result)
                     : "a"(SYS_write), "D"(1), "S"(text), "d"(sizeof(text) - 1)
                     : "rcx", "r11", "memory");
    say("%ld", result);
}

/* The legacy and AVX state, by hand. */
static uint8_t before[16][32] __attribute__((aligned(64)));
static uint8_t after[16][32] __attribute__((aligned(64)));

#define EACH(move, at, name) \
    move(0, at, name) move(1, at, name) move(2, at, name) move(3, at, name) \
        move(4, at, name) move(5, at, name) move(6, at, name) \
            move(7, at, name) move(8, at, name) move(9, at, name) \
                move(10, at, name) move(11, at, name) move(12, at, name) \
                    move(13, at, name) move(14, at, name) move(15, at, name)
#define LOAD_YMM(i, at, name)  "vmovdqa 32*" #i "(%[" at "]), %%ymm" #i "\n\t"
#define STORE_YMM(i, at, name) "vmovdqa %%ymm" #i ", 32*" #i "(%[" at "])\n\t"
#define LOAD_XMM(i, at, name)  "movdqa 32*" #i "(%[" at "]), %%xmm" #i "\n\t"
#define STORE_XMM(i, at, name) "movdqa %%xmm" #i ", 32*" #i "(%[" at "])\n\t"
#define ALL_XMM \
    "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
        "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

static long call_with_ymm(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile(EACH(LOAD_YMM, "before", 0) "syscall\n\t" EACH(
                         STORE_YMM, "after", 0) "vzeroupper"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b),
                       "d"(c), [before] "r"(before), [after] "r"(after)
                     : "rcx", "r11", "memory", ALL_XMM);
    return result;
}

static long call_with_xmm(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile(
        EACH(LOAD_XMM, "before", 0) "syscall\n\t" EACH(STORE_XMM, "after", 0)
        : "=a"(result)
        : "a"(number), "D"(a), "S"(b),
          "d"(c), [before] "r"(before), [after] "r"(after)
        : "rcx", "r11", "memory", ALL_XMM);
    return result;
}

static bool has_avx(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AVX) != 0 &&
           (c & bit_OSXSAVE) != 0;
}

static void check_vectors(void)
{
    bool avx = has_avx();
    static uint8_t bytes[300];
    size_t wrong = 0;

    for (size_t round = 0; round < ROUNDS; round++) {
        long (*call)(long, long, long, long) =
            avx ? call_with_ymm : call_with_xmm;

        for (size_t i = 0; i < sizeof(before); i++)
            before[i / 32][i % 32] = (uint8_t)(i * 7 + round * 13 + i / 32);
        memset(after, 0, sizeof(after));
        wrong += round % 2 == 0
                     ? call(SYS_getrandom, (long)bytes, 300, 0) != 300
                     : call(SYS_getppid, 0, 0, 0) < 0;
        for (size_t i = 0; i < 16; i++)
            wrong += memcmp(before[i], after[i], avx ? 32 : 16) != 0;
    }
    CHECK(wrong == 0);
}

/* Control words and a value on the x87 stack. */
static void check_floats(void)
{
    uint32_t mxcsr = 0x1f80 | 0x6000 | 0x8000, was, now;
    uint16_t control = 0x27f, was_control, now_control;
    double value = 1.25, back = 0;
    long result;

    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(was), "=m"(was_control));
    __asm__ volatile("ldmxcsr %2; fldcw %3; fldl %4\n\t"
                     "syscall\n\t"
                     "fstpl %1"
                     : "=a"(result), "=m"(back)
                     : "m"(mxcsr), "m"(control), "m"(value), "0"(SYS_getppid)
                     : "rcx", "r11", "memory");
    __asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(now), "=m"(now_control));
    __asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(was), "m"(was_control));
    CHECK(result >= 0);
    CHECK(now == mxcsr && now_control == control);
    CHECK(back == 1.25);
    CHECK(was == 0x1f80 && was_control == 0x37f);
}

/* A page that appears while a vector instruction runs. */
static void fault_with_vectors(void)
{
    char *pages = get_pages(64, 3);

    for (size_t i = 0; i < sizeof(before); i++)
        before[i / 32][i % 32] = (uint8_t)(i * 11 + 5);
    memset(after, 0, sizeof(after));
    __asm__ volatile(EACH(LOAD_XMM, "before",
                          0) "mov $64, %%ecx\n"
                             "1: movb $1, (%[at]); add $4096, %[at]\n\t"
                             "dec %%ecx; jnz 1b\n\t" EACH(STORE_XMM, "after", 0)
                     : [at] "+r"(pages)
                     : [before] "r"(before), [after] "r"(after)
                     : "rcx", "memory", ALL_XMM);
    for (size_t i = 0; i < 16; i++)
        if (memcmp(before[i], after[i], 16) != 0)
            say("xmm%zu changed", i);
}

int main(void)
{
    check_general();
    call_backwards();
    check_vectors();
    check_floats();
    fault_with_vectors();
    return finish();
}
