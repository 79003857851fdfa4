/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/child.c - contract in child.h.
 */
#include "tests/guest/child.h"

#include <stdio.h>
#include <sys/mman.h>

enum { STACK_PAGES = 16 };

volatile int *shared;

void share(void)
{
    void *at = mmap(NULL, SHARED_WORDS * sizeof(int), PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED)
        CALL(exit_group, 1);
    shared = at;
}

void await(volatile int *word, int value)
{
    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) != value)
        CALL(sched_yield);
}

long spawn(int (*body)(long arg), long arg)
{
    long pid = CALL(fork);

    if (pid == 0)
        CALL(exit_group, body(arg));
    if (pid < 0)
        say("fork fails");
    return pid;
}

void say_status(const char *what, int status)
{
    if (WIFEXITED(status))
        say("%s: exit %d", what, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        say("%s: signal %d", what, WTERMSIG(status));
    else if (WIFSTOPPED(status))
        say("%s: stopped by %d", what, WSTOPSIG(status));
    else
        say("%s: %s", what, WIFCONTINUED(status) ? "continued" : "?");
}

void reap(const char *what, long pid)
{
    int status = -1;
    long got = CALL(wait4, pid, &status, __WALL, NULL);

    if (got == pid)
        say_status(what, status);
    else
        expect(pid, got, what);
}

int run_in_child(int (*body)(long arg))
{
    long pid = spawn(body, 0);
    int status = 1;

    CALL(wait4, pid, &status, 0, NULL);
    say_status("all", status);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* rdi flags, rsi stack, rdx and rcx words, r8 what to run. */
__asm__(".globl clone_onto\n"
        "clone_onto:\n"
        "    mov (%r8), %r9\n"
        "    mov 8(%r8), %r11\n"
        "    sub $16, %rsi\n"
        "    mov %r9, (%rsi)\n"
        "    mov %r11, 8(%rsi)\n"
        "    mov %rcx, %r10\n"
        "    mov $56, %eax\n"
        "    xor %r8d, %r8d\n"
        "    syscall\n"
        "    test %rax, %rax\n"
        "    jnz 1f\n"
        "    xor %ebp, %ebp\n"
        "    pop %rax\n"
        "    pop %rdi\n"
        "    call *%rax\n"
        "    mov %eax, %edi\n"
        "    mov $60, %eax\n"
        "    syscall\n"
        "1:  ret\n");

/* The return address stays in a register, for the child's calls overwrite the
 * stack. */
__asm__(".globl raw_vfork\n"
        "raw_vfork:\n"
        "    pop %rdx\n"
        "    mov $58, %eax\n"
        "    syscall\n"
        "    push %rdx\n"
        "    ret\n");

void dispose(int number, void (*handler)(int number))
{
    struct kernel_action action = {.handler = handler};

    CALL(rt_sigaction, number, &action, NULL, 8);
}

long start(uint64_t flags, int (*run)(void *arg), void *arg, int *words)
{
    char *stack = get_pages(STACK_PAGES, PROT_READ | PROT_WRITE);
    const void *run_and_arg[2] = {(const void *)run, arg};

    return clone_onto(flags, stack + STACK_PAGES * PAGE, words,
                      words == NULL ? NULL : words + 1, run_and_arg);
}
