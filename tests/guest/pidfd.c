/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pidfd.c - descriptors of processes: pidfd_open(2),
 * pidfd_send_signal(2), pidfd_getfd(2), CLONE_PIDFD, P_PIDFD of waitid(2).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static long events(long fd, int timeout)
{
    struct pollfd fds[1] = {{(int)fd, POLLIN | POLLOUT, 0}};

    CALL(poll, fds, 1, timeout);
    return fds[0].revents & ~POLLHUP;
}

static int wait_for_word(long status)
{
    await(shared, 1);
    return (int)status;
}

static void opening(void)
{
    long pid = spawn(wait_for_word, 7), fd;
    siginfo_t info;

    *shared = 0;
    EXPECT(-EINVAL, pidfd_open, 0, 0);
    EXPECT(-EINVAL, pidfd_open, -1, 0);
    EXPECT(-EINVAL, pidfd_open, pid, 1);
    EXPECT(-ESRCH, pidfd_open, 30000, 0);
    fd = CALL(pidfd_open, pid, 0);
    EXPECT(1, fcntl, fd, F_GETFD);
    EXPECT(-EINVAL, read, fd, &info, 8);
    CHECK(events(fd, 0) == 0);
    EXPECT(0, waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG, NULL);
    EXPECT(-EBADF, waitid, P_PIDFD, 99, &info, WEXITED, NULL);
    EXPECT(-EBADF, waitid, P_PIDFD, 1, &info, WEXITED, NULL);
    EXPECT(-EINVAL, waitid, P_PIDFD, -1, &info, WEXITED, NULL);
    *shared = 1;
    CHECK(events(fd, 10000) == POLLIN);
    EXPECT(0, waitid, P_PIDFD, fd, &info, WEXITED, NULL);
    CHECK(info.si_pid == pid && info.si_status == 7);
    CHECK(events(fd, 0) == POLLIN);
    EXPECT(-ECHILD, waitid, P_PIDFD, fd, &info, WEXITED, NULL);
    EXPECT(-ESRCH, pidfd_send_signal, fd, 0, NULL, 0);
    EXPECT(0, close, fd);
}

static int wait_for_ever(long unused)
{
    (void)unused;
    CALL(pause);
    return 0;
}

static void sending(void)
{
    long pid = spawn(wait_for_ever, 0), fd = CALL(pidfd_open, pid, O_NONBLOCK);
    siginfo_t info;

    EXPECT(-EAGAIN, waitid, P_PIDFD, fd, &info, WEXITED, NULL);
    EXPECT(-EBADF, pidfd_send_signal, 99, 0, NULL, 0);
    EXPECT(-EBADF, pidfd_send_signal, 1, 0, NULL, 0);
    EXPECT(0, pidfd_send_signal, fd, 0, NULL, 0);
    EXPECT(-EINVAL, pidfd_send_signal, fd, 65, NULL, 0);
    EXPECT(-EFAULT, pidfd_send_signal, fd, SIGTERM, BAD_ADDRESS, 0);
    memset(&info, 0, sizeof(info));
    info.si_signo = SIGUSR1;
    EXPECT(-EINVAL, pidfd_send_signal, fd, SIGTERM, &info, 0);
    info.si_signo = SIGTERM;
    EXPECT(-EPERM, pidfd_send_signal, fd, SIGTERM, &info, 0);
    info.si_code = SI_QUEUE;
    EXPECT(0, pidfd_send_signal, fd, SIGTERM, &info, 0);
    CHECK(events(fd, 10000) == POLLIN);
    EXPECT(0, pidfd_send_signal, fd, SIGTERM, NULL, 0);
    reap("terminated", pid);
    CALL(close, fd);
}

static int keep_event(long unused)
{
    uint64_t value;
    long fd = CALL(eventfd2, 0, 0);

    (void)unused;
    CALL(dup2, fd, 50);
    *shared = 2;
    return CALL(read, 50, &value, 8) == 8 ? (int)value : 1;
}

static int get_as_other(long fd)
{
    EXPECT(0, setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, pidfd_getfd, fd, 50, 0);
    EXPECT(-EPERM, pidfd_send_signal, fd, SIGTERM, NULL, 0);
    return finish();
}

static void getting(void)
{
    uint64_t value = 42;
    long pid, fd, got;

    *shared = 0;
    pid = spawn(keep_event, 0);
    fd = CALL(pidfd_open, pid, 0);
    await(shared, 2);
    EXPECT(-EINVAL, pidfd_getfd, fd, 50, 1);
    EXPECT(-EBADF, pidfd_getfd, fd, 51, 0);
    EXPECT(-EBADF, pidfd_getfd, 1, 50, 0);
    EXPECT(-EBADF, pidfd_getfd, 99, 50, 0);
    reap("other", spawn(get_as_other, fd));
    got = CALL(pidfd_getfd, fd, 50, 0);
    CHECK(got > 2);
    EXPECT(1, fcntl, got, F_GETFD);
    EXPECT(8, write, got, &value, 8);
    reap("keeper", pid);
    EXPECT(-ESRCH, pidfd_getfd, fd, 50, 0);
    CALL(close, fd);
    CALL(close, got);
}

static int end_now(void *arg)
{
    (void)arg;
    return 5;
}

static void cloning(void)
{
    struct lx_clone_args args = {.flags = CLONE_PIDFD, .exit_signal = SIGCHLD};
    int fd = -1, words[2] = {-1, -1};
    siginfo_t info;
    long pid;

    pid = start(CLONE_PIDFD | SIGCHLD, end_now, NULL, words);
    CHECK(pid > 0 && words[0] > 2);
    EXPECT(1, fcntl, words[0], F_GETFD);
    EXPECT(0, waitid, P_PIDFD, words[0], &info, WEXITED, NULL);
    CHECK(info.si_pid == pid && info.si_status == 5);
    CALL(close, words[0]);
    CHECK(start(CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, end_now, NULL,
                words) == -EINVAL);
    CHECK(start(CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, end_now, NULL, words) ==
          -EINVAL);
    args.pidfd = (uint64_t)(uintptr_t)&fd;
    pid = CALL(clone3, &args, sizeof(args));
    if (pid == 0)
        CALL(exit_group, fd < 0 ? 6 : 7);
    CHECK(pid > 0 && fd > 2);
    EXPECT(0, waitid, P_PIDFD, fd, &info, WEXITED, NULL);
    CHECK(info.si_pid == pid);
    CALL(close, fd);
    args.pidfd = BAD_ADDRESS;
    EXPECT(-EFAULT, clone3, &args, sizeof(args));
    EXPECT(-EBADF, fcntl, fd, F_GETFD);
}

static int body(long unused)
{
    (void)unused;
    opening();
    sending();
    getting();
    cloning();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
