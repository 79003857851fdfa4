/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_keys.c - keys that send signals, and a window that changes
 * its size (termios(3), ISIG; ioctl_tty(2), TIOCSWINSZ; pty(7), TIOCPKT).
 */
#include "tests/guest/pts.h"

static struct pts p;

static int wait_for_keys(long arg)
{
    static const int numbers[] = {SIGINT, SIGQUIT, SIGTSTP, SIGWINCH};
    struct winsize window = {0};

    (void)arg;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        count_signal(numbers[i]);
    pts_lead(&p);
    __atomic_store_n(&shared[0], 1, __ATOMIC_SEQ_CST);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        await_signal(numbers[i], 1);
    await(&shared[1], 1); /* that the line of who sent it comes first */
    EXPECT(0, ioctl, p.slave, TIOCGWINSZ, &window);
    say("%d rows, %d columns", window.ws_row, window.ws_col);
    return 3;
}

static void send_keys(void)
{
    struct winsize window = {.ws_row = 50, .ws_col = 132};
    long pid;

    p = pts_open();
    pid = spawn(wait_for_keys, 0);
    await(&shared[0], 1);
    type(p.master, "lost\x03");
    await_signal(SIGINT, 1);
    type(p.master, "\x1c");
    await_signal(SIGQUIT, 1);
    type(p.master, "\x1a");
    await_signal(SIGTSTP, 1);
    EXPECT(0, ioctl, p.master, TIOCSWINSZ, &window);
    __atomic_store_n(&shared[1], 1, __ATOMIC_SEQ_CST);
    reap("program", pid);
    type(p.master, "kept\n");
    show_read("line", p.slave, 100);
    say("%d %d %d %d", counted[SIGINT], counted[SIGQUIT], counted[SIGTSTP],
        counted[SIGWINCH]);
    pts_close(&p);
}

/* A whole group gets it; others do not. */
static int be_member(long arg)
{
    (void)arg;
    while (CALL(pause) < 0)
        ;
    return 0;
}

static int lead_group(long arg)
{
    long first, second, other;
    int group;

    (void)arg;
    pts_lead(&p);
    dispose(SIGTTOU, SIG_IGN);
    first = spawn(be_member, 0);
    CALL(setpgid, first, first);
    second = spawn(be_member, 0);
    CALL(setpgid, second, first);
    other = spawn(be_member, 0);
    group = (int)first;
    EXPECT(0, ioctl, p.slave, TIOCSPGRP, &group);
    type(p.master, "\x03");
    reap("first", first);
    reap("second", second);
    EXPECT(0, wait4, other, NULL, WNOHANG, NULL);
    CALL(kill, other, SIGTERM);
    reap("other", other);
    return 0;
}

static void send_to_group(void)
{
    p = pts_open();
    reap("leader", spawn(lead_group, 0));
    pts_close(&p);
}

static void use_packets(void)
{
    int on = 1;

    p = pts_open();
    EXPECT(0, ioctl, p.master, TIOCPKT, &on);
    type(p.slave, "data");
    show_read("data", p.master, 100);
    EXPECT(0, ioctl, p.slave, TCFLSH, TCIFLUSH);
    show_read("input flushed", p.master, 100);
    EXPECT(0, ioctl, p.slave, TCFLSH, TCIOFLUSH);
    show_read("both flushed", p.master, 100);
    EXPECT(0, ioctl, p.slave, TCXONC, TCOOFF);
    show_read("stopped", p.master, 100);
    EXPECT(0, ioctl, p.slave, TCXONC, TCOON);
    show_read("started", p.master, 100);
    change(p.slave, (struct change){.input_off = IXON});
    show_read("no flow control", p.master, 100);
    change(p.slave, (struct change){.input_on = IXON});
    show_read("flow control", p.master, 100);
    on = 0;
    EXPECT(0, ioctl, p.master, TIOCPKT, &on);
    type(p.slave, "data");
    show_read("without", p.master, 100);
    pts_close(&p);
}

int main(void)
{
    pts_begin();
    send_keys();
    send_to_group();
    use_packets();
    return pts_finish();
}
