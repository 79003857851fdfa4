/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_jobs.c - controlling terminals, foreground groups, and what
 * the background may not do (credentials(7), ioctl_tty(2)).
 */
#include "tests/guest/pts.h"

static struct pts p; /* of the session */

static int own(void)
{
    return (int)CALL(open, "/dev/tty", O_RDWR);
}

/* --- who gets a terminal -------------------------------------------------- */

static int acquire(long arg)
{
    int number = 0, fd;

    (void)arg;
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    EXPECT(-EPERM, ioctl, p.slave, TIOCSCTTY, 0); /* it leads no session */
    CHECK(CALL(setsid) == CALL(getpid));
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCGPGRP, &number);
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCGSID, &number);
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCSPGRP, &number);
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCNOTTY, 0);
    EXPECT(0, ioctl, p.slave, TIOCSCTTY, 0);
    EXPECT(0, ioctl, p.slave, TIOCSCTTY, 0);
    EXPECT(0, ioctl, p.slave, TIOCGSID, &number);
    CHECK(number == CALL(getpid));
    EXPECT(0, ioctl, p.slave, TIOCGPGRP, &number);
    CHECK(number == CALL(getpgrp));
    EXPECT(0, ioctl, p.master, TIOCGPGRP, &number);
    CHECK(number == CALL(getpgrp));
    EXPECT(0, ioctl, p.master, TIOCGSID, &number);
    fd = own();
    CHECK(fd >= 0);
    number = -1;
    EXPECT(-EINVAL, ioctl, fd, TIOCSPGRP, &number);
    number = 99999;
    EXPECT(-ESRCH, ioctl, fd, TIOCSPGRP, &number);
    number = 1;
    EXPECT(-EPERM, ioctl, fd, TIOCSPGRP, &number);
    EXPECT(-EFAULT, ioctl, fd, TIOCSPGRP, 8);
    dispose(SIGHUP, SIG_IGN);
    EXPECT(0, ioctl, fd, TIOCNOTTY, 0);
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCGPGRP, &number);
    return 0;
}

static int steal(long arg)
{
    int number;

    (void)arg;
    CALL(setsid);
    EXPECT(-EPERM, ioctl, p.slave, TIOCSCTTY, 0);
    EXPECT(0, ioctl, p.slave, TIOCSCTTY, 1); /* CAP_SYS_ADMIN */
    EXPECT(0, ioctl, p.slave, TIOCGSID, &number);
    CHECK(number == CALL(getpid));
    return 0;
}

static int be_stolen_from(long arg)
{
    (void)arg;
    pts_lead(&p);
    reap("thief", spawn(steal, 0));
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    return 0;
}

/* A child that gives the terminal up does so for itself. */
static int give_up(long arg)
{
    int fd = own();

    (void)arg;
    EXPECT(0, ioctl, fd, TIOCNOTTY, 0);
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    EXPECT(-ENOTTY, ioctl, fd, TIOCNOTTY, 0);
    return 0;
}

static int keep(long arg)
{
    (void)arg;
    pts_lead(&p);
    reap("child", spawn(give_up, 0));
    CHECK(own() >= 0);
    return 0;
}

static int open_without(long arg)
{
    (void)arg;
    CALL(setsid);
    CHECK(pts_open_slave(&p, O_RDWR | O_NOCTTY) >= 0);
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    CHECK(pts_open_slave(&p, O_WRONLY) >= 0); /* cannot be read: no terminal */
    EXPECT(-ENXIO, open, "/dev/tty", O_RDWR);
    CHECK(pts_open_slave(&p, O_RDONLY) >= 0);
    CHECK(own() >= 0);
    return 0;
}

/* --- the background ------------------------------------------------------- */

/* A child in a group of its own, which runs body with /dev/tty. */
static long spawn_job(int (*body)(long fd), int fd)
{
    long pid = CALL(fork);

    if (pid == 0) {
        CALL(setpgid, 0, 0);
        while (__atomic_load_n(&shared[9], __ATOMIC_SEQ_CST) == 0)
            CALL(sched_yield);
        CALL(exit_group, body(fd));
    }
    CALL(setpgid, pid, pid);
    __atomic_store_n(&shared[9], 1, __ATOMIC_SEQ_CST);
    return pid;
}

static int read_line(long fd)
{
    show_read("job reads", (int)fd, 100);
    return 3;
}

