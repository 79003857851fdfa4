/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/load.c - the load of a machine with one thread that waits deaf to
 * signals for some minutes (proc_loadavg(5), sysinfo(2)). For virtual time.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "tests/guest/child.h"

/* What /proc/loadavg begins with. */
static const char *averages(void)
{
    static char text[64];
    long fd = CALL(open, "/proc/loadavg", O_RDONLY);
    long size = CALL(read, fd, text, sizeof(text) - 1);

    CALL(close, fd);
    text[size > 14 ? 14 : 0] = '\0';
    return text;
}

/* In vfork(2) the parent waits until the child has let go of the memory. */
static void wait_deaf(long seconds)
{
    struct timespec time = {seconds, 0};
    long pid = raw_vfork();

    if (pid == 0) {
        CALL(nanosleep, &time, NULL);
        CALL(exit_group, 0);
    }
    reap("child", pid);
}

static void idle(long seconds)
{
    struct timespec time = {seconds, 0};

    CALL(nanosleep, &time, NULL);
}

/* sysinfo(2) has them in units of 1/65536. */
static void show_sysinfo(void)
{
    struct sysinfo info;

    memset(&info, 0, sizeof(info));
    CALL(sysinfo, &info);
    for (int i = 0; i < 3; i++)
        say("sysinfo: %lu", (info.loads[i] * 100 + 32768) / 65536);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/proc", 0755);
    EXPECT(0, mount, "proc", "/proc", "proc", 0, NULL);
    wait_deaf(60); /* 1 - e^-1, 1 - e^-(1/5), 1 - e^-(1/15) */
    CHECK(strcmp(averages(), "0.63 0.18 0.06") == 0);
    wait_deaf(3600);
    CHECK(strcmp(averages(), "1.00 1.00 0.98") == 0);
    show_sysinfo();
    idle(60); /* e^-1 and so on */
    CHECK(strcmp(averages(), "0.37 0.82 0.92") == 0);
    idle(86400);
    CHECK(strcmp(averages(), "0.00 0.00 0.00") == 0);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
