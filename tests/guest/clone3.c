/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/clone3.c - clone3(2).
 */
#include <string.h>
#include <sys/mman.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

static struct lx_clone_args base(void)
{
    return (struct lx_clone_args){.exit_signal = SIGCHLD};
}

static void expect_error(long want, const struct lx_clone_args *args,
                         size_t size, const char *what)
{
    long got = CALL(clone3, args, size);

    if (got == 0)
        CALL(exit_group, 0);
    expect(want, got, what);
}

static long make(const struct lx_clone_args *args, size_t size, int status)
{
    long pid = CALL(clone3, args, size);

    if (pid == 0)
        CALL(exit_group, status);
    return pid;
}

static void sizes(void)
{
    struct {
        struct lx_clone_args args;
        uint64_t more[4];
    } large = {.args = base()};

    reap("version 0", make(&large.args, 64, 1));
    reap("version 1", make(&large.args, 80, 2));
    reap("version 2", make(&large.args, 88, 3));
    reap("larger", make(&large.args, sizeof(large), 4));
    large.more[3] = 1;
    expect_error(-E2BIG, &large.args, sizeof(large), "larger, not zero");
    expect_error(-EINVAL, &large.args, 63, "too small");
    expect_error(-EINVAL, &large.args, 0, "nothing");
    expect_error(-E2BIG, &large.args, 4097, "more than a page");
    EXPECT(-EFAULT, clone3, KERNEL_ADDRESS, 88);
    EXPECT(-EFAULT, clone3, 8, 88);
}

static void wrong_flags(void)
{
    struct lx_clone_args args = base();

    args.flags = LX_CLONE_DETACHED;
    expect_error(-EINVAL, &args, 88, "CLONE_DETACHED");
    args.flags = SIGCHLD;
    expect_error(-EINVAL, &args, 88, "a signal among the flags");
    args.flags = UINT64_C(1) << 40;
    expect_error(-EINVAL, &args, 88, "an unknown flag");
    args.flags = LX_CLONE_SIGHAND;
    expect_error(-EINVAL, &args, 88, "CLONE_SIGHAND alone");
    args.flags = LX_CLONE_THREAD | LX_CLONE_SIGHAND | LX_CLONE_VM;
    expect_error(-EINVAL, &args, 88, "a thread with a signal");
    args.flags = LX_CLONE_PARENT;
    expect_error(-EINVAL, &args, 88, "CLONE_PARENT with a signal");
    args.flags = LX_CLONE_VM | LX_CLONE_SIGHAND | LX_CLONE_CLEAR_SIGHAND;
    expect_error(-EINVAL, &args, 88, "handlers shared and cleared");
    args = base();
    args.exit_signal = 65;
    expect_error(-EINVAL, &args, 88, "signal 65");
    args.exit_signal = UINT64_C(1) << 40;
    expect_error(-EINVAL, &args, 88, "signal 2^40");
    args = base();
    args.stack = 0x10000;
    expect_error(-EINVAL, &args, 88, "a stack without size");
    args.stack = 0;
    args.stack_size = 4096;
    expect_error(-EINVAL, &args, 88, "a size without stack");
    args.stack = KERNEL_ADDRESS;
    expect_error(-EINVAL, &args, 88, "a stack beyond user space");
}

static void numbers(void)
{
    struct lx_clone_args args = base();
    int32_t wanted[2] = {4321, 1};

    args.set_tid = (uintptr_t)wanted;
    expect_error(-EINVAL, &args, 88, "set_tid without size");
    args.set_tid_size = 33;
    expect_error(-EINVAL, &args, 88, "33 numbers");
    args.set_tid_size = 1;
    args.set_tid = 0;
    expect_error(-EINVAL, &args, 88, "size without set_tid");
    args.set_tid = (uintptr_t)wanted;
    wanted[0] = 0;
    expect_error(-EINVAL, &args, 88, "number 0");
    wanted[0] = -1;
    expect_error(-EINVAL, &args, 88, "number -1");
    wanted[0] = (int32_t)CALL(getpid);
    expect_error(-EEXIST, &args, 88, "the caller's number");
    wanted[0] = 31234;
    CHECK(make(&args, 88, 5) == 31234);
    reap("31234", 31234);
    CHECK(make(&args, 88, 6) == 31234);
    reap("31234 again", 31234);
}

static int report(void *arg)
{
    shared[0] = (int)(long)arg;
    return 7;
}

/* The child's first words, on a stack of its own. */
static void stacks(void)
{
    struct lx_clone_args args = base();
    char *stack = get_pages(4, PROT_READ | PROT_WRITE);
    void **top = (void **)(stack + 4 * PAGE - 16);
    long pid;

    top[0] = (void *)report;
    args.flags = LX_CLONE_VM | LX_CLONE_PARENT_SETTID;
    args.parent_tid = (uintptr_t)&shared[1];
    args.stack = (uintptr_t)stack;
    args.stack_size = 4 * PAGE - 16;
    __asm__ volatile("syscall\n\t"
                     "test %0, %0\n\t"
                     "jnz 1f\n\t"
                     "mov $55, %%edi\n\t"
                     "call *(%%rsp)\n\t"
                     "mov %%eax, %%edi\n\t"
                     "mov $60, %%eax\n\t"
                     "syscall\n\t"
                     "1:"
                     : "=a"(pid)
                     : "a"(SYS_clone3), "D"(&args), "S"(sizeof(args))
                     : "rcx", "r11", "memory");
    reap("on its own stack", pid);
    CHECK(shared[0] == 55);
    CHECK(shared[1] == pid);
}

static void handle(int number)
{
    (void)number;
}

/* CLONE_CLEAR_SIGHAND: what was caught is default, what was ignored stays. */
static void clear_handlers(void)
{
    struct lx_clone_args args = base();
    struct kernel_action action;
    long pid;

    dispose(SIGUSR1, SIG_IGN);
    action = (struct kernel_action){.handler = handle};
    EXPECT(0, rt_sigaction, SIGUSR2, &action, NULL, 8);
    args.flags = LX_CLONE_CLEAR_SIGHAND;
    pid = CALL(clone3, &args, sizeof(args));
    if (pid == 0) {
        CALL(rt_sigaction, SIGUSR1, NULL, &action, 8);
        if (action.handler != SIG_IGN)
            CALL(exit_group, 1);
        CALL(rt_sigaction, SIGUSR2, NULL, &action, 8);
        CALL(exit_group, action.handler == SIG_DFL ? 0 : 2);
    }
    reap("cleared", pid);
}

static int body(long unused)
{
    (void)unused;
    sizes();
    wrong_flags();
    numbers();
    stacks();
    clear_handlers();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
