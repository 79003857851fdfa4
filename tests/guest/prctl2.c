/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/prctl2.c - what prctl(2) tells C libraries and shells: timer
 * slack, secure bits, huge pages, the ambient set.
 */
#include <sys/prctl.h>

#include "tests/guest/child.h"

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif

static void slack(void)
{
    EXPECT(50000, prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_TIMERSLACK, 1234, 0, 0, 0);
    EXPECT(1234, prctl, PR_GET_TIMERSLACK, 1, 2, 3, 4);
}

static int inherited(long unused)
{
    (void)unused;
    EXPECT(1234, prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_TIMERSLACK, 5, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_TIMERSLACK, 0, 0, 0, 0);
    EXPECT(1234, prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
    EXPECT(1, prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
    return finish();
}

static void slack_again(void)
{
    struct sched_param param = {.sched_priority = 1};

    EXPECT(0, prctl, PR_SET_TIMERSLACK, 0, 0, 0, 0);
    EXPECT(50000, prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
    EXPECT(0, sched_setscheduler, 0, SCHED_FIFO, &param);
    EXPECT(0, prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
    param.sched_priority = 0;
    EXPECT(0, sched_setscheduler, 0, SCHED_OTHER, &param);
}

static void states(void)
{
    int value = -1;

    EXPECT(0, prctl, PR_GET_SECCOMP, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    EXPECT(16, prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_TSC, &value, 0, 0, 0);
    CHECK(value == PR_TSC_ENABLE);
    EXPECT(-EFAULT, prctl, PR_GET_TSC, KERNEL_ADDRESS, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_GET_THP_DISABLE, 1, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_THP_DISABLE, 1, 1, 0, 0);
    EXPECT(0, prctl, PR_SET_THP_DISABLE, 5, 0, 0, 0);
    EXPECT(1, prctl, PR_GET_THP_DISABLE, 0, 0, 0, 0);
}

static void ambient(void)
{
    EXPECT(0, prctl, PR_CAP_AMBIENT, 1, 0, 0, 0);
    EXPECT(-EPERM, prctl, PR_CAP_AMBIENT, 2, 0, 0, 0);
    EXPECT(0, prctl, PR_CAP_AMBIENT, 3, 0, 0, 0);
    EXPECT(0, prctl, PR_CAP_AMBIENT, 4, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_CAP_AMBIENT, 4, 1, 0, 0);
    EXPECT(-EINVAL, prctl, PR_CAP_AMBIENT, 1, 63, 0, 0);
    EXPECT(-EINVAL, prctl, PR_CAP_AMBIENT, 9, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_CAP_AMBIENT, 1, 0, 1, 0);
    EXPECT(-EINVAL, prctl, PR_GET_UNALIGN, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, 0x7fffffff, 0, 0, 0, 0);
}

int main(void)
{
    slack();
    states();
    reap("inherited", spawn(inherited, 0));
    slack_again();
    ambient();
    return finish();
}
