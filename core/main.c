/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/main.c - the boot order, and init.
 */
#include "core/abi/errno.h"
#include "core/base/log.h"
#include "core/base/random.h"
#include "core/dev/chardev.h"
#include "core/dev/console_stream.h"
#include "core/fs/console.h"
#include "core/fs/initramfs.h"
#include "core/fs/kmsg.h"
#include "core/fs/open.h"
#include "core/fs/root.h"
#include "core/fs/tty_file.h"
#include "core/id/cred.h"
#include "core/id/nsset.h"
#include "core/mem/audit.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/proc/boot_options.h"
#include "core/proc/exec.h"
#include "core/proc/process.h"
#include "core/proc/procfs.h"
#include "core/proc/vdso.h"
#include "core/sched/cpus.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/sync/rcu.h"
#include "core/syscall/decode.h"
#include "core/syscall/dispatch.h"
#include "core/syscall/loop.h"
#include "core/vm/aspace.h"
#include "drivers/drivers.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "hal/upcall.h"

/* What the machine ends with when init cannot run (docs/TESTING.md). */
enum {
    STATUS_NO_RESOURCES = 125,
    STATUS_NOT_EXECUTABLE = 126,
    STATUS_NOT_FOUND = 127
};

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

/* The first file system, filled. A bad initrd was told of in the log. */
static void load_root(struct path_ask *ask)
{
    struct mount_ns *mounts;
    uint64_t frames;
    unsigned umask;
    int error = root_create(&mounts, &ask->context);

    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "no root", error);
    nsset_set_mounts(mounts);
    umask = context_set_umask(ask->context, 0);
    error = initramfs_load(ask);
    if (error != 0)
        hal_power_off(error == -ENOMEM ? STATUS_NO_RESOURCES
                                       : STATUS_NOT_FOUND);
    context_set_umask(ask->context, umask);
    frames = page_free_count();
    page_release_initrd();
    audit_expect(page_free_count() - frames);
}

/* The rest of the boot, in a thread, so that it may sleep. */
static void start_init(void *arg)
{
    struct init_command command;
    struct path_ask ask = {.flags = 0};
    struct cred *cred;
    int error;

    (void)arg;
    cpus_start();
    drivers_start();
    if (options.console != NULL && !console_stream_select(options.console))
        log_debug("console=%s: no such device", options.console);
    error = console_init();
    if (error == 0)
        error = kmsg_init();
    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "console", error);
    if (CHECKED)
        audit_note(0); /* what there is now is to be there at the end */
    error = cred_create_root(&cred);
    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "no root", error);
    ask.cred = cred;
    load_root(&ask);
    error = init_command_find(&ask, &options, &command);
    if (error != 0)
        give_up(status_of(error), "no init", error);
    error = process_start_init(ask.context, &command.args, user_loop);
    if (error == -ENOEXEC || error == -EINVAL)
        hal_power_off(STATUS_NOT_EXECUTABLE); /* the log says why */
    if (error != 0)
        give_up(status_of(error), command.args.path, error);
    init_command_free(&command);
    context_put(ask.context);
    cred_put(cred);
    user_loop(thread_current());
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
    if (options.fault_plan != NULL &&
        dispatch_set_faults(options.fault_plan) != 0)
        give_up(STATUS_NO_RESOURCES, "fault=", -EINVAL);
    if (options.strace != NULL && trace_enable(options.strace) != 0)
        give_up(STATUS_NO_RESOURCES, "strace=", -EINVAL);
    if (!random_init())
        log_warning("no source of entropy");
    error = aspace_init_all();
    if (error == 0)
        error = vdso_init_all();
    if (error != 0)
        give_up(STATUS_NO_RESOURCES, "too little memory", error);
    chardev_init_all();
    if (chardev_register_memory() != 0 || tty_files_init() != 0)
        give_up(STATUS_NO_RESOURCES, "devices", -EBUSY);
    fs_init_all();
    process_init_all();
    procfs_init_all();
    exec_set_random(!options.fixed_places);
    start_threads();
    sched_run();
}
