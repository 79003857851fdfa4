/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_parts.h - the parts of the machine, among the host side.
 *
 * Each part has start and stop; host_machine.c calls them in order. start
 * returns 0, or HOST_EXIT_USAGE after host_error(). stop undoes what start
 * did, also half of it, also nothing.
 */
#ifndef HAL_HOSTED_HOST_PARTS_H
#define HAL_HOSTED_HOST_PARTS_H

#include <signal.h>
#include <sys/types.h>

#include "hal/hosted/host.h"
#include "hal/hosted/host_machine.h"

struct sim_loop;

/* The facts, for the parts that find them out. */
struct host_facts *host_facts_edit(void);

/* Prints "cyphera: what: why" (error 0: "cyphera: what") on stderr. Returns
 * HOST_EXIT_USAGE. */
int host_error(const char *what, int error);

/* Moves a descriptor to 100 or above, close-on-exec, out of the way of what
 * children are given. Returns the new one, or -1 with errno, fd closed. */
int host_fd_high(int fd);

/* write(2) of all, whatever the descriptor's flags. Returns 0, or -1. */
int host_write_all(int fd, const void *data, size_t size);

/* host_guardian.c */
int host_guardian_start(void);
void host_guardian_stop(void);

/* Names the process group that is to die with the kernel. */
void host_guardian_group(pid_t group);

/* Tells the guardian what to restore should the kernel die: the state that
 * ioctl(TCGETS) wrote, of the terminal on stdin. */
void host_guardian_terminal(const void *state, size_t size);

/* host_ram.c */
int host_ram_start(const struct host_options *options);
void host_ram_stop(void);
int host_ram_fd(void);

/* host_initrd.c: puts the initrd, and init's arguments behind it, at the end
 * of RAM. */
int host_initrd_load(const struct host_options *options);

/* host_bus.c */
int host_bus_start(const struct host_options *options, struct sim_loop *loop);
void host_bus_stop(void);

/* On the loop's thread: init's streams may have input or room. */
void host_bus_streams_ready(void);

/* On the loop's thread: the terminal may have another size. */
void host_bus_resized(void);

/* host_clock.c; starts the time too */
int host_clock_start(struct sim_loop *loop);
void host_clock_stop(void);

/* host_time.c: time 0 is now; and what the host's monotonic clock said then. */
void host_time_start(void);
uint64_t host_time_boot_ns(void);

/* host_console.c */
int host_console_start(const struct host_options *options,
                       struct sim_loop *loop);
void host_console_stop(void);

/* host_terminal.c: the terminal on stdin and stdout, if both are one. */
bool host_terminal_is_there(void);
int host_terminal_raw(void);
void host_terminal_restore(void);
void host_terminal_resized(void);

/* Does it need a carriage return before a newline (the kernel's log)? */
bool host_terminal_is_raw(void);

/* Takes what was typed out of size bytes, in place: returns how many are for
 * the guest, and sets *quit for Ctrl-A x. Ctrl-A Ctrl-A is one Ctrl-A. */
size_t host_terminal_filter(unsigned char *bytes, size_t size, bool *quit);

/* host_signal.c: SIGINT, SIGTERM and their like end the machine. */
int host_signal_start(struct sim_loop *loop);
void host_signal_stop(void);

/* host_thread.c: finds a host core for each CPU, then starts CPU 0. */
void host_thread_prepare(void);
int host_thread_start(void);
/* Waits for every CPU to end; false when one does not. */
bool host_thread_join(void);

/* host_seed.c */
void host_seed_start(const struct host_options *options);
bool host_seed_entropy(void *data, size_t size);
uint64_t host_seed_now(void);
/* Has event fire within so much virtual time. */
struct sim_event;
void host_seed_event(struct sim_event *event, uint64_t within_ns);
void host_seed_arm(unsigned cpu, uint64_t deadline_ns);
void host_seed_report(void);
bool host_seed_skip(void); /* to the next event; false: there is none */
uint64_t host_seed_baton_choice(uint64_t bound);

/* host_baton.c: is another CPU ready to run? */
bool host_baton_is_wanted(unsigned cpu);

/*
 * host_lock.c: a lock among host threads, which TSan does not see: it would
 * order what the kernel does before and after. Not recursive; held for a few
 * system calls, never over a call of the kernel side.
 */
struct host_lock {
    uint32_t word;
};
void host_lock_take(struct host_lock *lock);
bool host_lock_try(struct host_lock *lock); /* false: another has it */
void host_lock_give(struct host_lock *lock);

/* host_check.c */
bool host_on_valgrind(void);
size_t host_stack_default(void);

/* Every CPU has ended, and this thread is the only one. TSan, which saw the
 * threads of the CPUs joined but not the kernel's on them, has to be told. */
void host_alone(bool alone);

#endif /* HAL_HOSTED_HOST_PARTS_H */
