/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/storm_fork.c - processes that end in every way; see storm.h.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/guest/child.h"
#include "tests/guest/storm.h"

enum { KINDS = 8, MEMORY = 1 << 20 };

static char *memory;

static void touch(long number)
{
    for (size_t i = 0; i < MEMORY; i += 16 * PAGE)
        memory[i] = (char)number;
}

static void *wait_long(void *arg)
{
    (void)arg;
    for (;;)
        CALL(pause);
    return NULL;
}

static void *leave(void *arg)
{
    CALL(exit_group, (long)(intptr_t)arg);
    return NULL;
}

/* A child that init or this process inherits. */
static void leave_orphan(long number)
{
    if (CALL(fork) == 0) {
        touch(number);
        CALL(exit_group, 0);
    }
}

/* What a child does, by its number; those of kind 4 wait to be killed. */
static int live(long number)
{
    char *argv[] = {(char *)"/storm", (char *)"leaf", NULL};
    char *envp[] = {NULL};
    pthread_t thread;

    switch (number % KINDS) {
    case 0:
        return 0;
    case 1:
        touch(number);
        return 1;
    case 2:
        if (pthread_create(&thread, NULL, wait_long, NULL) != 0)
            return 9;
        return 2;
    case 3:
        CALL(execve, "/proc/self/exe", argv, envp);
        CALL(execve, argv[0], argv, envp);
        return 9;
    case 4:
        touch(number);
        wait_long(NULL);
        return 9;
    case 5:
        leave_orphan(number);
        return 5;
    case 6:
        if (pthread_create(&thread, NULL, leave, (void *)6) != 0)
            return 9;
        CALL(exit, 7); /* the leader first, perhaps */
        return 9;
    default:
        munmap(memory, MEMORY);
        *(volatile char *)memory = 1; /* SIGSEGV */
        return 9;
    }
}

static int wanted(long number)
{
    switch (number % KINDS) {
    case 4:
        return SIGKILL;
    case 7:
        return SIGSEGV;
    default:
        return (int)(number % KINDS) << 8;
    }
}

/* Numbers of the children alive, by pid modulo; none has a pid of another's
 * slot at the same time, as they are fewer than there are slots. */
enum { SLOTS = 32768 };
static long numbers[SLOTS];

/* Reaps one; returns 1 if it was one of ours, 0 for an orphan, -1 when it did
 * not end as it should. */
static int reap_one(void)
{
    int status = 0;
    long pid = CALL(wait4, -1, &status, __WALL, NULL);
    long *number = &numbers[pid > 0 ? pid % SLOTS : 0];

    if (pid <= 0) {
        say("wait4: %ld", pid);
        return -1;
    }
    if (*number == 0)
        return status == 0 ? 0 : -1;
    if (status != wanted(*number)) {
        say("number %ld: status %#x", *number, status);
        return -1;
    }
    *number = 0;
    return 1;
}

int storm_fork(long count, long alive)
{
    long living = 0;
    int got = 1;

    memory = get_pages(MEMORY / PAGE, PROT_READ | PROT_WRITE);
    touch(1);
    for (long number = 1; number <= count || living > 0;) {
        long pid;

        if (number > count || living >= alive) {
            got = reap_one();
            if (got < 0)
                return 1;
            living -= got;
            continue;
        }
        pid = CALL(fork);
        if (pid == 0)
            CALL(exit_group, live(number));
        if (pid < 0) {
            say("fork: %ld", pid);
            return 1;
        }
        numbers[pid % SLOTS] = number;
        if (number % KINDS == 4)
            CALL(kill, pid, SIGKILL);
        living++;
        number++;
    }
    return 0;
}
