/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/group.c - process groups and sessions: setpgid(2), getpgid(2),
 * getpgrp(2), setsid(2), getsid(2), and signals to groups.
 */
#include <string.h>
#include <sys/prctl.h>

#include "tests/guest/child.h"

static int stay(long word)
{
    shared[word] = 1;
    await(&shared[word], 2);
    return 3;
}

static long spawn_stay(int word)
{
    long pid = spawn(stay, word);

    await(&shared[word], 1);
    return pid;
}

static void let_go(int word, long pid)
{
    shared[word] = 2;
    reap("stayed", pid);
}

static void asking(void)
{
    long group = CALL(getpgrp), pid = spawn_stay(1);

    CHECK(CALL(getpgid, 0) == group);
    CHECK(CALL(getpgid, CALL(getpid)) == group);
    CHECK(CALL(getpgid, pid) == group);
    CHECK(CALL(getsid, 0) == CALL(getsid, pid));
    EXPECT(-ESRCH, getpgid, 99999999);
    EXPECT(-ESRCH, getpgid, -1);
    EXPECT(-EINVAL, setpgid, -1, 0);
    EXPECT(-ESRCH, getsid, 99999999);
    EXPECT(-ESRCH, getsid, -1);
    let_go(1, pid);
    EXPECT(-ESRCH, getpgid, pid);
}

static void moving(void)
{
    long first = spawn_stay(2), second = spawn_stay(3);

    EXPECT(0, setpgid, first, 0);
    CHECK(CALL(getpgid, first) == first);
    EXPECT(0, setpgid, second, first);
    CHECK(CALL(getpgid, second) == first);
    EXPECT(0, setpgid, second, second);
    CHECK(CALL(getpgid, second) == second);
    EXPECT(0, setpgid, second, CALL(getpgrp));
    EXPECT(0, setpgid, 0, 0);
    CHECK(CALL(getpgrp) == CALL(getpid));
    EXPECT(-EINVAL, setpgid, first, -1);
    EXPECT(-ESRCH, setpgid, 99999999, 0);
    EXPECT(-ESRCH, setpgid, CALL(getppid), 0);
    EXPECT(-EPERM, setpgid, first, 99999999);
    let_go(2, first);
    let_go(3, second);
}

/* A group lives while it has a member. */
static void leader_gone(void)
{
    long first = spawn_stay(4), second = spawn_stay(5);

    EXPECT(0, setpgid, first, first);
    EXPECT(0, setpgid, second, first);
    let_go(4, first);
    CHECK(CALL(getpgid, second) == first);
    EXPECT(0, kill, -first, 0);
    EXPECT(0, setpgid, 0, first);
    CHECK(CALL(getpgrp) == first);
    EXPECT(0, setpgid, 0, 0);
    let_go(5, second);
    EXPECT(-ESRCH, kill, -first, 0);
    EXPECT(-EPERM, setpgid, 0, first);
}

static int lead_session(long word)
{
    long pid = CALL(getpid);

    CHECK(CALL(setsid) == pid);
    CHECK(CALL(getsid, 0) == pid);
    CHECK(CALL(getpgrp) == pid);
    EXPECT(-EPERM, setsid);
    EXPECT(-EPERM, setpgid, 0, 0);
    shared[word] = 1;
    await(&shared[word], 2);
    return finish();
}

static void sessions(void)
{
    long pid = spawn(lead_session, 6);

    await(&shared[6], 1);
    CHECK(CALL(getsid, pid) == pid);
    EXPECT(-EPERM, setpgid, pid, CALL(getpgrp));
    EXPECT(-EPERM, setpgid, pid, pid);
    EXPECT(-EPERM, setpgid, 0, pid);
    shared[6] = 2;
    reap("session", pid);
    EXPECT(-EPERM, setsid);
}

static int wait_after_exec(long word)
{
    static const char *const argv[] = {"/group", "executed", NULL};

    shared[word] = 1;
    CALL(execve, "/group", argv, NULL);
    return 99;
}

static void executed(void)
{
    long pid = spawn(wait_after_exec, 7), error;

    do {
        error = CALL(setpgid, pid, 0);
        CALL(sched_yield);
    } while (error == 0);
    expect(-EACCES, error, "setpgid of a child that has executed");
    EXPECT(0, kill, pid, SIGKILL);
    reap("executed", pid);
}

/* Children that came to this subreaper. */
static void reap_orphans(void)
{
    int status;

    while (CALL(wait4, -1, &status, 0, NULL) > 0)
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
            say_status("an orphan", status);
}

static int lead_group(long count)
{
    CALL(setpgid, 0, 0);
    for (int i = 0; i < count; i++)
        spawn(stay, 20 + i);
    for (int i = 0; i < count; i++)
        await(&shared[20 + i], 1);
    shared[8] = 1;
    await(&shared[8], 2); /* never */
    return 99;
}

static void kill_group(void)
{
    long pid = spawn(lead_group, 5);

    await(&shared[8], 1);
    EXPECT(0, kill, -pid, SIGKILL);
    reap("group", pid);
    reap_orphans();
    EXPECT(-ESRCH, kill, -pid, SIGKILL);
}

/* The host lives, whatever happens. */
enum { BOMB_FORKS = 400, BOMB_SPINS = 1000000 };

static int bomb(long unused)
{
    (void)unused;
    CALL(setpgid, 0, 0);
    shared[9] = 1;
    for (int i = 0; i < BOMB_SPINS; i++)
        if (__atomic_fetch_add(&shared[12], 1, __ATOMIC_SEQ_CST) > BOMB_FORKS ||
            CALL(fork) < 0)
            CALL(sched_yield);
    return 99;
}

/* No fork comes between: all are killed at once. */
static void kill_bomb(void)
{
    long pid = spawn(bomb, 0);

    await(&shared[9], 1);
    for (int i = 0; i < 30; i++)
        CALL(sched_yield);
    EXPECT(0, kill, -pid, SIGKILL);
    reap("bomb", pid);
    reap_orphans();
    EXPECT(-ESRCH, kill, -pid, 0);
}

static int stop_member(long word)
{
    int status;
    long pid;

    CALL(setsid);
    pid = spawn(stay, word);
    await(&shared[word], 1);
    CALL(setpgid, pid, pid);
    CALL(kill, pid, SIGSTOP);
    CALL(wait4, pid, &status, WUNTRACED, NULL);
    shared[11] = (int)pid;
    return 7; /* and with this the group is orphaned */
}

/* An orphaned group with a stopped member gets SIGHUP and SIGCONT. */
static void orphaned(void)
{
    reap("who stopped it", spawn(stop_member, 10));
    reap("orphan", shared[11]);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    asking();
    moving();
    leader_gone();
    sessions();
    executed();
    kill_group();
    kill_bomb();
    orphaned();
    return finish();
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "executed") == 0)
        for (;;)
            CALL(sched_yield);
    share();
    return run_in_child(body);
}
