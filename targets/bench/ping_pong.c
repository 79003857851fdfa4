/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/ping_pong.c - host program: the yardstick for the hosted null
 * call. Two processes pinned to one core wake each other by futex; for every
 * byte of input one burst of argv[1] round trips on core argv[2], whose TSC
 * ticks it prints on a line of its own.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static void wait_for(uint32_t *turn, uint32_t mine)
{
    while (__atomic_load_n(turn, __ATOMIC_ACQUIRE) != mine)
        syscall(SYS_futex, turn, FUTEX_WAIT, !mine, NULL, NULL, 0);
}

static void give(uint32_t *turn, uint32_t theirs)
{
    __atomic_store_n(turn, theirs, __ATOMIC_RELEASE);
    syscall(SYS_futex, turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

int main(int argc, char **argv)
{
    unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
    cpu_set_t set;
    uint32_t *turn;
    pid_t child;
    char byte;

    CPU_ZERO(&set);
    CPU_SET(argc > 2 ? atoi(argv[2]) : 0, &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0)
        return 1;
    turn = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (turn == MAP_FAILED)
        return 1;
    child = fork();
    for (; child == 0; give(turn, 0))
        wait_for(turn, 1);
    while (read(0, &byte, 1) == 1) {
        uint64_t start = ticks();

        for (unsigned long i = 0; i < count; i++) {
            give(turn, 1);
            wait_for(turn, 0);
        }
        printf("%llu\n", (unsigned long long)(ticks() - start));
        fflush(stdout);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    return 0;
}
