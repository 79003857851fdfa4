/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/memory.c - rows of memory: page faults and the calls of
 * the mmap family.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "targets/bench/micro/micro.h"

enum { SIXTEEN_PAGES = 16 * MICRO_PAGE, MIDDLE = 8 * MICRO_PAGE };

static void touch(char *memory, size_t size)
{
    for (size_t i = 0; i < size; i += MICRO_PAGE)
        memory[i] = 1;
}

uint64_t micro_body_touch_small(uint64_t rounds, void *arg)
{
    size_t size = *(size_t *)arg;

    while (rounds-- > 0) {
        char *memory = micro_map(size);

        touch(memory, size);
        munmap(memory, size);
    }
    return 0;
}

/* The same with the page size the kernel chooses. */
static uint64_t body_touch_any(uint64_t rounds, void *arg)
{
    size_t size = *(size_t *)arg;

    while (rounds-- > 0) {
        char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
            micro_die("mmap");
        touch(memory, size);
        munmap(memory, size);
    }
    return 0;
}

void micro_run_touch(const struct micro_row *row)
{
    size_t size = (size_t)row->parameter;

    micro_measure(
        row, size > MICRO_MIB ? body_touch_any : micro_body_touch_small, &size);
}

static uint64_t body_map_unmap(uint64_t rounds, void *arg)
{
    (void)arg;
    while (rounds-- > 0) {
        void *memory = mmap(NULL, SIXTEEN_PAGES, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (memory == MAP_FAILED)
            micro_die("mmap");
        munmap(memory, SIXTEEN_PAGES);
    }
    return 0;
}

static uint64_t body_unmap_touched(uint64_t rounds, void *arg)
{
    uint64_t sum = 0, start;

    (void)arg;
    while (rounds-- > 0) {
        char *memory = micro_map(MICRO_MIB);

        touch(memory, MICRO_MIB);
        start = micro_part_start();
        munmap(memory, MICRO_MIB);
        sum += micro_part_end(start);
    }
    return sum;
}

static uint64_t body_brk(uint64_t rounds, void *arg)
{
    char *end = (char *)syscall(SYS_brk, 0);

    (void)arg;
    while (rounds-- > 0) {
        char *grown = end + SIXTEEN_PAGES;

        if ((char *)syscall(SYS_brk, grown) != grown)
            micro_die("brk");
        end[MICRO_PAGE] = 1;
        syscall(SYS_brk, end);
    }
    return 0;
}

static uint64_t body_protect(uint64_t rounds, void *arg)
{
    while (rounds-- > 0) {
        if (mprotect(arg, MICRO_PAGE, PROT_READ) != 0 ||
            mprotect(arg, MICRO_PAGE, PROT_READ | PROT_WRITE) != 0)
            micro_die("mprotect");
        *(volatile char *)arg = 1;
    }
    return 0;
}

static uint64_t body_dontneed(uint64_t rounds, void *arg)
{
    while (rounds-- > 0) {
        if (madvise(arg, MICRO_PAGE, MADV_DONTNEED) != 0)
            micro_die("madvise");
        *(volatile char *)arg = 1;
    }
    return 0;
}

/* A page amid pages that are present. */
static char *middle_page(void)
{
    char *memory = mmap(NULL, SIXTEEN_PAGES, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        micro_die("mmap");
    memset(memory, 1, SIXTEEN_PAGES);
    return memory + MIDDLE;
}

void micro_run_memory(const struct micro_row *row)
{
    switch (row->parameter) {
    case MICRO_MAP_UNMAP:
        micro_measure(row, body_map_unmap, NULL);
        break;
    case MICRO_UNMAP_TOUCHED:
        micro_measure(row, body_unmap_touched, NULL);
        break;
    case MICRO_BRK:
        micro_measure(row, body_brk, NULL);
        break;
    case MICRO_PROTECT:
        micro_measure(row, body_protect, middle_page());
        break;
    default:
        micro_measure(row, body_dontneed, middle_page());
        break;
    }
}
