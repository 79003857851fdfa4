/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/schedattr.c - sched_setattr(2), sched_getattr(2): sizes, flags,
 * what each policy takes, who may.
 */
#include <string.h>

#include "core/abi/sched.h"
#include "tests/guest/child.h"

static struct lx_sched_attr attr, got;

static void show(const char *what, uint32_t size)
{
    memset(&got, 0x55, sizeof(got));
    if (CALL(sched_getattr, 0, &got, size, 0) != 0)
        say("%s: cannot be read", what);
    else
        say("%s: size %u policy %u flags %#llx nice %d priority %u", what,
            got.size, got.sched_policy, (unsigned long long)got.sched_flags,
            got.sched_nice, got.sched_priority);
}

static long set(uint32_t policy, uint64_t flags, int nice, uint32_t priority)
{
    attr = (struct lx_sched_attr){.size = sizeof(attr),
                                  .sched_policy = policy,
                                  .sched_flags = flags,
                                  .sched_nice = nice,
                                  .sched_priority = priority};
    return CALL(sched_setattr, 0, &attr, 0);
}

static void sizes(void)
{
    char room[200];

    EXPECT(-EINVAL, sched_setattr, 0, NULL, 0);
    EXPECT(-EFAULT, sched_setattr, 0, KERNEL_ADDRESS, 0);
    attr.size = 47;
    EXPECT(-E2BIG, sched_setattr, 0, &attr, 0);
    CHECK(attr.size == sizeof(attr));
    attr.size = 5000;
    EXPECT(-E2BIG, sched_setattr, 0, &attr, 0);
    attr.size = 0;
    EXPECT(0, sched_setattr, 0, &attr, 0);
    EXPECT(-EINVAL, sched_setattr, -1, &attr, 0);
    EXPECT(-EINVAL, sched_setattr, 0, &attr, 1);
    EXPECT(-ESRCH, sched_setattr, 999999, &attr, 0);
    memset(room, 0, sizeof(room));
    room[0] = 100;
    EXPECT(0, sched_setattr, 0, room, 0);
    room[90] = 1;
    EXPECT(-E2BIG, sched_setattr, 0, room, 0);
    CHECK(room[0] == sizeof(attr));
    attr.size = 48;
    attr.sched_flags = LX_SCHED_FLAG_UTIL_CLAMP_MIN;
    EXPECT(-EINVAL, sched_setattr, 0, &attr, 0);
    EXPECT(-EINVAL, sched_getattr, 0, NULL, 56, 0);
    EXPECT(-EINVAL, sched_getattr, 0, &got, 47, 0);
    EXPECT(-EINVAL, sched_getattr, 0, &got, 4097, 0);
    EXPECT(-EINVAL, sched_getattr, 0, &got, 56, 1);
    EXPECT(-EINVAL, sched_getattr, -1, &got, 56, 0);
    EXPECT(-ESRCH, sched_getattr, 999999, &got, 56, 0);
    EXPECT(-EFAULT, sched_getattr, 0, KERNEL_ADDRESS, 56, 0);
    show("48 bytes", 48);
    show("56 bytes", 56);
}

static void policies(void)
{
    CHECK(set(7, 0, 0, 0) == -EINVAL && set(4, 0, 0, 0) == -EINVAL);
    CHECK(set(UINT32_MAX, 0, 0, 0) == -EINVAL);
    CHECK(set(0, 0, 0, 1) == -EINVAL && set(1, 0, 0, 0) == -EINVAL);
    CHECK(set(1, 0, 0, 100) == -EINVAL && set(0, 0x80, 0, 0) == -EINVAL);
    CHECK(set(LX_SCHED_BATCH, 0, 5, 0) == 0);
    show("BATCH", 56);
    CHECK(set(LX_SCHED_IDLE, 0, 3, 0) == 0);
    show("IDLE", 56);
    CHECK(set(LX_SCHED_RR, 0, 9, 7) == 0);
    show("RR", 56);
    CHECK(set(LX_SCHED_NORMAL, 0, 50, 0) == 0);
    show("nice is clamped", 56);
    CHECK(set(LX_SCHED_NORMAL, LX_SCHED_FLAG_RESET_ON_FORK, -4, 0) == 0);
    show("reset on fork", 56);
    CHECK(set(77, LX_SCHED_FLAG_KEEP_POLICY, 4, 0) == 0);
    show("policy kept", 56);
    CHECK(set(LX_SCHED_BATCH, LX_SCHED_FLAG_KEEP_PARAMS, 9, 0) == 0);
    show("parameters kept", 56);
}

static int not_root(long unused)
{
    (void)unused;
    CHECK(set(LX_SCHED_NORMAL, LX_SCHED_FLAG_RESET_ON_FORK, 0, 0) == 0);
    CALL(setresuid, 54397, 54397, 54397);
    CHECK(set(LX_SCHED_NORMAL, 0, 0, 0) == -EPERM);
    CHECK(set(LX_SCHED_NORMAL, 1, 10, 0) == 0);
    CHECK(set(LX_SCHED_NORMAL, 1, 9, 0) == -EPERM);
    CHECK(set(LX_SCHED_FIFO, 1, 0, 1) == -EPERM);
    CHECK(set(LX_SCHED_IDLE, 1, 0, 0) == 0);
    CHECK(set(LX_SCHED_NORMAL, 1, 10, 0) == -EPERM);
    CHECK(CALL(sched_setattr, CALL(getppid), &attr, 0) == -EPERM);
    EXPECT(0, sched_getattr, CALL(getppid), &got, 56, 0);
    return finish();
}

static int child_of_reset(long unused)
{
    (void)unused;
    show("child of it", 56);
    return 0;
}

int main(void)
{
    sizes();
    policies();
    CHECK(set(LX_SCHED_FIFO, LX_SCHED_FLAG_RESET_ON_FORK, 0, 3) == 0);
    reap("child", spawn(child_of_reset, 0));
    CHECK(set(LX_SCHED_NORMAL, 0, 0, 0) == 0);
    reap("not root", spawn(not_root, 0));
    return finish();
}