static int read_ignoring(long fd)
{
    char byte;

    dispose(SIGTTIN, SIG_IGN);
    EXPECT(-EIO, read, fd, &byte, 1);
    return 0;
}

static int read_blocking(long fd)
{
    unsigned long mask = 1ul << (SIGTTIN - 1);
    char byte;

    CALL(rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
    EXPECT(-EIO, read, fd, &byte, 1);
    return 0;
}

static int write_line(long fd)
{
    EXPECT(3, write, fd, "job", 3);
    return 0;
}

static int set_settings(long fd)
{
    struct termios now;

    EXPECT(0, ioctl, fd, TCGETS, &now);
    EXPECT(0, ioctl, fd, TCSETS, &now);
    return 4;
}

static int take_foreground(long fd)
{
    int group = (int)CALL(getpgrp);

    EXPECT(0, ioctl, fd, TIOCSPGRP, &group);
    return 5;
}

static int set_ignoring(long fd)
{
    dispose(SIGTTOU, SIG_IGN);
    return set_settings(fd);
}

static void set_foreground(int fd, long group)
{
    int number = (int)group;

    EXPECT(0, ioctl, fd, TIOCSPGRP, &number);
}

static int control_jobs(long arg)
{
    long pid, self;
    int fd;

    (void)arg;
    pts_lead(&p);
    self = CALL(getpgrp);
    fd = own();
    dispose(SIGTTOU, SIG_IGN);
    pid = spawn_job(read_line, fd);
    show_change("reader", pid);
    set_foreground(fd, pid);
    CALL(kill, -pid, SIGCONT);
    type(p.master, "for the job\n");
    show_change("reader", pid);
    set_foreground(fd, self);
    reap("ignores", spawn_job(read_ignoring, fd));
    reap("blocks", spawn_job(read_blocking, fd));
    reap("writes", spawn_job(write_line, fd));
    dispose(SIGTTOU, SIG_DFL);
    change(fd, (struct change){.local_on = TOSTOP});
    pid = spawn_job(write_line, fd);
    show_change("writer", pid);
    change(fd, (struct change){.local_off = TOSTOP});
    CALL(kill, -pid, SIGCONT);
    show_change("writer", pid);
    pid = spawn_job(set_settings, fd);
    show_change("setter", pid);
    set_foreground(fd, pid);
    CALL(kill, -pid, SIGCONT);
    show_change("setter", pid);
    dispose(SIGTTOU, SIG_IGN);
    set_foreground(fd, self);
    dispose(SIGTTOU, SIG_DFL);
    pid = spawn_job(take_foreground, fd);
    show_change("taker", pid);
    CALL(kill, -pid, SIGKILL);
    show_change("taker", pid);
    reap("ignores", spawn_job(set_ignoring, fd));
    return 0;
}

/* --- orphans -------------------------------------------------------------- */

static int be_orphan(long fd)
{
    struct termios now;
    int group = 1;
    char byte;

    while (CALL(getppid) == shared[2])
        CALL(sched_yield);
    await(&shared[4], 1);
    EXPECT(-EIO, read, fd, &byte, 1);
    EXPECT(0, ioctl, fd, TCGETS, &now);
    EXPECT(-EIO, ioctl, fd, TCSETS, &now);
    EXPECT(-ENOTTY, ioctl, fd, TIOCSPGRP, &group);
    EXPECT(1, write, fd, "x", 1);
    __atomic_store_n(&shared[3], 1, __ATOMIC_SEQ_CST);
    return 0;
}

/* Its parent, which leaves it alone. */
static int leave_orphan(long fd)
{
    shared[2] = (int)CALL(getpid);
    spawn_job(be_orphan, (int)fd);
    return 0;
}

static int lead_orphan(long arg)
{
    int fd;

    (void)arg;
    pts_lead(&p);
    fd = own();
    reap("parent", spawn(leave_orphan, fd));
    __atomic_store_n(&shared[4], 1, __ATOMIC_SEQ_CST);
    await(&shared[3], 1);
    return 0;
}

int main(void)
{
    int (*const bodies[])(long) = {acquire,      be_stolen_from, keep,
                                   open_without, control_jobs,   lead_orphan};

    pts_begin();
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        p = pts_open();
        shared[9] = 0;
        reap("session", spawn(bodies[i], 0));
        pts_close(&p);
    }
    return pts_finish();
}
