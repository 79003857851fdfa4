/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/null_call.c - guest program: what a null system call costs.
 *
 * Alone: prints the clock since boot at its first line, and the least cost of
 * a getppid(2), both in TSC ticks (under QEMU's -icount: in instructions).
 * With an argument N: for every byte of input one burst of N calls, whose
 * ticks it prints on a line of its own.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t burst(unsigned long count)
{
    uint64_t start = ticks();

    for (unsigned long i = 0; i < count; i++) {
        long result;

        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"((long)SYS_getppid)
                         : "rcx", "r11", "memory");
    }
    return ticks() - start;
}

static void print(uint64_t value)
{
    char line[32];
    int size =
        snprintf(line, sizeof(line), "%llu\n", (unsigned long long)value);

    if (write(1, line, (size_t)size) != size)
        exit(1);
}

int main(int argc, char **argv)
{
    enum { SMALL = 100, TRIES = 50 };
    uint64_t first = ticks(), least = UINT64_MAX;
    char byte;

    if (argc > 1) {
        while (read(0, &byte, 1) == 1)
            print(burst(strtoul(argv[1], NULL, 10)));
        return 0;
    }
    for (int i = 0; i < TRIES; i++) {
        uint64_t cost = burst(SMALL);

        if (cost < least)
            least = cost;
    }
    print(first);
    print(least / SMALL);
    return 0;
}
