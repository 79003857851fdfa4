/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_thread.c - host threads of the virtual CPUs, their stacks,
 * and waiting.
 *
 * Not instrumented by TSan: CPU 0 writes what the first thread reads once it
 * has joined the thread of that CPU, of which the kernel's are not part.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hal/hosted/cpu.h"
#include "hal/hosted/host_parts.h"

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id)       ((void)(id))
#endif

/* How long a CPU may take to come to an end once the machine does. */
enum { JOIN_SECONDS = 20, GUARD_SIZE = 4096 };

struct thread {
    pthread_t id;
    bool started; /* by CPU 0, or before it runs; read once CPU 0 has ended */
    int core;     /* -1: not pinned */
    unsigned cpu;
};

_Static_assert((int)HOST_CPUS_MAX == (int)HOSTED_CPUS_MAX, "the same");

static struct thread threads[HOSTED_CPUS_MAX];
static cpu_set_t allowed;
static int first_core;

/* The index-th core this process may run on, counted from first_core on. */
static int pick_core(unsigned index)
{
    int count = CPU_COUNT(&allowed);
    int skip = count == 0 ? 0 : (int)index % count;

    for (int i = 0; i < CPU_SETSIZE && count > 0; i++) {
        int core = (first_core + i) % CPU_SETSIZE;

        if (CPU_ISSET((size_t)core, &allowed) && skip-- == 0)
            return core;
    }
    return -1;
}

/* A CPU and its engines share one core: handing over between two costs ten
 * times as much. */
static void pin(struct thread *thread)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    if (thread->core >= 0)
        CPU_SET((size_t)thread->core, &one);
    if (thread->core < 0 || sched_setaffinity(0, sizeof(one), &one) != 0)
        __atomic_store_n(&thread->core, -1, __ATOMIC_RELEASE);
}

static void *run_cpu(void *arg)
{
    struct thread *thread = arg;
    char name[16];

    snprintf(name, sizeof(name), "cpu%u", thread->cpu);
    pthread_setname_np(pthread_self(), name);
    /* Waits with a time-out end when they should, not 50 us later. */
    prctl(PR_SET_TIMERSLACK, 1);
    pin(thread);
    if (!hosted_cpu_run(thread->cpu))
        host_stop(host_error("stack of a CPU", ENOMEM));
    return NULL;
}

int host_cpu_start(unsigned cpu)
{
    struct thread *thread = &threads[cpu];
    int error;

    error = pthread_create(&thread->id, NULL, run_cpu, thread);
    thread->started = error == 0;
    if (error == 0 && host_facts()->seeded)
        host_baton_ready(cpu);
    return error;
}

int host_cpu_core(unsigned cpu)
{
    return __atomic_load_n(&threads[cpu].core, __ATOMIC_ACQUIRE);
}

void host_thread_prepare(void)
{
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        CPU_ZERO(&allowed);
    /* Several machines at once spread over the host as the host sees fit. */
    first_core = sched_getcpu();
    if (first_core < 0)
        first_core = 0;
    for (unsigned i = 0; i < HOSTED_CPUS_MAX; i++) {
        threads[i].cpu = i;
        /* In virtual time one runs after the other: on one core that is ten
         * times as fast. */
        threads[i].core = pick_core(host_facts()->seeded ? 0 : i);
    }
}

int host_thread_start(void)
{
    int error = host_cpu_start(0);

    return error != 0 ? host_error("thread", error) : 0;
}

bool host_thread_join(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += JOIN_SECONDS * (host_on_valgrind() ? 20 : 1);
    for (unsigned i = 0; i < HOSTED_CPUS_MAX; i++) {
        if (!threads[i].started)
            continue;
        if (pthread_timedjoin_np(threads[i].id, NULL, &until) != 0)
            return false;
        threads[i].started = false;
    }
    return true;
}

void host_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns)
{
    struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000),
                               .tv_nsec = (long)(timeout_ns % 1000000000)};

    syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, value,
            timeout_ns == HOST_NEVER ? NULL : &timeout, NULL, 0);
}

void host_futex_wake(uint32_t *word)
{
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

void host_yield(void)
{
    sched_yield();
}

void host_nap(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

void *host_stack_alloc(size_t size, unsigned *valgrind_id)
{
    char *stack = mmap(NULL, size + GUARD_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (stack == MAP_FAILED)
        return NULL;
    if (mprotect(stack, GUARD_SIZE, PROT_NONE) != 0) {
        munmap(stack, size + GUARD_SIZE);
        return NULL;
    }
    stack += GUARD_SIZE;
    *valgrind_id = VALGRIND_STACK_REGISTER(stack, stack + size);
    return stack;
}

void host_stack_free(void *stack, size_t size, unsigned valgrind_id)
{
    VALGRIND_STACK_DEREGISTER(valgrind_id);
    munmap((char *)stack - GUARD_SIZE, size + GUARD_SIZE);
}
