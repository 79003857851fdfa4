/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/syscall/sys_reboot.c - reboot(2).
 */
#include "core/abi/errno.h"
#include "core/abi/reboot.h"
#include "core/base/log.h"
#include "core/dev/console.h"
#include "core/dev/console_stream.h"
#include "core/id/cred.h"
#include "core/syscall/args.h"
#include "core/syscall/calls.h"
#include "core/vm/uaccess.h"
#include "hal/platform.h"

enum { COMMAND_MAX = 256 };

/* For the console to take what was written. */
#define DRAIN_NS_MAX UINT64_C(2000000000)

static bool is_magic(uint32_t magic, uint32_t magic2)
{
    if (magic != LX_LINUX_REBOOT_MAGIC1)
        return false;
    switch (magic2) {
    case LX_LINUX_REBOOT_MAGIC2:
    case LX_LINUX_REBOOT_MAGIC2A:
    case LX_LINUX_REBOOT_MAGIC2B:
    case LX_LINUX_REBOOT_MAGIC2C:
        return true;
    default:
        return false;
    }
}

/* All that was written is to be seen before the machine ends. */
static void drain(void)
{
    console_tty_drain(DRAIN_NS_MAX);
    console_stream_drain(DRAIN_NS_MAX);
}

NORETURN static void restart(const char *command)
{
    if (command != NULL)
        log_print(LOG_EMERG, "Restarting system with command '%s'", command);
    else
        log_print(LOG_EMERG, "Restarting system");
    drain();
    hal_reboot();
}

NORETURN static void halt(void)
{
    log_print(LOG_EMERG, "System halted");
    drain();
    hal_halt();
}

NORETURN static void power_off(void)
{
    log_print(LOG_EMERG, "Power down");
    drain();
    hal_power_off(0);
}

static int restart_by_command(struct thread *self, uaddr_t from)
{
    char command[COMMAND_MAX];
    ssize_t size = copy_string_in(process_of(self)->as, command, from,
                                  sizeof(command) - 1);

    if (size < 0 && size != -ENAMETOOLONG)
        return (int)size;
    command[sizeof(command) - 1] = '\0';
    restart(command);
}

int64_t sys_reboot(struct thread *self, const uint64_t *args)
{
    if (!cred_is_capable(self->task->cred, CAP_SYS_BOOT))
        return -EPERM;
    if (!is_magic((uint32_t)args[0], (uint32_t)args[1]))
        return -EINVAL;
    switch ((uint32_t)args[2]) {
    case LX_LINUX_REBOOT_CMD_RESTART:
        restart(NULL);
    case LX_LINUX_REBOOT_CMD_RESTART2:
        return restart_by_command(self, args[3]);
    case LX_LINUX_REBOOT_CMD_HALT:
        halt();
    case LX_LINUX_REBOOT_CMD_POWER_OFF:
        power_off();
    case LX_LINUX_REBOOT_CMD_CAD_ON:
    case LX_LINUX_REBOOT_CMD_CAD_OFF:
        return 0; /* no keyboard sends Ctrl-Alt-Del here */
    default:
        return -EINVAL;
    }
}
