/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/absent.c - calls that Linux does not have: ENOSYS. The argument
 * `own` adds those that Linux has, or answers in another way, and Cyphera not,
 * nor soon: they are for modules, other kernels, swap and programs in the
 * kernel.
 */
#include <string.h>

#include "tests/guest/guest.h"

#define EXPECT_NONE(number) expect(-ENOSYS, RAW(number, 1, 2, 3), #number)

static void call_unknown(void)
{
    EXPECT_NONE(400);
    EXPECT_NONE(423);
    EXPECT_NONE(512);
    EXPECT_NONE(1000);
    EXPECT_NONE(4096);
    EXPECT_NONE(0x3fffffff);
    EXPECT_NONE(0x40000001);
    EXPECT_NONE(0x7fffffff);
    EXPECT_NONE(0x80000000);
    EXPECT_NONE(-1);
    EXPECT_NONE(-2);
    /* Calls that were taken out long ago: syscalls(2). */
    EXPECT_NONE(SYS_uselib);
    EXPECT_NONE(SYS_create_module);
    EXPECT_NONE(SYS_nfsservctl);
    EXPECT_NONE(SYS_tuxcall);
    EXPECT_NONE(SYS_vserver);
    EXPECT_NONE(SYS_lookup_dcookie);
}

/* The upper half of rax does not count. */
static void call_wide(void)
{
    static const char text[] = "wide\n";
    long result = RAW(0x5500000000 + SYS_write, 1, text, 5);

    say("%ld", result);
}

static long interrupt_80(long number)
{
    long result;

    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(7), "c"(0), "d"(0)
                     : "memory");
    return result;
}

int main(int argc, char **argv)
{
    call_unknown();
    call_wide();
    if (argc > 1 && strcmp(argv[1], "own") == 0) {
        EXPECT_NONE(500);
        EXPECT_NONE(SYS_init_module);
        EXPECT_NONE(SYS_kexec_load);
        EXPECT_NONE(SYS_swapon);
        EXPECT_NONE(SYS_bpf);
        EXPECT_NONE(SYS_shmget);
        EXPECT_NONE(SYS_shmat);
        EXPECT_NONE(SYS_socket);
        expect(-ENOSYS, interrupt_80(20), "int 0x80, getpid");
        expect(-ENOSYS, interrupt_80(1), "int 0x80, exit");
    }
    /* Of Linux 6.14 and later, whose seccomp lets them through. */
    if (argc > 1 && strcmp(argv[1], "probes") == 0) {
        EXPECT_NONE(335);
        EXPECT_NONE(336);
    }
    return finish();
}
