/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/stops.c - SIGSTOP, SIGTSTP and SIGCONT: all threads stop, also
 * when the last to do so ends instead; what is reported to whom by wait4(2),
 * waitid(2) and SIGCHLD, and when; what takes what back.
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "tests/guest/child.h"

enum { COUNT, GO, CAUGHT };

static void rest(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};

    while (CALL(nanosleep, &t, &t) == -EINTR)
        continue;
}

static void *count(void *arg)
{
    (void)arg;
    while (shared[GO] == 0)
        __atomic_add_fetch(&shared[COUNT], 1, __ATOMIC_RELAXED);
    return NULL;
}

static void note(int number)
{
    shared[CAUGHT] = number;
}

static int run_threads(long unused)
{
    pthread_t threads[3];

    (void)unused;
    signal(SIGCONT, note);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, count, NULL);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    return 4;
}

/* Does the counter stand still? */
static bool stands(void)
{
    int before;

    rest(20);
    before = shared[COUNT];
    rest(40);
    return before == shared[COUNT];
}

static void show(const char *what, long pid, int options)
{
    int status = -1;
    long got = CALL(wait4, pid, &status, options, NULL);

    if (got == pid)
        say_status(what, status);
    else
        say("%s: %ld", what, got);
}

static void threads(void)
{
    long pid = spawn(run_threads, 0);

    while (shared[COUNT] == 0)
        CALL(sched_yield);
    EXPECT(0, kill, pid, SIGSTOP);
    show("stops", pid, WUNTRACED);
    show("told once", pid, WUNTRACED | WNOHANG);
    CHECK(stands());
    EXPECT(0, kill, pid, SIGUSR2); /* waits */
    CHECK(stands());
    dispose(SIGCHLD, SIG_DFL);
    EXPECT(0, kill, pid, SIGSTOP);
    show("again is nothing", pid, WUNTRACED | WNOHANG);
    EXPECT(0, kill, pid, SIGCONT);
    show("killed by what waited", pid, WUNTRACED);
    if (shared[CAUGHT] != SIGCONT && shared[CAUGHT] != 0)
        say("caught %d", shared[CAUGHT]);
}

static int wait_for_go(long unused)
{
    (void)unused;
    signal(SIGCONT, note);
    CALL(setpgid, 0, 0); /* its parent keeps this group from being orphaned */
    shared[CAUGHT] = 0;
    shared[COUNT] = 1;
    while (shared[GO] == 0)
        CALL(sched_yield);
    return 6;
}

static void reported(void)
{
    siginfo_t info = {0};
    long pid;

    shared[GO] = shared[COUNT] = 0;
    pid = spawn(wait_for_go, 0);
    await(&shared[COUNT], 1);
    EXPECT(0, kill, pid, SIGTSTP);
    EXPECT(0, waitid, P_PID, pid, &info, WSTOPPED | WNOWAIT, NULL);
    CHECK(info.si_pid == pid && info.si_code == CLD_STOPPED &&
          info.si_status == SIGTSTP);
    show("there still", pid, WUNTRACED);
    EXPECT(0, kill, pid, SIGCONT);
    EXPECT(0, waitid, P_PID, pid, &info, WCONTINUED, NULL);
    CHECK(info.si_code == CLD_CONTINUED && info.si_status == SIGCONT);
    await(&shared[CAUGHT], SIGCONT);
    EXPECT(0, kill, pid, SIGTTIN);
    show("SIGTTIN", pid, WUNTRACED);
    EXPECT(0, kill, pid, SIGCONT);
    show("goes on", pid, WCONTINUED);
    EXPECT(0, kill, pid, SIGSTOP);
    show("SIGSTOP", pid, WUNTRACED);
    EXPECT(0, kill, pid, SIGKILL);
    show("killed while stopped", pid, 0);
}

/* As soon as SIGCONT is sent, wait4(2) tells of it, and of the stop no more. */
static void at_once(void)
{
    siginfo_t info = {0};
    long pid;

    shared[GO] = shared[COUNT] = 0;
    pid = spawn(wait_for_go, 0);
    await(&shared[COUNT], 1);
    for (int i = 0; i < 10; i++) {
        CALL(kill, pid, SIGSTOP);
        CALL(waitid, P_PID, pid, &info, WSTOPPED | WNOWAIT, NULL);
        CALL(kill, pid, SIGCONT);
        show("no stop", pid, WUNTRACED | WNOHANG);
        show("goes on already", pid, WCONTINUED | WNOHANG);
        show("told once", pid, WCONTINUED | WNOHANG);
    }
    EXPECT(0, kill, pid, SIGKILL);
    show("killed", pid, 0);
}

static void *nothing(void *arg)
{
    return arg;
}

static int come_and_go(long unused)
{
    pthread_t thread;

    (void)unused;
    while (pthread_create(&thread, NULL, nothing, NULL) == 0)
        pthread_join(thread, NULL);
    return 1;
}

/* A thread that ends while the others stop does not keep the stop from being
 * told. */
static void leaving(void)
{
    long pid = spawn(come_and_go, 0);
    int told = 0, status;

    for (int i = 0; i < 200; i++) {
        rest(i % 4 == 0);
        CALL(kill, pid, SIGSTOP);
        told += CALL(wait4, pid, &status, WUNTRACED, NULL) == pid;
        CALL(kill, pid, SIGCONT);
        told += CALL(wait4, pid, &status, WCONTINUED, NULL) == pid;
    }
    CHECK(told == 400);
    EXPECT(0, kill, pid, SIGKILL);
    show("killed", pid, 0);
}

/* SIGCONT takes pending stops back, and a stop a pending SIGCONT, blocked or
 * not. */
static int take_back(long unused)
{
    uint64_t set = ~UINT64_C(0), pending;

    (void)unused;
    CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    CALL(kill, CALL(getpid), SIGTSTP);
    CALL(rt_sigpending, &pending, 8);
    CHECK(pending == UINT64_C(1) << (SIGTSTP - 1));
    CALL(kill, CALL(getpid), SIGCONT);
    CALL(rt_sigpending, &pending, 8);
    CHECK(pending == UINT64_C(1) << (SIGCONT - 1));
    CALL(kill, CALL(getpid), SIGTTOU);
    CALL(rt_sigpending, &pending, 8);
    CHECK(pending == UINT64_C(1) << (SIGTTOU - 1));
    return finish();
}

static int body(long unused)
{
    (void)unused;
    threads();
    reported();
    at_once();
    leaving();
    reap("taken back", spawn(take_back, 0));
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
