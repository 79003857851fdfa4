/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/prctl.c - prctl(2); death signals and subreapers are orphan.c's.
 */
#include <string.h>
#include <sys/prctl.h>

#include "tests/guest/child.h"

static void names(void)
{
    char name[17] = "sixteen bytes..";

    EXPECT(0, prctl, PR_GET_NAME, name);
    say("name %s", name);
    EXPECT(0, prctl, PR_SET_NAME, "another");
    EXPECT(0, prctl, PR_GET_NAME, name);
    say("name %s", name);
    EXPECT(0, prctl, PR_SET_NAME, "a name of more than fifteen bytes");
    EXPECT(0, prctl, PR_GET_NAME, name);
    say("name %s", name);
    EXPECT(0, prctl, PR_SET_NAME, "");
    EXPECT(0, prctl, PR_GET_NAME, name);
    say("name %s", name);
    EXPECT(-EFAULT, prctl, PR_SET_NAME, KERNEL_ADDRESS);
    EXPECT(-EFAULT, prctl, PR_GET_NAME, KERNEL_ADDRESS);
}

static int inherit(long unused)
{
    char name[16];

    (void)unused;
    CALL(prctl, PR_GET_NAME, name);
    say("inherited: %s", name);
    EXPECT(0, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    EXPECT(1, prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    return finish();
}

static void flags(void)
{
    EXPECT(1, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_DUMPABLE, 2, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_DUMPABLE, -1, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
    EXPECT(1, prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_KEEPCAPS, 2, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_TIMING, 0, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_TIMING, PR_TIMING_STATISTICAL, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_TIMING, PR_TIMING_TIMESTAMP, 0, 0, 0);
    EXPECT(0, prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_SET_NO_NEW_PRIVS, 1, 1, 0, 0);
    EXPECT(-EINVAL, prctl, PR_GET_NO_NEW_PRIVS, 1, 0, 0, 0);
    EXPECT(0, prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    EXPECT(1, prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static void capabilities(void)
{
    EXPECT(1, prctl, PR_CAPBSET_READ, 0, 0, 0, 0);
    EXPECT(1, prctl, PR_CAPBSET_READ, 21, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_CAPBSET_READ, 64, 0, 0, 0);
    EXPECT(0, prctl, PR_CAPBSET_DROP, 21, 0, 0, 0);
    EXPECT(0, prctl, PR_CAPBSET_READ, 21, 0, 0, 0);
    EXPECT(-EINVAL, prctl, PR_CAPBSET_DROP, 64, 0, 0, 0);
}

static int as_user(long unused)
{
    (void)unused;
    CALL(setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, prctl, PR_CAPBSET_DROP, 0, 0, 0, 0);
    return finish();
}

static void addresses(void)
{
    static int word;
    int *address = NULL;

    CALL(set_tid_address, &word);
    EXPECT(0, prctl, PR_GET_TID_ADDRESS, &address, 0, 0, 0);
    CHECK(address == &word);
    EXPECT(-EFAULT, prctl, PR_GET_TID_ADDRESS, KERNEL_ADDRESS, 0, 0, 0);
    EXPECT(-EINVAL, prctl, 12345, 0, 0, 0, 0);
    EXPECT(-EINVAL, prctl, -1, 0, 0, 0, 0);
}

static int body(long unused)
{
    (void)unused;
    names();
    flags();
    EXPECT(0, prctl, PR_SET_NAME, "heirloom");
    reap("inherit", spawn(inherit, 0));
    capabilities();
    reap("as_user", spawn(as_user, 0));
    addresses();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
