/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/execthread.c - a thread that is not the leader calls execve(2):
 * the others end, the process keeps its number, the parent sees one end.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/guest/child.h"

enum { THREADS = 6 };

static volatile int ready, clear_me = 1;

/* execthread done PID: whoever it was has the process's number now. */
static int done(const char *pid)
{
    if (CALL(getpid) != atoi(pid) || CALL(gettid) != atoi(pid))
        return 1;
    /* Nobody else is there: tids of others are not found. */
    for (int i = 1; i <= THREADS; i++)
        if (CALL(tgkill, atoi(pid), atoi(pid) + i, 0) != -ESRCH)
            return 2;
    return 42;
}

static void *spin(void *arg)
{
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    while (ready > 0)
        if (arg != NULL)
            CALL(sched_yield);
    return NULL;
}

static void *sleep_for_ever(void *arg)
{
    (void)arg;
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    while (ready > 0)
        CALL(pause);
    return NULL;
}

static void *call_exec(void *arg)
{
    char pid[16];
    char *argv[] = {"execthread", "done", pid, NULL};
    long how = (long)arg;

    await(&ready, THREADS - 1);
    sprintf(pid, "%d", (int)CALL(getpid));
    /* One that fails ends nobody. */
    if (CALL(execve, "/nowhere", argv, NULL) != -ENOENT ||
        CALL(execve, "/empty", argv, NULL) != -EACCES)
        CALL(exit_group, 3);
    if (how == 2)
        CALL(sched_yield);
    CALL(execve, "/execthread", argv, NULL);
    CALL(exit_group, 4);
    return NULL;
}

static int execute(long how)
{
    pthread_t thread;

    for (int i = 0; i < THREADS - 1; i++)
        pthread_create(&thread, NULL, i % 2 == 0 ? spin : sleep_for_ever,
                       i == 0 ? NULL : (void *)1);
    pthread_create(&thread, NULL, call_exec, (void *)how);
    if (how == 1)
        CALL(exit, 9); /* the leader is first */
    if (how == 2) {
        char pid[16];
        char *argv[] = {"execthread", "done", pid, NULL};

        /* And it calls execve too: one of them wins. */
        sprintf(pid, "%d", (int)CALL(getpid));
        await(&ready, THREADS - 1);
        CALL(execve, "/execthread", argv, NULL);
    }
    while (ready < 2 * THREADS)
        CALL(sched_yield);
    return 0;
}

static int body(long unused)
{
    (void)unused;
    for (long how = 0; how < 3; how++)
        for (int i = 0; i < 3; i++)
            reap("exec", spawn(execute, how));
    EXPECT(-ECHILD, wait4, -1, NULL, 0, NULL);
    CHECK(clear_me == 1);
    return finish();
}

int main(int argc, char **argv)
{
    if (argc > 2)
        return done(argv[2]);
    share();
    return run_in_child(body);
}
