/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/ids.c - who the caller is and what it may use: getpid(2),
 * gettid(2), set_tid_address(2), set_robust_list(2), prlimit(2).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "core/abi/futex.h"
#include "tests/guest/guest.h"

static void show_ids(void)
{
    static int word;

    CHECK(CALL(getppid) >= 0);
    CHECK(CALL(getppid) == CALL(getppid));
    CHECK(CALL(getpid) > 0);
    CHECK(CALL(gettid) == CALL(getpid));
    CHECK(CALL(set_tid_address, &word) == CALL(gettid));
    CHECK(CALL(set_tid_address, NULL) == CALL(set_tid_address, &word));
    CHECK(CALL(set_tid_address, KERNEL_ADDRESS) > 0);
    CALL(set_tid_address, NULL);
}

static void set_robust_lists(void)
{
    static struct lx_robust_list_head head;
    const void *got = NULL;
    size_t size = 0;

    EXPECT(0, set_robust_list, &head, sizeof(head));
    EXPECT(0, set_robust_list, NULL, sizeof(head));
    EXPECT(0, set_robust_list, KERNEL_ADDRESS, sizeof(head));
    EXPECT(-EINVAL, set_robust_list, &head, 0);
    EXPECT(-EINVAL, set_robust_list, &head, sizeof(head) - 1);
    EXPECT(-EINVAL, set_robust_list, &head, -1);
    EXPECT(0, set_robust_list, &head, sizeof(head));
    EXPECT(0, get_robust_list, 0, &got, &size);
    CHECK(got == &head && size == sizeof(head));
    EXPECT(0, get_robust_list, CALL(getpid), &got, &size);
    EXPECT(-ESRCH, get_robust_list, 99999999, &got, &size);
    EXPECT(-EFAULT, get_robust_list, 0, KERNEL_ADDRESS, &size);
    EXPECT(-EFAULT, get_robust_list, 0, &got, KERNEL_ADDRESS);
    EXPECT(0, set_robust_list, NULL, sizeof(head));
}

/* A limit of the caller itself, and that it makes sense. */
static void get_limit(int resource, const char *name)
{
    struct rlimit limit = {1, 0};
    long result = CALL(prlimit64, 0, resource, NULL, &limit);

    say("%s: %ld", name, result);
    check(limit.rlim_cur <= limit.rlim_max && limit.rlim_max > 0, name);
}

static void get_limits(void)
{
    struct rlimit first, second;
    long pid = CALL(set_tid_address, NULL);

    get_limit(RLIMIT_CPU, "RLIMIT_CPU");
    get_limit(RLIMIT_FSIZE, "RLIMIT_FSIZE");
    get_limit(RLIMIT_DATA, "RLIMIT_DATA");
    get_limit(RLIMIT_STACK, "RLIMIT_STACK");
    get_limit(RLIMIT_NPROC, "RLIMIT_NPROC");
    get_limit(RLIMIT_NOFILE, "RLIMIT_NOFILE");
    get_limit(RLIMIT_MEMLOCK, "RLIMIT_MEMLOCK");
    get_limit(RLIMIT_AS, "RLIMIT_AS");
    memset(&first, 1, sizeof(first));
    memset(&second, 2, sizeof(second));
    EXPECT(0, prlimit64, pid, RLIMIT_STACK, NULL, &first);
    EXPECT(0, prlimit64, 0, RLIMIT_STACK, NULL, &second);
    CHECK(memcmp(&first, &second, sizeof(first)) == 0);
    EXPECT(0, prlimit64, 0, RLIMIT_STACK, NULL, NULL);
}

static void limit_errors(void)
{
    struct rlimit limit = {2, 1};

    EXPECT(-EINVAL, prlimit64, 0, 16, NULL, &limit);
    EXPECT(-EINVAL, prlimit64, 0, -1, NULL, &limit);
    EXPECT(-EINVAL, prlimit64, 0, RLIMIT_NOFILE, &limit, NULL);
    EXPECT(-ESRCH, prlimit64, 999999999, RLIMIT_STACK, NULL, &limit);
    EXPECT(-ESRCH, prlimit64, -5, RLIMIT_STACK, NULL, &limit);
    EXPECT(-ESRCH, prlimit64, 999999999, 16, NULL, &limit);
    EXPECT(-EFAULT, prlimit64, 0, RLIMIT_STACK, NULL, 8);
    EXPECT(-EFAULT, prlimit64, 0, RLIMIT_STACK, NULL, KERNEL_ADDRESS);
    EXPECT(-EFAULT, prlimit64, 0, RLIMIT_STACK, KERNEL_ADDRESS, NULL);
    EXPECT(-EFAULT, prlimit64, 999999999, 16, 8, NULL);
}

int main(void)
{
    show_ids();
    set_robust_lists();
    get_limits();
    limit_errors();
    return finish();
}
