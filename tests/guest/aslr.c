/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/aslr.c - programs lie at random places, unless personality(2)
 * says ADDR_NO_RANDOMIZE: it runs itself and hands on where it lay.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>

#include "tests/guest/child.h"

enum { PLACES = 4, RUNS = 8 };

/* Of this run: program, heap, mappings, stack. */
static void get_places(uint64_t places[PLACES])
{
    char *page = get_pages(1, PROT_READ);

    places[0] = (uint64_t)(uintptr_t)&get_places;
    places[1] = (uint64_t)CALL(brk, 0);
    places[2] = (uint64_t)(uintptr_t)page;
    places[3] = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    munmap(page, PAGE);
}

/* aslr PERSONALITY RUNS-LEFT MOVED PLACES...: the last exits with a bit for
 * each place that was not always the same. */
static int run_again(char **argv)
{
    uint64_t places[PLACES];
    char words[PLACES + 1][20];
    unsigned moved = (unsigned)atoi(argv[3]);
    int left = atoi(argv[2]);

    get_places(places);
    for (int i = 0; i < PLACES; i++) {
        uint64_t before = strtoull(argv[4 + i], NULL, 16);

        if (before != 0 && before != places[i])
            moved |= 1u << i;
        sprintf(words[i], "%016llx", (unsigned long long)places[i]);
    }
    if (left == 0)
        return (int)moved;
    sprintf(words[PLACES], "%d", (int)moved);
    CALL(personality, atoi(argv[1]));
    argv[2][0]--;
    argv[3] = words[PLACES];
    for (int i = 0; i < PLACES; i++)
        argv[4 + i] = words[i];
    CALL(execve, "/aslr", argv, NULL);
    return 99;
}

static int begin(long persona)
{
    char word[20], left[] = "8";
    char *argv[] = {"aslr", word, left, "0", "0", "0", "0", "0", NULL};

    sprintf(word, "%ld", persona);
    CALL(personality, persona);
    CALL(execve, "/aslr", argv, NULL);
    return 99;
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, personality, 0xffffffff);
    reap("all four move", spawn(begin, 0));
    reap("none moves", spawn(begin, ADDR_NO_RANDOMIZE));
    EXPECT(0, personality, ADDR_NO_RANDOMIZE);
    EXPECT(ADDR_NO_RANDOMIZE, personality, 0);
    return finish();
}

int main(int argc, char **argv)
{
    if (argc > 1)
        return run_again(argv);
    share();
    return run_in_child(body);
}
