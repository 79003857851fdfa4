/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/wait.c - wait4(2).
 */
#include <limits.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/guest/child.h"

static int end_with(long status)
{
    return (int)status;
}

/* Stays until its word is set. */
static int stay(long word)
{
    await(&shared[word], 1);
    return 3;
}

static void errors(void)
{
    int status;

    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
    EXPECT(-ECHILD, wait4, 0, &status, 0, NULL);
    EXPECT(-ECHILD, wait4, 1, &status, WNOHANG, NULL);
    EXPECT(-ECHILD, wait4, -99999999, &status, 0, NULL);
    EXPECT(-ECHILD, wait4, 99999999, &status, 0, NULL);
    EXPECT(-ESRCH, wait4, INT_MIN, &status, 0, NULL);
    EXPECT(-EINVAL, wait4, -1, &status, WEXITED, NULL);
    EXPECT(-EINVAL, wait4, -1, &status, WNOWAIT, NULL);
    EXPECT(-EINVAL, wait4, -1, &status, 0x100, NULL);
    /* The child is gone all the same. */
    spawn(end_with, 1);
    EXPECT(-EFAULT, wait4, -1, KERNEL_ADDRESS, 0, NULL);
    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
    spawn(end_with, 1);
    EXPECT(-EFAULT, wait4, -1, &status, 0, KERNEL_ADDRESS);
    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
}

static void not_hanging(void)
{
    long pid = spawn(stay, 1);
    int status = 77;

    EXPECT(0, wait4, -1, &status, WNOHANG, NULL);
    EXPECT(0, wait4, pid, &status, WNOHANG, NULL);
    EXPECT(0, wait4, 0, &status, WNOHANG | WUNTRACED | WCONTINUED, NULL);
    CHECK(status == 77);
    shared[1] = 1;
    reap("stay", pid);
}

/* The second by its number, then any: the first. */
static void by_number(void)
{
    long first = spawn(end_with, 1), second = spawn(end_with, 2);
    int status;

    CHECK(CALL(wait4, second, &status, 0, NULL) == second);
    say_status("second", status);
    CHECK(CALL(wait4, -1, &status, 0, NULL) == first);
    say_status("first", status);
    CHECK(CALL(wait4, first, &status, 0, NULL) == -ECHILD);
}

static int in_own_group(long word)
{
    CALL(setpgid, 0, 0);
    shared[word] = 1;
    return 4;
}

static void by_group(void)
{
    long here = spawn(end_with, 5), there = spawn(in_own_group, 2);
    int status;

    await(&shared[2], 1);
    CHECK(CALL(wait4, -there, &status, 0, NULL) == there);
    say_status("there", status);
    CHECK(CALL(wait4, 0, &status, 0, NULL) == here);
    say_status("here", status);
}

static void stops(void)
{
    long pid = spawn(stay, 3);
    int status = 0;

    EXPECT(0, kill, pid, SIGSTOP);
    CHECK(CALL(wait4, pid, &status, WUNTRACED, NULL) == pid);
    say_status("stopped", status);
    EXPECT(0, wait4, pid, &status, WUNTRACED | WNOHANG, NULL);
    EXPECT(0, kill, pid, SIGCONT);
    CHECK(CALL(wait4, pid, &status, WCONTINUED, NULL) == pid);
    say_status("continued", status);
    EXPECT(0, wait4, pid, &status, WCONTINUED | WNOHANG, NULL);
    shared[3] = 1;
    reap("after it", pid);
    pid = spawn(stay, 4);
    EXPECT(0, kill, pid, SIGSTOP);
    CHECK(CALL(wait4, pid, &status, WUNTRACED, NULL) == pid);
    EXPECT(0, kill, pid, SIGKILL);
    reap("killed while stopped", pid);
}

static int end_now(void *unused)
{
    (void)unused;
    return 6;
}

/* A child whose end sends another signal than SIGCHLD is a clone child. */
static void clones(void)
{
    long pid = start(0, end_now, NULL, NULL);
    int status = 0;

    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
    CHECK(CALL(wait4, -1, &status, __WCLONE, NULL) == pid);
    say_status("by __WCLONE", status);
    pid = start(0, end_now, NULL, NULL);
    CHECK(CALL(wait4, -1, &status, __WALL, NULL) == pid);
    say_status("by __WALL", status);
    pid = spawn(end_with, 8);
    EXPECT(-ECHILD, wait4, -1, &status, __WCLONE, NULL);
    CHECK(CALL(wait4, -1, &status, __WNOTHREAD, NULL) == pid);
}

/* Children are not kept when nobody wants to know. */
static void ignored(void)
{
    struct kernel_action action = {.handler = SIG_IGN}, normal = {0};
    int status;

    EXPECT(0, rt_sigaction, SIGCHLD, &action, NULL, 8);
    spawn(end_with, 1);
    spawn(end_with, 2);
    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
    action.handler = SIG_DFL;
    action.flags = SA_NOCLDWAIT;
    EXPECT(0, rt_sigaction, SIGCHLD, &action, NULL, 8);
    spawn(end_with, 3);
    EXPECT(-ECHILD, wait4, -1, &status, 0, NULL);
    EXPECT(0, rt_sigaction, SIGCHLD, &normal, NULL, 8);
}

static int work(long unused)
{
    struct rusage now;

    (void)unused;
    do
        CALL(getrusage, RUSAGE_SELF, &now);
    while (now.ru_utime.tv_sec * 1000000 + now.ru_utime.tv_usec +
               now.ru_stime.tv_sec * 1000000 + now.ru_stime.tv_usec <
           20000);
    return 0;
}

static void usage(void)
{
    struct rusage used;
    int status;

    memset(&used, 0, sizeof(used));
    spawn(work, 0);
    CHECK(CALL(wait4, -1, &status, 0, &used) > 0);
    CHECK((used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
              used.ru_utime.tv_usec + used.ru_stime.tv_usec >=
          20000);
    CHECK(used.ru_minflt > 0);
}

static int body(long unused)
{
    (void)unused;
    errors();
    not_hanging();
    by_number();
    by_group();
    stops();
    clones();
    ignored();
    usage();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
