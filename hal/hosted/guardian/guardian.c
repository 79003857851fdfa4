/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/guardian/guardian.c - outlives the kernel process, to tidy up.
 *
 * A program of its own, without libc. Its stdin is a pipe whose other end only
 * the kernel process holds, so the end of file is the kernel's end, however it
 * came. It then restores the terminal and kills the stubs' process group.
 *
 * What comes through the pipe stands in guardian.h. stdout is the terminal, if
 * there is one; stderr is the user's.
 */
#include <stddef.h>

#include "hal/hosted/guardian/guardian.h"

/* The numbers of the host's system calls: syscall(2), x86-64. */
enum { NR_READ = 0, NR_WRITE = 1, NR_IOCTL = 16, NR_EXIT = 60, NR_KILL = 62 };

enum { SIGNAL_KILL = 9, ERROR_INTERRUPTED = -4, IOCTL_TCSETS = 0x5402 };

enum { STDIN, STDOUT, STDERR };

static long call(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

/* Reads exactly size bytes; 0 at the end of file. */
static int read_whole(char *to, size_t size)
{
    while (size > 0) {
        long got = call(NR_READ, STDIN, (long)to, (long)size);

        if (got == ERROR_INTERRUPTED)
            continue;
        if (got <= 0)
            return 0;
        to += got;
        size -= (size_t)got;
    }
    return 1;
}

void guardian_main(void);

void guardian_main(void)
{
    static const char died[] = "cyphera: the kernel process died\n";
    char state[GUARDIAN_TERMINAL_STATE];
    int have_state = 0;
    int in_order = 0;
    int group = 0;
    char what;

    while (read_whole(&what, 1)) {
        if (what == GUARDIAN_TERMINAL)
            have_state = read_whole(state, sizeof(state));
        else if (what == GUARDIAN_GROUP)
            read_whole((char *)&group, sizeof(group));
        else if (what == GUARDIAN_QUIT)
            in_order = 1;
    }
    if (have_state)
        call(NR_IOCTL, STDOUT, IOCTL_TCSETS, (long)state);
    if (!in_order && group > 1)
        call(NR_KILL, -group, SIGNAL_KILL, 0);
    if (!in_order)
        call(NR_WRITE, STDERR, (long)died, (long)sizeof(died) - 1);
    for (;;)
        call(NR_EXIT, 0, 0, 0);
}

__asm__(".globl _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    and $-16, %rsp\n"
        "    call guardian_main\n"
        "    ud2\n");
