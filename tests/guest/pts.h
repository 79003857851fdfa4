/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pts.h - what the guest programs about terminals share.
 */
#ifndef TESTS_GUEST_PTS_H
#define TESTS_GUEST_PTS_H

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/guest/child.h"

/* A pseudo-terminal; -1: not open. */
struct pts {
    int master, slave;
    int number;
};

/* Makes /dev with devices, and devpts below it. Once, first thing. */
void pts_begin(void);

/* Takes it away again; then finish(). */
int pts_finish(void);

/* A pair, slave open without being made a controlling terminal. */
struct pts pts_open(void);
void pts_close(struct pts *pts);

/* Opens the slave once more, flags O_*: a descriptor or -errno. */
long pts_open_slave(const struct pts *pts, int flags);

/* The caller leads a session whose terminal is the slave. */
void pts_lead(const struct pts *pts);

/* Writes a string to fd; all of it, or it is told. */
void type(int fd, const char *text);

/* Reads at most size bytes and prints them, or the error. */
void show_read(const char *what, int fd, size_t size);

/* Reads as many bytes as text has and prints them. */
void show_bytes(const char *what, int fd, size_t size);

/* Changes settings: bits of each field on and off. */
struct change {
    tcflag_t input_on, input_off, output_on, output_off, local_on, local_off;
};
void change(int fd, struct change change);
void set_key(int fd, int index, int value);

/* No echo, no lines, no signals, nothing changed. */
void make_raw(int fd, int min, int time);

/* Sets FL_NONBLOCK, or clears it. */
void set_nonblocking(int fd, int on);

/* Milliseconds since some time. */
long now_ms(void);

/* Waits for a change of a child, stops included, and prints it. */
void show_change(const char *what, long pid);

/* Counts signals in shared words: counted[number]. */
extern volatile int *counted;
void count_signal(int number);

/* Sleeps until a counted signal has come so often. */
void await_signal(int number, int times);

#endif /* TESTS_GUEST_PTS_H */
