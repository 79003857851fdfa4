/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/die.c - ends in the way its argument names; the signal it dies by
 * is the test.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/guest.h"

static void read_null(void)
{
    const volatile char *volatile nowhere = (const volatile char *)8;

    (void)*nowhere;
}

static void write_constant(void)
{
    static const char constant[] = "constant";

    *(volatile char *)(uintptr_t)constant = 'x';
}

static void write_text(void)
{
    *(volatile char *)(uintptr_t)write_text = 0;
}

static void read_none(void)
{
    (void)*(volatile char *)get_border();
}

static void write_read_only(void)
{
    char *page = get_pages(1, PROT_READ);

    (void)*(volatile char *)page;
    *(volatile char *)page = 1;
}

static void write_taken(void)
{
    char *page = get_pages(1, PROT_READ | PROT_WRITE);

    *(volatile char *)page = 1;
    CALL(mprotect, page, PAGE, PROT_READ);
    *(volatile char *)page = 2;
}

static void read_unmapped(void)
{
    char *page = get_pages(1, PROT_READ | PROT_WRITE);

    *(volatile char *)page = 1;
    CALL(munmap, page, PAGE);
    (void)*(volatile char *)page;
}

static void read_kernel(void)
{
    (void)*(volatile char *)KERNEL_ADDRESS;
}

static void read_bad(void)
{
    (void)*(volatile char *)BAD_ADDRESS;
}

static void write_across(void)
{
    *(volatile uint64_t *)(get_border() - 4) = 0;
}

static void run_at(const void *at)
{
    void (*run)(void);

    memcpy(&run, &at, sizeof(run));
    run();
}

static void run_data(void)
{
    static char code[] = "\xc3";

    run_at(code);
}

static void run_stack(void)
{
    volatile char code[2] = "\xc3";

    run_at((const void *)(uintptr_t)code);
}

static void run_null(void)
{
    run_at(NULL);
}

static void run_kernel(void)
{
    run_at((const void *)KERNEL_ADDRESS);
}

static void run_bad(void)
{
    run_at((const void *)BAD_ADDRESS);
}

static void return_bad(void)
{
    __asm__ volatile("push %0; ret" : : "r"(BAD_ADDRESS));
}

static void stack_bad(void)
{
    __asm__ volatile("mov %0, %%rsp; push $0" : : "r"(BAD_ADDRESS));
}

static void stack_segment(void)
{
    __asm__ volatile("mov %0, %%rbp; mov (%%rbp), %%rax" : : "r"(BAD_ADDRESS));
}

__attribute__((noinline)) static int recurse(int depth)
{
    static volatile int end = -1;
    volatile char space[1000];

    space[0] = (char)depth;
    return depth == end ? 0 : recurse(depth + 1) + space[0];
}

static void stack_overflow(void)
{
    recurse(0);
}

static void undefined(void)
{
    __asm__ volatile("ud2");
}

static void divide(void)
{
    __asm__ volatile("xor %%edx, %%edx; xor %%ecx, %%ecx; div %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx");
}

static void divide_overflow(void)
{
    __asm__ volatile("mov $0x80000000, %%eax; cltd; mov $-1, %%ecx; idiv %%ecx"
                     :
                     :
                     : "eax", "ecx", "edx");
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

static void interrupt_3(void)
{
    __asm__ volatile(".byte 0xcd, 3");
}

static void interrupt_4(void)
{
    __asm__ volatile("int $4");
}

static void interrupt_14(void)
{
    __asm__ volatile("int $14");
}

static void interrupt_129(void)
{
    __asm__ volatile("int $0x81");
}

static void single_step(void)
{
    __asm__ volatile("pushf; orl $0x100, (%rsp); popf; nop; nop");
}

static void halt(void)
{
    __asm__ volatile("hlt");
}

static void clear_interrupts(void)
{
    __asm__ volatile("cli");
}

static void port(void)
{
    __asm__ volatile("in $0x80, %%al" : : : "eax");
}

static void control_register(void)
{
    __asm__ volatile("mov %%cr0, %%rax" : : : "rax");
}

static void model_register(void)
{
    __asm__ volatile("mov $0x10, %%ecx; rdmsr" : : : "eax", "ecx", "edx");
}

static void load_segment(void)
{
    __asm__ volatile("mov %0, %%ds" : : "r"(0x1234));
}

/* Unmasks division by zero, then does it. */
static void vector_float(void)
{
    uint32_t mxcsr = 0x1f80 & ~0x200u;

    __asm__ volatile("ldmxcsr %0; pcmpeqd %%xmm1, %%xmm1; psrld $25, %%xmm1;"
                     "pslld $23, %%xmm1; xorps %%xmm0, %%xmm0;"
                     "divps %%xmm0, %%xmm1"
                     :
                     : "m"(mxcsr)
                     : "xmm0", "xmm1");
}

static void x87_float(void)
{
    uint16_t control = 0x37f & ~4;

    __asm__ volatile("fldcw %0; fld1; fldz; fdivrp; fwait" : : "m"(control));
}

static void spin(void)
{
    for (;;)
        __asm__ volatile("pause");
}

/* Linux may emulate it; Cyphera has no such page. */
static void vsyscall(void)
{
    run_at((const void *)UINT64_C(0xffffffffff600000));
}

static const struct {
    const char *name;
    void (*run)(void);
} ways[] = {
    {"read-null", read_null},
    {"write-constant", write_constant},
    {"write-text", write_text},
    {"read-none", read_none},
    {"write-read-only", write_read_only},
    {"write-taken", write_taken},
    {"read-unmapped", read_unmapped},
    {"read-kernel", read_kernel},
    {"read-bad", read_bad},
    {"write-across", write_across},
    {"run-data", run_data},
    {"run-stack", run_stack},
    {"run-null", run_null},
    {"run-kernel", run_kernel},
    {"run-bad", run_bad},
    {"return-bad", return_bad},
    {"stack-bad", stack_bad},
    {"stack-segment", stack_segment},
    {"stack-overflow", stack_overflow},
    {"undefined", undefined},
    {"divide", divide},
    {"divide-overflow", divide_overflow},
    {"breakpoint", breakpoint},
    {"interrupt-3", interrupt_3},
    {"interrupt-4", interrupt_4},
    {"interrupt-14", interrupt_14},
    {"interrupt-129", interrupt_129},
    {"single-step", single_step},
    {"halt", halt},
    {"clear-interrupts", clear_interrupts},
    {"port", port},
    {"control-register", control_register},
    {"model-register", model_register},
    {"load-segment", load_segment},
    {"vector-float", vector_float},
    {"x87-float", x87_float},
    {"vsyscall", vsyscall},
    {"spin", spin},
};

int main(int argc, char **argv)
{
    size_t count = sizeof(ways) / sizeof(ways[0]);

    for (size_t i = 0; i < count; i++) {
        if (argc < 2) {
            say("%s", ways[i].name);
        } else if (strcmp(argv[1], ways[i].name) == 0) {
            say("before");
            ways[i].run();
            say("STILL ALIVE");
            return 1;
        }
    }
    return 0;
}
