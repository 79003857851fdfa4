/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_lines.c - canonical mode through a pseudo-terminal
 * (termios(3)): lines, editing, echo, end of file, queues.
 */
#include "tests/guest/pts.h"

static void read_lines(void)
{
    struct pts p = pts_open();

    type(p.master, "one\rtwo\r");
    show_bytes("echo", p.master, 10);
    show_read("line", p.slave, 100);
    show_read("half a line", p.slave, 2);
    show_read("its rest", p.slave, 100);
    type(p.master, "abc\x7f\x7fxy\x15last\x16\x03 \x17w\r");
    show_bytes("editing", p.master, 46);
    show_read("what is left", p.slave, 100);
    pts_close(&p);
}

static void end_file(void)
{
    struct pts p = pts_open();

    change(p.slave, (struct change){.local_off = ECHO});
    type(p.master, "\x04");
    show_read("end of file", p.slave, 100);
    type(p.master, "some\x04");
    show_read("end behind bytes", p.slave, 100);
    type(p.master, "abc\x04");
    show_read("all of it", p.slave, 3);
    set_nonblocking(p.slave, 1);
    show_read("no more", p.slave, 3);
    pts_close(&p);
}

static void write_output(void)
{
    struct pts p = pts_open();

    type(p.slave, "a\nb\tc\r\n");
    show_bytes("processed", p.master, 9);
    change(p.slave, (struct change){.output_off = OPOST});
    type(p.slave, "a\nb");
    show_bytes("raw", p.master, 3);
    change(p.slave, (struct change){.output_on = OPOST | TAB3});
    type(p.slave, "\ra\tb");
    show_bytes("tabs", p.master, 10);
    pts_close(&p);
}

static void use_queues(void)
{
    struct pts p = pts_open();
    int count = -1;

    change(p.slave, (struct change){.local_off = ECHO});
    type(p.master, "line\nrest\n");
    show_read("first", p.slave, 100);
    EXPECT(0, ioctl, p.slave, FIONREAD, &count);
    say("count %d", count);
    EXPECT(0, ioctl, p.slave, TCFLSH, TCIFLUSH);
    EXPECT(0, ioctl, p.slave, FIONREAD, &count);
    say("count %d", count);
    EXPECT(-EINVAL, ioctl, p.slave, TCFLSH, 3);
    EXPECT(0, ioctl, p.slave, TIOCOUTQ, &count);
    say("output %d", count);
    EXPECT(0, ioctl, p.slave, TCSBRK, 1);
    EXPECT(-EFAULT, ioctl, p.slave, FIONREAD, 8);
    EXPECT(-ENOTTY, ioctl, p.slave, 0x1234, 0);
    EXPECT(-EINVAL, ioctl, p.slave, TCXONC, 7);
    pts_close(&p);
}

static void stop_output(void)
{
    struct pts p = pts_open();

    change(p.slave, (struct change){.local_off = ECHO});
    EXPECT(0, ioctl, p.slave, TCXONC, TCOOFF);
    set_nonblocking(p.slave, 1);
    EXPECT(-EAGAIN, write, p.slave, "x", 1);
    EXPECT(0, ioctl, p.slave, TCXONC, TCOON);
    EXPECT(1, write, p.slave, "x", 1);
    show_bytes("goes on", p.master, 1);
    EXPECT(0, ioctl, p.slave, TCXONC, TCIOFF);
    EXPECT(0, ioctl, p.slave, TCXONC, TCION);
    show_bytes("keys", p.master, 2);
    pts_close(&p);
}

/* A buffer that ends in the middle is not written at all. */
static void fault(void)
{
    struct pts p = pts_open();
    char *border = get_border();

    change(p.slave, (struct change){.local_off = ECHO, .output_off = OPOST});
    EXPECT(-EFAULT, read, p.slave, KERNEL_ADDRESS, 10);
    EXPECT(-EFAULT, write, p.slave, border, 10);
    border[-2] = 'x';
    border[-1] = 'y';
    EXPECT(-EFAULT, write, p.slave, border - 2, 10);
    EXPECT(-EFAULT, write, p.master, border, 10);
    EXPECT(0, read, p.slave, border, 0);
    EXPECT(-ESPIPE, lseek, p.slave, 0, SEEK_SET);
    pts_close(&p);
}

int main(void)
{
    pts_begin();
    read_lines();
    end_file();
    write_output();
    use_queues();
    stop_output();
    fault();
    return pts_finish();
}
