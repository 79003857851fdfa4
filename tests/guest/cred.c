/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/cred.c - user and group ids: getuid(2), setuid(2), setreuid(2),
 * setresuid(2), setfsuid(2), setgroups(2) and their kin.
 */
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "tests/guest/child.h"

static void show(const char *what)
{
    uint32_t u[3] = {77, 77, 77}, g[3] = {77, 77, 77};

    CALL(getresuid, &u[0], &u[1], &u[2]);
    CALL(getresgid, &g[0], &g[1], &g[2]);
    say("%s: uids %d %d %d, %ld %ld, fs %ld", what, (int)u[0], (int)u[1],
        (int)u[2], CALL(getuid), CALL(geteuid), CALL(setfsuid, -1));
    say("%s: gids %d %d %d, %ld %ld, fs %ld", what, (int)g[0], (int)g[1],
        (int)g[2], CALL(getgid), CALL(getegid), CALL(setfsgid, -1));
}

static int set_all(long unused)
{
    (void)unused;
    show("root");
    EXPECT(0, setgid, 100);
    EXPECT(0, setuid, 1000);
    show("after setuid");
    EXPECT(-EPERM, setuid, 0);
    EXPECT(-EPERM, setgid, 0);
    EXPECT(0, setuid, 1000);
    EXPECT(0, setgid, 100);
    EXPECT(-EPERM, setresuid, 0, -1, -1);
    EXPECT(-EPERM, setreuid, -1, 0);
    EXPECT(-EPERM, setregid, 0, -1);
    EXPECT(-EPERM, setresgid, -1, -1, 0);
    EXPECT(-EPERM, setgroups, 0, NULL);
    EXPECT(0, setresuid, -1, -1, -1);
    return finish();
}

static int go_and_return(long unused)
{
    (void)unused;
    EXPECT(0, setresgid, 5, 6, 7);
    EXPECT(0, setresuid, 1, 2, 3);
    show("three ids");
    EXPECT(0, setresuid, 3, 1, 2);
    show("turned round");
    EXPECT(0, setuid, 2);
    show("setuid to the saved");
    EXPECT(-EPERM, setuid, 1);
    EXPECT(0, setreuid, -1, 3);
    show("setreuid to the real");
    EXPECT(0, setreuid, 3, 2);
    show("setreuid, both");
    EXPECT(0, setgid, 7);
    show("setgid to the saved");
    EXPECT(0, setregid, -1, 5);
    show("setregid to the real");
    return finish();
}

static int be_root_again(long unused)
{
    (void)unused;
    EXPECT(0, setresuid, 0, 1000, 0);
    show("effective only");
    EXPECT(-EPERM, setgroups, 0, NULL);
    EXPECT(-EPERM, setresgid, 9, 9, 9);
    EXPECT(0, setresuid, -1, 0, -1);
    EXPECT(0, setgroups, 0, NULL);
    EXPECT(0, setreuid, 1000, 0);
    show("real only");
    EXPECT(0, setuid, 1001);
    show("all, being capable");
    return finish();
}

static int file_system_ids(long unused)
{
    (void)unused;
    EXPECT(0, setfsuid, 500);
    EXPECT(500, setfsuid, -1);
    EXPECT(500, setfsuid, 0);
    EXPECT(0, setfsgid, 600);
    EXPECT(600, setfsgid, -1);
    EXPECT(0, setresuid, 10, 11, 12);
    EXPECT(11, setfsuid, 13);
    EXPECT(11, setfsuid, 12);
    EXPECT(12, setfsuid, -1);
    return finish();
}

