/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/sched.c - sched_setscheduler(2) and its kin,
 * sched_setaffinity(2), setpriority(2).
 */
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

static void set(int policy, int priority, const char *what)
{
    int got = 99, given = priority;

    say("%s: %ld", what, CALL(sched_setscheduler, 0, policy, &given));
    CALL(sched_getparam, 0, &got);
    say("%s: policy %lx, priority %d", what, CALL(sched_getscheduler, 0), got);
}

static void policies(void)
{
    int priority = 20;

    set(LX_SCHED_FIFO, 10, "FIFO");
    EXPECT(0, sched_setparam, 0, &priority);
    EXPECT(0, sched_getparam, 0, &priority);
    CHECK(priority == 20);
    set(LX_SCHED_RR, 5, "RR");
    set(LX_SCHED_BATCH, 0, "BATCH");
    set(LX_SCHED_IDLE, 0, "IDLE");
    set(LX_SCHED_NORMAL, 0, "NORMAL");
    set(LX_SCHED_RR | LX_SCHED_RESET_ON_FORK, 7, "RR, reset on fork");
    set(LX_SCHED_NORMAL, 0, "NORMAL");
}

static int show_policy(long unused)
{
    (void)unused;
    say("child: policy %lx", CALL(sched_getscheduler, 0));
    return 0;
}

static void inherited(void)
{
    int priority = 3;

    CALL(sched_setscheduler, 0, LX_SCHED_RR, &priority);
    reap("inherits", spawn(show_policy, 0));
    CALL(sched_setscheduler, 0, LX_SCHED_RR | LX_SCHED_RESET_ON_FORK,
         &priority);
    reap("is reset", spawn(show_policy, 0));
    priority = 0;
    CALL(sched_setscheduler, 0, LX_SCHED_NORMAL, &priority);
}

static void errors(void)
{
    int one = 1, none = 0, many = 100, negative = -1;

    EXPECT(-EINVAL, sched_setscheduler, 0, LX_SCHED_FIFO, &none);
    EXPECT(-EINVAL, sched_setscheduler, 0, LX_SCHED_FIFO, &many);
    EXPECT(-EINVAL, sched_setscheduler, 0, LX_SCHED_RR, &negative);
    EXPECT(-EINVAL, sched_setscheduler, 0, LX_SCHED_NORMAL, &one);
    EXPECT(-EINVAL, sched_setscheduler, 0, 4, &none);
    EXPECT(-EINVAL, sched_setscheduler, 0, 99, &none);
    EXPECT(-EINVAL, sched_setscheduler, 0, -1, &none);
    EXPECT(-EINVAL, sched_setscheduler, -1, LX_SCHED_NORMAL, &none);
    EXPECT(-EINVAL, sched_setscheduler, 0, LX_SCHED_NORMAL, NULL);
    EXPECT(-EFAULT, sched_setscheduler, 0, LX_SCHED_NORMAL, KERNEL_ADDRESS);
    EXPECT(-ESRCH, sched_setscheduler, 99999999, LX_SCHED_NORMAL, &none);
    EXPECT(-EINVAL, sched_getscheduler, -1);
    EXPECT(-ESRCH, sched_getscheduler, 99999999);
    EXPECT(-EINVAL, sched_getparam, 0, NULL);
    EXPECT(-EINVAL, sched_getparam, -1, &none);
    EXPECT(-ESRCH, sched_getparam, 99999999, &none);
    EXPECT(-EFAULT, sched_getparam, 0, KERNEL_ADDRESS);
    EXPECT(-EINVAL, sched_setparam, 0, &one);
    EXPECT(-EINVAL, sched_setparam, 0, NULL);
}

static void ranges(void)
{
    struct timespec interval = {7, 7};
    int priority = 1;

    EXPECT(99, sched_get_priority_max, LX_SCHED_FIFO);
    EXPECT(1, sched_get_priority_min, LX_SCHED_FIFO);
    EXPECT(99, sched_get_priority_max, LX_SCHED_RR);
    EXPECT(1, sched_get_priority_min, LX_SCHED_RR);
    EXPECT(0, sched_get_priority_max, LX_SCHED_NORMAL);
    EXPECT(0, sched_get_priority_min, LX_SCHED_BATCH);
    EXPECT(0, sched_get_priority_max, LX_SCHED_IDLE);
    EXPECT(0, sched_get_priority_max, LX_SCHED_DEADLINE);
    EXPECT(-EINVAL, sched_get_priority_max, 4);
    EXPECT(-EINVAL, sched_get_priority_min, -1);
    CALL(sched_setscheduler, 0, LX_SCHED_RR, &priority);
    EXPECT(0, sched_rr_get_interval, 0, &interval);
    CHECK(interval.tv_sec == 0 && interval.tv_nsec == 100000000);
    CALL(sched_setscheduler, 0, LX_SCHED_FIFO, &priority);
    EXPECT(0, sched_rr_get_interval, 0, &interval);
    CHECK(interval.tv_sec == 0 && interval.tv_nsec == 0);
    priority = 0;
    CALL(sched_setscheduler, 0, LX_SCHED_NORMAL, &priority);
    EXPECT(0, sched_rr_get_interval, 0, &interval);
    CHECK(interval.tv_sec == 0);
    EXPECT(-EINVAL, sched_rr_get_interval, -1, &interval);
    EXPECT(-ESRCH, sched_rr_get_interval, 99999999, &interval);
    EXPECT(-EFAULT, sched_rr_get_interval, 0, KERNEL_ADDRESS);
    EXPECT(0, sched_yield);
}

