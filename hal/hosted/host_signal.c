/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_signal.c - signals, without a handler: a signalfd(2) that
 * the event loop watches.
 *
 * What asks a process to end, ends the machine in order. SIGPIPE is blocked,
 * so that writing tells of it; so is SIGTTOU, so that a background process may
 * put the terminal right.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"
#include "sim/loop.h"

static int fd = -1;
static sigset_t before;
static bool blocked;

/* A debugger wants SIGINT for itself, and cannot have one that is blocked. */
static bool is_traced(void)
{
    static const char key[] = "TracerPid:";
    char line[128];
    bool traced = false;
    FILE *status = fopen("/proc/self/status", "re");

    if (status == NULL)
        return false;
    while (fgets(line, sizeof(line), status) != NULL) {
        if (strncmp(line, key, sizeof(key) - 1) == 0)
            traced = atoi(line + sizeof(key) - 1) != 0;
    }
    fclose(status);
    return traced;
}

static void signal_came(void *arg)
{
    struct signalfd_siginfo info;
    char what[64];
    int number;

    (void)arg;
    if (read(fd, &info, sizeof(info)) != sizeof(info))
        return;
    number = (int)info.ssi_signo;
    if (number == SIGWINCH) {
        host_terminal_resized();
        host_bus_resized();
        hosted_raise_console();
        return;
    }
    host_terminal_restore();
    snprintf(what, sizeof(what), "ended by signal %d (%s)", number,
             strsignal(number));
    host_error(what, 0);
    host_stop(128 + number);
}

int host_signal_start(struct sim_loop *loop)
{
    static const int ending[] = {SIGTERM, SIGHUP, SIGQUIT, SIGINT};
    size_t count = sizeof(ending) / sizeof(ending[0]);
    sigset_t watched, all;
    int error;

    if (is_traced())
        count--;
    sigemptyset(&watched);
    sigaddset(&watched, SIGWINCH);
    for (size_t i = 0; i < count; i++)
        sigaddset(&watched, ending[i]);
    all = watched;
    sigaddset(&all, SIGPIPE);
    sigaddset(&all, SIGTTOU);
    /* Before any thread is made: all inherit it. */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    blocked = true;
    fd = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd >= 0)
        fd = host_fd_high(fd);
    if (fd < 0)
        return host_error("signals", errno);
    error = sim_loop_watch(loop, fd, signal_came, NULL);
    return error != 0 ? host_error("signals", -error) : 0;
}

void host_signal_stop(void)
{
    if (fd >= 0)
        close(fd);
    fd = -1;
    /* A SIGPIPE that waits would end the process now. */
    if (blocked) {
        sigaddset(&before, SIGPIPE);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    blocked = false;
}
