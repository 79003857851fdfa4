/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_user.h - the host processes that run user code, as the
 * kernel side sees them. It belongs to host.h.
 *
 * A stub is the host process of one address space (hal/hosted/control.h); a
 * thread of it that runs user code for one virtual CPU is an engine. With one
 * CPU there is one thread, its engine. With more, thread 0 is the servant,
 * which starts engines and unmaps on behalf of CPUs that have none there; the
 * engine of CPU c has block c + 1.
 *
 * Calls return 0 or a positive errno. Locking: create and destroy serialise
 * themselves; a host_engine is used by one thread at a time, but for
 * host_engine_kick().
 */
#ifndef HAL_HOSTED_HOST_USER_H
#define HAL_HOSTED_HOST_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/hosted/control.h"

#ifdef __cplusplus
extern "C" {
#endif

struct host_stub; /* opaque: a process */

/* A thread of a stub. */
struct host_engine {
    struct stub_control *control; /* const */
    int pid;                      /* const */
    int tid;                      /* const */
    uint32_t order;               /* of the last call */
    uint32_t kicked;              /* a kick is under way; any thread */
};

/* How a call of an engine ended. */
enum host_engine_end {
    HOST_ENGINE_DONE,    /* it handed over */
    HOST_ENGINE_OVERRUN, /* the same, after the watchdog kicked it */
    HOST_ENGINE_DEAD     /* the process is gone, or was ended as unresponsive */
};

/*
 * Starts the zygote, which all stubs are forked from. From the main thread, as
 * stubs die with the thread that called it; before any other call. ram is the
 * memfd of guest RAM, core the host core of CPU 0 (-1: any), trap_tsc says
 * whether rdtsc traps. On failure *why tells what the host refused, in a
 * static buffer.
 */
int host_user_start(unsigned cpus, int ram, int core, bool trap_tsc,
                    const char **why);

/* Ends the zygote and every stub, and reaps them. No engine runs any more; may
 * be called when start failed or never was. */
void host_user_end(void);

/* The process group that the zygote and all stubs are in, for the guardian; 0
 * before host_user_start(). */
int host_user_group(void);

/* What the host's signal frames look like. Constant after the start. */
const struct stub_facts *host_user_facts(void);

/*
 * Forks an empty stub. ENOMEM or EAGAIN when the host refuses or STUBS_MAX are
 * there. *first is its thread 0.
 */
int host_stub_create(struct host_stub **out, struct host_engine *first);

/* Ends the process and waits for it. */
void host_stub_destroy(struct host_stub *stub);

/* Ends the process; calls of its engines return HOST_ENGINE_DEAD. */
void host_stub_kill(struct host_stub *stub);

/*
 * Starts the engine of CPU cpu by servant, thread 0 of the stub, pinned to the
 * host core (-1: none). Only where there is more than one CPU.
 */
int host_engine_start(struct host_stub *stub, struct host_engine *servant,
                      unsigned cpu, int core, struct host_engine *out);

/*
 * Hands the control page to the engine and waits until it comes back. Before,
 * the caller has filled run, command_count and what they ask for. watch: an
 * engine that has used two seconds of host CPU time is kicked.
 */
enum host_engine_end host_engine_call(struct host_engine *engine, bool watch);

/* Stops user code that the engine runs, or is about to run in the call under
 * way. Any thread. */
void host_engine_kick(struct host_engine *engine);

/* After the call that was kicked has ended, and all kickers are done. */
void host_engine_unkick(struct host_engine *engine);

#ifdef __cplusplus
}
#endif

#endif /* HAL_HOSTED_HOST_USER_H */
