/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_machine.c - puts the machine together and takes it apart.
 *
 * The process's first thread runs the event loop (sim/loop.h); each virtual
 * CPU has a thread of its own. The kernel ends by host_stop(), the loop then
 * returns here, and all is undone in order, so that the process exits by
 * exit() and leak checkers see a clean heap.
 */
#include "hal/hosted/host_machine.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"
#include "hal/hosted/host_user.h"
#include "sim/loop.h"

enum { CHILD_FDS_END = 100, STOPPED = 0x100 };

static struct host_facts facts;
static struct sim_loop *loop;
static int stop_status; /* STOPPED | status once host_stop() was called */

const struct host_facts *host_facts(void)
{
    return &facts;
}

struct host_facts *host_facts_edit(void)
{
    return &facts;
}

int host_error(const char *what, int error)
{
    if (error == 0)
        fprintf(stderr, "cyphera: %s\n", what);
    else
        fprintf(stderr, "cyphera: %s: %s\n", what, strerror(error));
    return HOST_EXIT_USAGE;
}

int host_fd_high(int fd)
{
    int high = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FDS_END);
    int error = errno;

    close(fd);
    errno = error;
    return high;
}

int host_write_all(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size > 0) {
        ssize_t done = write(fd, at, size);

        if (done >= 0) {
            at += done;
            size -= (size_t)done;
        } else if (errno == EAGAIN) {
            struct pollfd p = {.fd = fd, .events = POLLOUT};

            poll(&p, 1, -1);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}

void host_stop(int status)
{
    int none = 0;

    if (__atomic_compare_exchange_n(&stop_status, &none,
                                    STOPPED | (status & 0xff), false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        sim_loop_stop(loop);
}

/* On the kernel's stack, which stdio may be too much for. */
void host_halted(void)
{
    static const char text[] = "cyphera: the machine is halted\n";

    host_terminal_restore();
    (void)host_write_all(STDERR_FILENO, text, sizeof(text) - 1);
}

void host_abandon(int status)
{
    _exit(status);
}

/* A program started with 0, 1 or 2 closed would open its own files there. */
static int fill_standard_fds(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR);
        if (fd < 0)
            return host_error("/dev/null", errno);
    } while (fd <= STDERR_FILENO);
    close(fd);
    return 0;
}

/* What the host's kernel gives as AT_HWCAP; glibc's getauxval() has put its
 * own idea of it there. */
static uint32_t cpu_features(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(1, &a, &b, &c, &d) ? d : 0;
}

static void set_facts(const struct host_options *options)
{
    facts.cpus = options->cpus != 0 ? options->cpus : 1;
    facts.command_line =
        options->command_line != NULL ? options->command_line : "";
    facts.seeded = options->seeded;
    facts.traced = options->trace_hash;
    facts.hwcap = cpu_features();
    facts.hwcap2 = (uint32_t)getauxval(AT_HWCAP2);
    facts.stack_size =
        options->stack_size != 0 ? options->stack_size : host_stack_default();
}

/* What runs user code; its processes must not outlive this one. */
static int start_user(void)
{
    const char *why = "";
    int error = host_user_start(facts.cpus, host_ram_fd(), host_cpu_core(0),
                                facts.seeded, &why);
    char what[256];

    if (error != 0) {
        snprintf(what, sizeof(what), "user code: %s", why);
        return host_error(what, error);
    }
    host_guardian_group(host_user_group());
    return 0;
}

/* Everything up to the first instruction of the kernel. */
static int start(const struct host_options *options)
{
    int error = fill_standard_fds();

    if (error != 0)
        return error;
    error = sim_loop_create(&loop);
    if (error != 0)
        return host_error("event loop", -error);
    host_seed_start(options);
    host_thread_prepare();
    if ((error = host_signal_start(loop)) != 0 ||
        (error = host_guardian_start()) != 0 ||
        (error = host_ram_start(options)) != 0 ||
        (error = host_clock_start(loop)) != 0 || (error = start_user()) != 0 ||
        (error = host_console_start(options, loop)) != 0 ||
        (error = host_bus_start(options, loop)) != 0)
        return error;
    hosted_boot_facts();
    return host_thread_start();
}

static void stop(void)
{
    /* The loop first: it holds the descriptors that the others close. */
    if (loop != NULL)
        sim_loop_destroy(loop);
    loop = NULL;
    host_user_end();
    host_bus_stop();
    host_console_stop();
    host_seed_report();
    host_clock_stop();
    host_ram_stop();
    host_guardian_stop();
    host_signal_stop();
}

int host_machine_run(const struct host_options *options)
{
    int status;

    set_facts(options);
    status = start(options);
    if (status == 0) {
        sim_loop_run(loop);
        status = __atomic_load_n(&stop_status, __ATOMIC_SEQ_CST) & 0xff;
        hosted_raise_stop();
        if (!host_thread_join()) {
            host_terminal_restore();
            host_error("a CPU of the guest does not stop", 0);
            host_abandon(status);
        }
    }
    host_alone(true);
    stop();
    host_alone(false);
    return status;
}
