/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/reboot.c - reboot(2). Never run on the host.
 *
 * reboot        what fails, and what does nothing
 * reboot WAY    off, halt, again or command: the machine ends with status 0
 */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/abi/reboot.h"
#include "tests/guest/child.h"

static long reboot_with(uint32_t magic2, uint32_t op, const char *arg)
{
    return syscall(SYS_reboot, LX_LINUX_REBOOT_MAGIC1, magic2, op, arg);
}

static int as_user(long unused)
{
    (void)unused;
    CALL(setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, reboot, LX_LINUX_REBOOT_MAGIC1, LX_LINUX_REBOOT_MAGIC2,
           LX_LINUX_REBOOT_CMD_CAD_OFF, 0);
    EXPECT(-EPERM, reboot, 0, 0, LX_LINUX_REBOOT_CMD_CAD_OFF, 0);
    return finish();
}

static int refusals(void)
{
    static const uint32_t magics[] = {
        LX_LINUX_REBOOT_MAGIC2, LX_LINUX_REBOOT_MAGIC2A,
        LX_LINUX_REBOOT_MAGIC2B, LX_LINUX_REBOOT_MAGIC2C};

    for (unsigned i = 0; i < 4; i++) {
        EXPECT(0, reboot, LX_LINUX_REBOOT_MAGIC1, magics[i],
               LX_LINUX_REBOOT_CMD_CAD_OFF, 0);
        EXPECT(0, reboot, LX_LINUX_REBOOT_MAGIC1, magics[i],
               LX_LINUX_REBOOT_CMD_CAD_ON, 0);
    }
    EXPECT(-EINVAL, reboot, LX_LINUX_REBOOT_MAGIC1, 1,
           LX_LINUX_REBOOT_CMD_POWER_OFF, 0);
    EXPECT(-EINVAL, reboot, 1, LX_LINUX_REBOOT_MAGIC2,
           LX_LINUX_REBOOT_CMD_POWER_OFF, 0);
    EXPECT(-EINVAL, reboot, LX_LINUX_REBOOT_MAGIC1, LX_LINUX_REBOOT_MAGIC2,
           0x12345678, 0);
    EXPECT(-EINVAL, reboot, LX_LINUX_REBOOT_MAGIC1, LX_LINUX_REBOOT_MAGIC2,
           LX_LINUX_REBOOT_CMD_KEXEC, 0);
    EXPECT(-EFAULT, reboot, LX_LINUX_REBOOT_MAGIC1, LX_LINUX_REBOOT_MAGIC2,
           LX_LINUX_REBOOT_CMD_RESTART2, KERNEL_ADDRESS);
    reap("as_user", spawn(as_user, 0));
    return finish();
}

int main(int argc, char **argv)
{
    static const struct {
        const char *way;
        uint32_t op;
    } ways[] = {
        {"off", LX_LINUX_REBOOT_CMD_POWER_OFF},
        {"halt", LX_LINUX_REBOOT_CMD_HALT},
        {"again", LX_LINUX_REBOOT_CMD_RESTART},
        {"command", LX_LINUX_REBOOT_CMD_RESTART2},
    };

    if (argc < 2) {
        share();
        return refusals();
    }
    say("the last words");
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(argv[1], ways[i].way) == 0)
            (void)reboot_with(LX_LINUX_REBOOT_MAGIC2, ways[i].op, "to a test");
    say("STILL ALIVE");
    return 1;
}
