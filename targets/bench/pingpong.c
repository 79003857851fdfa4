/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/pingpong.c - what the host charges for going to another
 * process and back: two processes on one core that wake each other by futex.
 *
 * pingpong COUNT prints "TSC-ticks-of-COUNT-round-trips COUNT".
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

static void pin_to_this_core(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(sched_getcpu(), &set);
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
        perror("pingpong: sched_setaffinity");
        exit(1);
    }
}

/* Waits for the word to be mine, then makes it the other's. */
static void take_turn(uint32_t *word, uint32_t mine)
{
    uint32_t now;

    while ((now = __atomic_load_n(word, __ATOMIC_ACQUIRE)) != mine)
        syscall(SYS_futex, word, FUTEX_WAIT, now, NULL, NULL, 0);
    __atomic_store_n(word, !mine, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void take_turns(uint32_t *word, uint32_t mine, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        take_turn(word, mine);
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000;
    uint64_t warm = count / 10 + 1;
    uint64_t begin, end;
    uint32_t *word;
    pid_t child;

    pin_to_this_core();
    word = mmap(NULL, sizeof(*word), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED || (child = fork()) < 0) {
        perror("pingpong");
        return 1;
    }
    if (child == 0) {
        take_turns(word, 1, warm + count);
        return 0;
    }
    take_turns(word, 0, warm);
    begin = read_tsc();
    take_turns(word, 0, count);
    end = read_tsc();
    waitpid(child, NULL, 0);
    printf("%llu %llu\n", (unsigned long long)(end - begin),
           (unsigned long long)count);
    return 0;
}
