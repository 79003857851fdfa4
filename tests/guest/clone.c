/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/clone.c - clone(2): what each flag shares.
 */
#include <string.h>
#include <sys/mman.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

enum { THREAD = LX_CLONE_VM | LX_CLONE_FS | LX_CLONE_FILES | LX_CLONE_SIGHAND };

static volatile int own;

static int write_own(void *value)
{
    own = (int)(long)value;
    return 0;
}

static void memory(void)
{
    reap("copied", start(SIGCHLD, write_own, (void *)1, NULL));
    CHECK(own == 0);
    reap("shared", start(LX_CLONE_VM | SIGCHLD, write_own, (void *)2, NULL));
    CHECK(own == 2);
}

static int duplicate(void *unused)
{
    (void)unused;
    return (int)CALL(dup2, 1, 40);
}

static void files(void)
{
    reap("copied", start(SIGCHLD, duplicate, NULL, NULL));
    EXPECT(-EBADF, close, 40);
    reap("shared", start(LX_CLONE_FILES | SIGCHLD, duplicate, NULL, NULL));
    EXPECT(0, close, 40);
}

static int ignore(void *unused)
{
    (void)unused;
    dispose(SIGUSR1, SIG_IGN);
    return 0;
}

static void handlers(void)
{
    struct kernel_action action;

    reap("copied", start(LX_CLONE_VM | SIGCHLD, ignore, NULL, NULL));
    EXPECT(0, rt_sigaction, SIGUSR1, NULL, &action, 8);
    CHECK(action.handler == SIG_DFL);
    reap("shared",
         start(LX_CLONE_VM | LX_CLONE_SIGHAND | SIGCHLD, ignore, NULL, NULL));
    EXPECT(0, rt_sigaction, SIGUSR1, NULL, &action, 8);
    CHECK(action.handler == SIG_IGN);
    dispose(SIGUSR1, SIG_DFL);
}

static int report_ids(void *unused)
{
    (void)unused;
    shared[0] = (int)CALL(getpid);
    shared[1] = (int)CALL(gettid);
    shared[2] = (int)CALL(getppid);
    shared[3] = 1;
    return 0;
}

static void ids(void)
{
    static int words[2];
    long pid = CALL(getpid), child;

    child = start(THREAD | LX_CLONE_THREAD | LX_CLONE_SYSVSEM |
                      LX_CLONE_PARENT_SETTID | LX_CLONE_CHILD_CLEARTID |
                      LX_CLONE_CHILD_SETTID,
                  report_ids, NULL, words);
    CHECK(words[0] == child);
    await(&shared[3], 1);
    CHECK(shared[0] == pid && shared[1] == child && child != pid);
    CHECK(shared[2] == CALL(getppid));
    await(&words[1], 0);
    shared[3] = 0;
    child = start(SIGCHLD | LX_CLONE_PARENT_SETTID | LX_CLONE_IO |
                      LX_CLONE_UNTRACED,
                  report_ids, NULL, words);
    CHECK(words[0] == child);
    reap("a process", child);
    CHECK(shared[0] == child && shared[1] == child && shared[2] == pid);
}

/* A thread is nobody's child. */
static void thread_is_no_child(void)
{
    static int words[2] = {0, 1};

    start(THREAD | LX_CLONE_THREAD | LX_CLONE_CHILD_CLEARTID, write_own,
          (void *)3, words);
    await(&words[1], 0);
    CHECK(own == 3);
    EXPECT(-ECHILD, wait4, -1, NULL, __WALL, NULL);
}

static int be_sibling(void *unused)
{
    (void)unused;
    shared[4] = (int)CALL(getppid);
    return 12;
}

static int make_sibling(long unused)
{
    (void)unused;
    shared[5] = (int)start(LX_CLONE_PARENT, be_sibling, NULL, NULL);
    EXPECT(-ECHILD, wait4, -1, NULL, __WALL, NULL);
    return finish();
}

static void parents(void)
{
    reap("maker", spawn(make_sibling, 0));
    reap("sibling", shared[5]);
    CHECK(shared[4] == CALL(getpid));
}

static int use_tls(void *unused)
{
    uint64_t word;

    (void)unused;
    __asm__("mov %%fs:0, %0" : "=r"(word));
    shared[6] = (int)word;
    return 0;
}

static void thread_storage(void)
{
    static const uint64_t area[8] = {321};
    long flags = LX_CLONE_SETTLS | LX_CLONE_VM | SIGCHLD;
    char *stack = get_pages(4, PROT_READ | PROT_WRITE);
    long pid;

    __asm__ volatile("mov %1, %%r10\n\t"
                     "mov %2, %%r8\n\t"
                     "syscall\n\t"
                     "test %0, %0\n\t"
                     "jnz 1f\n\t"
                     "xor %%edi, %%edi\n\t"
                     "call *%3\n\t"
                     "mov $60, %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "1:"
                     : "=a"(pid)
                     : "r"(0L), "r"(area), "b"(use_tls), "a"(SYS_clone),
                       "D"(flags), "S"(stack + 4 * PAGE), "d"(0)
                     : "rcx", "r8", "r10", "r11", "memory");
    reap("thread storage", pid);
    CHECK(shared[6] == 321);
    EXPECT(-EPERM, clone, LX_CLONE_SETTLS | SIGCHLD, NULL, NULL, NULL,
           KERNEL_ADDRESS);
}

static int end_with(void *status)
{
    return (int)(long)status;
}

/* Another signal than SIGCHLD tells of the end. */
static void exit_signals(void)
{
    uint64_t mask = UINT64_C(1) << (SIGUSR2 - 1);
    siginfo_t info;
    long pid;

    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8);
    pid = start(SIGUSR2, end_with, (void *)9, NULL);
    EXPECT(SIGUSR2, rt_sigtimedwait, &mask, &info, NULL, 8);
    CHECK(info.si_code == CLD_EXITED && info.si_status == 9);
    CHECK(info.si_pid == pid);
    reap("with SIGUSR2", pid);
}

static int end_slowly(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++)
        CALL(sched_yield);
    shared[7] = 5;
    return 2;
}

static void waits_as_vfork(void)
{
    long pid =
        start(LX_CLONE_VFORK | LX_CLONE_VM | SIGCHLD, end_slowly, NULL, NULL);

    CHECK(shared[7] == 5);
    reap("vfork", pid);
    shared[7] = 0;
    pid = start(LX_CLONE_VFORK | SIGCHLD, end_slowly, NULL, NULL);
    CHECK(shared[7] == 5);
    reap("vfork, memory copied", pid);
}

static void errors(void)
{
    EXPECT(-EINVAL, clone, LX_CLONE_THREAD, 0, 0, 0, 0);
    EXPECT(-EINVAL, clone, LX_CLONE_THREAD | LX_CLONE_VM, 0, 0, 0, 0);
    EXPECT(-EINVAL, clone, LX_CLONE_SIGHAND, 0, 0, 0, 0);
    EXPECT(-EINVAL, clone, LX_CLONE_FS | LX_CLONE_NEWNS, 0, 0, 0, 0);
    EXPECT(-EINVAL, clone, LX_CLONE_THREAD | LX_CLONE_SIGHAND, 0, 0, 0, 0);
    EXPECT(-ECHILD, wait4, -1, NULL, __WALL, NULL);
}

static int body(long unused)
{
    (void)unused;
    memory();
    files();
    handlers();
    ids();
    thread_is_no_child();
    parents();
    thread_storage();
    exit_signals();
    waits_as_vfork();
    errors();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
