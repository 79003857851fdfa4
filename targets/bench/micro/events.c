/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/events.c - rows of pipes and of waiting for many
 * descriptors.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/bench/micro/micro.h"

enum { DESCRIPTORS_MAX = 512, RING_MAX = 16, ACKS = 256 };

/* --- readiness ------------------------------------------------------------ */

struct watched {
    int count;
    int epoll;
    struct pollfd list[DESCRIPTORS_MAX];
};

/* So many eventfds that nothing happens to. */
static struct watched *watch(int count)
{
    static struct watched watched;
    struct rlimit limit = {4096, 4096};

    setrlimit(RLIMIT_NOFILE, &limit);
    watched.count = count;
    for (int i = 0; i < count; i++) {
        watched.list[i].fd = eventfd(0, EFD_NONBLOCK);
        watched.list[i].events = POLLIN;
        if (watched.list[i].fd < 0)
            micro_die("eventfd");
    }
    return &watched;
}

static uint64_t body_select(uint64_t rounds, void *arg)
{
    const struct watched *watched = arg;
    int end = watched->list[watched->count - 1].fd + 1;

    while (rounds-- > 0) {
        struct timeval no_time = {0, 0};
        fd_set set;

        FD_ZERO(&set);
        for (int i = 0; i < watched->count; i++)
            FD_SET(watched->list[i].fd, &set);
        if (select(end, &set, NULL, NULL, &no_time) < 0)
            micro_die("select");
    }
    return 0;
}

void micro_run_select(const struct micro_row *row)
{
    micro_measure(row, body_select, watch((int)row->parameter));
}

static uint64_t body_poll(uint64_t rounds, void *arg)
{
    struct watched *watched = arg;

    while (rounds-- > 0)
        if (poll(watched->list, (nfds_t)watched->count, 0) < 0)
            micro_die("poll");
    return 0;
}

void micro_run_poll(const struct micro_row *row)
{
    micro_measure(row, body_poll, watch((int)row->parameter));
}

static int make_epoll(void)
{
    int fd = epoll_create1(0);

    if (fd < 0)
        micro_die("epoll_create1");
    return fd;
}

static void epoll_add(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        micro_die("EPOLL_CTL_ADD");
}

static void eventfd_post(int fd)
{
    uint64_t one = 1;

    if (write(fd, &one, sizeof(one)) != sizeof(one))
        micro_die("write to an eventfd");
}

static uint64_t body_epoll(uint64_t rounds, void *arg)
{
    const struct watched *watched = arg;
    struct epoll_event events[8];

    while (rounds-- > 0)
        if (epoll_wait(watched->epoll, events, 8, 0) != 1)
            micro_die("epoll_wait");
    return 0;
}

static uint64_t body_epoll_change(uint64_t rounds, void *arg)
{
    const struct watched *watched = arg;

    while (rounds-- > 0) {
        epoll_add(watched->epoll, watched->list[0].fd);
        if (epoll_ctl(watched->epoll, EPOLL_CTL_DEL, watched->list[0].fd,
                      &(struct epoll_event){0}) < 0)
            micro_die("EPOLL_CTL_DEL");
    }
    return 0;
}

/* parameter: how many are watched, one of them ready; 0: adds and removes. */
void micro_run_epoll(const struct micro_row *row)
{
    int count = (int)row->parameter;
    struct watched *watched = watch(count > 0 ? count : 1);

    watched->epoll = make_epoll();
    if (count == 0) {
        micro_measure(row, body_epoll_change, watched);
        return;
    }
    for (int i = 0; i < count; i++)
        epoll_add(watched->epoll, watched->list[i].fd);
    eventfd_post(watched->list[count / 2].fd);
    micro_measure(row, body_epoll, watched);
}

/* --- two threads, by epoll and eventfd ------------------------------------ */

struct doorbell {
    int epoll, event;
};

struct doorbells {
    struct doorbell there, here;
    volatile bool is_over;
};

static struct doorbell make_doorbell(void)
{
    struct doorbell bell = {.epoll = make_epoll(), .event = eventfd(0, 0)};

    if (bell.event < 0)
        micro_die("eventfd");
    epoll_add(bell.epoll, bell.event);
    return bell;
}

static void wait_for(struct doorbell bell)
{
    struct epoll_event event;
    uint64_t count;

    while (epoll_wait(bell.epoll, &event, 1, -1) != 1)
        ;
    if (read(bell.event, &count, sizeof(count)) != sizeof(count))
        micro_die("read of an eventfd");
}

static void *answer_bell(void *arg)
{
    struct doorbells *bells = arg;

    for (;;) {
        wait_for(bells->there);
        if (bells->is_over)
            return NULL;
        eventfd_post(bells->here.event);
    }
}

static uint64_t body_bells(uint64_t rounds, void *arg)
{
    struct doorbells *bells = arg;

    while (rounds-- > 0) {
        eventfd_post(bells->there.event);
        wait_for(bells->here);
    }
    return 0;
}

void micro_run_bells(const struct micro_row *row)
{
    struct doorbells bells = {.there = make_doorbell(),
                              .here = make_doorbell()};
    pthread_t thread;

    errno = pthread_create(&thread, NULL, answer_bell, &bells);
    if (errno != 0)
        micro_die("pthread_create");
    micro_measure(row, body_bells, &bells);
    bells.is_over = true;
    eventfd_post(bells.there.event);
    pthread_join(thread, NULL);
}

