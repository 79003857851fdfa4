/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pipewait.c - sleeping in pipes, and signals that cut it short:
 * signal(7), "Interruption".
 */
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "tests/guest/child.h"

static volatile int count;
static int ends[2];
static char buffer[70000];

static void note(int number)
{
    (void)number;
    count++;
}

static void handle(void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    count = 0;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
}

static void nap(long ms)
{
    struct timespec t = {0, ms * 1000000};

    CALL(nanosleep, &t, NULL);
}

static int write_late(long ms)
{
    nap(ms);
    CALL(write, ends[1], "late", 4);
    return 0;
}

enum { RINGS = 3 }; /* by then the call waits, most often */

/* For the child to see. */
static void note_shared(int number)
{
    note(number);
    *shared = count;
}

static int write_after_rings(long rings)
{
    while (*shared < rings)
        nap(1);
    CALL(write, ends[1], "late", 4);
    return 0;
}

static void reads(void)
{
    long pid;

    EXPECT(0, pipe, ends);
    pid = spawn(write_late, 20);
    EXPECT(4, read, ends[0], buffer, 10);
    reap("writer", pid);
    handle(note, 0);
    ring_every(20);
    EXPECT(-EINTR, read, ends[0], buffer, 10);
    hush();
    CHECK(count >= 1);
    *shared = 0;
    handle(note_shared, SA_RESTART);
    pid = spawn(write_after_rings, RINGS);
    ring_every(20);
    EXPECT(4, read, ends[0], buffer, 10);
    hush();
    CHECK(count >= RINGS);
    reap("writer", pid);
}

static int read_late(long ms)
{
    nap(ms);
    CALL(read, ends[0], buffer, 8192);
    return 0;
}

static void writes(void)
{
    long pid;

    EXPECT(65536, write, ends[1], buffer, 65536);
    handle(note, 0);
    ring_every(20);
    EXPECT(-EINTR, write, ends[1], buffer, 1);
    hush();
    CHECK(count >= 1);
    pid = spawn(read_late, 20);
    EXPECT(4096, write, ends[1], buffer, 4096);
    reap("reader", pid);
    EXPECT(4096, write, ends[1], buffer, 4096);
    pid = spawn(read_late, 1);
    reap("reader", pid);
    count = 0;
    ring_every(50);
    EXPECT(8192, write, ends[1], buffer, 70000); /* cut short by the signal */
    hush();
    CHECK(count >= 1);
}

/* Whoever sleeps hears of the other side's end. */
static int wait_for_end(long unused)
{
    (void)unused;
    CALL(close, ends[1]);
    EXPECT(0, read, ends[0], buffer, 10);
    return finish();
}

static void ending(void)
{
    long pid;

    CALL(close, ends[0]);
    CALL(close, ends[1]);
    EXPECT(0, pipe, ends);
    pid = spawn(wait_for_end, 0);
    CALL(close, ends[0]);
    nap(20);
    CALL(close, ends[1]);
    reap("reader", pid);
}

static int body(long unused)
{
    (void)unused;
    reads();
    writes();
    ending();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
