/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/main.c - the boot order, and init.
 */
#include "core/abi/errno.h"
#include "core/base/fault.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/fs/console.h"
#include "core/fs/initramfs.h"
#include "core/fs/store.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/proc/boot_options.h"
#include "core/proc/process.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/syscall/decode.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/loop.h"
#include "core/vm/aspace.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "hal/upcall.h"

/* What the machine ends with when init cannot run (docs/TESTING.md). */
enum {
    STATUS_NO_RESOURCES = 125,
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127
};

static struct store store;
static struct boot_options options;

NORETURN static void give_up(int status, const char *what, int error)
{
    const struct decode_error *known = decode_find_error((uint64_t)-error);

    log_error("%s: %s", what, known != NULL ? known->text : "error");
    hal_power_off(status);
}

/* A program that is not there, one that cannot run, or a machine too small. */
static int status_of(int error)
{
    switch (error) {
    case -ENOENT:
    case -ENOTDIR:
    case -ELOOP:
    case -ENAMETOOLONG:
        return STATUS_NOT_FOUND;
    case -ENOMEM:
        return STATUS_NO_RESOURCES;
    default:
        return STATUS_NOT_EXECUTABLE;
    }
}

/* A bad initrd was told of in the log. */
static void load_root(void)
{
    int error = store_init(&store);

    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "no root", error);
    error = initramfs_load(&store);
    if (error != 0)
        hal_power_off(error == -ENOMEM ? STATUS_NO_RESOURCES
                                       : STATUS_NOT_FOUND);
    page_release_initrd();
}

/* The rest of the boot, in a thread, so that it may sleep. */
static void start_init(void *arg)
{
    struct init_command command;
    int error;

    (void)arg;
    load_root();
    console_init();
    error = init_command_find(&store, &options, &command);
    if (error != 0)
        give_up(status_of(error), "no init", error);
    error = process_start_init(&store, &command.args, user_loop);
    if (error == -ENOEXEC || error == -EINVAL)
        hal_power_off(STATUS_NOT_EXECUTABLE); /* the log says why */
    if (error != 0)
        give_up(status_of(error), command.args.path, error);
    init_command_free(&command);
}

static void start_threads(void)
{
    struct thread *thread;
    int error;

    sched_init();
    hal_irq_enable();
    error = thread_create("boot", start_init, NULL, &thread);
    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "cannot start", error);
    thread_start(thread);
    thread_put(thread);
}

void core_main(void)
{
    const struct hal_boot *boot = hal_boot_facts();
    int error;

    cpu_init_local(0);
    boot_options_parse(boot->command_line, &options);
    log_set_console_level(options.log_level);
    error = page_init();
    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "too little memory", error);
    cache_init_all();
    log_info("Cyphera on %s, %llu KiB of memory", boot->machine,
             (unsigned long long)(page_total_count() * PAGE_SIZE / 1024));
    if (options.fault_plan != NULL && fault_plan_parse(options.fault_plan) != 0)
        give_up(STATUS_NO_RESOURCES, "fault=", -EINVAL);
    if (options.strace != NULL && trace_enable(options.strace) != 0)
        give_up(STATUS_NO_RESOURCES, "strace=", -EINVAL);
    if (!random_init())
        log_warning("no source of entropy");
    error = aspace_init_all();
    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "too little memory", error);
    store_init_all();
    process_init_all();
    start_threads();
    sched_run();
}
