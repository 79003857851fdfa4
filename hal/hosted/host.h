/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host.h - where the two halves of hal/hosted meet.
 *
 * The kernel side (hal/hosted's other *.c) sees no libc; the host side
 * (host_*.c, sim/) sees no core. Only plain C types cross. host_user.h is the
 * same for running user code.
 *
 * What the kernel side offers (hosted_*) is listed in kernel_symbols.txt, or
 * the two-stage link hides it.
 *
 * Nothing here takes a lock that is held while the kernel runs, and nothing
 * allocates after boot unless it says so.
 */
#ifndef HAL_HOSTED_HOST_H
#define HAL_HOSTED_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Guest RAM is one memfd. Physical address p is offset p in it and lies at
 * HOST_RAM_BASE + p in this process, poisoned at first; physical memory starts
 * at HOST_RAM_START and has a hole, which is not mapped.
 */
#define HOST_RAM_BASE  UINT64_C(0x7ea000000000)
#define HOST_RAM_START UINT64_C(0x100000)

enum { HOST_RAM_RANGES_MAX = 2 };

#define HOST_NEVER UINT64_MAX

struct host_range {
    uint64_t start, size; /* bytes */
};

/* Constant from before the first CPU starts. */
struct host_facts {
    unsigned cpus;
    const char *command_line;
    struct host_range ram[HOST_RAM_RANGES_MAX];
    size_t ram_count;
    struct host_range initrd; /* size 0: none */
    uint32_t hwcap, hwcap2;   /* as hal/platform.h has them */
    bool terminal;            /* a person sits at the console */
    bool seeded;              /* --seed: virtual time */
    bool traced;              /* --trace-hash */
    size_t stack_size;        /* bytes */
};

/* What the host side calls in the kernel. */

/* Takes host_facts() over, once, before any CPU runs. */
void hosted_boot_facts(void);

/* A virtual CPU, on its host thread's own stack: CPU 0 goes to core_main(),
 * any other to core_cpu_main(). Returns when the machine ends; false at once
 * when there is no memory for its stack. */
bool hosted_cpu_run(unsigned cpu);

/* hosted_cpu_raise() by number; see hal/hosted/cpu.h for the bits. */
void hosted_raise_timer(unsigned cpu);
void hosted_raise_console(void);
void hosted_raise_stop(void); /* every CPU that runs */

/* What the kernel calls on the host side. */

const struct host_facts *host_facts(void);

/* The start of guest physical memory 0 in this process. */
void *host_ram(void);

/* host_time.c: nanoseconds since boot, since 1970. */
uint64_t host_clock_now(void);
uint64_t host_clock_wall(void);

/* host_clock_wall() is ns now. */
void host_clock_set_wall(uint64_t ns);

/* Keeps the page of hal/common/vdso.h, all zero, up to date from now on. */
struct vdso_data;
void host_clock_share(struct vdso_data *page);

/* host_clock.c: has hosted_raise_timer(cpu) called at or soon after that time
 * since boot; replaces the last. It may also come early. HOST_NEVER: need not
 * come. */
void host_clock_arm(unsigned cpu, uint64_t deadline_ns);

/* host_thread.c: futex(2). Waits while *word is value, until woken, at most
 * timeout_ns (HOST_NEVER: no limit). May return early. */
void host_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns);
void host_futex_wake(uint32_t *word);

/* sched_yield(2), and a short nanosleep(2). */
void host_yield(void);
void host_nap(long ns);

/* Starts the host thread of a CPU, which calls hosted_cpu_run(cpu). Returns 0
 * or a positive errno. */
int host_cpu_start(unsigned cpu);

/* The host core that CPU cpu is pinned to, for its engines; -1: none. */
int host_cpu_core(unsigned cpu);

/* A stack with a guard page below, known to Valgrind; NULL when the host has
 * no memory. size is a multiple of the page size. */
void *host_stack_alloc(size_t size, unsigned *valgrind_id);
void host_stack_free(void *stack, size_t size, unsigned valgrind_id);

/* host_console.c: stream is 0 in, 1 out, 2 err; as hal/platform.h has it, but
 * -1 stands for end of file and for a closed reader. */
int host_console_read(void *data, size_t size);
int host_console_write(int stream, const void *data, size_t size);
bool host_console_size(uint16_t *rows, uint16_t *columns, uint16_t *width,
                       uint16_t *height);
void host_log_write(const char *text, size_t size);

/* host_bus.c: the index-th device; does one answer in all of that range; an
 * access of size bytes at an address that does. */
bool host_bus_device(size_t index, uint64_t *start, uint64_t *size,
                     unsigned *line);
bool host_bus_answers(uint64_t start, uint64_t size);
uint64_t host_bus_read(uint64_t at, unsigned size);
void host_bus_write(uint64_t at, unsigned size, uint64_t value);

/* getrandom(2), or the seed. */
bool host_entropy(void *data, size_t size);

/* The machine ends: every CPU gets hosted_raise_stop(), and once all have left
 * the process exits with status. The first status counts. */
void host_stop(int status);

/* Tells the host's user that the machine is halted. */
void host_halted(void);

/* Ends the process here and now; what it leaves open, the guardian closes. */
__attribute__((noreturn)) void host_abandon(int status);

/* host_check.c: ASan's and Valgrind's view of guest RAM. */
void host_poison(const void *start, size_t size);
void host_unpoison(const void *start, size_t size);
bool host_is_watched(void); /* does one of the two look? */
void host_note(const char *note);

/* host_seed.c: see hal/hosted/seed.h; only called when facts->seeded. */
uint64_t host_seed_choose(unsigned choice, uint64_t bound);
void host_seed_charge(void);
unsigned host_seed_steps(unsigned cpu);
bool host_seed_lingers(unsigned cpu);
void host_seed_expire(unsigned cpu);

/*
 * host_baton.c: with a seed one CPU runs at a time, the one that has the
 * baton; only called when facts->seeded, by that CPU, but for begin and stop.
 */

/* Waits for the first turn of a CPU that host_baton_ready() was called for. */
void host_baton_begin(unsigned cpu);

/* A CPU starts, or idles no longer: it takes part from now on. */
void host_baton_ready(unsigned cpu);

/* The seed decides whether another CPU that is ready runs now; must: one does,
 * if there is one. Returns with the baton, or false: the machine ends. */
bool host_baton_offer(unsigned cpu, bool must);

/* Waits until host_baton_ready() was called for this CPU. Time goes on to the
 * next event when no CPU is ready. False: the machine ends. */
bool host_baton_idle(unsigned cpu);

/* The machine ends: nobody waits for the baton any more. Any thread. */
void host_baton_stop(void);

/* The trace; only called when facts->traced. Any CPU. */
void host_trace_event(unsigned cpu, unsigned event, uint64_t a, uint64_t b,
                      uint64_t c);
void host_trace_unreproducible(void);

#ifdef __cplusplus
}
#endif

#endif /* HAL_HOSTED_HOST_H */