static int as_user(long parent)
{
    int one = 1, none = 0;

    CALL(setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, sched_setscheduler, 0, LX_SCHED_FIFO, &one);
    EXPECT(0, sched_setscheduler, 0, LX_SCHED_BATCH, &none);
    EXPECT(-EPERM, sched_setscheduler, parent, LX_SCHED_NORMAL, &none);
    EXPECT(0, setpriority, PRIO_PROCESS, 0, 5);
    EXPECT(-EACCES, setpriority, PRIO_PROCESS, 0, 4);
    EXPECT(-EPERM, setpriority, PRIO_PROCESS, parent, 5);
    return finish();
}

static int show_nice(long unused)
{
    (void)unused;
    say("child: nice %ld", 20 - CALL(getpriority, PRIO_PROCESS, 0));
    return 0;
}

static void nice_values(void)
{
    EXPECT(20, getpriority, PRIO_PROCESS, 0);
    EXPECT(0, setpriority, PRIO_PROCESS, 0, 5);
    EXPECT(15, getpriority, PRIO_PROCESS, 0);
    EXPECT(0, setpriority, PRIO_PROCESS, CALL(getpid), -5);
    EXPECT(25, getpriority, PRIO_PROCESS, 0);
    EXPECT(0, setpriority, PRIO_PROCESS, 0, 100);
    EXPECT(1, getpriority, PRIO_PROCESS, 0);
    EXPECT(0, setpriority, PRIO_PROCESS, 0, -100);
    EXPECT(40, getpriority, PRIO_PROCESS, 0);
    EXPECT(0, setpgid, 0, 0);
    EXPECT(0, setpriority, PRIO_PGRP, 0, 3);
    EXPECT(17, getpriority, PRIO_PGRP, 0);
    EXPECT(17, getpriority, PRIO_PGRP, CALL(getpid));
    reap("inherits", spawn(show_nice, 0));
    CALL(setresuid, 4321, 4321, 0);
    CALL(setresuid, -1, 0, -1);
    EXPECT(0, setpriority, PRIO_USER, 4321, 2);
    EXPECT(18, getpriority, PRIO_USER, 0);
    EXPECT(18, getpriority, PRIO_USER, 4321);
    EXPECT(-ESRCH, getpriority, PRIO_USER, 987654);
    EXPECT(-ESRCH, getpriority, PRIO_PROCESS, 99999999);
    EXPECT(-ESRCH, setpriority, PRIO_PGRP, 99999999, 0);
    EXPECT(-EINVAL, getpriority, 3, 0);
    EXPECT(-EINVAL, setpriority, -1, 0, 0);
}

static void affinity(void)
{
    uint64_t mask[16] = {0}, first;
    long size = CALL(sched_getaffinity, 0, sizeof(mask), mask);

    CHECK(size >= 8 && size % 8 == 0);
    CHECK(mask[0] != 0);
    first = mask[0] & -mask[0];
    EXPECT(0, sched_setaffinity, 0, 8, &first);
    CHECK(CALL(sched_getaffinity, 0, sizeof(mask), mask) == size);
    CHECK(mask[0] == first);
    EXPECT(0, sched_setaffinity, CALL(getpid), 1, &first);
    EXPECT(-EINVAL, sched_setaffinity, 0, 0, &first);
    first = 0;
    EXPECT(-EINVAL, sched_setaffinity, 0, 8, &first);
    EXPECT(-ESRCH, sched_setaffinity, 99999999, 8, &mask);
    EXPECT(-ESRCH, sched_getaffinity, 99999999, sizeof(mask), &mask);
    EXPECT(-EFAULT, sched_setaffinity, 0, 8, KERNEL_ADDRESS);
    EXPECT(-EFAULT, sched_getaffinity, 0, sizeof(mask), KERNEL_ADDRESS);
    EXPECT(-EINVAL, sched_getaffinity, 0, 0, mask);
    EXPECT(-EINVAL, sched_getaffinity, 0, 9, mask);
}

static int body(long unused)
{
    (void)unused;
    policies();
    inherited();
    errors();
    ranges();
    reap("as_user", spawn(as_user, CALL(getpid)));
    affinity();
    nice_values();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
