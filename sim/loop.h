/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/loop.h - the event loop of the simulated machine in real time (libuv).
 *
 * One host thread runs it. What it watches are descriptors of this process
 * alone (timerfd, signalfd, epoll, sockets): libuv makes them non-blocking,
 * which an inherited terminal must not become.
 */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

struct sim_loop;

#ifdef __cplusplus
extern "C" {
#endif

/* Returns 0, or -errno. */
int sim_loop_create(struct sim_loop **out);

/* Frees it and every watch. It does not run. */
void sim_loop_destroy(struct sim_loop *loop);

/* Calls ready(arg) on the loop's thread whenever fd is readable (level). Before
 * the loop runs, or on its thread. Returns 0, or -errno. */
int sim_loop_watch(struct sim_loop *loop, int fd, void (*ready)(void *arg),
                   void *arg);

/* Runs until sim_loop_stop(); at once when that came before. */
void sim_loop_run(struct sim_loop *loop);

/* Ends the run. Any thread. */
void sim_loop_stop(struct sim_loop *loop);

#ifdef __cplusplus
}
#endif

#endif /* SIM_LOOP_H */
