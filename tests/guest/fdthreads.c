/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/fdthreads.c - threads that share descriptors and close them under
 * one another: clone(2), CLONE_FILES.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>

#include "tests/guest/child.h"

enum { ROUNDS = 2000, FD = 100, THREADS = 3 };

#define THREAD \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

static volatile int running, errors;

/* Uses whatever is at FD, which may be gone at any time. */
static int use(void *arg)
{
    struct pollfd fds[1] = {{FD, POLLIN, 0}};
    uint64_t value = 1;
    int wrong = 0;

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        long done = CALL(write, FD, &value, 8);

        wrong += done != 8 && done != -EBADF && done != -EAGAIN;
        done = CALL(read, FD, &value, 8);
        wrong += done != 8 && done != -EBADF && done != -EAGAIN;
        wrong += CALL(poll, fds, 1, 0) < 0;
        value = 1;
    }
    __atomic_add_fetch(&errors, wrong, __ATOMIC_SEQ_CST);
    __atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
    return 0;
}

static int body(long unused)
{
    int words[2];

    (void)unused;
    running = THREADS;
    for (int i = 0; i < THREADS; i++)
        CHECK(start(THREAD, use, NULL, words) > 0);
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) > 0) {
        int fd = (int)CALL(eventfd2, 0, EFD_NONBLOCK);

        CALL(dup2, fd, FD);
        CALL(close, fd);
        CALL(close, FD);
    }
    /* The table grows while it is read. */
    running = 1;
    CHECK(start(THREAD, use, NULL, words) > 0);
    for (int fd = 300; fd < 900; fd += 100)
        CHECK(CALL(fcntl, 1, F_DUPFD, fd) == fd);
    await(&running, 0);
    CHECK(errors == 0);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
