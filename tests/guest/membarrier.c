/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/membarrier.c - membarrier(2): commands, registrations, errors.
 */

#include "core/abi/membarrier.h"
#include "tests/guest/child.h"

enum { GET_REGISTRATIONS = LX_MEMBARRIER_CMD_GET_REGISTRATIONS, ALL = 511 };

static void refused(void)
{
    CHECK((CALL(membarrier, 0, 0, 0) & ALL) == ALL);
    EXPECT(-EINVAL, membarrier, 0, 1, 0);
    EXPECT(-EINVAL, membarrier, 3, 0, 0);
    EXPECT(-EINVAL, membarrier, 1024, 0, 0);
    EXPECT(-EINVAL, membarrier, -1, 0, 0);
    EXPECT(-EINVAL, membarrier, LX_MEMBARRIER_CMD_GLOBAL, 1, 0);
    EXPECT(-EPERM, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    EXPECT(-EPERM, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0,
           0);
    EXPECT(-EPERM, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
    EXPECT(-EINVAL, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1, 0);
    EXPECT(-EINVAL, membarrier, LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 1,
           0);
    EXPECT(-EINVAL, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 2, 0);
}

/* Each registration is for its own command. */
static void registered(void)
{
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_GLOBAL, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
    EXPECT(-EPERM, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0,
           0);
    EXPECT(0, membarrier,
           LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
    EXPECT(-EPERM, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0,
           0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 1, 0);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 1, 9999);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 1, -1);
    EXPECT(0, membarrier, LX_MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
}

static int inherited(long wanted)
{
    long got = CALL(membarrier, GET_REGISTRATIONS, 0, 0);

    /* Before Linux 6.3 nobody could ask. */
    if (got != -EINVAL && got != wanted)
        return 1;
    return CALL(membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 ? 0
                                                                            : 2;
}

static int executed(void)
{
    return CALL(membarrier, LX_MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == -EPERM
               ? 0
               : 3;
}

static int execute(long unused)
{
    char *argv[] = {"membarrier", "executed", NULL};

    (void)unused;
    CALL(execve, "/membarrier", argv, NULL);
    return 99;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return executed();
    refused();
    registered();
    reap("fork inherits them", spawn(inherited, 4 | 16 | 64 | 256));
    reap("exec does not", spawn(execute, 0));
    return finish();
}
