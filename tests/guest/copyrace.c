/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/copyrace.c - one thread has the kernel read a page while another
 * unmaps it, and whoever gets its memory next fills it: never a byte of that is
 * seen. What the kernel read it shows by rt_sigprocmask(2)'s old set.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/guest/child.h"

/* As many rounds as go into the time: each flush waits for other CPUs, which
 * takes long where they have to wait for the host's. */
enum { ROUNDS = 3000, TIME_MS = 4000, REUSED = 8 };

/* Signals that may be blocked, in two patterns; none of the second's bits is in
 * the first. */
#define OLD UINT64_C(0x00ff00ff00000000)
#define NEW UINT64_C(0xff00ff0000000000)

static char *volatile target;
static volatile bool stop, keeps_place; /* nobody else may be put there */
static volatile int strange, copies, faults, writes;

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Fills the target, then takes it away and has the memory used again. */
static void *unmap(void *arg)
{
    char *again = get_pages(REUSED, PROT_READ | PROT_WRITE);
    char *at = target;
    int64_t end = now_ms() + TIME_MS;

    (void)arg;
    /* And until the other has run at all. */
    for (int i = 0; (i < ROUNDS && now_ms() < end) || copies + faults == 0;
         i++) {
        CALL(mmap, at, PAGE, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        for (size_t j = 0; j < PAGE / 8; j++)
            ((volatile uint64_t *)at)[j] = OLD;
        for (volatile int j = 0; j < 100 + i % 400; j++)
            continue;
        if (i % 2 == 0 && keeps_place)
            CALL(mmap, at, PAGE, PROT_NONE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        else if (i % 2 == 0)
            CALL(munmap, at, PAGE);
        else
            CALL(madvise, at, PAGE, MADV_DONTNEED);
        for (size_t j = 0; j < REUSED * PAGE / 8; j++)
            ((volatile uint64_t *)again)[j] = NEW;
        CALL(madvise, again, REUSED * PAGE, MADV_DONTNEED);
    }
    stop = true;
    return NULL;
}

/* The mask is what the kernel copied: old, zeros, or nothing. */
static void *copy_in(void *arg)
{
    uint64_t got = 0, none = 0;
    size_t offset = 0;

    (void)arg;
    while (!stop) {
        long result =
            CALL(rt_sigprocmask, SIG_SETMASK, target + offset, NULL, 8);

        offset = (offset + 72) % (PAGE - 8);
        offset -= offset % 8;
        if (result == -EFAULT) {
            faults++;
            continue;
        }
        CALL(rt_sigprocmask, SIG_SETMASK, &none, &got, 8);
        copies++;
        if ((got & ~OLD) != 0)
            strange++;
    }
    return NULL;
}

/* A time that is not old, or zero, would be no valid one, or a wait. */
static void *copy_more(void *arg)
{
    uint64_t words[8];
    struct timespec t;

    (void)arg;
    while (!stop) {
        /* Written by the kernel into a page that goes: never elsewhere. */
        if (CALL(clock_gettime, CLOCK_MONOTONIC, target) == 0)
            writes++;
        CALL(rt_sigprocmask, SIG_SETMASK, NULL, words, 8);
        CALL(clock_gettime, CLOCK_MONOTONIC, &t);
    }
    return NULL;
}

static void race(void *(*reader)(void *arg))
{
    pthread_t threads[2];

    pthread_create(&threads[0], NULL, unmap, NULL);
    pthread_create(&threads[1], NULL, reader, NULL);
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    CHECK(strange == 0);
}

/* What the kernel wrote to a page that went shows in no page mapped later. */
static void *look_for_strays(void *arg)
{
    (void)arg;
    while (!stop) {
        char *page = get_pages(4, PROT_READ | PROT_WRITE);

        for (size_t i = 0; i < 4 * PAGE; i += 8)
            if (*(volatile uint64_t *)(page + i) != 0)
                strange++;
        CALL(munmap, page, 4 * PAGE);
    }
    return NULL;
}

int main(void)
{
    pthread_t thread;

    target = get_pages(1, PROT_READ | PROT_WRITE);
    memset(target, 0, PAGE);
    race(copy_in);
    CALL(mmap, target, PAGE, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    stop = false;
    keeps_place = true;
    pthread_create(&thread, NULL, look_for_strays, NULL);
    race(copy_more);
    pthread_join(thread, NULL);
    CHECK(strange == 0);
    CHECK(copies + faults > 0);
    return finish();
}
