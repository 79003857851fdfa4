/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/bomb.c - kill(-pgrp) against a fork bomb: all end, none is born
 * between. The bomb is bounded twice: by RLIMIT_NPROC of a user that nobody
 * else is, and by the number of forks.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/guest/child.h"

enum { FORKS_MAX = 300, ALIVE_MAX = 40, USER = 54399, ROUNDS = 5 };

enum { STARTED, FORKED };

static void burn(void)
{
    for (;;) {
        if (__atomic_add_fetch(&shared[FORKED], 1, __ATOMIC_SEQ_CST) >
            FORKS_MAX)
            for (;;)
                CALL(sched_yield);
        if (CALL(fork) < 0)
            CALL(sched_yield);
    }
}

static int light(long unused)
{
    struct rlimit limit = {ALIVE_MAX, ALIVE_MAX};

    (void)unused;
    CALL(setpgid, 0, 0);
    CALL(setrlimit, RLIMIT_NPROC, &limit);
    CALL(setresuid, USER, USER, USER);
    shared[STARTED] = 1;
    burn();
    return 0;
}

static void reap_orphans(void)
{
    int status, others = 0;

    while (CALL(wait4, -1, &status, 0, NULL) > 0)
        others += !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL;
    CHECK(others == 0);
}

static void round_of(int yields)
{
    long pid;

    shared[STARTED] = shared[FORKED] = 0;
    pid = spawn(light, 0);
    await(&shared[STARTED], 1);
    for (int i = 0; i < yields || shared[FORKED] < yields; i++)
        CALL(sched_yield);
    EXPECT(0, kill, -pid, SIGKILL);
    reap("bomb", pid);
    reap_orphans();
    EXPECT(-ESRCH, kill, -pid, 0);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    for (int i = 1; i <= ROUNDS; i++)
        round_of(i * 7);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
