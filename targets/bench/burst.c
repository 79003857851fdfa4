/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/burst.c - guest program: what calls, page faults and processes
 * cost, for comparing kernels that run as host processes.
 *
 * For every letter of its input one burst, whose TSC ticks it prints on a line
 * of its own after a dot: c getppid(2), f a first write to a page of anonymous
 * memory, p fork(2), exit and wait. Other bytes mean nothing. It is init: where
 * its standard streams are a terminal, that is made to pass bytes on as they
 * are; an end of input powers the machine off.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { CALLS = 2000, PAGES = 512, FORKS = 20, PAGE = 4096 };

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static void fail(const char *what)
{
    dprintf(1, "\n.%s failed\n", what);
    exit(1);
}

static uint64_t calls(void)
{
    uint64_t start = ticks();

    for (int i = 0; i < CALLS; i++) {
        long result;

        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"((long)SYS_getppid)
                         : "rcx", "r11", "memory");
    }
    return (ticks() - start) / CALLS;
}

static uint64_t faults(void)
{
    volatile char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t start, time;

    if (pages == MAP_FAILED)
        fail("mmap");
    start = ticks();
    for (int i = 0; i < PAGES; i++)
        pages[i * PAGE] = 1;
    time = (ticks() - start) / PAGES;
    munmap((void *)pages, PAGES * PAGE);
    return time;
}

static uint64_t forks(void)
{
    uint64_t start = ticks();

    for (int i = 0; i < FORKS; i++) {
        int status;
        pid_t child = fork();

        if (child == 0)
            _exit(7);
        if (child < 0 || waitpid(child, &status, 0) != child)
            fail("fork");
    }
    return (ticks() - start) / FORKS;
}

static void make_raw(void)
{
    struct termios t;

    if (tcgetattr(0, &t) != 0)
        return;
    cfmakeraw(&t);
    (void)tcsetattr(0, TCSANOW, &t);
}

int main(void)
{
    char letter;

    make_raw();
    dprintf(1, "\n.ready\n");
    while (read(0, &letter, 1) == 1) {
        uint64_t time = 0;

        if (letter == 'c')
            time = calls();
        else if (letter == 'f')
            time = faults();
        else if (letter == 'p')
            time = forks();
        else
            continue;
        dprintf(1, ".%llu\n", (unsigned long long)time);
    }
    if (getpid() == 1)
        (void)reboot(RB_POWER_OFF);
    return 0;
}
