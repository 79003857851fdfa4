/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pts.c - contract in pts.h.
 */
#include "tests/guest/pts.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

volatile int *counted;

void pts_begin(void)
{
    static const struct {
        const char *path;
        int major, minor;
    } nodes[] = {{"/dev/null", 1, 3},    {"/dev/zero", 1, 5},
                 {"/dev/full", 1, 7},    {"/dev/random", 1, 8},
                 {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};

    share();
    counted = shared + SHARED_WORDS / 2;
    CALL(mkdir, "/dev", 0755);
    CALL(mount, "tmpfs", "/dev", "tmpfs", 0, "mode=755");
    CALL(mkdir, "/dev/pts", 0755);
    for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
        CALL(mknod, nodes[i].path, S_IFCHR | 0666,
             makedev(nodes[i].major, nodes[i].minor));
        CALL(chmod, nodes[i].path, 0666);
    }
    CALL(mount, "devpts", "/dev/pts", "devpts", 0,
         "newinstance,ptmxmode=0666,mode=0620");
}

int pts_finish(void)
{
    CALL(umount2, "/dev/pts", MNT_DETACH);
    CALL(umount2, "/dev", MNT_DETACH);
    CALL(rmdir, "/dev");
    return finish();
}

long pts_open_slave(const struct pts *pts, int flags)
{
    char path[32];

    snprintf(path, sizeof(path), "/dev/pts/%d", pts->number);
    return CALL(open, path, flags);
}

struct pts pts_open(void)
{
    struct pts pts = {-1, -1, -1};
    int unlocked = 0;

    pts.master = (int)CALL(open, "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    if (pts.master < 0)
        say("no ptmx: %d", pts.master);
    CALL(ioctl, pts.master, TIOCSPTLCK, &unlocked);
    CALL(ioctl, pts.master, TIOCGPTN, &pts.number);
    pts.slave = (int)pts_open_slave(&pts, O_RDWR | O_NOCTTY);
    if (pts.slave < 0)
        say("no slave: %d", pts.slave);
    return pts;
}

void pts_close(struct pts *pts)
{
    if (pts->slave >= 0)
        CALL(close, pts->slave);
    if (pts->master >= 0)
        CALL(close, pts->master);
    pts->slave = pts->master = -1;
}

void pts_lead(const struct pts *pts)
{
    long fd;

    CALL(setsid);
    fd = pts_open_slave(pts, O_RDWR);
    if (fd < 0)
        say("no terminal: %ld", fd);
    CALL(close, fd);
}

void type(int fd, const char *text)
{
    size_t size = strlen(text);
    long done = CALL(write, fd, text, size);

    if (done != (long)size)
        say("typed %ld of %zu", done, size);
}

static void show(const char *what, const char *bytes, size_t size)
{
    char line[1024];
    size_t used = 0;

    for (size_t i = 0; i < size && used < sizeof(line) - 8; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c >= ' ' && c < 0x7f && c != '\\')
            line[used++] = (char)c;
        else
            used += (size_t)snprintf(line + used, 5, "\\x%02x", c);
    }
    say("%s: '%.*s'", what, (int)used, line);
}

void show_read(const char *what, int fd, size_t size)
{
    char bytes[8192];
    long got =
        CALL(read, fd, bytes, size < sizeof(bytes) ? size : sizeof(bytes));

    if (got < 0)
        expect(got, got, what);
    else
        show(what, bytes, (size_t)got);
}

void show_bytes(const char *what, int fd, size_t size)
{
    char bytes[8192];
    size_t done = 0;

    while (done < size && done < sizeof(bytes)) {
        long got = CALL(read, fd, bytes + done, size - done);

        if (got <= 0) {
            expect(1, got, what);
            break;
        }
        done += (size_t)got;
    }
    show(what, bytes, done);
}

void change(int fd, struct change change)
{
    struct termios now;

    tcgetattr(fd, &now);
    now.c_iflag = (now.c_iflag | change.input_on) & ~change.input_off;
    now.c_oflag = (now.c_oflag | change.output_on) & ~change.output_off;
    now.c_lflag = (now.c_lflag | change.local_on) & ~change.local_off;
    tcsetattr(fd, TCSANOW, &now);
}

void set_key(int fd, int index, int value)
{
    struct termios now;

    tcgetattr(fd, &now);
    now.c_cc[index] = (cc_t)value;
    tcsetattr(fd, TCSANOW, &now);
}

void make_raw(int fd, int min, int time)
{
    struct termios now;

    tcgetattr(fd, &now);
    cfmakeraw(&now);
    now.c_cc[VMIN] = (cc_t)min;
    now.c_cc[VTIME] = (cc_t)time;
    tcsetattr(fd, TCSANOW, &now);
}

void set_nonblocking(int fd, int on)
{
    long flags = CALL(fcntl, fd, F_GETFL);

    CALL(fcntl, fd, F_SETFL,
         on ? flags | O_NONBLOCK : flags & ~(long)O_NONBLOCK);
}

long now_ms(void)
{
    struct timespec now;

    CALL(clock_gettime, CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void show_change(const char *what, long pid)
{
    int status = -1;
    long got = CALL(wait4, pid, &status, WUNTRACED, NULL);

    if (got == pid)
        say_status(what, status);
    else
        expect(pid, got, what);
}

static void note_signal(int number)
{
    __atomic_fetch_add(&counted[number], 1, __ATOMIC_SEQ_CST);
}

void count_signal(int number)
{
    struct sigaction action = {.sa_handler = note_signal,
                               .sa_flags = SA_RESTART};

    sigaction(number, &action, NULL);
}

void await_signal(int number, int times)
{
    while (__atomic_load_n(&counted[number], __ATOMIC_SEQ_CST) < times)
        CALL(sched_yield);
}
