/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/orphan.c - who becomes the parent when a parent ends:
 * PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG of prctl(2).
 */
#include <sys/prctl.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

static int stay(long parent)
{
    shared[0] = (int)CALL(getpid);
    while (CALL(getppid) == parent)
        CALL(sched_yield);
    shared[1] = (int)CALL(getppid);
    return 8;
}

static int leave_child(long unused)
{
    (void)unused;
    spawn(stay, CALL(getpid));
    while (shared[0] == 0)
        CALL(sched_yield);
    return 1;
}

/* The orphan comes to the nearest subreaper. */
static void to_subreaper(void)
{
    int value = -1;

    EXPECT(0, prctl, PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0);
    CHECK(value == 0);
    EXPECT(0, prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0);
    CHECK(value == 1);
    EXPECT(-EFAULT, prctl, PR_GET_CHILD_SUBREAPER, KERNEL_ADDRESS, 0, 0, 0);
    reap("parent", spawn(leave_child, 0));
    reap("orphan", shared[0]);
    CHECK(shared[1] == CALL(getpid));
}

static int end_now(long status)
{
    return (int)status;
}

static int leave_zombie(long unused)
{
    siginfo_t info;

    (void)unused;
    shared[2] = (int)spawn(end_now, 33);
    CALL(waitid, P_ALL, 0, &info, WEXITED | WNOWAIT, NULL);
    return 2;
}

static void zombies_come_too(void)
{
    reap("parent", spawn(leave_zombie, 0));
    reap("zombie", shared[2]);
}

/* A child that sends another signal sends SIGCHLD to its new parent. */
static int end_later(void *unused)
{
    (void)unused;
    await(&shared[4], 1);
    return 5;
}

static int leave_clone(long unused)
{
    (void)unused;
    shared[3] = (int)start(SIGUSR1, end_later, NULL, NULL);
    return 3;
}

static void clones_come_too(void)
{
    int status;

    reap("parent", spawn(leave_clone, 0));
    shared[4] = 1;
    CHECK(CALL(wait4, -1, &status, 0, NULL) == shared[3]);
    say_status("clone", status);
}

static int die_with_parent(long unused)
{
    int value = -1;

    (void)unused;
    EXPECT(0, prctl, PR_GET_PDEATHSIG, &value);
    CHECK(value == 0);
    EXPECT(-EINVAL, prctl, PR_SET_PDEATHSIG, 65);
    EXPECT(-EINVAL, prctl, PR_SET_PDEATHSIG, -1);
    EXPECT(-EFAULT, prctl, PR_GET_PDEATHSIG, KERNEL_ADDRESS);
    EXPECT(0, prctl, PR_SET_PDEATHSIG, SIGUSR2);
    EXPECT(0, prctl, PR_GET_PDEATHSIG, &value);
    CHECK(value == SIGUSR2);
    shared[5] = (int)CALL(getpid);
    await(&shared[6], 1); /* never */
    return 99;
}

static int leave_dependent(long unused)
{
    (void)unused;
    spawn(die_with_parent, 0);
    while (shared[5] == 0)
        CALL(sched_yield);
    return 4;
}

static void death_signal(void)
{
    reap("parent", spawn(leave_dependent, 0));
    reap("dependent", shared[5]);
}

static int make_dependent(void *unused)
{
    (void)unused;
    shared[5] = 0;
    spawn(die_with_parent, 0);
    while (shared[5] == 0)
        CALL(sched_yield);
    return 0;
}

/* The parent in the sense of the signal is the thread. */
static void death_of_thread(void)
{
    start(LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES | LX_CLONE_SIGHAND |
              LX_CLONE_THREAD,
          make_dependent, NULL, NULL);
    await(&shared[7], 0);
    while (shared[5] == 0)
        CALL(sched_yield);
    reap("dependent on a thread", shared[5]);
}

static int inherit(long unused)
{
    int value = -1;

    (void)unused;
    CALL(prctl, PR_GET_CHILD_SUBREAPER, &value, 0, 0, 0);
    CHECK(value == 0);
    CALL(prctl, PR_GET_PDEATHSIG, &value);
    CHECK(value == 0);
    return finish();
}

static int body(long unused)
{
    (void)unused;
    to_subreaper();
    zombies_come_too();
    clones_come_too();
    death_signal();
    shared[5] = 0;
    death_of_thread();
    EXPECT(0, prctl, PR_SET_PDEATHSIG, SIGUSR1);
    reap("neither is inherited", spawn(inherit, 0));
    EXPECT(-ECHILD, wait4, -1, NULL, __WALL, NULL);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
