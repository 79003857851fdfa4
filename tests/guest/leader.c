/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/leader.c - threads' ends: exit(2) of the leader first,
 * exit_group(2) from any thread, deaths, and what the parent is told.
 */
#include <time.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum {
    THREAD = LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES | LX_CLONE_SIGHAND |
             LX_CLONE_THREAD
};

static int outlive(void *status)
{
    await(&shared[0], 1);
    shared[1] = CALL(getpid) != CALL(gettid);
    shared[2] = (int)CALL(kill, CALL(getpid), 0);
    shared[3] = (int)CALL(getppid);
    return (int)(long)status;
}

static int leader_first(long unused)
{
    (void)unused;
    start(THREAD, outlive, (void *)9, NULL);
    CALL(set_tid_address, &shared[4]);
    shared[4] = 1;
    shared[6] = 1;
    CALL(exit, 5); /* makes shared[4] 0 */
    return 99;
}

/* The status is that of the last thread to end, and comes with its end. */
static void leader_exits_first(void)
{
    struct timespec moment = {0, 50000000};
    long pid = spawn(leader_first, 0);

    await(&shared[6], 1);
    await(&shared[4], 0);
    CALL(nanosleep, &moment, NULL); /* for the rest of its way */
    EXPECT(0, wait4, pid, NULL, WNOHANG, NULL);
    EXPECT(0, kill, pid, 0);
    EXPECT(0, tkill, pid, SIGUSR1); /* nobody hears it */
    EXPECT(0, tgkill, pid, pid, 0);
    EXPECT(-EINVAL, tkill, pid, 65);
    shared[0] = 1;
    reap("leader first", pid);
    CHECK(shared[1] == 1 && shared[2] == 0);
    CHECK(shared[3] == CALL(getpid));
    shared[0] = 0;
}

static int end_group(void *status)
{
    CALL(exit_group, status);
    return 99;
}

static int stay(void *unused)
{
    (void)unused;
    await(&shared[10], 1); /* never */
    return 99;
}

static int group_from_thread(long unused)
{
    (void)unused;
    start(THREAD, stay, NULL, NULL);
    start(THREAD, end_group, (void *)11, NULL);
    return stay(NULL);
}

static int leader_then_group(long unused)
{
    (void)unused;
    start(THREAD, end_group, (void *)12, NULL);
    CALL(exit, 5);
    return 99;
}

static int group_from_leader(long unused)
{
    (void)unused;
    for (int i = 0; i < 8; i++)
        start(THREAD, stay, NULL, NULL);
    return 13;
}

static int fault(void *unused)
{
    volatile int *volatile nowhere = NULL;

    (void)unused;
    *nowhere = 1;
    return 99;
}

static int fault_in_thread(long unused)
{
    (void)unused;
    start(THREAD, fault, NULL, NULL);
    return stay(NULL);
}

static int thread_exits(long unused)
{
    static int words[2];

    (void)unused;
    for (int i = 0; i < 50; i++) {
        words[1] = 1;
        start(THREAD | LX_CLONE_CHILD_CLEARTID, outlive, (void *)1, words);
        shared[0] = 1;
        await(&words[1], 0);
    }
    return 14;
}

static int killed(long unused)
{
    (void)unused;
    for (int i = 0; i < 4; i++)
        start(THREAD, stay, NULL, NULL);
    shared[5] = 1;
    return stay(NULL);
}

/* A thread's number stands for its process, but not in setpgid(2). */
static int numbers(void *unused)
{
    long tid = CALL(gettid);

    (void)unused;
    CHECK(tid != CALL(getpid));
    CHECK(CALL(getpgid, tid) == CALL(getpgrp));
    CHECK(CALL(getsid, tid) == CALL(getsid, 0));
    EXPECT(0, kill, tid, 0);
    EXPECT(-EINVAL, setpgid, tid, 0);
    return 0;
}

static int number_of_thread(long unused)
{
    static int words[2] = {0, 1};

    (void)unused;
    start(THREAD | LX_CLONE_CHILD_CLEARTID, numbers, NULL, words);
    await(&words[1], 0);
    return finish();
}

static int make_process(void *unused)
{
    (void)unused;
    shared[6] = (int)CALL(fork);
    if (shared[6] == 0)
        CALL(exit_group, 21);
    return 0;
}

/* A thread's child is every thread's child, and stays when it has ended. */
static int children_of_threads(long unused)
{
    static int words[2] = {0, 1};
    int status = 0;

    (void)unused;
    start(THREAD | LX_CLONE_CHILD_CLEARTID, make_process, NULL, words);
    await(&words[1], 0);
    if (CALL(wait4, -1, &status, 0, NULL) <= 0)
        return 1;
    return WEXITSTATUS(status);
}

static int race_to_end(long unused)
{
    (void)unused;
    for (long i = 0; i < 6; i++)
        start(THREAD, end_group, (void *)15, NULL);
    CALL(exit, 15);
    return 99;
}

static int body(long unused)
{
    long pid;

    (void)unused;
    leader_exits_first();
    reap("exit_group of a thread", spawn(group_from_thread, 0));
    reap("exit, then exit_group", spawn(leader_then_group, 0));
    reap("exit_group of the leader", spawn(group_from_leader, 0));
    reap("a fault", spawn(fault_in_thread, 0));
    reap("threads one after the other", spawn(thread_exits, 0));
    pid = spawn(killed, 0);
    await(&shared[5], 1);
    EXPECT(0, kill, pid, SIGKILL);
    reap("killed", pid);
    reap("children of threads", spawn(children_of_threads, 0));
    reap("a thread's number", spawn(number_of_thread, 0));
    for (int i = 0; i < 20; i++)
        reap("race to end", spawn(race_to_end, 0));
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
