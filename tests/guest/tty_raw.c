/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_raw.c - MIN and TIME (termios(3), "Noncanonical mode").
 */
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "tests/guest/pts.h"

enum { SLOW_MS = 2000 }; /* what no wait here may take, on a busy machine */

/* A read of the slave, how long it took against bounds, in ms. */
static void timed(const char *what, int fd, size_t size, long least)
{
    long before = now_ms(), took;

    show_read(what, fd, size);
    took = now_ms() - before;
    if (took < least || took > least + SLOW_MS)
        say("%s took %ld ms", what, took);
}

/* Types a byte at a time with pauses in between. */
static int type_slowly(long master)
{
    static const struct timespec pause = {.tv_nsec = 50000000};

    for (int i = 0; i < 4; i++) {
        CALL(nanosleep, &pause, NULL);
        CALL(write, master, "abcd" + i, 1);
    }
    return 0;
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
    pid = spawn(type_slowly, p.master);
    timed("four", p.slave, 10, 100);
    reap("typist", pid);
    pid = spawn(type_slowly, p.master);
    timed("no more than fit", p.slave, 2, 50);
    timed("nor the next", p.slave, 2, 0);
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
    type(p.master, "abc");
    timed("there at once", p.slave, 10, 0);
    pid = spawn(type_slowly, p.master);
    timed("the first ends it", p.slave, 10, 40);
    timed("and the second", p.slave, 1, 0);
    reap("typist", pid);
    make_raw(p.slave, 1, 0);
    show_bytes("the rest", p.slave, 2);
    make_raw(p.slave, 0, 2);
    set_nonblocking(p.slave, 1);
    show_read("not waiting", p.slave, 10);
    pts_close(&p);
}

static void between_bytes(void)
{
    struct pts p = pts_open();
    long pid;

    make_raw(p.slave, 3, 2);
    type(p.master, "ab");
    timed("two and time", p.slave, 10, 190);
    type(p.master, "abc");
    timed("three at once", p.slave, 10, 0);
    type(p.master, "abcdef");
    make_raw(p.slave, 1, 0);
    show_bytes("two of six", p.slave, 2);
    make_raw(p.slave, 9, 5);
    pid = spawn(type_slowly, p.master);
    timed("all, then time", p.slave, 10, 600);
    reap("typist", pid);
    pts_close(&p);
}

static void interrupted(void)
{
    struct pts p = pts_open();
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    struct kernel_action action;

    make_raw(p.slave, 5, 0);
    count_signal(SIGALRM);
    CALL(rt_sigaction, SIGALRM, NULL, &action, 8);
    action.flags &= ~(unsigned long)SA_RESTART;
    CALL(rt_sigaction, SIGALRM, &action, NULL, 8);
    CALL(setitimer, ITIMER_REAL, &soon, NULL);
    show_read("interrupted", p.slave, 10);
    type(p.master, "ab");
    CALL(setitimer, ITIMER_REAL, &soon, NULL);
    show_read("with two", p.slave, 10);
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
