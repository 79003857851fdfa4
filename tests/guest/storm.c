/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/storm.c - runs the storms: storm KIND COUNT [ALIVE].
 */
#include "tests/guest/storm.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/child.h"

struct start {
    int (*body)(long number);
    long number;
};

static void *run_start(void *arg)
{
    const struct start *start = arg;

    return (void *)(intptr_t)start->body(start->number);
}

int storm_threads(int (*body)(long number))
{
    pthread_t threads[STORM_THREADS];
    struct start starts[STORM_THREADS];
    intptr_t bad = 0;
    void *result;

    for (long i = 0; i < STORM_THREADS; i++) {
        starts[i] = (struct start){body, i};
        if (pthread_create(&threads[i], NULL, run_start, &starts[i]) != 0)
            return 1;
    }
    for (long i = 0; i < STORM_THREADS; i++) {
        pthread_join(threads[i], &result);
        bad |= (intptr_t)result;
    }
    return bad != 0;
}

static int run(int argc, char **argv)
{
    long count = argc > 2 ? atol(argv[2]) : 10;

    if (argc > 1 && strcmp(argv[1], "leaf") == 0)
        return 3;
    if (argc > 1 && strcmp(argv[1], "fork") == 0)
        return storm_fork(count, argc > 3 ? atol(argv[3]) : 20);
    if (argc > 1 && strcmp(argv[1], "map") == 0)
        return storm_map(count);
    if (argc > 1 && strcmp(argv[1], "futex") == 0)
        return storm_futex(count);
    if (argc > 1 && strcmp(argv[1], "signal") == 0)
        return storm_signal(count);
    say("storm fork|map|futex|signal COUNT [ALIVE]");
    return 2;
}

int main(int argc, char **argv)
{
    int result = run(argc, argv);

    if (result != 3)
        say("%s: %s", argc > 1 ? argv[1] : "storm", result == 0 ? "ok" : "BAD");
    return result;
}
