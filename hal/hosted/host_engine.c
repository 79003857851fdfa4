/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_engine.c - handing over to a thread of a stub, and back.
 *
 * Both sides run on one host core, so waiting is: yield a few times, which lets
 * the other run at once, then sleep. Never spin: across cores a wake costs ten
 * times as much, and a spinning pair on one core is worse still.
 *
 * A process that died, or that does not react to a kick, must not stop the
 * kernel: each wait is bounded, and looks.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hal/hosted/host_user.h"

#define NS_PER_S  UINT64_C(1000000000)

/* To TSan the kernel threads of one CPU are threads without order among them;
 * what only one CPU touches is hidden from it. */
#define CPU_LOCAL __attribute__((no_sanitize("thread")))

enum { YIELDS = 4 };

#define LOOK_NS         (NS_PER_S / 10) /* how long a dead stub goes unseen */
#define WATCHDOG_NS     (2 * NS_PER_S)  /* of the engine's CPU time */
#define UNRESPONSIVE_NS (30 * NS_PER_S)

/* What a long wait remembers. */
struct watch {
    uint64_t cpu_start_ns; /* of the process; with watchdog only */
    uint64_t kick_seen_ns; /* when the kick was first seen; 0: not yet */
    bool watchdog;
    bool overrun;
};

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t process_cpu_ns(int pid)
{
    clockid_t clock;

    return clock_getcpuclockid(pid, &clock) ? 0 : read_clock(clock);
}

static bool is_back(struct stub_control *c)
{
    return __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE) == STUB_TURN_HOST;
}

bool host_engine_is_dead(const struct host_engine *engine)
{
    siginfo_t info = {.si_pid = 0};

    if (waitid(P_PID, (id_t)engine->pid, &info, WEXITED | WNOHANG | WNOWAIT))
        return errno == ECHILD;
    return info.si_pid != 0;
}

/* The wait has lasted: is everything all right? */
static enum host_engine_end look(struct host_engine *engine,
                                 struct watch *watch)
{
    uint64_t now;

    if (host_engine_is_dead(engine))
        return HOST_ENGINE_DEAD;
    if (watch->watchdog && !watch->overrun &&
        process_cpu_ns(engine->pid) - watch->cpu_start_ns >= WATCHDOG_NS) {
        watch->overrun = true;
        host_engine_kick(engine);
    }
    if (!__atomic_load_n(&engine->kicked, __ATOMIC_ACQUIRE)) {
        watch->kick_seen_ns = 0;
        return HOST_ENGINE_DONE;
    }
    now = read_clock(CLOCK_MONOTONIC);
    if (watch->kick_seen_ns == 0)
        watch->kick_seen_ns = now;
    if (now - watch->kick_seen_ns < UNRESPONSIVE_NS)
        return HOST_ENGINE_DONE;
    (void)kill(engine->pid, SIGKILL);
    return HOST_ENGINE_DEAD;
}

/* Any other word than the two is the guest's doing; it would turn the wait
 * into a loop without end. */
static void mend_turn(struct stub_control *c)
{
    uint32_t turn = __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE);

    if (turn != STUB_TURN_HOST && turn != STUB_TURN_STUB)
        (void)__atomic_compare_exchange_n(&c->turn, &turn, STUB_TURN_STUB,
                                          false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED);
}

static enum host_engine_end sleep_until_back(struct host_engine *engine,
                                             struct watch *watch)
{
    struct stub_control *c = engine->control;
    const struct timespec timeout = {.tv_nsec = (long)LOOK_NS};
    enum host_engine_end end = HOST_ENGINE_DONE;

    (void)__atomic_exchange_n(&c->host_sleeps, 1, __ATOMIC_SEQ_CST);
    while (!is_back(c) && end == HOST_ENGINE_DONE) {
        long error = syscall(SYS_futex, &c->turn, FUTEX_WAIT, STUB_TURN_STUB,
                             &timeout, NULL, 0);

        if (error && errno == EAGAIN)
            mend_turn(c);
        if (error && errno == ETIMEDOUT && !is_back(c))
            end = look(engine, watch);
    }
    __atomic_store_n(&c->host_sleeps, 0, __ATOMIC_RELAXED);
    return end;
}

CPU_LOCAL
enum host_engine_end host_engine_call(struct host_engine *engine, bool watchdog)
{
    struct stub_control *c = engine->control;
    struct watch watch = {.watchdog = watchdog};
    enum host_engine_end end;

    engine->order++;
    c->order = engine->order;
    if (watchdog)
        watch.cpu_start_ns = process_cpu_ns(engine->pid);
    (void)__atomic_exchange_n(&c->turn, STUB_TURN_STUB, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&c->stub_sleeps, __ATOMIC_SEQ_CST))
        (void)syscall(SYS_futex, &c->turn, FUTEX_WAKE, 1, NULL, NULL, 0);

    for (int i = 0; i < YIELDS; i++) {
        (void)sched_yield();
        if (is_back(c))
            return HOST_ENGINE_DONE;
    }
    end = sleep_until_back(engine, &watch);
    if (end == HOST_ENGINE_DONE && watch.overrun)
        end = HOST_ENGINE_OVERRUN;
    return end;
}

void host_engine_kick(struct host_engine *engine)
{
    __atomic_store_n(&engine->kicked, 1, __ATOMIC_RELEASE);
    (void)__atomic_exchange_n(&engine->control->kick, 1, __ATOMIC_SEQ_CST);
    (void)syscall(SYS_tgkill, engine->pid, engine->tid, STUB_SIGNAL_KICK);
}

void host_engine_unkick(struct host_engine *engine)
{
    __atomic_store_n(&engine->control->kick, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&engine->kicked, 0, __ATOMIC_RELAXED);
}
