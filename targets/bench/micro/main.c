/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/main.c - the init, and how a row is measured.
 *
 * Options come in the environment: kb_start=N begins at row N, kb_only=A,B
 * takes the rows whose names contain one of the words.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/bench/micro/micro.h"

enum { ID_BITS = 12, STATUS_FAILED = 3 };

static unsigned row_id;

static uint64_t ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* nopl with a displacement that no compiler writes; its third byte says what
 * is marked. */
#define MARK(what) \
    __asm__ volatile(".byte 0x0f,0x1f,0x80,0x4b,0x42," #what ",0x5a" :: \
                         : "memory")

/* The row's number, bit by bit, and the start. */
static void mark_start(void)
{
    for (int i = ID_BITS - 1; i >= 0; i--)
        if ((row_id >> i) & 1)
            MARK(0x11);
        else
            MARK(0x10);
    MARK(0x01);
}

static void mark_end(void)
{
    MARK(0x02);
}

uint64_t micro_part_start(void)
{
    MARK(0x04);
    return ticks();
}

uint64_t micro_part_end(uint64_t start)
{
    uint64_t end = ticks();

    MARK(0x03);
    return end - start;
}

void micro_die(const char *how, ...)
{
    int error = errno;
    va_list args;

    printf("KBE\t");
    va_start(args, how);
    vprintf(how, args);
    va_end(args);
    printf(": %s\n", strerror(error));
    fflush(stdout);
    _exit(STATUS_FAILED);
}

char *micro_map(size_t size)
{
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED)
        micro_die("mmap");
    madvise(memory, size, MADV_NOHUGEPAGE);
    return memory;
}

void micro_measure(const struct micro_row *row, micro_body *body, void *arg)
{
    uint64_t start, own, all;
    double count = (double)row->rounds * (double)row->operations;

    body(row->rounds / 10 > 0 ? row->rounds / 10 : 1, arg);
    mark_start();
    start = ticks();
    own = body(row->rounds, arg);
    all = ticks() - start;
    mark_end();
    printf("KB\t%s\t%s\t%.3f\t%.0f\n", row->name, row->unit,
           (double)(own > 0 ? own : all) / count, count);
    fflush(stdout);
}

/* Runs a row in a child; says how it failed. */
static void run(const struct micro_row *row)
{
    int status = 0;
    pid_t child;

    printf("KBS\t%u\t%s\n", row_id, row->name);
    fflush(stdout);
    child = fork();
    if (child == 0) {
        row->run(row);
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        status = -1;
    if (status != 0)
        printf("KBF\t%s\tstatus_%x\n", row->name, (unsigned)status);
    fflush(stdout);
}

/* Does name contain one of these words, parted by commas? */
static bool is_chosen(const char *name, const char *words)
{
    char copy[1024], *rest = copy, *word;

    snprintf(copy, sizeof(copy), "%s", words);
    while ((word = strsep(&rest, ",")) != NULL)
        if (strstr(name, word) != NULL)
            return true;
    return false;
}

/* The tmpfs that the rows of files are about. */
static void make_tmp(void)
{
    mkdir("/tmp", 01777);
    if (mount("tmpfs", "/tmp", "tmpfs", 0, "") != 0 ||
        mkdir(MICRO_TMP, 0755) != 0)
        micro_die("a tmpfs for " MICRO_TMP);
}

int main(void)
{
    const char *start = getenv("kb_start");
    const char *only = getenv("kb_only");

    make_tmp();
    for (row_id = start != NULL ? (unsigned)atoi(start) : 0;
         row_id < micro_row_count; row_id++)
        if (only == NULL || is_chosen(micro_rows[row_id].name, only))
            run(&micro_rows[row_id]);
    printf("KBDONE\n");
    return 0;
}
