/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_machine.h - the machine, as a program starts it:
 * targets/hosted for the kernel, tests/support for the unit tests.
 */
#ifndef HAL_HOSTED_HOST_MACHINE_H
#define HAL_HOSTED_HOST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses of the process beside those of init. */
enum { HOST_EXIT_USAGE = 125 };

enum {
    HOST_MEMORY_MIN = 4 << 20,
    HOST_MEMORY_DEFAULT = 256 << 20,
    HOST_CPUS_MAX = 16
};

/* Zero and NULL stand for the default. */
struct host_options {
    unsigned cpus;
    uint64_t memory;          /* bytes */
    const char *initrd;       /* path; NULL: none */
    const char *command_line; /* shorter than 4096 bytes */
    const char *log;          /* path; NULL: stderr */
    char *const *init;        /* path of init and its arguments, then NULL */
    bool seeded;
    uint64_t seed;
    bool trace_hash;
    uint64_t device_lies; /* one answer of a device in so many; 0: none */
    size_t stack_size;    /* bytes, of a kernel stack */
};

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Builds the machine, runs it until the kernel powers it off, and takes it
 * down. Returns the status to exit with: the kernel's, or HOST_EXIT_USAGE
 * after a line on stderr when the host refuses something. Once per process,
 * on its only thread.
 */
int host_machine_run(const struct host_options *options);

/* Makes a seeded run's addresses repeat: turns the host's address-space
 * randomisation off and executes this program again, once. Returns where that
 * is done already or cannot be. */
void host_machine_fix_layout(char **argv);

#ifdef __cplusplus
}
#endif

#endif /* HAL_HOSTED_HOST_MACHINE_H */
