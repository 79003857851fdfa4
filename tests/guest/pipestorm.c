/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pipestorm.c - many writers and readers of one pipe: blocks of
 * PIPE_BUF bytes and less stay whole, and none is lost (pipe(7)).
 */
#include <fcntl.h>
#include <string.h>

#include "tests/guest/child.h"

enum { WRITERS = 4, READERS = 3, BLOCKS = 300, BLOCK = 512, BIG = 9000 };

static int ends[2];
static char buffer[BIG];

/* Blocks that say in every byte whose they are. */
static int write_blocks(long number)
{
    char block[BLOCK];

    CALL(close, ends[0]);
    for (int i = 0; i < BLOCKS; i++) {
        memset(block, (int)number * 50 + i % 50, BLOCK);
        if (CALL(write, ends[1], block, BLOCK) != BLOCK)
            return 1;
    }
    return 0;
}

static int read_blocks(long unused)
{
    char block[BLOCK];
    long got;

    (void)unused;
    CALL(close, ends[1]);
    while ((got = CALL(read, ends[0], block, BLOCK)) == BLOCK) {
        for (int i = 1; i < BLOCK; i++)
            if (block[i] != block[0])
                return 2;
        __atomic_add_fetch(&shared[(unsigned char)block[0]], 1,
                           __ATOMIC_SEQ_CST);
    }
    return got != 0;
}

static void whole_blocks(void)
{
    long pids[WRITERS + READERS];
    int each = 0;

    EXPECT(0, pipe, ends);
    for (int i = 0; i < WRITERS; i++)
        pids[i] = spawn(write_blocks, i);
    for (int i = 0; i < READERS; i++)
        pids[WRITERS + i] = spawn(read_blocks, 0);
    CALL(close, ends[0]);
    CALL(close, ends[1]);
    for (int i = 0; i < WRITERS; i++)
        reap("writer", pids[i]);
    for (int i = 0; i < READERS; i++)
        reap("reader", pids[WRITERS + i]);
    for (int i = 0; i < WRITERS * 50; i++)
        each += shared[i] == BLOCKS / 50;
    CHECK(each == WRITERS * 50);
}

static int write_stream(long unused)
{
    (void)unused;
    CALL(close, ends[0]);
    for (int i = 0; i < 60; i++) {
        memset(buffer, i, BIG);
        if (CALL(write, ends[1], buffer, BIG) != BIG)
            return 1;
    }
    return 0;
}

/* What is larger arrives in order, in whatever pieces. */
static void long_stream(void)
{
    long got, at = 0, wrong = 0, pid;
    char part[777];

    EXPECT(0, pipe, ends);
    pid = spawn(write_stream, 0);
    CALL(close, ends[1]);
    while ((got = CALL(read, ends[0], part, sizeof(part))) > 0)
        for (long i = 0; i < got; i++, at++)
            wrong += part[i] != (char)(at / BIG);
    CHECK(got == 0 && at == 60 * BIG && wrong == 0);
    reap("writer", pid);
    CALL(close, ends[0]);
}

static int body(long unused)
{
    (void)unused;
    whole_blocks();
    long_stream();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
