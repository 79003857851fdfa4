/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/rseq.c - restartable sequences, rseq(2).
 *
 * `rseq wait` blocks inside a critical section, which is left for its abort
 * handler then: it reads stdin, and prints "waiting" on stderr before.
 */
#include <string.h>
#include <sys/mman.h>

#include "core/abi/rseq.h"
#include "tests/guest/guest.h"

enum { SIGNATURE = 0x53053053, SIZE = sizeof(struct lx_rseq), TRIES = 50 };

/* In pages of its own, since its rights change. */
static struct lx_rseq *area;

static void registration_errors(void)
{
    char *other = (char *)area + 64;

    EXPECT(-EINVAL, rseq, area, SIZE, 2, SIGNATURE);
    EXPECT(-EINVAL, rseq, area, SIZE, -1, SIGNATURE);
    EXPECT(-EINVAL, rseq, area, SIZE - 1, 0, SIGNATURE);
    EXPECT(-EINVAL, rseq, (char *)area + 8, SIZE, 0, SIGNATURE);
    EXPECT(-EINVAL, rseq, area, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
    EXPECT(-EFAULT, rseq, KERNEL_ADDRESS, SIZE, 0, SIGNATURE);
    EXPECT(0, rseq, area, SIZE, 0, SIGNATURE);
    EXPECT(-EBUSY, rseq, area, SIZE, 0, SIGNATURE);
    EXPECT(-EPERM, rseq, area, SIZE, 0, SIGNATURE + 1);
    EXPECT(-EINVAL, rseq, other, SIZE, 0, SIGNATURE);
    EXPECT(-EINVAL, rseq, other, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
    EXPECT(-EINVAL, rseq, area, SIZE + 32, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
    EXPECT(-EPERM, rseq, area, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE + 1);
    EXPECT(0, rseq, area, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
    EXPECT(-EINVAL, rseq, area, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
}

static void show_cpu(void)
{
    memset(area, 0xff, sizeof(*area));
    area->rseq_cs = 0;
    area->flags = 0;
    EXPECT(0, rseq, area, SIZE, 0, SIGNATURE);
    CHECK(area->cpu_id < 4096 && area->cpu_id_start == area->cpu_id);
    EXPECT(0, rseq, area, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
    CHECK(area->cpu_id == (uint32_t)LX_RSEQ_CPU_ID_UNINITIALIZED);
    CHECK(area->cpu_id_start == 0);
}

/*
 * The critical section: makes one call, and returns 0; when it is left, 1. The
 * word before the abort handler is the signature.
 */
static long read_in_section(struct lx_rseq *at, void *buffer)
{
    static struct lx_rseq_cs section __attribute__((aligned(32)));
    long was_left, got;

    __asm__ volatile("lea 1f(%%rip), %%rax\n\t"
                     "mov %%rax, 8+%[section]\n\t"
                     "lea 2f(%%rip), %%rcx\n\t"
                     "sub %%rax, %%rcx\n\t"
                     "mov %%rcx, 16+%[section]\n\t"
                     "lea 4f(%%rip), %%rax\n\t"
                     "mov %%rax, 24+%[section]\n\t"
                     "lea %[section], %%rax\n\t"
                     "mov %%rax, 8(%[at])\n"
                     "1:\n\t"
                     "xor %%eax, %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "nop\n"
                     "2:\n\t"
                     "xor %[was_left], %[was_left]\n\t"
                     "jmp 5f\n\t"
                     ".byte 0x0f, 0xb9, 0x3d\n\t"
                     ".long 0x53053053\n"
                     "4:\n\t"
                     "mov $1, %[was_left]\n"
                     "5:"
                     : [was_left] "=&r"(was_left),
                       "=&a"(got), [section] "+m"(section)
                     : [at] "r"(at), "S"(buffer), "d"(1)
                     : "rcx", "rdi", "r11", "memory");
    return was_left;
}

static void wait_in_section(void)
{
    static const char waiting[] = "waiting\n";
    char byte;
    int tries = 0;

    memset(area, 0, sizeof(*area));
    EXPECT(0, rseq, area, SIZE, 0, SIGNATURE);
    do {
        CALL(write, 2, waiting, sizeof(waiting) - 1);
        tries++;
    } while (!read_in_section(area, &byte) && tries < TRIES);
    CHECK(tries < TRIES);
    CHECK(area->rseq_cs == 0);
    EXPECT(0, rseq, area, SIZE, LX_RSEQ_FLAG_UNREGISTER, SIGNATURE);
}

/* The area is gone at the next switch: SIGSEGV. */
static void lose_area(void)
{
    static const char waiting[] = "waiting\n";
    char byte;

    EXPECT(0, rseq, area, SIZE, 0, SIGNATURE);
    EXPECT(0, mprotect, area, PAGE, PROT_NONE);
    for (int i = 0; i < TRIES; i++) {
        CALL(write, 2, waiting, sizeof(waiting) - 1);
        CALL(read, 0, &byte, 1);
    }
    say("STILL ALIVE");
}

/* A section whose handler lacks the signature: SIGSEGV. */
static void forge_section(void)
{
    EXPECT(0, rseq, area, SIZE, 0, SIGNATURE + 1);
    for (int i = 0; i < TRIES; i++) {
        char byte;

        CALL(write, 2, "waiting\n", 8);
        read_in_section(area, &byte);
    }
    say("STILL ALIVE");
}

int main(int argc, char **argv)
{
    area = (struct lx_rseq *)get_pages(1, PROT_READ | PROT_WRITE);
    if (argc > 1 && strcmp(argv[1], "wait") == 0) {
        wait_in_section();
    } else if (argc > 1 && strcmp(argv[1], "lose") == 0) {
        lose_area();
    } else if (argc > 1 && strcmp(argv[1], "forge") == 0) {
        forge_section();
    } else {
        registration_errors();
        show_cpu();
    }
    return finish();
}
