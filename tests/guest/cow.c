/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/cow.c - private memory after fork(2): everybody sees his own
 * writes only, through generations, while threads write; shared memory is one.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/guest/child.h"

enum { PAGES = 64, GENERATIONS = 6, CHILDREN = 4, WRITERS = 2 };

static volatile uint32_t *area, *common;
static volatile bool stop;

static volatile uint32_t *word(int page)
{
    return area + page * (PAGE / 4) + page;
}

static bool holds(uint32_t value)
{
    for (int i = 0; i < PAGES; i++)
        if (*word(i) != value + (uint32_t)i)
            return false;
    return true;
}

static void fill(uint32_t value)
{
    for (int i = 0; i < PAGES; i++)
        *word(i) = value + (uint32_t)i;
}

/* Each checks what its parent wrote, writes its own, has a child, and finds its
 * own again. */
static int generation(long n)
{
    int status = -1;
    long pid;

    if (!holds((uint32_t)n * 1000))
        return 1;
    fill(((uint32_t)n + 1) * 1000);
    __atomic_add_fetch(common, 1, __ATOMIC_SEQ_CST);
    if (n == GENERATIONS)
        return 0;
    pid = spawn(generation, n + 1);
    CALL(wait4, pid, &status, 0, NULL);
    if (!holds(((uint32_t)n + 1) * 1000))
        return 2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 3;
}

static int write_half(long n)
{
    for (int i = (int)n % 2; i < PAGES; i += 2)
        *word(i) = 7;
    for (int i = 1 - (int)n % 2; i < PAGES; i += 2)
        if (*word(i) != 5000 + (uint32_t)i)
            return 1;
    return 0;
}

static void siblings(void)
{
    long pids[CHILDREN];

    fill(5000);
    for (int i = 0; i < CHILDREN; i++)
        pids[i] = spawn(write_half, i);
    for (int i = 0; i < CHILDREN; i++)
        reap("sibling", pids[i]);
    CHECK(holds(5000));
}

/* Counts a page of its own up, without a gap. */
static void *count(void *arg)
{
    volatile uint32_t *mine = word((int)(long)arg);
    uint32_t last = *mine;

    while (!stop) {
        if (*mine != last)
            return (void *)1;
        *mine = ++last;
    }
    return NULL;
}

/* In the child nobody writes any more. */
static int stand_still(long unused)
{
    uint32_t before[WRITERS];

    (void)unused;
    for (int i = 0; i < WRITERS; i++)
        before[i] = *word(i);
    for (int i = 0; i < 20; i++)
        CALL(sched_yield);
    for (int i = 0; i < WRITERS; i++)
        if (*word(i) != before[i])
            return 1;
    return 0;
}

static void while_writing(void)
{
    pthread_t threads[WRITERS];
    void *result;

    for (long i = 0; i < WRITERS; i++)
        pthread_create(&threads[i], NULL, count, (void *)i);
    for (int i = 0; i < 10; i++)
        reap("stands still", spawn(stand_still, 0));
    stop = true;
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], &result);
        CHECK(result == NULL);
    }
}

/* Shared memory stays shared, also where it was moved, cut, or not touched. */
static int write_shared(long unused)
{
    volatile uint32_t *moved;

    (void)unused;
    common[1] = 11;
    common[PAGE / 4] = 12;
    moved = mremap((void *)common, PAGE, PAGE, 3,
                   (char *)(uintptr_t)area + PAGES * PAGE);
    if ((void *)moved == MAP_FAILED)
        return 1;
    moved[2] = 13;
    return 0;
}

static void shared_memory(void)
{
    reap("writes", spawn(write_shared, 0));
    CHECK(common[1] == 11 && common[PAGE / 4] == 12 && common[2] == 13);
}

int main(void)
{
    area = (uint32_t *)(void *)get_pages(PAGES + 1, PROT_READ | PROT_WRITE);
    common = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fill(0);
    reap("generations", spawn(generation, 0));
    CHECK(holds(0) && *common == GENERATIONS + 1);
    siblings();
    while_writing();
    shared_memory();
    return finish();
}
