/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/system.c - uname(2), sethostname(2), setdomainname(2),
 * sysinfo(2), getcpu(2), personality(2).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "tests/guest/child.h"

static void names(void)
{
    struct utsname name;

    memset(&name, 0xff, sizeof(name));
    EXPECT(0, uname, &name);
    say("%s, %s", name.sysname, name.machine);
    CHECK(atoi(name.release) >= 6);
    CHECK(name.version[0] == '#');
    EXPECT(-EFAULT, uname, KERNEL_ADDRESS);
}

/* Setting is tried where nothing changes: the host's name is its own. */
static void host_names(void)
{
    struct utsname name;

    CALL(uname, &name);
    EXPECT(0, sethostname, name.nodename, strlen(name.nodename));
    EXPECT(0, setdomainname, name.__domainname, strlen(name.__domainname));
    EXPECT(-EINVAL, sethostname, name.nodename, 65);
    EXPECT(-EINVAL, sethostname, name.nodename, -1);
    EXPECT(-EINVAL, setdomainname, name.__domainname, 65);
    EXPECT(-EFAULT, sethostname, KERNEL_ADDRESS, 5);
    EXPECT(-EFAULT, setdomainname, KERNEL_ADDRESS, 5);
}

static int as_user(long unused)
{
    (void)unused;
    CALL(setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, sethostname, "x", 1);
    EXPECT(-EPERM, setdomainname, "x", 1);
    return finish();
}

static void information(void)
{
    struct sysinfo info;

    memset(&info, 0xff, sizeof(info));
    EXPECT(0, sysinfo, &info);
    CHECK(info.totalram * info.mem_unit >= 32 << 20);
    CHECK(info.freeram <= info.totalram && info.freeram > 0);
    CHECK(info.procs > 0);
    EXPECT(-EFAULT, sysinfo, KERNEL_ADDRESS);
}

static void processors(void)
{
    unsigned cpu = 12345, node = 12345;

    EXPECT(0, getcpu, &cpu, &node, NULL);
    CHECK(cpu < 64 && node == 0);
    EXPECT(0, getcpu, NULL, NULL, NULL);
    EXPECT(-EFAULT, getcpu, KERNEL_ADDRESS, NULL, NULL);
    EXPECT(-EFAULT, getcpu, NULL, KERNEL_ADDRESS, NULL);
}

static int inherit(long unused)
{
    (void)unused;
    EXPECT(0x40000, personality, 0xffffffff);
    return finish();
}

static void personalities(void)
{
    EXPECT(0, personality, 0xffffffff);
    EXPECT(0, personality, 0x40000);
    EXPECT(0x40000, personality, 0xffffffff);
    reap("inherit", spawn(inherit, 0));
    EXPECT(0x40000, personality, 0);
}

static int body(long unused)
{
    (void)unused;
    names();
    host_names();
    reap("as_user", spawn(as_user, 0));
    information();
    processors();
    personalities();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
