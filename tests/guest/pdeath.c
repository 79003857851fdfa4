/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pdeath.c - PR_SET_PDEATHSIG: the signal comes when the thread
 * that made the child ends; whose child it is then.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

#include "tests/guest/child.h"

enum { READY, ORPHAN, NEW_PARENT, GOT, FROM, LATE };

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    shared[GOT] = number;
    shared[FROM] = info->si_pid;
}

static void catch_signal(int number)
{
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};

    sigaction(number, &action, NULL);
}

/* Waits for the end of its parent. */
static int orphan(long asks)
{
    int number = -1;

    catch_signal(SIGUSR2);
    if (asks != 0)
        CALL(prctl, PR_SET_PDEATHSIG, SIGUSR2, 0, 0, 0);
    CALL(prctl, PR_GET_PDEATHSIG, &number, 0, 0, 0);
    shared[ORPHAN] = (int)CALL(getpid);
    shared[READY] = 1;
    if (asks != 0)
        await(&shared[GOT], SIGUSR2);
    else
        while (CALL(getppid) == shared[FROM])
            CALL(sched_yield);
    shared[NEW_PARENT] = (int)CALL(getppid);
    return asks != 0 ? number : number + 1;
}

static int middle(long asks)
{
    shared[FROM] = (int)CALL(getpid);
    spawn(orphan, asks);
    await(&shared[READY], 1);
    return 0;
}

static void of_process(long asks)
{
    long pid;

    shared[READY] = shared[GOT] = 0;
    pid = spawn(middle, asks);
    reap("parent", pid);
    reap("orphan", shared[ORPHAN]);
    CHECK(shared[NEW_PARENT] == CALL(getpid));
    CHECK(shared[GOT] == (asks != 0 ? SIGUSR2 : 0));
    CHECK(asks == 0 || shared[FROM] == pid);
}

static int not_inherited(long unused)
{
    int number = -1;

    (void)unused;
    CALL(prctl, PR_GET_PDEATHSIG, &number, 0, 0, 0);
    return number;
}

/* It is the thread that counts, not the process. */
static int of_thread_child(long unused)
{
    (void)unused;
    catch_signal(SIGUSR1);
    CALL(prctl, PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
    shared[READY] = 1;
    await(&shared[GOT], SIGUSR1);
    shared[LATE] = CALL(getppid) == shared[NEW_PARENT];
    return 8;
}

static void *make_child(void *arg)
{
    *(long *)arg = spawn(of_thread_child, 0);
    await(&shared[READY], 1);
    return NULL;
}

static void of_thread(void)
{
    pthread_t thread;
    long pid = 0;

    shared[READY] = shared[GOT] = 0;
    shared[NEW_PARENT] = (int)CALL(getpid);
    pthread_create(&thread, NULL, make_child, &pid);
    pthread_join(thread, NULL);
    reap("the thread's", pid);
    CHECK(shared[LATE] == 1); /* the process is its parent as before */
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_PDEATHSIG, 65, 0, 0, 0);
    EXPECT(-EFAULT, prctl, PR_GET_PDEATHSIG, KERNEL_ADDRESS, 0, 0, 0);
    of_process(1);
    of_process(0);
    EXPECT(0, prctl, PR_SET_PDEATHSIG, SIGHUP, 0, 0, 0);
    reap("not inherited", spawn(not_inherited, 0));
    EXPECT(0, prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0);
    of_thread();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
