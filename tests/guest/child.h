/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/child.h - what the guest programs about processes share.
 *
 * Children print nothing unless their parent waits for them, so that lines
 * come in one order. Flags in shared memory order them where that matters.
 */
#ifndef TESTS_GUEST_CHILD_H
#define TESTS_GUEST_CHILD_H

#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>

#include "tests/guest/guest.h"

/* Zeroed words that children share, also with other address spaces. */
enum { SHARED_WORDS = 1024 };
extern volatile int *shared;

/* Makes them; once, first thing. */
void share(void);

/* Waits, yielding, until *word is value. */
void await(volatile int *word, int value);

/* Forks a child that runs body(arg) and exits with what it returns. */
long spawn(int (*body)(long arg), long arg);

/* Waits for that child and prints how it ended. */
void reap(const char *what, long pid);

/* Prints what a wait status says. */
void say_status(const char *what, int status);

/* In a child that is not init, and whose failures count as the program's. */
int run_in_child(int (*body)(long arg));

/* Makes run(arg) a thread or process of flags, on a stack of its own, with
 * words for its number; exits with what it returns. */
long start(uint64_t flags, int (*run)(void *arg), void *arg, int *words);

/* vfork(2): returns twice, first in the child. */
long raw_vfork(void) __attribute__((returns_twice));

/* rt_sigaction(2)'s own struct. */
struct kernel_action {
    void (*handler)(int number);
    unsigned long flags, restorer, mask;
};

/* Sets the disposition of a signal to SIG_IGN or SIG_DFL. */
void dispose(int number, void (*handler)(int number));

/* clone(2) with a stack: the child calls run(arg), then exit(2). */
long clone_onto(uint64_t flags, void *stack, int *parent_tid, int *child_tid,
                const void *run_and_arg);

#endif /* TESTS_GUEST_CHILD_H */
