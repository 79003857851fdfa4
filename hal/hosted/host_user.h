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
 * themselves, as does park; a host_engine is used by one thread at a time, but
 * for host_engine_kick().
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
    struct stub_control *control; /* const, as pid and tid, once it is up */
    int pid;
    int tid;         /* 0: not yet */
    int core;        /* it is pinned to; -1: none */
    uint32_t order;  /* of the last call */
    uint32_t kicked; /* a kick is under way; any thread */
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
 * A stub, thread 0 on the caller's host core (-1: any): a fork that has nothing
 * mapped, or one that was parked. *is_used: then what it had mapped still is,
 * and must go before it runs user code. ENOMEM or EAGAIN when the host refuses
 * or STUBS_MAX are there.
 */
int host_stub_create(struct host_stub **out, int core, bool *is_used);

/* Its thread with that block, for as long as the stub is the caller's; tid 0
 * while it is not started. */
struct host_engine *host_stub_engine(struct host_stub *stub, unsigned block);

/* Ends the process and waits for it. */
void host_stub_destroy(struct host_stub *stub);

/* The same to the caller, but it may be had again; no engine of it is in a
 * call, and none has broken the protocol. */
void host_stub_park(struct host_stub *stub);

/* Ends the process; calls of its engines return HOST_ENGINE_DEAD. */
void host_stub_kill(struct host_stub *stub);

/*
 * Starts the engine of CPU cpu by thread 0 of the stub, pinned to the host core
 * (-1: none). Only where there is more than one CPU.
 */
int host_engine_start(struct host_stub *stub, unsigned cpu, int core);

/* Is its process gone? */
bool host_engine_is_dead(const struct host_engine *engine);

/* Pins an engine that is not in a call to a host core, the caller's: handing
 * over between two cores costs ten times as much. -1: leaves it. */
void host_engine_move(struct host_engine *engine, int core);

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
