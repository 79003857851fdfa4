/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_open.c - opening pseudo-terminals: numbers, locks, settings,
 * nodes (pts(4), ioctl_tty(2)).
 */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/guest/pts.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif
#ifndef TIOCGPTLCK
#define TIOCGPTLCK 0x80045439
#endif

static void lock(void)
{
    int value = 1, number = -1;
    int master = (int)CALL(open, "/dev/pts/ptmx", O_RDWR);

    EXPECT(0, ioctl, master, TIOCGPTN, &number);
    say("number %d", number);
    EXPECT(0, ioctl, master, TIOCGPTLCK, &value);
    say("locked %d", value);
    EXPECT(-EIO, open, "/dev/pts/0", O_RDWR | O_NOCTTY);
    EXPECT(-EFAULT, ioctl, master, TIOCSPTLCK, 8);
    value = 0;
    EXPECT(0, ioctl, master, TIOCSPTLCK, &value);
    value = (int)CALL(open, "/dev/pts/0", O_RDWR | O_NOCTTY);
    CHECK(value >= 0);
    EXPECT(0, close, value);
    EXPECT(0, close, master);
    EXPECT(-ENOENT, open, "/dev/pts/0", O_RDWR | O_NOCTTY);
    EXPECT(-ENOENT, open, "/dev/pts/00", O_RDWR | O_NOCTTY);
}

static void count(void)
{
    struct pts all[5];

    for (int i = 0; i < 5; i++)
        all[i] = pts_open();
    say("numbers %d %d %d", all[0].number, all[1].number, all[4].number);
    pts_close(&all[1]);
    all[1] = pts_open();
    say("again %d", all[1].number);
    for (int i = 0; i < 5; i++)
        pts_close(&all[i]);
}

static void peer(void)
{
    struct pts p = pts_open();
    long fd = CALL(ioctl, p.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

    CHECK(fd >= 0);
    EXPECT(FD_CLOEXEC, fcntl, fd, F_GETFD);
    type((int)fd, "peer");
    show_bytes("from the peer", p.master, 4);
    EXPECT(0, close, fd);
    EXPECT(-EIO, ioctl, p.slave, TIOCGPTPEER, O_RDWR);
    EXPECT(-ENOTTY, ioctl, p.slave, TIOCGPTN, &fd);
    pts_close(&p);
}

static void show_node(const char *what, int fd)
{
    struct stat st = {0};

    fstat(fd, &st);
    say("%s: mode %o, %u:%u, links %d", what, (unsigned)st.st_mode,
        major(st.st_rdev), minor(st.st_rdev), (int)st.st_nlink);
}

static void nodes(void)
{
    struct pts p = pts_open();

    show_node("master", p.master);
    show_node("slave", p.slave);
    EXPECT(0, chmod, "/dev/pts/0", 0600);
    EXPECT(0, chown, "/dev/pts/0", 12, 34);
    show_node("changed", p.slave);
    CALL(close, p.slave);
    p.slave = (int)pts_open_slave(&p, O_RDWR | O_NOCTTY);
    show_node("again", p.slave);
    CHECK((CALL(fcntl, p.slave, F_GETFL) & O_ACCMODE) == O_RDWR);
    pts_close(&p);
    p = pts_open();
    show_node("the next", p.slave);
    pts_close(&p);
}

static void show_settings(const char *what, int fd)
{
    struct termios t = {0};
    char keys[3 * 17 + 1] = "";

    tcgetattr(fd, &t);
    for (int i = 0; i < 17; i++)
        snprintf(keys + 3 * i, 4, " %02x", t.c_cc[i]);
    say("%s: %o %o %o %o%s", what, t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag,
        keys);
}

static void settings(void)
{
    struct pts p = pts_open();
    struct termios t;
    struct winsize window = {1, 1, 1, 1};
    int value = 0;

    show_settings("slave", p.slave);
    show_settings("master", p.master);
    tcgetattr(p.slave, &t);
    cfsetspeed(&t, B9600);
    t.c_cflag |= CS5 | PARENB | CSTOPB;
    EXPECT(0, ioctl, p.slave, TCSETSW, &t);
    show_settings("another speed", p.slave);
    EXPECT(-EFAULT, ioctl, p.slave, TCSETS, 8);
    EXPECT(-EFAULT, ioctl, p.slave, TCGETS, 8);
    EXPECT(0, ioctl, p.slave, TIOCGWINSZ, &window);
    say("%d x %d", window.ws_row, window.ws_col);
    EXPECT(0, ioctl, p.slave, TIOCGETD, &value);
    say("discipline %d", value);
    EXPECT(0, ioctl, p.slave, TIOCSETD, &value);
    value = 1000;
    EXPECT(-EINVAL, ioctl, p.slave, TIOCSETD, &value);
    pts_close(&p);
}

/* TIOCEXCL keeps out all but CAP_SYS_ADMIN. */
static void exclusive(void)
{
    struct pts p = pts_open();
    long fd;

    EXPECT(0, ioctl, p.slave, TIOCEXCL, 0);
    fd = pts_open_slave(&p, O_RDWR | O_NOCTTY);
    CHECK(fd >= 0);
    EXPECT(0, close, fd);
    EXPECT(0, chmod, "/dev/pts/0", 0666);
    EXPECT(0, setresuid, -1, 1000, -1);
    EXPECT(-EBUSY, open, "/dev/pts/0", O_RDWR | O_NOCTTY);
    EXPECT(0, setresuid, -1, 0, -1);
    EXPECT(0, ioctl, p.slave, TIOCNXCL, 0);
    EXPECT(0, setresuid, -1, 1000, -1);
    fd = CALL(open, "/dev/pts/0", O_RDWR | O_NOCTTY);
    CHECK(fd >= 0);
    EXPECT(0, setresuid, -1, 0, -1);
    pts_close(&p);
}

int main(void)
{
    pts_begin();
    lock();
    count();
    peer();
    nodes();
    settings();
    exclusive();
    return pts_finish();
}
