/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_raw.c - MIN and TIME (termios(3), "Noncanonical mode").
 */
#include <string.h>
#include <time.h>

#include "tests/guest/pts.h"

/* Shared words: how many bytes may be typed; when the last was, in ms. */
enum { MAY_TYPE, LAST_TYPED };

enum {
    BYTES = 4, /* that are typed */
    LONG = 90  /* tenths of seconds: longer than any machine is busy */
};

/* A read of the slave that takes so many ms at least. */
static void timed(const char *what, int fd, size_t size, long least)
{
    long before = now_ms(), took;

    show_read(what, fd, size);
    took = now_ms() - before;
    if (took < least)
        say("%s took %ld ms", what, took);
}

/* A read that ends before LONG has passed. */
static void quick(const char *what, int fd, size_t size)
{
    long before = now_ms(), took;

    show_read(what, fd, size);
    took = now_ms() - before;
    if (took >= LONG * 100L)
        say("%s took %ld ms", what, took);
}

/* Types a byte at a time with pauses in between, as many as it may. */
static int type_slowly(long master)
{
    static const struct timespec pause = {.tv_nsec = 50000000};

    for (int i = 0; i < BYTES; i++) {
        CALL(nanosleep, &pause, NULL);
        while (__atomic_load_n(&shared[MAY_TYPE], __ATOMIC_SEQ_CST) <= i)
            CALL(nanosleep, &pause, NULL);
        shared[LAST_TYPED] = (int)(unsigned)now_ms();
        CALL(write, master, "abcd" + i, 1);
    }
    return 0;
}

static long start_typing(const struct pts *p, int bytes)
{
    shared[MAY_TYPE] = bytes;
    return spawn(type_slowly, p->master);
}

static void polling(void)
{
    struct pts p = pts_open();

    make_raw(p.slave, 0, 0);
    timed("nothing", p.slave, 10, 0);
    type(p.master, "abc");
    make_raw(p.slave, 1, 0);
    show_read("a byte", p.slave, 1);
    make_raw(p.slave, 0, 0);
    show_read("the others", p.slave, 10);
    set_nonblocking(p.slave, 1);
    show_read("not waiting", p.slave, 10);
    pts_close(&p);
}

static void blocking(void)
{
    struct pts p = pts_open();
    long pid;

    make_raw(p.slave, 4, 0);
    pid = start_typing(&p, BYTES);
    show_read("four", p.slave, 10);
    reap("typist", pid);
    pid = start_typing(&p, BYTES);
    show_read("no more than fit", p.slave, 2);
    show_read("nor the next", p.slave, 2);
    reap("typist", pid);
    set_nonblocking(p.slave, 1);
    show_read("none", p.slave, 10);
    type(p.master, "xy");
    set_nonblocking(p.slave, 0);
    show_read("fewer fit", p.slave, 2);
    pts_close(&p);
}

static void timing(void)
{
    struct pts p = pts_open();
    long pid;

    make_raw(p.slave, 0, 2);
    timed("time passes", p.slave, 10, 190);
    make_raw(p.slave, 0, LONG);
    type(p.master, "abc");
    quick("there at once", p.slave, 10);
    pid = start_typing(&p, 1);
    quick("the first ends it", p.slave, 10);
    shared[MAY_TYPE] = BYTES;
    quick("and the second", p.slave, 1);
    reap("typist", pid);
    make_raw(p.slave, 1, 0);
    show_bytes("the rest", p.slave, 2);
    make_raw(p.slave, 0, 2);
    set_nonblocking(p.slave, 1);
    show_read("not waiting", p.slave, 10);
    pts_close(&p);
}

/* Reads count bytes, by reads of more than there will be. */
static void read_all(const char *what, int fd, size_t count)
{
    char bytes[64];
    size_t done = 0;

    while (done < count) {
        long got = CALL(read, fd, bytes + done, 10);

        if (got <= 0)
            break;
        done += (size_t)got;
    }
    say("%s: '%.*s'", what, (int)done, bytes);
}

/* The time counts anew from each byte; when the typist is late, the read ends
 * with those that came. */
static void between_bytes(void)
{
    struct pts p = pts_open();
    long pid;
    int since;

    make_raw(p.slave, 3, 2);
    type(p.master, "ab");
    timed("two and time", p.slave, 10, 190);
    make_raw(p.slave, 3, LONG);
    type(p.master, "abc");
    quick("three at once", p.slave, 10);
    type(p.master, "abcdef");
    make_raw(p.slave, 1, 0);
    show_bytes("two of six", p.slave, 2);
    make_raw(p.slave, 9, 5);
    pid = start_typing(&p, BYTES);
    read_all("all", p.slave, 4 + BYTES);
    since = (int)((unsigned)now_ms() - (unsigned)shared[LAST_TYPED]);
    if (since < 490)
        say("then %d ms", since);
    reap("typist", pid);
    pts_close(&p);
}

static void interrupted(void)
{
    struct pts p = pts_open();
    struct kernel_action action;

    make_raw(p.slave, 5, 0);
    count_signal(SIGALRM);
    CALL(rt_sigaction, SIGALRM, NULL, &action, 8);
    action.flags &= ~(unsigned long)SA_RESTART;
    CALL(rt_sigaction, SIGALRM, &action, NULL, 8);
    ring_every(50);
    show_read("interrupted", p.slave, 10);
    hush();
    type(p.master, "ab");
    ring_every(50);
    show_read("with two", p.slave, 10);
    hush();
    pts_close(&p);
}

int main(void)
{
    pts_begin();
    polling();
    blocking();
    timing();
    between_bytes();
    interrupted();
    return pts_finish();
}
