/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/fork.c - fork(2), and how children end: exit(2), wait(2).
 */
#include <sys/mman.h>

#include "tests/guest/child.h"

static int own = 1;

static int look_around(long parent)
{
    CHECK(CALL(getppid) == parent);
    CHECK(CALL(getpid) != parent);
    CHECK(CALL(getpid) == CALL(gettid));
    CHECK(own == 1);
    own = 2;
    shared[0] = 3;
    return finish();
}

static void memory_is_copied(void)
{
    long pid = spawn(look_around, CALL(getpid));

    reap("look_around", pid);
    CHECK(own == 1);
    CHECK(shared[0] == 3);
}

static int end_with(long status)
{
    return (int)status;
}

static int die_by(long number)
{
    dispose((int)number, SIG_DFL);
    CALL(kill, CALL(getpid), number);
    return 99;
}

static int touch_nothing(long unused)
{
    volatile int *volatile nowhere = NULL;

    (void)unused;
    *nowhere = 1;
    return 99;
}

static void statuses(void)
{
    static const int codes[] = {0, 1, 7, 127, 128, 255, 256 + 9, -1};
    static const int numbers[] = {SIGKILL, SIGTERM, SIGABRT, SIGUSR1, 34, 64};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        reap("end_with", spawn(end_with, codes[i]));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        reap("die_by", spawn(die_by, numbers[i]));
    reap("touch_nothing", spawn(touch_nothing, 0));
}

static int make_generation(long depth)
{
    int status = 0;
    long pid;

    if (depth == 0)
        return 1;
    pid = spawn(make_generation, depth - 1);
    if (CALL(wait4, pid, &status, 0, NULL) != pid || !WIFEXITED(status))
        return 255;
    return WEXITSTATUS(status) + 1;
}

/* All at once, reaped in whatever order they end. */
static void many(void)
{
    enum { COUNT = 60 };
    int sum = 0, status;
    long pid;

    for (int i = 0; i < COUNT; i++)
        spawn(end_with, i);
    while ((pid = CALL(wait4, -1, &status, 0, NULL)) > 0)
        sum += WEXITSTATUS(status);
    CHECK(pid == -ECHILD);
    CHECK(sum == COUNT * (COUNT - 1) / 2);
}

static int write_pages(long at)
{
    char *pages = (char *)at;

    for (int i = 0; i < 64; i++)
        pages[i * PAGE] = (char)(i + 100);
    for (int i = 0; i < 64; i++)
        if (pages[i * PAGE] != (char)(i + 100))
            return 1;
    return 0;
}

/* Parent and child write the same pages at once. */
static void both_write(void)
{
    char *pages = get_pages(64, PROT_READ | PROT_WRITE);
    bool intact = true;

    for (int i = 0; i < 64; i++)
        pages[i * PAGE] = (char)i;
    for (int round = 0; round < 20; round++) {
        long pid = spawn(write_pages, (long)pages);
        int status = 1;

        for (int i = 0; i < 64; i++)
            pages[i * PAGE] = (char)(i + round);
        CALL(wait4, pid, &status, 0, NULL);
        intact = intact && status == 0;
        for (int i = 0; i < 64; i++)
            intact = intact && pages[i * PAGE] == (char)(i + round);
    }
    CHECK(intact);
}

static int body(long unused)
{
    (void)unused;
    memory_is_copied();
    statuses();
    say("generations: %d", make_generation(20));
    many();
    both_write();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