static int keep_capabilities(long unused)
{
    (void)unused;
    EXPECT(0, prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    EXPECT(0, setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, setuid, 0);
    return finish();
}

static int groups(long unused)
{
    static uint32_t given[5] = {30, 10, 20, 10, 4000000000u}, got[5],
                    many[70000];

    (void)unused;
    EXPECT(0, setgroups, 5, given);
    EXPECT(5, getgroups, 0, NULL);
    EXPECT(5, getgroups, 5, got);
    for (int i = 0; i < 5; i++)
        say("group %u", got[i]);
    EXPECT(-EINVAL, getgroups, 4, got);
    EXPECT(-EINVAL, getgroups, -1, got);
    EXPECT(-EFAULT, getgroups, 5, KERNEL_ADDRESS);
    EXPECT(-EFAULT, setgroups, 5, KERNEL_ADDRESS);
    EXPECT(-EINVAL, setgroups, 65537, many);
    EXPECT(-EINVAL, setgroups, -1, many);
    many[2] = UINT32_MAX;
    EXPECT(-EINVAL, setgroups, 3, many);
    many[2] = 0;
    EXPECT(0, setgroups, 1000, many);
    EXPECT(1000, getgroups, 0, NULL);
    EXPECT(0, setgroups, 0, NULL);
    EXPECT(0, getgroups, 0, NULL);
    return finish();
}

static void errors(void)
{
    uint32_t id;

    EXPECT(-EINVAL, setuid, -1);
    EXPECT(-EINVAL, setgid, -1);
    EXPECT(-EFAULT, getresuid, KERNEL_ADDRESS, &id, &id);
    EXPECT(-EFAULT, getresuid, &id, &id, 8);
    EXPECT(-EFAULT, getresgid, &id, 8, &id);
}

static int end_now(long unused)
{
    (void)unused;
    return 0;
}

static int send(long pid)
{
    CALL(setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, kill, pid, SIGTERM);
    EXPECT(-EPERM, kill, pid, 0);
    EXPECT(-EPERM, tgkill, pid, pid, SIGTERM);
    return finish();
}

/* A zombie is no more anybody's to ask for than it was. */
static void ask_zombie(void)
{
    long pid = spawn(end_now, 0);
    siginfo_t info;

    CALL(waitid, P_PID, pid, &info, WEXITED | WNOWAIT, NULL);
    EXPECT(0, kill, pid, SIGTERM);
    EXPECT(0, tgkill, pid, pid, SIGTERM);
    EXPECT(-EINVAL, kill, pid, 65);
    reap("send to a zombie", spawn(send, pid));
    reap("the zombie", pid);
    EXPECT(-ESRCH, kill, pid, 65);
}

/* prctl(2): who acts as another is neither looked into nor told of its
 * parent's end. */
static int act_as_another(long unused)
{
    int number = 0;

    (void)unused;
    EXPECT(0, prctl, PR_SET_PDEATHSIG, SIGUSR1, 0, 0, 0);
    EXPECT(0, setresuid, 1000, -1, -1);
    EXPECT(0, prctl, PR_GET_PDEATHSIG, &number, 0, 0, 0);
    CHECK(number == SIGUSR1);
    EXPECT(1, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    EXPECT(0, setfsgid, 1000);
    EXPECT(0, prctl, PR_GET_PDEATHSIG, &number, 0, 0, 0);
    CHECK(number == 0);
    EXPECT(0, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
    EXPECT(0, setresuid, -1, 1000, -1);
    EXPECT(0, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    return finish();
}

/* setpriority(2): not for one with capabilities that the caller lacks. */
static int outranked(long pid)
{
    CALL(setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, setpriority, PRIO_PROCESS, pid, 19);
    return finish();
}

static int stay_root(long unused)
{
    (void)unused;
    CALL(setresuid, 1000, 0, 0);
    shared[0] = 1;
    await(&shared[0], 2);
    return 0;
}

static void schedule(void)
{
    long pid = spawn(stay_root, 0);

    await(&shared[0], 1);
    reap("outranked", spawn(outranked, pid));
    shared[0] = 2;
    reap("stayed root", pid);
}

static int body(long unused)
{
    (void)unused;
    errors();
    reap("set_all", spawn(set_all, 0));
    reap("go_and_return", spawn(go_and_return, 0));
    reap("be_root_again", spawn(be_root_again, 0));
    reap("file_system_ids", spawn(file_system_ids, 0));
    reap("keep_capabilities", spawn(keep_capabilities, 0));
    reap("groups", spawn(groups, 0));
    reap("send", spawn(send, CALL(getpid)));
    ask_zombie();
    reap("act_as_another", spawn(act_as_another, 0));
    schedule();
    show("still root");
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
