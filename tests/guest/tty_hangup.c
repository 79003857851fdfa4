/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_hangup.c - either side of a pseudo-terminal closes (pty(7)),
 * sessions end, vhangup(2).
 */
#include <time.h>

#include "tests/guest/pts.h"

static void master_closes(void)
{
    struct pts p = pts_open();
    struct termios settings;
    struct winsize window;
    int number = 0;

    type(p.master, "line\n");
    show_bytes("echo", p.master, 6);
    CALL(close, p.master);
    p.master = -1;
    EXPECT(0, read, p.slave, &number, 1);
    EXPECT(-EIO, write, p.slave, "x", 1);
    EXPECT(-EIO, ioctl, p.slave, TCGETS, &settings);
    EXPECT(-EIO, ioctl, p.slave, TIOCGWINSZ, &window);
    EXPECT(-EIO, ioctl, p.slave, FIONREAD, &number);
    EXPECT(-EIO, ioctl, p.slave, TIOCGPGRP, &number);
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCSPGRP, &number);
    EXPECT(-ENOENT, open, "/dev/pts/0", O_RDWR | O_NOCTTY);
    pts_close(&p);
}

static void slave_closes(void)
{
    struct pts p = pts_open();

    type(p.slave, "bye");
    CALL(close, p.slave);
    show_bytes("what is left", p.master, 3);
    show_read("then", p.master, 10);
    EXPECT(1, write, p.master, "x", 1);
    p.slave = (int)pts_open_slave(&p, O_RDWR | O_NOCTTY);
    type(p.master, "y\n");
    show_read("open again", p.slave, 10);
    pts_close(&p);
}

/* A reader that waits wakes. */
static int wait_for_end(long slave)
{
    char byte;

    EXPECT(0, read, slave, &byte, 1);
    return 5;
}

static int hold_master(long arg)
{
    struct pts p = pts_open();
    static const struct timespec pause = {.tv_nsec = 100000000};
    long pid = spawn(wait_for_end, p.slave);

    (void)arg;
    /* The child has the master open too, and goes on waiting. */
    CALL(nanosleep, &pause, NULL);
    CALL(kill, pid, SIGKILL);
    reap("child", pid);
    return 0;
}

/* Leads the session of the terminal and waits for its end. */
static int lead(long number)
{
    struct pts p = {-1, -1, (int)number};

    count_signal(SIGHUP);
    count_signal(SIGCONT);
    pts_lead(&p);
    __atomic_store_n(&shared[0], 1, __ATOMIC_SEQ_CST);
    await_signal(SIGHUP, 1);
    await_signal(SIGCONT, 1);
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    return 6;
}

static void session_is_told(void)
{
    struct pts p = pts_open();
    long pid;

    shared[0] = 0;
    CALL(close, p.slave);
    p.slave = -1;
    CALL(fcntl, p.master, F_SETFD, FD_CLOEXEC);
    pid = CALL(fork);
    if (pid == 0) {
        CALL(close, p.master);
        CALL(exit_group, lead(p.number));
    }
    await(&shared[0], 1);
    CALL(close, p.master);
    reap("leader", pid);
}

static int linger(long arg)
{
    (void)arg;
    while (CALL(pause) < 0)
        ;
    return 0;
}

/* Ends with a child in the foreground, which gets SIGHUP. */
static int lead_and_leave(long number)
{
    struct pts p = {-1, -1, (int)number};
    long pid;
    int fd;

    pts_lead(&p);
    fd = (int)CALL(open, "/dev/tty", O_RDWR);
    pid = spawn(linger, 0);
    CALL(setpgid, pid, pid);
    dispose(SIGTTOU, SIG_IGN);
    EXPECT(0, ioctl, fd, TIOCSPGRP, &pid);
    shared[1] = (int)pid;
    return 7;
}

static void leader_leaves(void)
{
    struct pts p = pts_open();
    int status = 0;
    long pid;

    CALL(prctl, 36, 1, 0, 0, 0); /* PR_SET_CHILD_SUBREAPER */
    pid = spawn(lead_and_leave, p.number);
    reap("leader", pid);
    EXPECT(shared[1], wait4, -1, &status, 0, NULL);
    say_status("its child", status);
    EXPECT(-ENOTTY, ioctl, p.master, TIOCGSID, &status);
    EXPECT(0, ioctl, p.master, TIOCGPGRP, &status);
    say("group %d", status);
    pts_close(&p);
}

static int hang_up_own(long number)
{
    struct pts p = {-1, -1, (int)number};
    int fd;

    count_signal(SIGHUP);
    pts_lead(&p);
    fd = (int)CALL(open, "/dev/tty", O_RDWR);
    EXPECT(0, vhangup);
    EXPECT(0, read, fd, &p, 1);
    EXPECT(-EIO, write, fd, "x", 1);
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    await_signal(SIGHUP, 1);
    return 8;
}

static void hang_up(void)
{
    struct pts p = pts_open();

    counted[SIGHUP] = 0;
    reap("caller", spawn(hang_up_own, p.number));
    EXPECT(0, read, p.slave, &p.number, 1);
    pts_close(&p);
}

int main(void)
{
    pts_begin();
    master_closes();
    slave_closes();
    reap("holder", spawn(hold_master, 0));
    session_is_told();
    leader_leaves();
    hang_up();
    return pts_finish();
}