/* --- pipes ---------------------------------------------------------------- */

static void make_pipe(int *ends)
{
    if (pipe(ends) < 0)
        micro_die("pipe");
}

static pid_t fork_or_die(void)
{
    pid_t child = fork();

    if (child < 0)
        micro_die("fork");
    return child;
}

static void end_child(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static uint64_t body_pipe_close(uint64_t rounds, void *arg)
{
    (void)arg;
    while (rounds-- > 0) {
        int ends[2];

        make_pipe(ends);
        close(ends[0]);
        close(ends[1]);
    }
    return 0;
}

void micro_run_pipe_close(const struct micro_row *row)
{
    micro_measure(row, body_pipe_close, NULL);
}

/* Where this process gets the byte from, and where it sends it. */
struct stop {
    int from, to;
};

static uint64_t body_round(uint64_t rounds, void *arg)
{
    const struct stop *stop = arg;
    char byte = 't';

    while (rounds-- > 0)
        if (write(stop->to, &byte, 1) != 1 || read(stop->from, &byte, 1) != 1)
            micro_die("round");
    return 0;
}

__attribute__((noreturn)) static void pass_on(struct stop stop)
{
    char byte;

    while (read(stop.from, &byte, 1) == 1)
        if (write(stop.to, &byte, 1) != 1)
            break;
    _exit(0);
}

/* A process in a ring that knows its own two ends alone. */
__attribute__((noreturn)) static void run_stop(int (*pipes)[2], int count,
                                               int number)
{
    for (int i = 0; i < count; i++) {
        if (i != number - 1)
            close(pipes[i][0]);
        if (i != number)
            close(pipes[i][1]);
    }
    pass_on((struct stop){pipes[number - 1][0], pipes[number][1]});
}

/* parameter: processes in the ring, with a pipe between each and the next. */
void micro_run_ring(const struct micro_row *row)
{
    int pipes[RING_MAX][2], count = (int)row->parameter;
    pid_t children[RING_MAX];
    struct stop stop;

    for (int i = 0; i < count; i++)
        make_pipe(pipes[i]);
    for (int i = 1; i < count; i++) {
        children[i] = fork_or_die();
        if (children[i] == 0)
            run_stop(pipes, count, i);
    }
    stop = (struct stop){pipes[count - 1][0], pipes[0][1]};
    micro_measure(row, body_round, &stop);
    for (int i = 1; i < count; i++)
        end_child(children[i]);
}

void micro_run_pipe_latency(const struct micro_row *row)
{
    int there[2], back[2];
    struct stop stop;
    pid_t child;

    make_pipe(there);
    make_pipe(back);
    child = fork_or_die();
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        pass_on((struct stop){there[0], back[1]});
    }
    close(there[0]);
    close(back[1]);
    stop = (struct stop){back[0], there[1]};
    micro_measure(row, body_round, &stop);
    close(there[1]);
    waitpid(child, NULL, 0);
}

struct flow {
    int to, acks;
    char *memory;
    size_t part;
};

/* Takes everything; a byte for each MiB goes to acks. */
__attribute__((noreturn)) static void swallow(int from, struct flow flow)
{
    uint64_t got = 0;

    for (;;) {
        ssize_t part = read(from, flow.memory, flow.part);

        if (part <= 0)
            _exit(0);
        for (got += (uint64_t)part; got >= MICRO_MIB; got -= MICRO_MIB)
            if (write(flow.acks, "a", 1) != 1)
                _exit(1);
    }
}

static void write_part(const struct flow *flow)
{
    for (size_t done = 0; done < flow->part;) {
        ssize_t moved = write(flow->to, flow->memory + done, flow->part - done);

        if (moved <= 0)
            micro_die("write to a pipe");
        done += (size_t)moved;
    }
}

static uint64_t body_flow(uint64_t rounds, void *arg)
{
    const struct flow *flow = arg;
    char acks[ACKS];

    for (uint64_t i = 0; i < rounds; i++)
        for (size_t done = 0; done < MICRO_MIB; done += flow->part)
            write_part(flow);
    while (rounds > 0) {
        ssize_t part =
            read(flow->acks, acks, rounds < ACKS ? rounds : (size_t)ACKS);

        if (part <= 0)
            micro_die("read of the answer");
        rounds -= (uint64_t)part;
    }
    return 0;
}

/* parameter: bytes of a call. */
void micro_run_pipe_flow(const struct micro_row *row)
{
    struct flow flow = {.part = (size_t)row->parameter};
    int data[2], acks[2];
    pid_t child;

    make_pipe(data);
    make_pipe(acks);
    flow.memory = malloc(flow.part);
    if (flow.memory == NULL)
        micro_die("malloc");
    memset(flow.memory, 'b', flow.part);
    child = fork_or_die();
    if (child == 0) {
        close(data[1]);
        close(acks[0]);
        flow.acks = acks[1];
        swallow(data[0], flow);
    }
    close(data[0]);
    close(acks[1]);
    flow.to = data[1];
    flow.acks = acks[0];
    micro_measure(row, body_flow, &flow);
    close(data[1]);
    end_child(child);
}
