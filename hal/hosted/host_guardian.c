/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_guardian.c - starts the guardian and talks to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/hosted/guardian/guardian.h"
#include "hal/hosted/host_parts.h"

extern const unsigned char blob_guardian[];
extern const unsigned char blob_guardian_end[];

static pid_t guardian; /* 0: none */
static int pipe_fd = -1;

/* A descriptor to execute the guardian by: one that may not write, or the
 * kernel says ETXTBSY. */
static int open_program(void)
{
    size_t size = (size_t)(blob_guardian_end - blob_guardian);
    char path[64];
    int fd = memfd_create("cyphera-guardian", MFD_CLOEXEC);
    int readable;

    if (fd < 0)
        return -1;
    if (host_write_all(fd, blob_guardian, size) != 0) {
        close(fd);
        return -1;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    readable = open(path, O_RDONLY | O_CLOEXEC);
    close(fd);
    return readable < 0 ? -1 : host_fd_high(readable);
}

static int spawn(int program, int input)
{
    static char name[] = "cyphera-guardian";
    char *argv[] = {name, NULL};
    char *environment[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    char path[64];
    sigset_t all;
    int error;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", program);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &all);
    error =
        posix_spawn(&guardian, path, &files, &attributes, argv, environment);
    if (error != 0)
        guardian = 0;
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

int host_guardian_start(void)
{
    int ends[2];
    int program;
    int error;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return host_error("guardian", errno);
    pipe_fd = host_fd_high(ends[1]);
    ends[0] = host_fd_high(ends[0]);
    program = open_program();
    error = pipe_fd < 0 || ends[0] < 0 || program < 0 ? errno
                                                      : spawn(program, ends[0]);
    if (program >= 0)
        close(program);
    if (ends[0] >= 0)
        close(ends[0]);
    return error != 0 ? host_error("guardian", error) : 0;
}

void host_guardian_terminal(const void *state, size_t size)
{
    char message[1 + GUARDIAN_TERMINAL_STATE] = {GUARDIAN_TERMINAL};

    if (size > GUARDIAN_TERMINAL_STATE)
        size = GUARDIAN_TERMINAL_STATE;
    memcpy(message + 1, state, size);
    (void)host_write_all(pipe_fd, message, sizeof(message));
}

void host_guardian_group(pid_t group)
{
    char message[1 + sizeof(group)] = {GUARDIAN_GROUP};

    memcpy(message + 1, &group, sizeof(group));
    (void)host_write_all(pipe_fd, message, sizeof(message));
}

void host_guardian_stop(void)
{
    static const char quit = GUARDIAN_QUIT;

    if (pipe_fd >= 0) {
        (void)host_write_all(pipe_fd, &quit, 1);
        close(pipe_fd);
    }
    pipe_fd = -1;
    if (guardian != 0)
        waitpid(guardian, NULL, 0);
    guardian = 0;
}
