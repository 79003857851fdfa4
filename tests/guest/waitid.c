/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/waitid.c - waitid(2), and what SIGCHLD tells.
 */
#include <string.h>
#include <sys/resource.h>

#include "tests/guest/child.h"

static int end_with(long status)
{
    return (int)status;
}

static int stay(long word)
{
    await(&shared[word], 1);
    return 3;
}

static int die(long number)
{
    CALL(kill, CALL(getpid), number);
    return 9;
}

static void show(const siginfo_t *info, long pid)
{
    say("signo %d code %d status %d child %d uid %d", info->si_signo,
        info->si_code, info->si_status, info->si_pid == pid, info->si_uid);
}

static void errors(void)
{
    siginfo_t info;

    EXPECT(-ECHILD, waitid, P_ALL, 0, &info, WEXITED, NULL);
    EXPECT(-ECHILD, waitid, P_ALL, 0, &info, WEXITED | WNOHANG, NULL);
    EXPECT(-ECHILD, waitid, P_PID, 99999999, &info, WEXITED, NULL);
    EXPECT(-EINVAL, waitid, P_ALL, 0, &info, 0, NULL);
    EXPECT(-EINVAL, waitid, P_ALL, 0, &info, WNOHANG, NULL);
    EXPECT(-EINVAL, waitid, P_ALL, 0, &info, WEXITED | 0x100, NULL);
    EXPECT(-EINVAL, waitid, 99, 0, &info, WEXITED, NULL);
    EXPECT(-EINVAL, waitid, P_PID, 0, &info, WEXITED, NULL);
    EXPECT(-EINVAL, waitid, P_PID, -1, &info, WEXITED, NULL);
    EXPECT(-EINVAL, waitid, P_PGID, -1, &info, WEXITED, NULL);
    EXPECT(-EINVAL, waitid, P_PIDFD, -1, &info, WEXITED, NULL);
    EXPECT(-EBADF, waitid, P_PIDFD, 77, &info, WEXITED, NULL);
    memset(&info, 0xff, sizeof(info)); /* which errors clear, too */
    EXPECT(-ECHILD, waitid, P_ALL, 0, &info, WEXITED, NULL);
    CHECK(info.si_signo == 0 && info.si_code == 0 && info.si_pid == 0);
    spawn(end_with, 0);
    EXPECT(-EFAULT, waitid, P_ALL, 0, KERNEL_ADDRESS, WEXITED, NULL);
    EXPECT(-ECHILD, waitid, P_ALL, 0, NULL, WEXITED, NULL);
}

static void ends(void)
{
    struct rusage used;
    siginfo_t info;
    long pid = spawn(end_with, 5);

    memset(&info, 0xff, sizeof(info));
    EXPECT(0, waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL);
    show(&info, pid);
    EXPECT(0, waitid, P_ALL, 0, &info, WEXITED, &used);
    show(&info, pid);
    EXPECT(-ECHILD, waitid, P_ALL, 0, &info, WEXITED, NULL);
    pid = spawn(die, SIGKILL);
    EXPECT(0, waitid, P_PGID, 0, &info, WEXITED | __WALL, NULL);
    show(&info, pid);
    spawn(end_with, 1);
    EXPECT(0, waitid, P_ALL, 0, NULL, WEXITED | __WNOTHREAD, NULL);
}

static void nothing_yet(void)
{
    long pid = spawn(stay, 1);
    siginfo_t info;

    memset(&info, 0xff, sizeof(info));
    EXPECT(0, waitid, P_ALL, 0, &info, WEXITED | WNOHANG, NULL);
    show(&info, info.si_pid);
    CHECK(info.si_pid == 0);
    shared[1] = 1;
    EXPECT(0, waitid, P_PID, pid, &info, WEXITED, NULL);
    show(&info, pid);
}

static void stops(void)
{
    long pid = spawn(stay, 2);
    siginfo_t info;

    EXPECT(0, kill, pid, SIGSTOP);
    EXPECT(0, waitid, P_PID, pid, &info, WSTOPPED | WNOWAIT, NULL);
    show(&info, pid);
    EXPECT(0, waitid, P_PID, pid, &info, WSTOPPED, NULL);
    show(&info, pid);
    EXPECT(0, waitid, P_PID, pid, NULL, WSTOPPED | WNOHANG, NULL);
    EXPECT(0, kill, pid, SIGCONT);
    EXPECT(0, waitid, P_PID, pid, &info, WCONTINUED | WNOWAIT, NULL);
    show(&info, pid);
    EXPECT(0, waitid, P_PID, pid, &info, WCONTINUED | WEXITED, NULL);
    show(&info, pid);
    shared[2] = 1;
    EXPECT(0, waitid, P_PID, pid, &info, WEXITED | WSTOPPED, NULL);
    show(&info, pid);
}

static int end_now(void *unused)
{
    (void)unused;
    return 6;
}

static void clones(void)
{
    long pid = start(0, end_now, NULL, NULL);
    siginfo_t info;

    EXPECT(-ECHILD, waitid, P_ALL, 0, &info, WEXITED, NULL);
    EXPECT(0, waitid, P_ALL, 0, &info, WEXITED | __WCLONE, NULL);
    show(&info, pid);
}

/* The signal a parent gets, taken by sigtimedwait(2). */
static void signal_tells(void)
{
    uint64_t mask = UINT64_C(1) << (SIGCHLD - 1);
    siginfo_t info;
    long pid;

    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
    pid = spawn(end_with, 12);
    EXPECT(SIGCHLD, rt_sigtimedwait, &mask, &info, NULL, 8);
    show(&info, pid);
    reap("told of", pid);
    pid = spawn(die, SIGTERM);
    EXPECT(SIGCHLD, rt_sigtimedwait, &mask, &info, NULL, 8);
    show(&info, pid);
    reap("told of", pid);
}

static int body(long unused)
{
    (void)unused;
    errors();
    ends();
    nothing_yet();
    stops();
    clones();
    signal_tells();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
